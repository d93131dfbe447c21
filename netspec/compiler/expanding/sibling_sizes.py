"""`$(conv2.height)`: the sizes of earlier layers, as expressions know them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from netspec.compiler.expanding.context import Frame
from netspec.compiler.ir import Layer
from netspec.compiler.language.expression import ANY_SIZE, InputShape
from netspec.ops.base import Shape


class Place(Protocol):
    """What stands at the entry that is expanded now."""

    frame: Frame


class SiblingSizes:
    """The shapes of what an expression can name at its place.

    They follow from the inputs of the block around, all of whose sizes count as asked for then.
    """

    __slots__ = ("bound", "place")

    def __init__(self, place: Place, bound: Sequence[InputShape]) -> None:
        self.place, self.bound = place, bound

    def __repr__(self) -> str:
        """One for all: two uses of a block are told apart by their inputs and parameters."""
        return "the sizes of layers"

    def shape(self, name: str) -> Shape | None:
        """The shape of the value of this name, None where there is none."""
        found = self.place.frame.shape(name)
        if found is not None:
            for one in self.bound:
                one.asked[ANY_SIZE] = one.shape
        return found


def inner_shape(layer: Layer, name: str) -> Shape | None:
    """The shape of the value called `name` within a layer, None where it has none."""
    if name in layer.output_names:
        return layer.outputs[layer.output_names.index(name)]
    for child in layer.children:
        if name == child.name:
            return None if child.choices else child.output
        if name.startswith(child.name + "."):
            found = inner_shape(child, name[len(child.name) + 1 :])
            if found is not None:
                return found
    return None
