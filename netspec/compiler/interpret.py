"""One container run on values of any kind: shapes, places in memory, steps of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from netspec.compiler.ir import OUTPUT, Layer, sibling
from netspec.ops.base import Refusal

Value = TypeVar("Value")


def interpret(
    layer: Layer,
    inputs: tuple[Value, ...],
    call: Callable[[Layer, tuple[Value, ...]], Any],
    *,
    training: bool = True,
) -> dict[int, Value]:
    """The values within a container whose inputs are `inputs`, by their sources.

    `call(child, given)` gives the value of one child, and goes into it as deep as it wants; of a
    child with several outputs it gives a tuple of values. The container's own value is
    `returned(layer, values)`. What nobody reads is left out, and without `training` what
    runs only then. Raises `Refusal` where a child gives fewer values than others take of it.
    """
    values = {-1 - place: value for place, value in enumerate(inputs)}
    for index, child in enumerate(layer.children):
        if not child.runs or (child.training_only and not training):
            continue
        sources = child.sources
        try:
            given = (
                (values[sources[0]],) if len(sources) == 1 else tuple(values[s] for s in sources)
            )
        except KeyError as missing:
            raise _missing(layer, missing.args[0]) from None
        value = call(child, given)
        if child.outputs:
            for place, one in enumerate(value):
                values[index + place * OUTPUT] = one
        else:
            values[index] = value
    return values


def returned(layer: Layer, values: dict[int, Value]) -> Any:
    """What a container gives of the values within it: one, or a tuple of several.

    None stands for what only training gives, where that was left out. Raises `Refusal` (NS409)
    where a layer gives fewer values of this input.
    """
    if not layer.results:
        return values[layer.result] if layer.result in values else _absent(layer, layer.result)
    return tuple([values[at] if at in values else _absent(layer, at) for at in layer.results])


def _absent(layer: Layer, source: int) -> Any:
    """None for what only training gives. Raises `Refusal` for any other value that is not there."""
    if not layer.children[sibling(source)].training_only:
        raise _missing(layer, source)


def _missing(layer: Layer, source: int) -> Refusal:
    """Of another input a layer may give fewer values, as `Chunk` does."""
    child = layer.children[sibling(source)]
    name = child.output_names[source // OUTPUT]
    return Refusal("NS409", f"`{child.name}` gives no `{name}` of this input")
