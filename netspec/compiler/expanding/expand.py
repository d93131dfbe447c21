"""A `Document` → the tree of layers: blocks and loops expanded, every shape inferred.

Expansion and inference are one context, since an expression may ask for its block's input shape.
A layer that fails gives one finding; what follows from it has no shape and stays silent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from netspec.compiler.expanding.arguments import block_env, listed_order, make_op, op_name
from netspec.compiler.expanding.container import Builder, copies
from netspec.compiler.expanding.context import (
    MAX_PARAMS,
    AlreadyReported,
    Elaboration,
    LimitReached,
    Scope,
    Wire,
)
from netspec.compiler.ir import INPUT, BlockInit, ExpandedFrom, Layer, Output
from netspec.compiler.language.document import Document, Entry
from netspec.compiler.language.expression import InputShape
from netspec.compiler.language.names import TAKEN_BY_TORCH
from netspec.diagnostics import Note, SpecError, nearest
from netspec.ops import OPS
from netspec.ops.base import Refusal, Shape, text
from netspec.source import Mapping, Scalar, Sequence


class Expansion(NamedTuple):
    """The outcome of the context."""

    root: Layer
    outputs: tuple[Output, ...]


def expand(
    document: Document, params: dict[str, Any], shape: Shape, *, first: bool = False
) -> Expansion:
    """Expand and infer the network. Raises `SpecError` with every finding, or the `first`."""
    return Expander(document, shape, first=first).run(params)


class BlockUse(NamedTuple):
    """Where a block was used."""

    entry: Entry
    block: str
    scope: Scope


def expand_block(document: Document, layer: Layer, shape: Shape) -> Layer:
    """The block that a layer came from, made again for an input of this shape.

    Raises `SpecError` with the first finding.
    """
    entry, block, scope = layer.origin
    expander = Expander(document, shape, first=True)
    made: Layer | None = None
    try:
        start = Wire(INPUT, shape, "the input", None)
        made = expander.block(entry, block, layer.name, layer.path, (start,), scope)
    except (LimitReached, AlreadyReported):
        pass
    if made is None:
        raise SpecError(tuple(expander.findings.values()))
    return made


class Expander(Elaboration):
    """The context: one entry after another becomes a layer."""

    def run(self, params: dict[str, Any]) -> Expansion:
        """Elaboration the whole document. Raises `SpecError` with every finding."""
        bound = InputShape(self.shape)
        env = {**params, "input": bound}
        scope = Scope(env, None, ())
        start = Wire(INPUT, self.shape, "the input", self.document.input_span)
        root: Layer | None = None
        outputs: tuple[Output, ...] = ()
        try:
            entry = self.document.layers
            self.guard_size(self.shape, self.document.input_span)
            root = self.layer(entry, "", "", (start,), scope, start)
            if root is not None and root.kind != "container":
                root = self.wrap(root, start)
            if root is not None:
                root = replace(
                    root, size_dependencies=(*root.size_dependencies, *bound.asked.items())
                )
                outputs = self.outputs(root)
        except LimitReached:
            pass
        if self.findings or root is None:
            raise SpecError(tuple(self.findings.values()))
        return Expansion(root, outputs)

    def wrap(self, layer: Layer, start: Wire) -> Layer:
        """A network of one layer still has a root."""
        inner = replace(layer, name="0", path="0", sources=(INPUT,) if layer.inputs else ())
        return Layer("", "", "container", layer.span, (INPUT,), (self.shape,), layer.output,
                     children=(inner,), result=0)  # fmt: skip

    # one entry

    def layer(
        self,
        entry: Entry,
        name: str,
        path: str,
        inputs: tuple[Wire, ...],
        scope: Scope,
        block_input: Wire,
    ) -> Layer | None:
        """Expand one entry, its `repeat` included; None after a finding."""
        if entry.repeat is None:
            return self.single(entry, name, path, inputs, scope, block_input)
        scopes = copies(self, entry.repeat, scope)
        if scopes is None:
            return None
        self.tick(entry.span)
        try:
            one = self.one_input(entry, inputs, "a layer with `repeat`")
        except AlreadyReported:
            return None
        builder = Builder(self, path, one, scope, block_input)
        # what stands beside `repeat` has been heeded by the enclosing sequence
        body = replace(
            entry, repeat=None, sources=None, condition=None, name=None, training_only=False
        )
        for i, inner in enumerate(scopes):
            if not builder.add(body, str(i), inner, entry.span):
                return None
        return builder.finish(name, path, inputs, entry.span, None, scope)

    def single(
        self,
        entry: Entry,
        name: str,
        path: str,
        inputs: tuple[Wire, ...],
        scope: Scope,
        block_input: Wire,
    ) -> Layer | None:
        """Expand one entry without its `repeat`; None after a finding."""
        self.tick(entry.span)
        self.enter(entry.span)
        try:
            if entry.branches is not None:
                return self.joined(entry, name, path, inputs[0], scope, block_input)
            if entry.kind == "sequence":
                one = self.one_input(entry, inputs, "a sequence")
                builder = Builder(self, path, one, scope, block_input)
                builder.extend(entry.children, scope)
                return builder.finish(name, path, inputs, entry.span, None, scope)
            runs = op_name(self, entry, scope)
            if runs in OPS:
                return self.op(entry, runs, name, path, inputs, scope)
            return self.block(entry, runs, name, path, inputs, scope)
        except AlreadyReported:
            return None
        finally:
            self.leave()

    def one_input(self, entry: Entry, inputs: tuple[Wire, ...], what: str) -> Wire:
        """The only input of what takes one. Raises `AlreadyReported` after a finding."""
        if len(inputs) != 1:
            self.report(
                "NS407",
                f"{what} takes one input, not {len(inputs)}",
                entry.span,
                "join them first with `Add`, `Mul` or `Concat`",
            )
            raise AlreadyReported
        return inputs[0]

    def op(
        self,
        entry: Entry,
        runs: str,
        name: str,
        path: str,
        inputs: tuple[Wire, ...],
        scope: Scope,
    ) -> Layer | None:
        """An op with its inferred output; None after a finding."""
        op = make_op(self, entry, runs, scope)
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
            self.report("NS407", f"{runs} takes {takes}, not {len(inputs)}", entry.span, hint)
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
            self.report("NS307", f"the network has more than {MAX_PARAMS:,} parameters", entry.span)
            raise LimitReached
        sources = tuple(v.source for v in inputs)
        return Layer(
            name,
            path,
            "op",
            entry.span,
            sources,
            shapes,
            output,
            op=op,
            expanded_from=scope.expanded_from,
        )

    def refused(
        self,
        refusal: Refusal,
        entry: Entry,
        path: str,
        inputs: tuple[Wire, ...],
        scope: Scope,
    ) -> None:
        """Make a finding of an op's refusal: its place, and what made its inputs."""
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
        notes += self.provenance(scope, path)
        hint = refusal.hint
        if refusal.code == "NS401" and len(self.shape) == 4 and self.shape[0] == 1:
            hint = "leave the batch out of `input`: it is implied"
        self.report(refusal.code, refusal.message, span, hint, tuple(notes))

    def block(
        self,
        entry: Entry,
        block_name: str,
        name: str,
        path: str,
        inputs: tuple[Wire, ...],
        scope: Scope,
    ) -> Layer | None:
        """A block with its parameters bound; None after a finding."""
        block = self.document.blocks[block_name]
        one = self.one_input(entry, inputs, f"the block `{block_name}`")
        if any(v.block == block_name for v in scope.expanded_from):
            chain = " → ".join([v.block for v in scope.expanded_from] + [block_name])
            self.report("NS305", f"`{block_name}` uses itself: {chain}", entry.span,
                     "a network is finite: use `repeat`")  # fmt: skip
            raise LimitReached
        env = block_env(self, block, entry, scope)
        if one.shape is None:
            return None
        bound = InputShape(one.shape)
        env["input"] = bound
        inner = Scope(env, block_name, (*scope.expanded_from, ExpandedFrom(block_name, entry.span)))
        start = one._replace(source=INPUT)
        made = self.layer(block.body, name, path, (start,), inner, start)
        if made is None:
            return None
        order = listed_order(self, block, made) if block.order else made.order
        inits = made.inits
        if block.init is not None:
            inits = (*inits, BlockInit(block_name, env))
        return replace(
            made,
            sources=tuple(v.source for v in inputs) if made.inputs else (),
            block=block_name if made.op is None else None,
            span=entry.span if made.op is None else made.span,
            inits=inits,
            order=order,
            origin=BlockUse(entry, block_name, scope) if bound.asked else made.origin,
            size_dependencies=(*made.size_dependencies, *bound.asked.items()),
        )

    def joined(
        self, entry: Entry, name: str, path: str, one: Wire, scope: Scope, block_input: Wire
    ) -> Layer | None:
        """`branches`, each fed the same input, then the op that joins them."""
        builder = Builder(self, path, one, scope, block_input)
        outs: list[Wire] = []
        for i, child in enumerate(entry.branches or ()):
            key = builder.key(child, scope)
            out = None if key is None else builder.branch(
                child.entry, key or str(i), scope, child.span
            )  # fmt: skip
            if out is None:
                builder.poisoned = True
            else:
                outs.append(out)
        if builder.poisoned:
            return None
        join = replace(entry, branches=None, repeat=None, condition=None, name=None)
        if join.kind == "sequence":
            self.report(
                "NS206",
                "branches are joined by `Add`, `Mul` or `Concat`",
                entry.span,
                "add one beside `branches`",
            )
            return None
        own = op_name(self, join, scope).lower()
        while own in builder.names or own in TAKEN_BY_TORCH:
            own += "_"
        made = self.single(join, own, f"{path}.{own}" if path else own, tuple(outs), scope, one)
        if made is None:
            return None
        builder.append(own, made, entry.span)
        return builder.finish(name, path, (one,), entry.span, None, scope)

    # outputs

    def outputs(self, root: Layer) -> tuple[Output, ...]:
        """The outputs that the spec names, or the one that it has."""
        declared = self.document.outputs
        if declared is None:
            return (Output("", root.result, root.output, False),)
        known = {child.name: (i, child) for i, child in enumerate(root.children)}
        found: list[Output] = []
        for key, node in declared.items.items():
            target = str(node.value) if isinstance(node, Scalar) else ""
            if target not in known:
                written = {c.key or c.entry.name for c in self.document.layers.children}
                if target and target in written:
                    self.report("NS310", f"`if` leaves the output `{target}` out", node.span,
                             "an output is a layer that is always there")  # fmt: skip
                    continue
                near = nearest(target, list(known))
                hint = f"did you mean `{near}`?" if near else "an output is a layer of `layers`"
                self.report("NS310", f"there is no layer `{target}`", node.span, hint)
                continue
            i, child = known[target]
            found.append(Output(key, i, child.output, child.training_only))
        if found and found[0].training_only:
            name = next(iter(declared.items))
            self.report("NS310", "the first output runs only in training", declared.keys[name],
                     "put the logits first")  # fmt: skip
        return tuple(found)
