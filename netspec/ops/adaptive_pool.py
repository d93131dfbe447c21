"""Pooling to an output of a given size, whatever the input's."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Final

from netspec.json_schema import Schema, sizes
from netspec.ops.base import INDEX, NOTHING, Saved, Saves, Shape, arg
from netspec.ops.torch_op import TorchOp, require_spatial

Sizes = int | tuple[int | None, ...]


def sizes_or_null(ndim: int) -> Schema:
    """One size for every dimension, or a list in which null keeps the input's."""
    schema = sizes(ndim)
    return {**schema, "items": {**schema["items"], "type": ["integer", "null"]}}


class AdaptivePool(TorchOp, abstract=True):
    """Pooling over windows that are chosen so that the output has `output_size`."""

    saves = "input"

    ndim: ClassVar[int]

    output_size: Sizes

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)` → `(channels, *output_size)`; an input of any size will do."""
        (x,) = inputs
        require_spatial(self, x, self.ndim)
        given = self.output_size
        wanted = (given,) * self.ndim if isinstance(given, int) else given
        return (x[0], *(s if w is None else w for w, s in zip(wanted, x[1:], strict=True)))

    def saving(self, *inputs: Shape) -> Saves:
        """The input for its size; the global mean knows it without."""
        mean = type(self).__name__.startswith("AdaptiveAvg")
        return "nothing" if mean and prod(self.infer(*inputs)[1:]) == 1 else "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Where each largest value was."""
        largest = type(self).__name__.startswith("AdaptiveMax")
        return Saved(0, INDEX * prod(self.infer(*inputs))) if largest else NOTHING


SIZE: Final = "size of the output in every spatial dimension; null keeps the input's"


class AdaptiveAvgPool1d(AdaptivePool):
    """Mean over as many windows as the output is long, of `(channels, length)`."""

    ndim = 1
    output_size: Sizes = arg(sizes(1), "length of the output", bare=True)


class AdaptiveAvgPool2d(AdaptivePool):
    """Mean over windows that give an image of a fixed size; 1 is the global mean."""

    ndim = 2
    output_size: Sizes = arg(sizes_or_null(2), SIZE, bare=True)


class AdaptiveAvgPool3d(AdaptivePool):
    """Mean over windows that give a volume of a fixed size; 1 is the global mean."""

    ndim = 3
    output_size: Sizes = arg(sizes_or_null(3), SIZE, bare=True)


class AdaptiveMaxPool1d(AdaptivePool):
    """Largest value of as many windows as the output is long, of `(channels, length)`."""

    ndim = 1
    output_size: Sizes = arg(sizes(1), "length of the output", bare=True)


class AdaptiveMaxPool2d(AdaptivePool):
    """Largest value of windows that give an image of a fixed size."""

    ndim = 2
    output_size: Sizes = arg(sizes_or_null(2), SIZE, bare=True)


class AdaptiveMaxPool3d(AdaptivePool):
    """Largest value of windows that give a volume of a fixed size."""

    ndim = 3
    output_size: Sizes = arg(sizes_or_null(3), SIZE, bare=True)
