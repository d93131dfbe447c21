"""A `Document` → the tree of layers: blocks and loops expanded, every shape inferred.

Expansion and inference are one elaboration, since an expression may ask for its block's input
shape. A layer that fails gives one finding; what follows from it has no shape and stays silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from netspec.compiler.expanding.arguments import block_env, make_op
from netspec.compiler.expanding.container import Builder
from netspec.compiler.expanding.context import (
    NOWHERE,
    SEVERAL_STEPS,
    AlreadyReported,
    Elaboration,
    LimitReached,
    Site,
    Wall,
    Wire,
)
from netspec.compiler.expanding.kinds import NO_KINDS, kinds
from netspec.compiler.expanding.layer_values import held_layer
from netspec.compiler.expanding.listed_order import listed_order
from netspec.compiler.expanding.loops import copies, spread
from netspec.compiler.expanding.outputs import block_outputs, outputs
from netspec.compiler.expanding.parametrize import with_parametrizations
from netspec.compiler.expanding.recursion import HINT, chain, endless
from netspec.compiler.expanding.sibling_sizes import SiblingSizes
from netspec.compiler.expanding.taps import giving
from netspec.compiler.expanding.unread import without_unread
from netspec.compiler.ir import (
    INPUT,
    BlockInit,
    BlockUse,
    ExpandedFrom,
    Input,
    Layer,
    Output,
    Scope,
    changed,
)
from netspec.compiler.language.document import Block, Document, Entry
from netspec.compiler.language.expression import SIBLINGS, InputShape
from netspec.compiler.language.names import TAKEN_BY_TORCH
from netspec.compiler.language.work import Work
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, SpecError
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal, Shape, Unbatched
from netspec.ops.dtype import FLOAT
from netspec.ops.join import aligned


class Expansion(NamedTuple):
    """The outcome of the elaboration."""

    root: Layer
    outputs: tuple[Output, ...]
    unread: tuple[Layer, ...]


def expand(
    document: Document,
    params: dict[str, Any],
    inputs: tuple[Input, ...],
    *,
    first: bool = False,
    work: Work | None = None,
) -> Expansion:
    """Expand and infer the network. Raises `SpecError` with every finding, or the `first`.

    That one is the first of the network as it infers, without what only training runs.
    """
    context = Elaboration(document, inputs[0].shape, first=first, work=work)
    context.count = -1  # the network itself is none of its layers
    bound = {one.name: InputShape(one.shape) for one in inputs}
    names = {**params, **bound, SIBLINGS: SiblingSizes(context, tuple(bound.values()))}
    scope = Scope(names, None, ())
    frame = Wall()
    frame.outputs = document.outputs is not None
    root: Layer | None = None
    found: tuple[Output, ...] = ()
    unread: list[Layer] = []
    try:
        for i, (one, entry) in enumerate(zip(inputs, document.inputs, strict=True)):
            context.guard_size(one.shape, entry.node.span)
            maker = "the input" if len(inputs) == 1 else f"the input `{one.name}`"
            frame[one.name] = Wire(INPUT - i, one.shape, maker, entry.node.span, dtype=one.dtype)
        root = Expander(context).layer(
            document.layers, Site("", "", tuple(frame.values()), scope, frame)
        )
        if root is not None:
            root = _as_container(root, inputs)
            sizes = (*root.size_dependencies, *_sizes(list(bound.values())))
            root = changed(root, size_dependencies=sizes)
            root, found = outputs(context, root, scope)
            root = _settled(root, found, unread)
    except LimitReached:
        pass
    finally:
        context.settle()
    if context.findings or root is None:
        raise SpecError(tuple(context.findings.values()))
    return Expansion(root, found, tuple(unread))


def expand_block(
    document: Document, layer: Layer, shapes: tuple[Shape, ...], work: Work | None = None
) -> Layer:
    """The block that a layer came from, made again for inputs of these shapes.

    It gives the values that others take from within it, too. Raises `SpecError` with the first
    finding.
    """
    assert layer.origin is not None
    entry, block, scope = layer.origin
    context = Elaboration(document, shapes[0], first=True, work=work)
    made: Layer | None = None
    try:
        starts = tuple([Wire(INPUT - i, s, "the input", None) for i, s in enumerate(shapes)])
        site = Site(layer.name, layer.path, starts, scope, NOWHERE)
        made = Expander(context).block(entry, block, site)
    except (LimitReached, AlreadyReported):
        pass
    finally:
        context.settle()
    if made is None:
        raise SpecError(tuple(context.findings.values()))
    if len(layer.output_names) > len(made.output_names):
        try:
            return giving(
                made, tuple([name for name in layer.output_names if name]), context.work.spend
            )
        except KeyError as missing:
            message = f"`{layer.path}` has no `{missing.args[0]}` then"
            raise SpecError((Diagnostic("NS304", message, layer.span),)) from None
    return made


def _settled(root: Layer, found: tuple[Output, ...], unread: list[Layer]) -> Layer:
    """The network, which gives its outputs and runs what they need; the rest is `unread`."""
    if not found:
        return root
    if found[0].source != root.result:
        root = changed(root, result=found[0].source, output=found[0].shape)
    return without_unread(root, tuple([output.source for output in found]), unread)


def _sizes(bound: Sequence[InputShape]) -> Iterator[tuple[int, str, Any]]:
    """The sizes that expressions asked for: of which input, which one, and what it was."""
    for place, shape in enumerate(bound):
        for name, size in shape.asked.items():
            yield place, name, size


def _as_container(layer: Layer, inputs: tuple[Input, ...]) -> Layer:
    """A network of one layer still has a root."""
    if layer.kind == "container":
        return layer
    places = tuple([INPUT - i for i in range(len(inputs))])
    inner = changed(layer, name="0", path="0", sources=places if layer.inputs else ())
    shapes = tuple([one.shape for one in inputs])
    return Layer("", "", "container", layer.span, places, shapes, layer.output,
                 children=(inner,), result=0, input_dtypes=kinds([one.dtype for one in inputs]),
                 dtypes=layer.dtypes)  # fmt: skip


class Expander:
    """One entry after another becomes a layer."""

    def __init__(self, context: Elaboration) -> None:
        self.context = context

    def layer(self, entry: Entry, site: Site) -> Layer | None:
        """Expand one entry, its `repeat` included; None after a finding."""
        if entry.repeat is None:
            return self.single(entry, site)
        scopes = copies(self.context, entry.repeat, site.scope)
        if scopes is None:
            return None
        self.context.tick(entry.span)
        if not site.inputs:
            takes = "a layer with `repeat` takes an input or more, and has none"
            self.context.report("NS407", takes, entry.span, "name it by `from`")
            return None
        builder = Builder(self.context, site, site.inputs, self.layer)
        builder.previous, builder.beside = builder.starts[0], builder.starts[1:]
        # what stands beside `repeat` has been heeded by the enclosing sequence
        body = replace(
            entry, repeat=None, sources=None, condition=None, otherwise=None, name=None,
            training_only=False,
        )  # fmt: skip
        for i, inner in enumerate(scopes):
            if not builder.add(body, str(i), inner, entry.span):
                return None
        return builder.finish(entry.span)

    def single(self, entry: Entry, site: Site) -> Layer | None:
        """Expand one entry without its `repeat`; None after a finding."""
        self.context.tick(entry.span)
        self.context.enter(entry.span)
        try:
            if entry.branches is not None:
                return self.joined(entry, site)
            if entry.kind == "sequence":
                inputs = site.inputs
                if not isinstance(site.outer, Wall):  # else they are a block's
                    inputs = (self.context.one_input(entry, inputs, "a sequence"),)
                builder = Builder(self.context, site, inputs, self.layer)
                builder.extend(entry.children, site.scope)
                return builder.finish(entry.span)
            runs = entry.op
            if "$" in runs:
                entry, runs = held_layer(self.context, entry, site.scope)
            return self.op(entry, runs, site) if runs in OPS else self.block(entry, runs, site)
        except AlreadyReported:
            return None
        finally:
            self.context.leave()

    def op(self, entry: Entry, runs: str, site: Site) -> Layer | None:
        """An op with its inferred output; None after a finding."""
        context = self.context
        op = make_op(context, entry, runs, site.scope)
        least, most = op.arity
        inputs = () if most == 0 else site.inputs
        if len(inputs) < least or (most is not None and len(inputs) > most):
            _refuse_number(context, op, entry, len(inputs))
            return None
        found: list[Shape] = []
        usual = op.takes != "own"  # floating-point numbers, of which each sample has its own
        for wire in inputs:
            if wire.shape is None:
                return None
            found.append(wire.shape)
            usual = usual and wire.dtype is FLOAT and wire.shape.__class__ is tuple
        shapes = tuple(found)
        made, given = FLOAT, NO_KINDS
        if not usual:
            if Unbatched in map(type, shapes):
                shapes = aligned(op, shapes)
            dtypes = tuple([wire.dtype for wire in inputs])
            given = kinds(dtypes)
            try:
                made = op.dtypes(*dtypes)
            except Refusal as refusal:
                context.refused(refusal, entry, site._replace(inputs=inputs))
                return None
        key = (id(op), shapes)
        known = context.inferred.get(key)
        if known is None:
            try:
                output = op.infer(*shapes)
                if op.foreign:
                    from netspec.ops.foreign_rules import try_rules

                    try_rules(op, shapes)
            except Refusal as refusal:
                context.refused(refusal, entry, site._replace(inputs=inputs))
                return None
            context.guard_size(output, entry.span)
            known = context.inferred[key] = output, op.num_params(*shapes)
        output, params = known
        if entry.parametrize is not None:
            op = with_parametrizations(context, entry, op, shapes, site.scope)
            params = op.num_params(*shapes)
        context.add_params(params, entry.span)
        sources = tuple([wire.source for wire in inputs])
        layer = Layer(site.name, site.path, "op", entry.span, sources, shapes, output, op=op,
                      expanded_from=site.scope.expanded_from)  # fmt: skip
        if op.several:
            outputs = op.outputs(*shapes)
            names, several = tuple(outputs), tuple(outputs.values())
            context.seek(SEVERAL_STEPS * len(names), entry.span)
            layer = changed(layer, outputs=several, output_names=names)
        if given or made is not FLOAT:
            dtypes = kinds((made,) * (len(layer.outputs) or 1))
            layer = changed(layer, input_dtypes=given, dtypes=dtypes)
        return layer

    def block(self, entry: Entry, block_name: str, site: Site) -> Layer | None:
        """A block with its parameters bound; None after a finding."""
        context, scope = self.context, site.scope
        block = context.document.blocks[block_name]
        if entry.parametrize is not None:
            context.report("NS313", f"the block `{block_name}` has no weight of its own",
                           entry.parametrize.span,
                           f"put it beside a layer of `{block_name}`")  # fmt: skip
            return None
        if len(site.inputs) != len(block.inputs):
            _refuse_inputs(context, block, entry, len(site.inputs))
            return None
        bound = [None if wire.shape is None else InputShape(wire.shape) for wire in site.inputs]
        env = block_env(context, block, entry, scope, dict(zip(block.inputs, bound, strict=True)))
        known = [shape for shape in bound if shape is not None]
        if len(known) < len(bound):
            return None
        within = (*scope.expanded_from, ExpandedFrom(block_name, entry.span))
        if context.within and endless(context.within, block_name, env):
            names = chain([used for used, _, _ in context.within] + [block_name])
            context.report("NS305", f"`{block_name}` uses itself: {names}", entry.span, HINT)
            raise LimitReached
        starts = tuple([wire.sampled(INPUT - i) for i, wire in enumerate(site.inputs)])
        inner = Scope(env, block_name, within)
        frame = Wall(zip(block.inputs, starts, strict=True))
        frame.outputs = bool(block.outputs)
        context.within.append((block_name, env, entry.span))
        try:
            made = self.layer(block.body, Site(site.name, site.path, starts, inner, frame))
        finally:
            context.within.pop()
        if made is not None and block.outputs:
            made = block_outputs(context, block, made, inner)
        if made is None:
            return None
        inits = made.inits
        if block.init:
            inits = (*inits, BlockInit(block_name, env))
        return changed(
            made,
            sources=tuple(wire.source for wire in site.inputs) if made.inputs else (),
            block=block_name if made.op is None else None,
            span=entry.span if made.op is None else made.span,
            inits=inits,
            order=listed_order(context, block, made, inner) if block.order else made.order,
            origin=BlockUse(entry, block_name, scope)
            if any(x.asked for x in known)
            else (made.origin),
            size_dependencies=(*made.size_dependencies, *_sizes(known)),
        )

    def joined(self, entry: Entry, site: Site) -> Layer | None:
        """`branches`, each fed the same input, then the op that joins them."""
        context, scope = self.context, site.scope
        one = site.inputs[0]
        builder = Builder(context, site, (one,), self.layer)
        outs: list[Wire] = []
        branches = (c for child in entry.branches or () for c in spread(builder, child, scope))
        for i, (child, branch, key, within) in enumerate(branches):
            out = None if key is None else builder.branch(
                branch, key or str(i), within, child.span
            )  # fmt: skip
            if out is None:
                builder.poisoned = True
            else:
                outs.append(out)
        if builder.poisoned:
            return None
        join = replace(entry, branches=None, repeat=None, condition=None, otherwise=None, name=None)
        if join.kind == "sequence":
            context.report(
                "NS206",
                "branches are joined by `Add`, `Mul` or `Concat`",
                entry.span,
                "add one beside `branches`",
            )
            return None
        own = join.op
        if "$" in own:
            own = held_layer(context, join, scope)[1]
        own = own.lower()
        while own in builder.names or own in builder.holders or own in TAKEN_BY_TORCH:
            own += "_"
        made = self.single(join, Site(own, builder.path(own), tuple(outs), scope, NOWHERE))
        if made is None:
            return None
        builder.append(own, made, entry.span)
        return builder.finish(entry.span)


def _refuse_inputs(context: Elaboration, block: Block, entry: Entry, given: int) -> None:
    """Say how many inputs the block takes."""
    takes = counted(len(block.inputs), "input")
    hint = "join them first with `Add`, `Mul` or `Concat`"
    if len(block.inputs) > 1:
        takes += ", " + ", ".join(f"`{name}`" for name in block.inputs)
        hint = "name them in this order: `from: [a, b]`"
    elif given:
        takes = "one input"
    message = f"the block `{block.name}` takes {takes}, not {given}"
    context.report("NS407", message, entry.span, hint)


def _refuse_number(context: Elaboration, op: Op, entry: Entry, given: int) -> None:
    """Say how many inputs the op takes."""
    least, most = op.arity
    if most is None:
        takes = f"{counted(least, 'input')} or more"
    else:
        takes = f"{least} to {counted(most, 'input')}" if least < most else counted(most, "input")
        takes = "one input" if most == 1 else takes
    hint = "name them: `from: [conv1, conv2]`, or list `branches:`" if given < least else (
        "join them first with `Add`, `Mul` or `Concat`"
    )  # fmt: skip
    context.report("NS407", f"{type(op).__name__} takes {takes}, not {given}", entry.span, hint)
