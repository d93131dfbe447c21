"""The layers of a spec, each entry read as one layer, a sequence, or a call."""

from __future__ import annotations

from typing import Any, Final

from netspec.compiler.language.document import (
    MARKS,
    MODIFIERS,
    Child,
    Entry,
    Loop,
)
from netspec.compiler.language.expression import ExpressionError, pieces
from netspec.compiler.language.names import (
    BLOCK_NAME,
    recased,
    unfit_name,
    unfit_variable,
)
from netspec.compiler.language.records import layers_within, unfit_fields
from netspec.compiler.language.said import said
from netspec.compiler.language.schema import NAME, spec_schema
from netspec.compiler.language.schema_validation import check, expression_span
from netspec.compiler.validating.argument_checks import ArgumentChecks, is_null
from netspec.compiler.validating.foreign_syntax import (
    all_code,
    arguments_beside,
    layer_as_name,
    row,
    type_as_key,
)
from netspec.compiler.validating.modifiers import else_alone, unfit_branches
from netspec.diagnostics import Span, nearest
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar, Sequence, plain

_CONFLICTS: Final = (
    (
        "repeat",
        "each",
        "`repeat` and `each` stand in one entry",
        "nest them: `repeat` a `Sequential` of `each`",
    ),
    (
        "call",
        "repeat",
        "`repeat` makes copies, and `call` makes none",
        "call it as often by `each`, as in `again$(index): {each: 3, call: conv}`",
    ),
    (
        "call",
        "parametrize",
        "`call` runs a layer that has its weights already",
        "parametrize the layer that it calls",
    ),
    (
        "tie",
        "parametrize",
        "`tie` takes another layer's weight, and `parametrize` makes this one's",
        "keep one of them",
    ),
    (
        "branches",
        "call",
        "branches are joined by a layer of their own, not by `call`",
        "join the branches in an entry of their own, and call the layer after it",
    ),
    (
        "branches",
        "from",
        "`branches` and `from` both say where the input comes from",
        "keep one; the branches are fed the layer before",
    ),
)
"""Modifiers that exclude each other: the second is where the finding stands."""


class Entries(ArgumentChecks):
    """Reads the entries of `layers`, whose blocks are known by then."""

    def __init__(self) -> None:
        super().__init__()
        self.schema = spec_schema()

    def body(self, node: Node, what: str) -> Entry:
        """What stands under `layers` or a block: one layer, or a sequence."""
        if is_null(node) or not (isinstance(node, Scalar) or node.items):
            self.say("NS203", f"{what} has no layers", node.span, "list them, as `- ReLU`")
            return Entry("sequence", node.span)
        if isinstance(node, Sequence) or (isinstance(node, Mapping) and _is_sequence(node)):
            return self.sequence(node)
        entry = self.entry(node)
        # what a sequence does with its entries needs a sequence around this one
        placed = entry.sources or entry.condition or entry.each or entry.name
        if entry.kind == "call" or placed or entry.training_only:
            return Entry("sequence", entry.span, children=(Child(None, entry.span, entry),))
        return entry

    def sequence(self, node: Sequence | Mapping) -> Entry:
        """A list of entries, or a mapping of names to entries."""
        children: list[Child] = []
        if isinstance(node, Sequence):
            items = _whole_calls(node.items)
            if (code := all_code(items, self.ndim)) is not None:
                self.report(code)
                items = []
            for item in items:
                children.append(Child(None, item.span, self.entry(item)))
        elif (foreign := type_as_key(node, self.ndim)) is not None:
            self.report(foreign)
        else:
            for key, value in node.items.items():
                span = node.keys[key]
                if key in self.block_params and not BLOCK_NAME.match(key):
                    continue  # its name is told to be wrong where the block is declared
                misnamed = layer_as_name(key, value, span, self.block_params, self.ndim)
                if misnamed:
                    self.report(misnamed)
                    continue
                self.child_name(key, span)
                entry = self.entry(value, key)
                if entry.spliced:
                    self.nameless(key, span)
                children.append(Child(key, span, entry))
        return Entry("sequence", node.span, children=tuple(children))

    def child_name(self, name: str, span: Span) -> None:
        """Check the name of a child, or that its template's expressions are some."""
        if "$" in name:
            try:
                pieces(name)
            except ExpressionError as problem:
                at = expression_span(Scalar(name, span), problem.start, problem.end)
                self.say(problem.code, problem.message, at, problem.hint)
            return
        unfit = unfit_name(name, span)
        if unfit is not None:
            self.report(unfit)

    def nameless(self, name: str, span: Span) -> None:
        """Report a name of layers that each stand in the sequence around them."""
        hint = "name the layers, as in `layers: {conv$(index): …}`; or write `Sequential:`, which "
        message = f"`{name}` names nothing: `layers` beside `each` stand in the sequence around"
        self.say("NS206", message, span, f"{hint}is called so")

    def entry(self, node: Node, key: str | None = None) -> Entry:
        """One entry in any of its forms; `key` is the name that it stands under."""
        if not isinstance(node, Scalar) and not node.items:
            return self.no_layer(node, key)
        if isinstance(node, Sequence):
            misplaced = row(node, self.ndim)
            if misplaced is not None:
                self.report(misplaced)
                return Entry("sequence", node.span)
            return self.sequence(node)
        if isinstance(node, Scalar):
            return self.word(node, key)
        if _is_sequence(node):
            return self.sequence(node)
        return self.layer(node)

    def word(self, node: Scalar, key: str | None) -> Entry:
        """An entry that is a word alone: a layer without arguments."""
        value = node.value
        if value is None or value == "":
            return self.no_layer(node, key)
        if not isinstance(value, str):
            hint = "write a layer's name, as in `- ReLU`"
            self.say("NS206", f"{said(value)} is not a layer", node.span, hint)
            return Entry("sequence", node.span)
        self.layer_name(value, node.span, node)
        if value in OPS:
            self.arguments(value, None, node.span)
        elif value in self.block_params:
            self.block_arguments(value, None, node.span)
        elif value == "Sequential":
            self.say("NS203", "`Sequential` has no layers", node.span, "list them below it")
        return Entry("op", node.span, op=value)

    def value_within(self, node: Node) -> None:
        """Check the fields and the layers with arguments that are in a parameter's value."""
        for found in unfit_fields(node):
            self.report(found)
        for layer in layers_within(node):
            self.layer_with_arguments(layer)

    def layer_with_arguments(self, node: Mapping) -> None:
        """Check a layer that is a parameter's value; where it is used, more may be given."""
        ((head, value),) = node.items.items()
        span = node.keys[head]
        if head == "Sequential":
            hint = "a block under `blocks:` may hold the layers, and a parameter name the block"
            self.say("NS205", "`Sequential` cannot be a parameter's value", span, hint)
            return
        self.layer_name(head, span, Scalar(head, span), value)
        if head in OPS:
            self.arguments(head, value, span, partly=True)
        elif head in self.block_params:
            self.block_arguments(head, value, span, partly=True)

    def no_layer(self, node: Node, key: str | None) -> Entry:
        """Report an entry that is empty."""
        where = f"`{key}` has" if key else "this entry has"
        hint = "write a layer's name, as in `- ReLU`; `Identity` does nothing"
        self.say("NS206", f"{where} no layer", node.span, hint)
        return Entry("sequence", node.span)

    def layer_name(
        self, name: str, span: Span, node: Scalar | None, value: Node | None = None
    ) -> None:
        """Check that a layer or block has this name; `value` holds its arguments."""
        if name in OPS or name in self.block_params or name == "Sequential":
            return
        if "$" in name:
            try:
                pieces(name)
            except ExpressionError as problem:
                at = expression_span(node or Scalar(name, span), problem.start, problem.end)
                self.say(problem.code, problem.message, at, problem.hint)
            return
        if self.lost_blocks and BLOCK_NAME.match(name):
            return
        if name not in self.unknown:  # a block that is misspelt where it is declared: one mistake
            from netspec.compiler.language.unknown_layer import unknown_layer

            self.unknown.add(name)
            blocks = tuple(self.block_params)
            self.report(unknown_layer(name, span, blocks, value, self.ndim))

    def layer(self, node: Mapping) -> Entry:
        """An entry that is a mapping: what runs, its arguments and its modifiers."""
        heads = [k for k in node.items if k not in MODIFIERS]
        ops = [k for k in heads if k.rpartition(".")[2][:1].isupper() or k.startswith("$")]
        strays = [k for k in heads if k not in ops]
        modifiers = {k: v for k, v in node.items.items() if k in MODIFIERS}
        runs = ops + [k for k in ("call", "layers") if k in modifiers]
        beside = arguments_beside(node, ops[0], strays) if len(ops) == 1 else None
        if beside is not None:
            self.report(beside)
            return Entry("op", node.keys[ops[0]], op=ops[0])
        if strays and not runs and (foreign := type_as_key(node, self.ndim)) is not None:
            self.report(foreign)
            return Entry("sequence", node.span)
        self.strays(node, strays)
        if len(runs) > 1:
            message = f"`{runs[0]}` and `{runs[1]}` are two layers in one entry"
            self.say("NS206", message, node.keys[runs[1]], "give each its own line")
        elif not runs and not strays:
            joins = ", such as `Add: {}` or `Concat: {dim: 1}`" if "branches" in modifiers else ""
            self.say("NS206", "this entry has no layer", node.span, f"add a layer's name{joins}")
        extra = self.modifiers(node, modifiers)
        if not runs:
            return Entry("sequence", node.span, **extra)
        head, value = runs[0], node.items[runs[0]]
        if head == "call":
            return self.call(value, extra)
        if head in ("layers", "Sequential"):
            return self.nested(head, value, node, extra)
        return self.op(head, node.keys[head], value, extra)

    def strays(self, node: Mapping, strays: list[str]) -> None:
        """Report the keys that are neither a layer nor a modifier."""
        for stray in strays:
            from netspec.compiler.language.foreign_names import MODIFIERS as elsewhere

            near = (
                elsewhere.get(stray)
                or nearest(stray, MODIFIERS)
                or recased(stray, self.block_params)
            )
            hint = f"did you mean `{near}`?" if near else (
                "put layers with names of their own under `Sequential:`"
            )  # fmt: skip
            message = f"`{stray}` stands beside a layer, and is not a modifier"
            self.say("NS201", message, node.keys[stray], hint)

    def call(self, value: Node, extra: dict[str, Any]) -> Entry:
        """An entry that runs an earlier layer again."""
        target = value.value if isinstance(value, Scalar) else None
        if isinstance(target, bool) or not isinstance(target, str | int) or target == "":
            self.say("NS202", "`call` is the name of an earlier layer", value.span)
        return Entry("call", value.span, op=str(target), **extra)

    def op(self, head: str, span: Span, value: Node, extra: dict[str, Any]) -> Entry:
        """An entry that runs a layer or a block."""
        self.layer_name(head, span, Scalar(head, span), value)
        if head in OPS:
            self.arguments(head, value, span)
        elif head in self.block_params:
            self.block_arguments(head, value, span)
        return Entry("op", span, op=head, args=value, **extra)

    def nested(self, head: str, value: Node, node: Mapping, extra: dict[str, Any]) -> Entry:
        """An entry that holds layers of its own, `Sequential` or `layers`."""
        inner = self.body(value, f"`{head}`")
        spliced = head == "layers" and "each" in extra
        if spliced and "name" in extra:
            self.nameless(extra["name"], node.keys["name"])
        for key in ("from", "else", "when", "tie", "branches"):
            if spliced and key in node.items:
                message = f"`layers` beside `each` stand in the sequence around, without `{key}`"
                hint = f"give `{key}` to a layer among them, or write `Sequential:` for `layers:`"
                self.say("NS206", message, node.keys[key], hint)
        if "parametrize" in node.items:
            hint = "put it beside the layer that has the weight"
            at = node.keys["parametrize"]
            self.say("NS313", "a sequence has no weight of its own", at, hint)
        if inner.kind != "sequence" or inner.repeat or inner.condition or inner.branches:
            child = Child(None, inner.span, inner)
            inner = Entry("sequence", inner.span, children=(child,))
        return Entry("sequence", inner.span, children=inner.children, spliced=spliced, **extra)

    def modifiers(self, node: Mapping, given: dict[str, Node]) -> dict[str, Any]:
        """What the modifiers of an entry say, as fields of `Entry`."""
        extra: dict[str, Any] = {}
        properties = self.schema["$defs"]["layer"]["properties"]
        for key, value in given.items():
            if key in ("branches", "layers", "call"):
                continue
            before = len(self.findings)
            self.loop_variable(key, value)
            if len(self.findings) == before:
                check(value, NAME if key == "else" else properties[key], f"`{key}`", self.report)
            if len(self.findings) > before:
                continue
            if key == "name":
                ((extra["name"], _),) = words(value)
                self.child_name(extra["name"], value.span)
            elif key == "from":
                extra["sources"] = words(value)
                if has_expression(value):
                    extra["sources_node"] = value
            elif key == "if":
                extra["condition"] = value
            elif key == "else":
                (extra["otherwise"],) = words(value)
            elif key == "tie":
                (extra["tie"],) = words(value)
            elif key == "when":
                extra["training_only"] = True
            elif key == "parametrize":
                extra["parametrize"] = value
            else:
                extra[key] = _loop(value, node.keys[key])
        if "branches" in given:
            extra["branches"] = self.branches(given["branches"])
        self.conflicts(node, given)
        return extra

    def loop_variable(self, key: str, value: Node) -> None:
        """Check what `repeat` and `each` call the items of a list."""
        if key not in ("repeat", "each") or not isinstance(value, Mapping):
            return
        for variable, span in value.keys.items():
            unfit = unfit_variable(variable, f"the items of `{key}`", span)
            if unfit is not None:
                self.report(unfit)

    def conflicts(self, node: Mapping, given: dict[str, Node]) -> None:
        """Report the modifiers that cannot stand in one entry."""
        for first, second, message, hint in _CONFLICTS:
            if first in given and second in given:
                self.say("NS206", message, node.keys[second], hint)
        alone = else_alone(node)
        if alone is not None:
            self.report(alone)

    def branches(self, node: Node) -> tuple[Child, ...]:
        """The branches of an entry, each fed what the entry is."""
        if not isinstance(node, Mapping | Sequence):
            self.say("NS202", "`branches` is a list or a mapping of layers", node.span)
            return ()
        entry = self.sequence(node)
        for found in unfit_branches(entry.children):
            self.report(found)
        if not entry.children:
            self.say("NS203", "`branches` is empty", node.span, "list the layers to join")
        return entry.children


def _is_sequence(node: Mapping) -> bool:
    """Whether a mapping's keys are all names of children."""
    return not any(k in MARKS or k[:1].isupper() or k.startswith("$") for k in node.items)


def _whole_calls(items: list[Node]) -> list[Node]:
    """The items, calls of Python joined again that YAML's commas have cut into several."""
    found: list[Node] = []
    for item in items:
        last = found[-1] if found else None
        if isinstance(last, Scalar) and isinstance(item, Scalar) and _open_call(last):
            span = last.span._replace(end_line=item.span.end_line, end_column=item.span.end_column)
            found[-1] = Scalar(f"{last.value}, {item.value}", span)
        else:
            found.append(item)
    return found


def _open_call(node: Scalar) -> bool:
    text = node.value
    return (
        isinstance(text, str)
        and not node.quoted
        and "$" not in text
        and text.count("(") > text.count(")")
    )


def has_expression(node: Node) -> bool:
    """Whether a `$` stands anywhere in a node."""
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "$" in node.value
    items = node.items if isinstance(node, Sequence) else list(node.items.values())
    return any(map(has_expression, items))


def _loop(node: Node, span: Span) -> Loop:
    if isinstance(node, Mapping):
        (variable,) = node.items
        return Loop(variable, node.items[variable], span)
    return Loop(None, node, span)


def words(node: Node) -> tuple[tuple[str, Span], ...]:
    """The names in a list, or the one that stands alone, each with its place."""
    nodes = node.items if isinstance(node, Sequence) else [node]
    return tuple((_word(plain(n)), n.span) for n in nodes)


def _word(name: Any) -> str:
    """A name as it is read: `1e3` is the whole number 1000, too."""
    if name.__class__ is str:
        return name
    return str(int(name) if isinstance(name, float) and name.is_integer() else name)
