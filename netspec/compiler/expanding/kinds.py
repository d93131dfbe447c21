"""The kinds of numbers that flow along the wires, beside their shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from netspec.compiler.interpret import interpret, returned
from netspec.compiler.ir import OUTPUT, Layer, sibling
from netspec.ops.dtype import FLOAT, Dtype

NO_KINDS: Final[tuple[Dtype, ...]] = ()
"""Of a layer where all is floating-point."""


def kinds(dtypes: Iterable[Dtype]) -> tuple[Dtype, ...]:
    """The kinds as a layer keeps them: nothing where all are floating-point."""
    found = tuple(dtypes)
    return () if all(dtype is FLOAT or dtype == FLOAT for dtype in found) else found


def value_dtype(layer: Layer, source: int) -> Dtype:
    """The kind of a value in a container."""
    if source < 0:
        return layer.input_dtypes[-1 - source] if layer.input_dtypes else FLOAT
    dtypes = layer.children[sibling(source)].dtypes
    return dtypes[source // OUTPUT] if dtypes else FLOAT


def dtypes_of(layer: Layer, inputs: tuple[Dtype, ...]) -> Any:
    """What a layer gives on inputs of these kinds; a tuple where it gives several values.

    Raises `Refusal` (NS412) where some op does not take them.
    """
    if layer.op is not None:
        made = layer.op.dtypes(*inputs)
        return (made,) * len(layer.outputs) if layer.outputs else made
    return returned(layer, interpret(layer, inputs, dtypes_of))
