"""One container run on values of any kind: shapes, places in memory, steps of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from netspec.compiler.ir import Layer

Value = TypeVar("Value")


def interpret(
    layer: Layer,
    inputs: tuple[Value, ...],
    call: Callable[[Layer, tuple[Value, ...]], Value],
    *,
    training: bool = True,
) -> dict[int, Value]:
    """The values within a container whose inputs are `inputs`, by their sources.

    `call(child, given)` gives the value of one child, and goes into it as deep as it wants; the
    container's own value is that of `layer.result`. Without `training`, what runs only then is
    left out.
    """
    values = {-1 - place: value for place, value in enumerate(inputs)}
    for index, child in enumerate(layer.children):
        if child.training_only and not training:
            continue
        sources = child.sources
        given = (values[sources[0]],) if len(sources) == 1 else tuple(values[s] for s in sources)
        values[index] = call(child, given)
    return values
