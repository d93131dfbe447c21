"""Nodes → a `Document`: the schema holds, and every entry is one layer or a sequence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from netspec.compiler.language.document import (
    MODIFIERS,
    PARAM_TYPES,
    SECTIONS,
    Block,
    Child,
    Document,
    Entry,
    Loop,
    Param,
)
from netspec.compiler.language.expression import ExpressionError, pieces
from netspec.compiler.language.names import (
    BLOCK_NAME,
    PARAM_NAME,
    unfit_name,
    unknown_layer,
)
from netspec.compiler.language.schema import spec_schema
from netspec.compiler.language.schema_validation import (
    check,
    expression_span,
    missing_keys,
    said,
    unknown_key,
)
from netspec.compiler.validating.argument_checks import ArgumentChecks, is_null
from netspec.compiler.validating.foreign_syntax import arguments_beside, layer_as_name, type_as_key
from netspec.compiler.validating.init_rules import init_rules
from netspec.diagnostics import Diagnostic, Span, nearest
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar, Sequence, Source, plain


def validate(source: Source, root: Mapping, sources: tuple[Source, ...]) -> Document:
    """Accept a spec, or raise `SpecError` with everything that is wrong with its form."""
    return _Validator(source, root, sources).document()


class _Validator(ArgumentChecks):
    def __init__(self, source: Source, root: Mapping, sources: tuple[Source, ...]) -> None:
        super().__init__()
        self.source, self.root, self.sources = source, root, sources
        self.schema = spec_schema()
        self.train: Mapping | None = None
        self.beside: list[Diagnostic] = []  # in `train` and `init`, of which no shape depends

    def document(self) -> Document:
        items = self.root.items
        for key in items:
            self.section(key)
        self.require_sections()
        self.version(items.get("netspec"))
        params = self.params(items.get("params"), "the spec")
        blocks = self.blocks(items.get("blocks"))
        init = init_rules(items.get("init"), self.beside.append)
        layers = self.body(items["layers"], "`layers`") if "layers" in items else None
        if self.findings or layers is None:
            self.findings += self.beside
            self.fail()
        name = items.get("name")
        shape = items["input"]
        return Document(
            source=self.source,
            root=self.root,
            name=str(name.value) if isinstance(name, Scalar) else _stem(self.source.name),
            params=params,
            input=shape,
            input_span=shape.span,
            blocks=blocks,
            layers=layers,
            outputs=_mapping(items.get("outputs")),
            init=init,
            train=self.train,
            sources=self.sources,
            findings=tuple(self.beside),
        )

    def section(self, key: str) -> None:
        """Check the form of one section, but of those that are read entry by entry."""
        value = self.root.items[key]
        if key not in SECTIONS:
            self.report(unknown_key(key, self.root.keys[key], "a spec", list(SECTIONS)))
            self.lost_blocks |= "blocks" not in self.root.items
        elif key == "train":
            before = len(self.beside)
            check(value, self.schema["properties"][key], f"`{key}`", self.beside.append)
            self.train = _mapping(value) if len(self.beside) == before else None
        elif key not in ("params", "blocks", "layers", "init"):
            before = len(self.findings)
            check(value, self.schema["properties"][key], f"`{key}`", self.report)
            found = self.findings[before:]
            if key == "input" and found and found[-1].hint is None:
                hint = "write `[channels, height, width]`: the batch is implied"
                self.findings[-1] = replace(self.findings[-1], hint=hint)

    def require_sections(self) -> None:
        if any(f.code == "NS201" for f in self.findings):  # one of them is misspelt, perhaps
            return
        missing = [k for k in ("netspec", "input", "layers") if k not in self.root.items]
        if missing:
            self.report(missing_keys(missing, self.root.span, "a spec"))
            if missing == ["netspec"]:
                hint = "start with `netspec: 1`, the version of the language"
                self.findings[-1] = replace(self.findings[-1], hint=hint)

    def version(self, node: Node | None) -> None:
        if isinstance(node, Scalar) and isinstance(node.value, int) and node.value != 1:
            message = f"this netspec reads version 1 of the language, not {said(node.value)}"
            self.say("NS207", message, node.span, "write `netspec: 1`")

    # parameters and blocks

    def params(self, node: Node | None, what: str) -> dict[str, Param]:
        params: dict[str, Param] = {}
        if node is None or is_null(node):
            return params
        if not isinstance(node, Mapping):
            hint = "write each parameter with its default: `params: {num_classes: 10}`"
            self.say("NS202", "`params` is a mapping", node.span, hint)
            return params
        for name, value in node.items.items():
            span = node.keys[name]
            if not PARAM_NAME.match(name) or name in ("input", "index", "true", "false", "null"):
                hint = "a parameter is a lower_snake name, and not `input` or `index`"
                self.say("NS208", f"`{name}` cannot name a parameter of {what}", span, hint)
                continue
            params[name] = self.param(name, value, span)
        return params

    def param(self, name: str, node: Node, span: Span) -> Param:
        value = plain(node)
        if isinstance(node, Scalar) and not node.quoted and value in PARAM_TYPES:
            return Param(name, str(value), None, True, span)
        if isinstance(value, str) and "$" in value:
            hint = "give its default, or its type: int, float, bool, str or list"
            self.say("NS202", f"the default of `{name}` cannot be an expression", node.span, hint)
        if isinstance(value, dict):
            hint = "give its default, or its type: int, float, bool, str or list"
            self.say("NS202", f"the parameter `{name}` cannot be a mapping", node.span, hint)
            value = None
        kinds = {bool: "bool", int: "int", float: "float", str: "str", list: "list"}
        return Param(name, kinds.get(type(value)), value, False, span)

    def blocks(self, node: Node | None) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        if node is None or is_null(node):
            return blocks
        if not isinstance(node, Mapping):
            hint = "write each block under its name"
            self.say("NS202", "`blocks` is a mapping", node.span, hint)
            return blocks
        for name, value in node.items.items():  # all names first: a block may use a later one
            self.declare_block(name, value, node.keys[name])
        for name, value in node.items.items():
            if isinstance(value, Mapping) and "layers" in value.items:
                blocks[name] = self.block(name, value, node.keys[name])
        return blocks

    def declare_block(self, name: str, value: Node, span: Span) -> None:
        """Check a block's name and keys, and learn its parameters."""
        if not BLOCK_NAME.match(name) or name in OPS or name in ("Sequential", "Parameter"):
            taken = name in OPS or name in ("Sequential", "Parameter")
            why = "is a layer already" if taken else "cannot name a block"
            hint = "choose another name" if taken else "a block is a PascalCase name"
            self.say("NS208", f"`{name}` {why}", span, hint)
            self.lost_blocks = True
        if not isinstance(value, Mapping):
            self.say("NS202", f"the block `{name}` is a mapping", value.span,
                     "give it `layers:`, and `params:` where it has any")  # fmt: skip
            self.block_params[name] = {}
            self.broken_blocks.add(name)
            return
        known = ["description", "params", "layers", "order", "init"]
        wrong = [k for k in value.items if k not in known]
        for key in wrong:
            self.report(unknown_key(key, value.keys[key], f"the block `{name}`", known))
            self.broken_blocks.add(name)
        if "layers" not in value.items and not wrong:
            self.report(missing_keys(["layers"], span, f"the block `{name}`"))
        self.block_params[name] = self.params(value.items.get("params"), f"`{name}`")

    def block(self, name: str, value: Mapping, span: Span) -> Block:
        """Read a block's layers, and what stands beside them."""
        body = self.body(value.items["layers"], f"`{name}`")
        order = value.items.get("order")
        if order is not None:
            schema = self.schema["$defs"]["block"]["properties"]["order"]
            check(order, schema, "`order`", self.report)
        return Block(
            name,
            span,
            self.block_params[name],
            body,
            init_rules(value.items.get("init"), self.beside.append),
            _words(order) if isinstance(order, Sequence) else (),
        )

    # layers

    def body(self, node: Node, what: str) -> Entry:
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
        children: list[Child] = []
        if isinstance(node, Sequence):
            for item in node.items:
                children.append(Child(None, item.span, self.entry(item)))
        elif (foreign := type_as_key(node)) is not None:
            self.report(foreign)
        else:
            for key, value in node.items.items():
                span = node.keys[key]
                misnamed = layer_as_name(key, value, span, self.block_params)
                if misnamed:
                    self.report(misnamed)
                    continue
                self.child_name(key, span)
                children.append(Child(key, span, self.entry(value, key)))
        return Entry("sequence", node.span, children=tuple(children))

    def child_name(self, name: str, span: Span) -> None:
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

    def entry(self, node: Node, key: str | None = None) -> Entry:
        if isinstance(node, Sequence):
            return self.sequence(node)
        if isinstance(node, Scalar):
            return self.word(node, key)
        if _is_sequence(node):
            return self.sequence(node)
        return self.layer(node)

    def word(self, node: Scalar, key: str | None) -> Entry:
        value = node.value
        if not isinstance(value, str) or not value:
            where = f"`{key}` has" if key else "this entry has"
            hint = "write a layer's name, as in `- ReLU`"
            if value is not None:
                self.say("NS206", f"{said(value)} is not a layer", node.span, hint)
            else:
                self.say("NS206", f"{where} no layer", node.span, hint)
            return Entry("sequence", node.span)
        self.layer_name(value, node.span, node)
        if value in OPS:
            self.arguments(value, None, node.span)
        elif value in self.block_params:
            self.block_arguments(value, None, node.span)
        elif value == "Sequential":
            self.say("NS203", "`Sequential` has no layers", node.span, "list them below it")
        return Entry("op", node.span, op=value, constant="$" not in value)

    def layer_name(self, name: str, span: Span, node: Scalar | None) -> None:
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
            self.unknown.add(name)
            self.report(unknown_layer(name, span, tuple(self.block_params)))

    def layer(self, node: Mapping) -> Entry:
        heads = [k for k in node.items if k not in MODIFIERS]
        ops = [k for k in heads if k[:1].isupper() or k.startswith("$")]
        strays = [k for k in heads if k not in ops]
        modifiers = {k: v for k, v in node.items.items() if k in MODIFIERS}
        runs = ops + [k for k in ("call", "layers") if k in modifiers]
        beside = arguments_beside(node, ops[0], strays) if len(ops) == 1 else None
        if beside is not None:
            self.report(beside)
            return Entry("op", node.keys[ops[0]], op=ops[0])
        for stray in strays:
            near = nearest(stray, list(MODIFIERS))
            hint = f"did you mean `{near}`?" if near else (
                "put layers with names of their own under `Sequential:`"
            )  # fmt: skip
            message = f"`{stray}` stands beside a layer, and is not a modifier"
            self.say("NS201", message, node.keys[stray], hint)
        if len(runs) > 1:
            message = f"`{runs[0]}` and `{runs[1]}` are two layers in one entry"
            self.say("NS206", message, node.keys[runs[1]], "give each its own line")
        elif not runs and not strays:
            hint = "add a layer's name" + (
                ", such as `Add: {}` or `Concat: {dim: 1}`" if "branches" in modifiers else ""
            )
            self.say("NS206", "this entry has no layer", node.span, hint)
        extra = self.modifiers(node, modifiers)
        if not runs:
            return Entry("sequence", node.span, **extra)
        head = runs[0]
        span, value = node.keys[head], node.items[head]
        if head == "call":
            target = value.value if isinstance(value, Scalar) else None
            if not isinstance(target, str) or not target:
                self.say("NS202", "`call` is the name of an earlier layer", value.span)
            return Entry("call", value.span, op=str(target), **extra)
        if head in ("layers", "Sequential"):
            return self.nested(head, value, node, extra)
        scalar = Scalar(head, span)
        self.layer_name(head, span, scalar)
        if head in OPS:
            self.arguments(head, value, span)
        elif head in self.block_params:
            self.block_arguments(head, value, span)
        constant = "$" not in head and not _has_expression(value)
        return Entry("op", span, op=head, args=value, constant=constant, **extra)

    def nested(self, head: str, value: Node, node: Mapping, extra: dict[str, Any]) -> Entry:
        inner = self.body(value, f"`{head}`")
        spliced = head == "layers" and "each" in extra
        if inner.kind != "sequence" or inner.repeat or inner.condition or inner.branches:
            child = Child(None, inner.span, inner)
            inner = Entry("sequence", inner.span, children=(child,))
        return Entry("sequence", inner.span, children=inner.children, spliced=spliced, **extra)

    def modifiers(self, node: Mapping, given: dict[str, Node]) -> dict[str, Any]:
        extra: dict[str, Any] = {}
        properties = self.schema["$defs"]["layer"]["properties"]
        for key, value in given.items():
            if key in ("branches", "layers", "call"):
                continue
            before = len(self.findings)
            check(value, properties[key], f"`{key}`", self.report)
            if len(self.findings) > before:
                continue
            if key == "name":
                extra["name"] = str(plain(value))
                self.child_name(extra["name"], value.span)
            elif key == "from":
                extra["sources"] = _words(value)
            elif key == "if":
                extra["condition"] = value
            elif key == "when":
                extra["training_only"] = True
            else:
                extra[key] = _loop(value, node.keys[key])
        if "branches" in given:
            extra["branches"] = self.branches(given["branches"])
        if "repeat" in given and "each" in given:
            hint = "nest them: `repeat` a `Sequential` of `each`"
            message = "`repeat` and `each` stand in one entry"
            self.say("NS206", message, node.keys["each"], hint)
        if "call" in given and "repeat" in given:
            hint = "call it as often by `each`, as in `again$(index): {each: 3, call: conv}`"
            message = "`repeat` makes copies, and `call` makes none"
            self.say("NS206", message, node.keys["repeat"], hint)
        if "call" in given and "branches" in given:
            hint = "join the branches in an entry of their own, and call the layer after it"
            message = "branches are joined by a layer of their own, not by `call`"
            self.say("NS206", message, node.keys["call"], hint)
        if "branches" in given and "from" in given:
            message = "`branches` and `from` both say where the input comes from"
            hint = "keep one; the branches are fed the layer before"
            self.say("NS206", message, node.keys["from"], hint)
        return extra

    def branches(self, node: Node) -> tuple[Child, ...]:
        if not isinstance(node, Mapping | Sequence):
            self.say("NS202", "`branches` is a list or a mapping of layers", node.span)
            return ()
        entry = self.sequence(node)
        for child in entry.children:
            inner = child.entry
            if inner.each or inner.sources or inner.training_only:
                what = "each" if inner.each else "from" if inner.sources else "when"
                hint = "each branch is fed the layer's own input, always"
                self.say("NS206", f"a branch cannot have `{what}`", child.span, hint)
        if not entry.children:
            self.say("NS203", "`branches` is empty", node.span, "list the layers to join")
        return entry.children


def _is_sequence(node: Mapping) -> bool:
    """Whether a mapping's keys are all names of children."""
    return not any(k in MODIFIERS or k[:1].isupper() or k.startswith("$") for k in node.items)


def _has_expression(node: Node) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "$" in node.value
    items = node.items if isinstance(node, Sequence) else list(node.items.values())
    return any(map(_has_expression, items))


def _mapping(node: Node | None) -> Mapping | None:
    return node if isinstance(node, Mapping) else None


def _words(node: Node) -> tuple[tuple[str, Span], ...]:
    nodes = node.items if isinstance(node, Sequence) else [node]
    return tuple((str(plain(n)), n.span) for n in nodes)


def _loop(node: Node, span: Span) -> Loop:
    if isinstance(node, Mapping):
        (variable,) = node.items
        return Loop(variable, node.items[variable], span)
    return Loop(None, node, span)


def _stem(name: str) -> str:
    stem = re.split(r"[/\\]", name)[-1]
    return re.sub(r"\.ya?ml$", "", stem) or "network"
