"""The output's shape for other inputs, without expanding again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from netspec.compiler.interpret import interpret, returned
from netspec.compiler.ir import Layer
from netspec.compiler.language.expression import size_of
from netspec.compiler.language.work import Work
from netspec.ops.base import Op, Refusal, Shape, Unbatched, inferred
from netspec.ops.join import aligned

STEPS: Final = 3
"""Steps of work that one layer takes."""


class Varies(Refusal):
    """An expression asked for a size that this input changes, so the layers may be others."""

    def __init__(self) -> None:
        super().__init__("", "the layers depend on the size of the input")


Memo = dict[tuple[int, tuple[Shape, ...]], Any]
"""What each op gives on inputs of these shapes: a shape, several, or a `Refusal`."""

Again = Callable[[Layer, tuple[Shape, ...]], Layer]


def output_shape(
    layer: Layer,
    inputs: tuple[Shape, ...],
    memo: Memo,
    again: Again | None = None,
    work: Work | None = None,
) -> Any:
    """The layer's output shape in eval mode for other input shapes; a tuple where it gives several.

    Raises `Refusal` where some layer does not take its input, and `Varies` where the input makes
    other layers, unless `again` makes a block again, and `TooMuchWork` where `work` has no steps
    left. `memo` serves one network.
    """
    if layer.size_dependencies and any(
        size_of(inputs[place], attr) != size for place, attr, size in layer.size_dependencies
    ):
        if again is None or layer.origin is None:
            raise Varies
        layer = again(layer, inputs[: len(layer.inputs)])
    if layer.op is not None:
        return _infer(layer.op, inputs, memo)

    if work is not None:
        work.spend(STEPS * len(layer.children) + len(layer.results))

    def call(child: Layer, given: tuple[Shape, ...]) -> Any:
        if child.outputs and work is not None:
            work.spend(len(child.outputs))
        if Unbatched in map(type, given):
            given = tuple(map(tuple, given)) if child.op is None else aligned(child.op, given)
        if child.op is not None and not child.size_dependencies:
            return _infer(child.op, given, memo)
        return output_shape(child, given, memo, again, work)

    return returned(layer, interpret(layer, inputs, call, training=False))


def _infer(op: Op, inputs: tuple[Shape, ...], memo: Memo) -> Any:
    key = (id(op), inputs)
    found = memo.get(key)
    if found is None:
        try:
            found = inferred(op, inputs)
        except Refusal as refusal:
            found = refusal
        memo[key] = found
    if isinstance(found, Refusal):
        raise found
    return found
