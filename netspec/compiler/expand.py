"""A `Document` → the tree of layers: blocks and loops expanded, every shape inferred.

Expansion and inference are one walk, since an expression may ask for its block's input shape.
A layer that fails gives one finding; what follows from it has no shape and stays silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple

from netspec.compiler.document import Block, Child, Document, Entry, Loop
from netspec.compiler.expression import ExpressionError, InputShape, evaluate
from netspec.compiler.network import BLOCK_INPUT, INPUT, BlockInit, Layer, Output, Via, leaves
from netspec.compiler.schema_check import check_value, expression_span, said
from netspec.compiler.validate import bare_param, param_mismatch, unknown_layer
from netspec.diagnostics import Diagnostic, Note, Span, SpecError, nearest
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal, Shape, text
from netspec.source import Mapping, Node, Scalar, Sequence

MAX_LAYERS = 20_000
MAX_PARAMS = 10**12
MAX_ELEMENTS = 10**12
MAX_BLOCK_DEPTH = 40


class Value(NamedTuple):
    """What flows along an edge: its source, its shape (None after a failure), its maker."""

    source: int
    shape: Shape | None
    maker: str
    span: Span | None
    training_only: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What a block's expressions see, and how the walk came there."""

    env: dict[str, Any]
    block: str | None
    via: tuple[Via, ...]


class Expansion(NamedTuple):
    """The outcome of the walk."""

    root: Layer
    outputs: tuple[Output, ...]


class _Shared(Exception):
    """Raised through the walk where a limit ends it."""


def expand(document: Document, params: dict[str, Any], shape: Shape) -> Expansion:
    """Expand and infer the network. Raises `SpecError` with every finding."""
    return _Expander(document, shape).run(params)


class _Expander:
    def __init__(self, document: Document, shape: Shape) -> None:
        self.document, self.shape = document, shape
        self.findings: dict[tuple[str, Span], Diagnostic] = {}
        self.count = 0
        self.params = 0
        self.made: dict[int, Op | None] = {}
        self.unknown: set[tuple[str | None, str]] = set()

    def run(self, params: dict[str, Any]) -> Expansion:
        bound = InputShape(self.shape)
        env = {**params, "input": bound}
        scope = Scope(env, None, ())
        start = Value(INPUT, self.shape, "the input", self.document.input_span)
        root: Layer | None = None
        outputs: tuple[Output, ...] = ()
        try:
            entry = self.document.layers
            self.guard_size(self.shape, self.document.input_span)
            root = self.layer(entry, "", "", (start,), scope, start)
            if root is not None and root.kind != "container":
                root = self.wrap(root, start)
            if root is not None:
                root = replace(root, asks=(*root.asks, *bound.asked.items()))
                outputs = self.outputs(root)
        except _Shared:
            pass
        if self.findings or root is None:
            raise SpecError(tuple(self.findings.values()))
        return Expansion(root, outputs)

    def wrap(self, layer: Layer, start: Value) -> Layer:
        """A network of one layer still has a root."""
        inner = replace(layer, name="0", path="0", sources=(INPUT,))
        return Layer("", "", "container", layer.span, (INPUT,), (self.shape,), layer.output,
                     children=(inner,), result=0)  # fmt: skip

    # findings

    def say(
        self,
        code: str,
        message: str,
        span: Span,
        hint: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        self.findings.setdefault((code, span), Diagnostic(code, message, span, notes, hint))

    def report(self, finding: Diagnostic) -> None:
        self.findings.setdefault((finding.code, finding.span), finding)

    def tick(self, span: Span) -> None:
        self.count += 1
        if self.count > MAX_LAYERS:
            self.say(
                "NS307",
                f"the network has more than {MAX_LAYERS:,} layers",
                span,
                "is a `repeat` or an `each` larger than meant?",
            )
            raise _Shared

    def value(self, node: Node, scope: Scope) -> Any:
        """A node's value with its expressions evaluated. Raises `_Poison` after a finding."""
        if isinstance(node, Scalar):
            raw = node.value
            if isinstance(raw, str) and "$" in raw:
                return self.evaluated(node, scope)
            return raw
        if isinstance(node, Sequence):
            return [self.value(item, scope) for item in node.items]
        return {key: self.value(item, scope) for key, item in node.items.items()}

    def evaluated(self, node: Scalar, scope: Scope) -> Any:
        try:
            return evaluate(str(node.value), scope.env)
        except ExpressionError as problem:
            span = expression_span(node, problem.start, problem.end)
            notes = self.came(scope)
            hint = problem.hint
            if problem.code == "NS301":
                name = str(node.value)[problem.start : problem.end]
                if scope.block and name in self.document.params:
                    hint = f"a block sees its own parameters: declare `{name}` in `{scope.block}`"
                if (scope.block, name) in self.unknown:  # misspelt where it is declared, perhaps
                    raise _Poison from None
                self.unknown.add((scope.block, name))
            self.say(problem.code, problem.message, span, hint, notes)
            raise _Poison from None

    def came(self, scope: Scope, path: str | None = None) -> tuple[Note, ...]:
        """How the walk came here, through blocks."""
        if not scope.via:
            return ()
        via = scope.via[-1]
        what = f"in `{path}`, from {via.block}" if path else f"{via.block} is used here"
        return (Note(what, via.span),)

    # one entry

    def layer(
        self,
        entry: Entry,
        name: str,
        path: str,
        inputs: tuple[Value, ...],
        scope: Scope,
        block_input: Value,
    ) -> Layer | None:
        """Expand one entry, its `repeat` included; None after a finding."""
        if entry.repeat is None:
            return self.single(entry, name, path, inputs, scope, block_input)
        copies = self.loop(entry.repeat, scope)
        if copies is None:
            return None
        self.tick(entry.span)
        try:
            one = self.one_input(entry, inputs, "a layer with `repeat`")
        except _Poison:
            return None
        builder = _Builder(self, path, one, scope, block_input)
        # what stands beside `repeat` has been heeded by the enclosing sequence
        body = replace(
            entry, repeat=None, sources=None, condition=None, name=None, training_only=False
        )
        for i, inner in enumerate(copies):
            if not builder.add(body, str(i), inner, entry.span):
                return None
        return builder.finish(name, path, inputs, entry.span, None, scope)

    def single(
        self,
        entry: Entry,
        name: str,
        path: str,
        inputs: tuple[Value, ...],
        scope: Scope,
        block_input: Value,
    ) -> Layer | None:
        self.tick(entry.span)
        try:
            if entry.branches is not None:
                return self.joined(entry, name, path, inputs[0], scope, block_input)
            if entry.kind == "sequence":
                one = self.one_input(entry, inputs, "a sequence")
                builder = _Builder(self, path, one, scope, block_input)
                builder.extend(entry.children, scope)
                return builder.finish(name, path, inputs, entry.span, None, scope)
            op_name = self.op_name(entry, scope)
            if op_name in OPS:
                return self.op(entry, op_name, name, path, inputs, scope)
            return self.block(entry, op_name, name, path, inputs, scope)
        except _Poison:
            return None

    def one_input(self, entry: Entry, inputs: tuple[Value, ...], what: str) -> Value:
        if len(inputs) != 1:
            self.say(
                "NS407",
                f"{what} takes one input, not {len(inputs)}",
                entry.span,
                "join them first with `Add`, `Mul` or `Concat`",
            )
            raise _Poison
        return inputs[0]

    def op_name(self, entry: Entry, scope: Scope) -> str:
        name = entry.op
        if "$" not in name:
            return name
        value = self.evaluated(Scalar(name, entry.span), scope)
        if not isinstance(value, str):
            hint = "the parameter must hold a layer's name, such as `ReLU`"
            self.say("NS205", f"{said(value)} is not a layer", entry.span, hint, self.came(scope))
            raise _Poison
        if value not in OPS and value not in self.document.blocks:
            found = unknown_layer(value, entry.span, tuple(self.document.blocks))
            self.say(found.code, found.message, found.span, found.hint, self.came(scope))
            raise _Poison
        return value

    def make(self, entry: Entry, name: str, scope: Scope) -> Op:
        """The op with its arguments; made once where they hold no expression."""
        key = id(entry.args) if entry.args is not None else -1
        cached = entry.constant and entry.args is not None and "$" not in entry.op
        if cached and key in self.made:
            op = self.made[key]
            if op is None:
                raise _Poison
            return op
        if cached:
            self.made[key] = None
        op = self.fresh(entry, OPS[name], scope)
        if cached:
            self.made[key] = op
        return op

    def fresh(self, entry: Entry, op: type[Op], scope: Scope) -> Op:
        args = entry.args
        given: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        if isinstance(args, Mapping):
            for key, node in args.items.items():
                given[key] = self.value(node, scope)
                spans[key] = node.span
        elif args is not None and not (isinstance(args, Scalar) and args.value is None):
            if op.bare is None:
                self.say("NS202", f"{op.__name__} has no argument that stands alone", args.span)
                raise _Poison
            given[op.bare] = self.value(args, scope)
            spans[op.bare] = args.span
        before = len(self.findings)
        for key, value in given.items():
            declared = op.args.get(key)
            if declared is None:
                near = nearest(key, list(op.args))
                hint = f"did you mean `{near}`?" if near else None
                self.say("NS201", f"{op.__name__} has no `{key}`", entry.span, hint)
                raise _Poison
            check_value(
                value,
                declared.schema,
                f"`{key}`",
                spans[key],
                lambda found: self.say(
                    found.code, found.message, found.span, found.hint, self.came(scope)
                ),
            )
            given[key] = _whole(value, declared.schema)
        missing = [a.name for a in op.args.values() if a.required and a.name not in given]
        if missing:
            needs = " and ".join(f"`{m}`" for m in missing)
            self.say("NS203", f"{op.__name__} needs {needs}", entry.span, None, self.came(scope))
            raise _Poison
        if len(self.findings) > before or any(
            ("NS202", s) in self.findings or ("NS204", s) in self.findings for s in spans.values()
        ):
            raise _Poison
        try:
            return op(**given)
        except Refusal as refusal:
            span = spans.get(refusal.argument or "", entry.span)
            self.say(refusal.code, refusal.message, span, refusal.hint, self.came(scope))
            raise _Poison from None

    def op(
        self,
        entry: Entry,
        op_name: str,
        name: str,
        path: str,
        inputs: tuple[Value, ...],
        scope: Scope,
    ) -> Layer | None:
        op = self.make(entry, op_name, scope)
        least, most = op.arity
        if most == 0:
            inputs = ()
        if len(inputs) < least or (most is not None and len(inputs) > most):
            takes = "one input" if most == 1 else f"{least} inputs or more" if most is None else (
                f"{least} to {most} inputs"
            )  # fmt: skip
            hint = "name them: `from: [conv1, conv2]`, or list `branches:`" if least > 1 else (
                "join them first with `Add`, `Mul` or `Concat`"
            )  # fmt: skip
            self.say("NS407", f"{op_name} takes {takes}, not {len(inputs)}", entry.span, hint)
            return None
        shapes = tuple(v.shape for v in inputs if v.shape is not None)
        if len(shapes) < len(inputs):
            return None
        try:
            output = op.infer(*shapes)
        except Refusal as refusal:
            self.refused(refusal, entry, path, inputs, scope)
            return None
        self.guard_size(output, entry.span)
        self.params += op.num_params(*shapes)
        if self.params > MAX_PARAMS:
            self.say("NS307", f"the network has more than {MAX_PARAMS:,} parameters", entry.span)
            raise _Shared
        sources = tuple(v.source for v in inputs)
        return Layer(name, path, "op", entry.span, sources, shapes, output, op=op, via=scope.via)

    def guard_size(self, shape: Shape, span: Span) -> None:
        if prod(shape) > MAX_ELEMENTS:
            message = f"{text(shape)} is more than {MAX_ELEMENTS:,} numbers for one sample"
            self.say("NS307", message, span)
            raise _Shared

    def refused(
        self,
        refusal: Refusal,
        entry: Entry,
        path: str,
        inputs: tuple[Value, ...],
        scope: Scope,
    ) -> None:
        span = entry.span
        if refusal.argument and isinstance(entry.args, Mapping):
            node = entry.args.items.get(refusal.argument)
            span = node.span if node is not None else span
        elif isinstance(entry.args, Sequence) or (
            isinstance(entry.args, Scalar) and entry.args.value is not None
        ):
            span = entry.args.span
        notes: list[Note] = []
        for value in inputs:
            if value.shape is None or (value.span is None and value.source != INPUT):
                continue
            gives = f"{value.maker} gives {text(value.shape)}"
            if value.maker == "the input":
                gives = f"the input is {text(value.shape)}"
            notes.append(Note(gives, value.span))
        if inputs and inputs[-1].maker != "the input" and notes:
            last = notes[-1]
            where = f" ({last.span})" if last.span else ""
            notes[-1] = Note(f"{last.message}{where}, from an input of {text(self.shape)}")
        notes += self.came(scope, path)
        hint = refusal.hint
        if refusal.code == "NS401" and len(self.shape) == 4 and self.shape[0] == 1:
            hint = "leave the batch out of `input`: it is implied"
        self.say(refusal.code, refusal.message, span, hint, tuple(notes))

    def block(
        self,
        entry: Entry,
        block_name: str,
        name: str,
        path: str,
        inputs: tuple[Value, ...],
        scope: Scope,
    ) -> Layer | None:
        block = self.document.blocks[block_name]
        one = self.one_input(entry, inputs, f"the block `{block_name}`")
        if any(v.block == block_name for v in scope.via):
            chain = " → ".join([v.block for v in scope.via] + [block_name])
            self.say("NS305", f"`{block_name}` uses itself: {chain}", entry.span,
                     "a network is finite: use `repeat`")  # fmt: skip
            raise _Shared
        env = self.block_env(block, entry, scope)
        if one.shape is None:
            return None
        bound = InputShape(one.shape)
        env["input"] = bound
        inner = Scope(env, block_name, (*scope.via, Via(block_name, entry.span)))
        start = one._replace(source=INPUT)
        made = self.layer(block.body, name, path, (start,), inner, start)
        if made is None:
            return None
        inits = made.inits
        if block.init is not None:
            inits = (*inits, BlockInit(block_name, env))
        return replace(
            made,
            sources=tuple(v.source for v in inputs),
            block=block_name if made.op is None else None,
            span=entry.span if made.op is None else made.span,
            inits=inits,
            asks=(*made.asks, *bound.asked.items()),
        )

    def block_env(self, block: Block, entry: Entry, scope: Scope) -> dict[str, Any]:
        args = entry.args
        given: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        if isinstance(args, Mapping):
            for key, node in args.items.items():
                given[key], spans[key] = self.value(node, scope), node.span
        elif args is not None and not (isinstance(args, Scalar) and args.value is None):
            alone = bare_param(block.params)
            if alone is None:
                message = f"`{block.name}` has no parameter that stands alone"
                self.say("NS202", message, args.span)
                raise _Poison
            given[alone.name], spans[alone.name] = self.value(args, scope), args.span
        env: dict[str, Any] = {}
        for param in block.params.values():
            if param.name in given:
                value = given.pop(param.name)
                wrong = param_mismatch(param, value)
                if wrong:
                    notes = (Note("declared here", param.span), *self.came(scope))
                    self.say("NS202", wrong, spans[param.name], None, notes)
                    raise _Poison
                env[param.name] = value
            elif param.required:
                self.say("NS203", f"`{block.name}` needs `{param.name}`", entry.span)
                raise _Poison
            else:
                env[param.name] = param.default
        for key in given:  # only where the block's name is itself a parameter
            self.say("NS201", f"`{block.name}` has no `{key}`", entry.span)
            raise _Poison
        return env

    def joined(
        self, entry: Entry, name: str, path: str, one: Value, scope: Scope, block_input: Value
    ) -> Layer | None:
        """`branches`, each fed the same input, then the op that joins them."""
        builder = _Builder(self, path, one, scope, block_input)
        outs: list[Value] = []
        for i, child in enumerate(entry.branches or ()):
            key = child.entry.name or (child.key if child.key is not None else str(i))
            out = builder.branch(child.entry, key, scope, child.span)
            if out is None:
                builder.poisoned = True
            else:
                outs.append(out)
        if builder.poisoned:
            return None
        join = replace(entry, branches=None, repeat=None, condition=None, name=None)
        if join.kind == "sequence":
            self.say(
                "NS206",
                "branches are joined by `Add`, `Mul` or `Concat`",
                entry.span,
                "add one beside `branches`",
            )
            return None
        own = self.op_name(join, scope).lower()
        while own in builder.names:
            own += "_"
        made = self.single(join, own, f"{path}.{own}" if path else own, tuple(outs), scope, one)
        if made is None:
            return None
        builder.append(own, made, entry.span)
        return builder.finish(name, path, (one,), entry.span, None, scope)

    # loops

    def loop(self, loop: Loop, scope: Scope) -> Iterator[Scope] | None:
        try:
            value = self.value(loop.values, scope)
        except _Poison:
            return None
        span = loop.values.span
        if loop.variable is None:
            if isinstance(value, bool) or not isinstance(value, int):
                message = f"the number of copies is a whole number, not {said(value)}"
                hint = "for a list, name what each item is: `each: {stage: $stages}`"
                self.say("NS202", message, span, hint)
                return None
            if value < 0:
                self.say("NS204", f"the number of copies is at least 0, not {value}", span)
                return None
            if value > MAX_LAYERS:
                self.say("NS307", f"{value:,} copies are more than the {MAX_LAYERS:,} layers that "
                         "a network may have", span)  # fmt: skip
                raise _Shared
            return (self.copy(scope, {"index": i}) for i in range(value))
        if not isinstance(value, list | tuple):
            message = f"`{loop.variable}` stands for the items of a list, not {said(value)}"
            self.say("NS202", message, span)
            return None
        variable = loop.variable
        return (self.copy(scope, {"index": i, variable: v}) for i, v in enumerate(value))

    def copy(self, scope: Scope, names: dict[str, Any]) -> Scope:
        return Scope({**scope.env, **names}, scope.block, scope.via)

    # outputs

    def outputs(self, root: Layer) -> tuple[Output, ...]:
        declared = self.document.outputs
        if declared is None:
            return (Output("", root.result, root.output, False),)
        known = {child.name: (i, child) for i, child in enumerate(root.children)}
        found: list[Output] = []
        for key, node in declared.items.items():
            target = str(node.value) if isinstance(node, Scalar) else ""
            if target not in known:
                near = nearest(target, list(known))
                hint = f"did you mean `{near}`?" if near else "an output is a layer of `layers`"
                self.say("NS310", f"there is no layer `{target}`", node.span, hint)
                continue
            i, child = known[target]
            found.append(Output(key, i, child.output, child.training_only))
        if found and found[0].training_only:
            name = next(iter(declared.items))
            self.say("NS310", "the first output runs only in training", declared.keys[name],
                     "put the logits first")  # fmt: skip
        return tuple(found)


class _Poison(Exception):
    """A finding was made, and the layer has no shape."""


class _Builder:
    """A container while its children are added."""

    def __init__(
        self, expander: _Expander, path: str, start: Value, scope: Scope, block_input: Value
    ) -> None:
        self.expander, self.path, self.scope = expander, path, scope
        self.start = start._replace(source=INPUT)
        # Where the container is fed what its block is fed, both are its own input.
        same = start is block_input or start.source == block_input.source
        self.block_input = self.start if same else block_input._replace(source=BLOCK_INPUT)
        self.children: list[Layer] = []
        self.names: dict[str, Value] = {}
        self.entries: dict[str, tuple[Entry, Scope]] = {}
        self.previous = self.start
        self.poisoned = False
        self.takes_block_input = False
        self.numbered = 0

    def extend(self, children: tuple[Child, ...], scope: Scope) -> None:
        """Add entries in order; after a failure go on, to find what else is wrong."""
        for child in children:
            entry = child.entry
            if entry.each is None:
                key = self.key(child, scope)
                if key is not None:
                    self.add(entry, key, scope, child.span)
                continue
            copies = self.expander.loop(entry.each, scope)
            if copies is None:
                self.fail()
                continue
            body = replace(entry, each=None)
            template = child.key is not None and "$" not in child.key and not entry.spliced
            for i, inner in enumerate(copies):
                self.expander.tick(entry.span)
                if entry.spliced:
                    if entry.condition is None or self.holds(entry, inner):
                        self.extend(entry.children, inner)
                    continue
                if template and i > 0:
                    self.expander.say(
                        "NS306",
                        f"each copy would be called `{child.key}`",
                        child.span,
                        f"write a template: `{child.key}$(index)`",
                    )
                    self.poisoned = True
                    break
                key = self.key(child, inner)
                if key is not None:
                    self.add(body, key, inner, child.span)

    def key(self, child: Child, scope: Scope) -> str | None:
        raw = child.entry.name if child.entry.name is not None else child.key
        if raw is None:
            return ""
        if "$" not in raw:
            return raw
        try:
            made = str(self.expander.evaluated(Scalar(raw, child.span), scope))
        except _Poison:
            self.fail()
            return None
        if not made.replace("_", "").replace("-", "").isalnum() or not made.isascii():
            hint = "a name has letters, digits, `_` and `-`"
            self.expander.say("NS208", f"{said(made)} cannot name a layer", child.span, hint)
            self.fail()
            return None
        return made

    def fail(self) -> None:
        self.poisoned = True
        self.previous = self.previous._replace(shape=None)

    def holds(self, entry: Entry, scope: Scope) -> bool:
        """Whether the entry's condition is true. Raises `_Poison`."""
        if entry.condition is None:
            return True
        value = self.expander.value(entry.condition, scope)
        if not isinstance(value, bool | int):
            message = f"a condition is true or false, not {said(value)}"
            self.expander.say("NS202", message, entry.condition.span)
            raise _Poison
        return bool(value)

    def sources(self, entry: Entry, scope: Scope) -> tuple[Value, ...]:
        """The values that feed the entry. Raises `_Poison` for a name that does not exist."""
        if entry.sources is None:
            return (self.previous,)
        found: list[Value] = []
        for raw, span in entry.sources:
            name = raw
            if "$" in raw:
                name = str(self.expander.evaluated(Scalar(raw, span), scope))
            found.append(self.source(name, span, entry))
        return tuple(found)

    def source(self, name: str, span: Span, entry: Entry) -> Value:
        if name == "input":
            if self.block_input.source == BLOCK_INPUT:
                self.takes_block_input = True
            return self.block_input
        if name not in self.names:
            near = nearest(name, [*self.names, "input"])
            hint = f"did you mean `{near}`?" if near else (
                "`from` takes an earlier layer of the same sequence, or `input`"
            )  # fmt: skip
            if not self.poisoned:
                message = f"no earlier layer here is called `{name}`"
                self.expander.say("NS304", message, span, hint)
            raise _Poison
        value = self.names[name]
        if value.training_only and not entry.training_only:
            self.expander.say(
                "NS304",
                f"`{name}` runs only in training, and this layer always",
                span,
                "give this layer `when: training` too",
            )
            raise _Poison
        return value

    def add(self, entry: Entry, key: str, scope: Scope, span: Span) -> bool:
        """Add one entry under `key` (or, where that is empty, its number)."""
        name = key or str(self.numbered)
        try:
            inputs = self.sources(entry, scope)
            if not self.holds(entry, scope):  # a join that is left out passes on its first input
                if key:
                    self.names[key] = inputs[0]
                self.previous = inputs[0]
                return True
            if name in self.names:
                self.duplicate(name, span)
                raise _Poison
            if entry.kind == "call":
                made = self.called(entry, name, inputs, scope)
            elif entry.branches is not None and entry.repeat is None:
                one = self.expander.one_input(entry, inputs, "a layer with branches")
                made = self.make(entry, name, (one,), scope)
            else:
                made = self.make(entry, name, inputs, scope)
        except _Poison:
            made = None
        if made is None:
            self.names[name] = Value(INPUT, None, name, span)
            self.numbered += 1
            self.fail()
            return False
        self.append(name, replace(made, training_only=entry.training_only), span)
        return True

    def make(
        self, entry: Entry, name: str, inputs: tuple[Value, ...], scope: Scope
    ) -> Layer | None:
        path = f"{self.path}.{name}" if self.path else name
        if any(v.shape is None for v in inputs):
            return None
        return self.expander.layer(entry, name, path, inputs, scope, self.block_input)

    def duplicate(self, name: str, span: Span) -> None:
        first = self.names[name].span
        notes = (Note("the first one is here", first),) if first and first != span else ()
        hint = "a template such as `layer$(index)` names each copy"
        self.expander.say("NS306", f"two layers are called `{name}`", span, hint, notes)

    def append(self, name: str, made: Layer, span: Span) -> None:
        """Take a layer as the next child."""
        if made.takes_block_input:
            source = self.block_input.source
            if source == BLOCK_INPUT:
                self.takes_block_input = True
            made = replace(made, sources=(*made.sources, source))
        self.children.append(made)
        self.numbered += 1
        index = len(self.children) - 1
        shown = f"`{made.path}`"
        value = Value(index, made.output, shown, made.span, made.training_only)
        self.names[name] = value
        aside = made.training_only or (made.op is not None and made.op.arity[1] == 0)
        if not aside:
            self.previous = value

    def branch(self, entry: Entry, key: str, scope: Scope, span: Span) -> Value | None:
        """Add a branch, fed the container's own input."""
        self.previous = self.start
        self.numbered = len(self.names)
        if not self.add(entry, key, scope, span):
            return None
        return self.previous

    def called(
        self, entry: Entry, name: str, inputs: tuple[Value, ...], scope: Scope
    ) -> Layer | None:
        """The layer `entry.op` once more: same weights, so the same parameter shapes."""
        target = entry.op
        if "$" in target:
            target = str(self.expander.evaluated(Scalar(target, entry.span), scope))
        index = next((i for i, c in enumerate(self.children) if c.name == target), None)
        if index is None:
            near = nearest(target, [c.name for c in self.children])
            hint = f"did you mean `{near}`?" if near else (
                "`call` takes an earlier layer of the same sequence"
            )  # fmt: skip
            if not self.poisoned:
                message = f"no earlier layer here is called `{target}`"
                self.expander.say("NS309", message, entry.span, hint)
            raise _Poison
        first = self.children[index]
        if first.kind == "call":
            index = first.target
            first = self.children[index]
        again = self.again(first, inputs, entry)
        sources = tuple(v.source for v in inputs)
        path = f"{self.path}.{name}" if self.path else name
        return replace(again, name=name, path=path, kind="call", target=index, sources=sources,
                       span=entry.span, takes_block_input=False)  # fmt: skip

    def again(self, first: Layer, inputs: tuple[Value, ...], entry: Entry) -> Layer:
        from netspec.compiler.propagate import rerun

        shapes = tuple(v.shape for v in inputs if v.shape is not None)
        if len(shapes) < len(inputs):
            raise _Poison
        if first.takes_block_input or len(shapes) != len(first.inputs):
            message = f"`{first.name}` takes {len(first.inputs)} inputs, not {len(shapes)}"
            if first.takes_block_input:
                message = f"`{first.name}` uses its block's `input`, and cannot be called again"
            self.expander.say("NS309", message, entry.span)
            raise _Poison
        self.expander.tick(entry.span)
        if shapes == first.inputs:
            return first
        try:
            again = rerun(first, shapes)
        except Refusal as refusal:
            self.expander.refused(refusal, entry, entry.op, inputs, self.scope)
            raise _Poison from None
        for a, b in zip(leaves(first), leaves(again), strict=True):
            if a.op is None:
                continue
            before, after = a.op.parameters(*a.inputs), a.op.parameters(*b.inputs)
            if before != after:
                made, now = (text(x[0]) for x in (a.inputs, b.inputs))
                self.expander.say(
                    "NS406",
                    f"`{first.name}` has weights for {made}, and cannot be called on {now}",
                    entry.span,
                    "write a layer of its own instead of `call`",
                    (Note("it is made here", first.span),),
                )
                raise _Poison
        return again

    def finish(
        self,
        name: str,
        path: str,
        inputs: tuple[Value, ...],
        span: Span,
        block: str | None,
        scope: Scope,
    ) -> Layer | None:
        """The container; None if any child failed."""
        if self.poisoned or self.previous.shape is None or inputs[0].shape is None:
            return None
        return Layer(
            name,
            path,
            "container",
            span,
            tuple(v.source for v in inputs),
            tuple(v.shape for v in inputs if v.shape is not None),
            self.previous.shape,
            block=block,
            children=tuple(self.children),
            result=self.previous.source,
            takes_block_input=self.takes_block_input,
            via=scope.via,
        )


def _whole(value: Any, schema: dict[str, Any]) -> Any:
    """`4.0` as 4 where a whole number is wanted, since an expression may divide."""
    kinds = schema.get("type")
    wants = kinds == "integer" or (isinstance(kinds, list) and "number" not in kinds)
    if isinstance(value, float) and wants and value.is_integer():
        return int(value)
    if isinstance(value, list) and wants:
        return [_whole(item, schema.get("items", schema)) for item in value]
    return value
