"""A layer called again: the same module on other values, its weights shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netspec.compiler.expanding.context import (
    NOWHERE,
    SEVERAL_STEPS,
    AlreadyReported,
    Elaboration,
    Site,
    Wire,
)
from netspec.compiler.expanding.kinds import dtypes_of, kinds
from netspec.compiler.interpret import interpret, returned
from netspec.compiler.ir import Layer, Scope, changed, leaves, walk
from netspec.compiler.language.document import Entry
from netspec.counted import counted
from netspec.diagnostics import Note, nearest
from netspec.ops.base import Op, Refusal, Shape, inferred, text


class Earlier(Protocol):
    """The container of a call, as far as it is filled."""

    context: Elaboration
    children: list[Layer]
    indices: dict[str, int]
    scope: Scope
    aliases: set[str]
    poisoned: bool


def called(
    earlier: Earlier, entry: Entry, name: str, path: str, inputs: tuple[Wire, ...], scope: Scope
) -> Layer:
    """The layer `entry.op` once more: the same module, so one that both inputs make.

    Raises `AlreadyReported` after a finding.
    """
    index = _target(earlier, entry, scope)
    first = earlier.children[index]
    if first.kind == "call":
        index = first.target
        first = earlier.children[index]
    if first.training_only and not entry.training_only:
        message = f"`{first.name}` runs only in training, and this layer always"
        hint = "give this layer `when: training` too"
        earlier.context.report("NS309", message, entry.span, hint)
        raise AlreadyReported
    again = _again(earlier, first, inputs, entry)
    return changed(
        again,
        name=name,
        path=path,
        kind="call",
        target=index,
        sources=tuple(wire.source for wire in inputs),
        span=entry.span,
        free=(),
    )


def rerun(layer: Layer, inputs: tuple[Shape, ...], guard: Callable[[Shape], None]) -> Layer:
    """The same layer for other input shapes; `guard` raises for those that are too large.

    Raises `Refusal` where an op does not take them.
    """
    if layer.op is not None:
        found = inferred(layer.op, inputs)
        outputs = found if layer.outputs else ()
        if len(outputs) != len(layer.outputs):
            first, now = (counted(len(given), "value") for given in (layer.outputs, outputs))
            raise Refusal("NS409", f"`{layer.name}` gives {first} of its input, and {now} of this")
        for shape in outputs or (found,):
            guard(shape)
        output = outputs[0] if outputs else found
        return changed(layer, inputs=inputs, output=output, outputs=outputs)
    children: list[Layer] = []

    def call(child: Layer, given: tuple[Shape, ...]) -> Shape | tuple[Shape, ...]:
        children.append(rerun(child, given, guard))
        return children[-1].outputs or children[-1].output

    given = returned(layer, interpret(layer, inputs, call))
    outputs = given if layer.results else ()
    return changed(layer, inputs=inputs, children=tuple(children),
                   output=outputs[0] if outputs else given, outputs=outputs)  # fmt: skip


def _target(earlier: Earlier, entry: Entry, scope: Scope) -> int:
    """The index of the layer that is called. Raises `AlreadyReported` after a finding."""
    name = earlier.context.layer_name(entry.op, entry.span, scope)
    if name in earlier.indices:
        return earlier.indices[name]
    if name in earlier.aliases:
        message = f"`if` leaves the layer `{name}` out, so that nothing can be called"
        hint = "give the call the same `if`"
        earlier.context.report("NS309", message, entry.span, hint)
    elif not earlier.poisoned:
        near = nearest(name, [child.name for child in earlier.children])
        hint = f"did you mean `{near}`?" if near else (
            "`call` takes an earlier layer of the same sequence"
        )  # fmt: skip
        message = f"no earlier layer here is called `{name}`"
        earlier.context.report("NS309", message, entry.span, hint)
    raise AlreadyReported


def _size(context: Elaboration, layer: Layer) -> tuple[int, int, int]:
    """How many layers a call runs, how many values they take, and how many several they give."""
    known = context.sizes.get(id(layer))
    if known is None:
        layers = edges = several = 0
        for found in walk(layer):
            layers += 1
            edges += len(found.sources)
            several += len(found.outputs)
        known = context.sizes[id(layer)] = layer, layers, edges, several
    return known[1:]


def _again(earlier: Earlier, first: Layer, inputs: tuple[Wire, ...], entry: Entry) -> Layer:
    shapes = tuple(wire.shape for wire in inputs if wire.shape is not None)
    if len(shapes) < len(inputs):
        raise AlreadyReported
    context = earlier.context
    if first.free or len(shapes) != len(first.inputs):
        message = f"`{first.name}` takes {counted(len(first.inputs), 'input')}, not {len(shapes)}"
        if first.free:
            listed = ", ".join(f"`{name}`" for name in first.free)
            message = f"`{first.name}` reads {listed} from around it, and cannot be called again"
        context.report("NS309", message, entry.span)
        raise AlreadyReported
    layers, edges, several = _size(context, first)
    context.tick(entry.span, layers)
    context.add_edges(edges, entry.span)
    context.seek(SEVERAL_STEPS * several, entry.span)
    dtypes = tuple(wire.dtype for wire in inputs)
    if shapes == first.inputs and kinds(dtypes) == first.input_dtypes:
        return first
    try:
        again = rerun(first, shapes, lambda shape: context.guard_size(shape, entry.span))
        given = dtypes_of(first, dtypes)
        again = changed(again, dtypes=kinds(given if first.outputs else (given,)))
    except Refusal as refusal:
        context.refused(refusal, entry, Site(entry.op, entry.op, inputs, earlier.scope, NOWHERE))
        raise AlreadyReported from None
    _require_same_module(context, entry, first, again)
    return again


def _require_same_module(context: Elaboration, entry: Entry, first: Layer, again: Layer) -> None:
    """Raise `AlreadyReported` after a finding where some layer would have to be made otherwise."""
    for a, b in zip(leaves(first), leaves(again), strict=True):
        if a.op is None or _module(a.op, a.inputs) == _module(a.op, b.inputs):
            continue
        weights = a.op.parameters(*a.inputs) != a.op.parameters(*b.inputs)
        which = "" if a is first else f"{a.kind_name} in "
        made, now = (text(x[0]) for x in (a.inputs, b.inputs))
        has = "has weights for" if weights else "is made for"
        context.report(
            "NS406",
            f"{which}`{first.name}` {has} {made}, and cannot be called on {now}",
            entry.span,
            "write a layer of its own instead of `call`",
            (Note("it is made here", first.span),),
        )
        raise AlreadyReported


def _module(op: Op, inputs: tuple[Shape, ...]) -> tuple[object, ...]:
    """All that the inputs decide of an op's module: arguments, parameters and buffers."""
    return op.fixed(*inputs), op.parameters(*inputs), op.buffers(*inputs)
