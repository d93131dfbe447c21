"""Windows of an image as columns, and back."""

from __future__ import annotations

from math import prod
from typing import Final

from netspec.counted import counted
from netspec.json_schema import sizes
from netspec.ops.base import AXES, Ints, Refusal, Shape, arg, ntuple, require_dims
from netspec.ops.torch_op import TorchOp, require_spatial
from netspec.ops.window import Misfit, window_refusal

WINDOW: Final = "height and width of the window"
APART: Final = "distance between the window's elements"
ZEROS: Final = "zero padding on all sides"
STEP: Final = "step of the window"


class Windows(TorchOp, abstract=True):
    """The windows of an image."""

    saves = "nothing"

    kernel_size: Ints
    dilation: Ints
    padding: Ints
    stride: Ints

    def counts(self, image: Shape) -> tuple[int, ...]:
        """How many windows an image of `(height, width)` has in each dimension."""
        out: list[int] = []
        misfits: list[Misfit] = []
        for size, kernel, dilation, pad, stride, axis in zip(
            image,
            ntuple(self.kernel_size, 2),
            ntuple(self.dilation, 2),
            ntuple(self.padding, 2),
            ntuple(self.stride, 2),
            AXES[2],
            strict=True,
        ):
            left = size + 2 * pad - dilation * (kernel - 1) - 1
            if left < 0:
                misfits.append((kernel, dilation, size, size + 2 * pad, axis, None))
            out.append(left // stride + 1)
        if misfits:
            raise window_refusal(misfits)
        return tuple(out)


class Unfold(Windows):
    """Every window of an image as a column: `(channels·window, positions)`."""

    kernel_size: Ints = arg(sizes(2), WINDOW)
    dilation: Ints = arg(sizes(2), APART, default=1)
    padding: Ints = arg(sizes(2, 0), ZEROS, default=0)
    stride: Ints = arg(sizes(2), STEP, default=1)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, height, width)` → `(channels·window, positions)`."""
        (x,) = inputs
        require_spatial(self, x, 2)
        return (x[0] * prod(ntuple(self.kernel_size, 2)), prod(self.counts(x[1:])))


class Fold(Windows):
    """Columns added up into the image whose windows they are; the reverse of `Unfold`."""

    output_size: Ints = arg(sizes(2), "height and width of the image")
    kernel_size: Ints = arg(sizes(2), WINDOW)
    dilation: Ints = arg(sizes(2), APART, default=1)
    padding: Ints = arg(sizes(2, 0), ZEROS, default=0)
    stride: Ints = arg(sizes(2), STEP, default=1)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels·window, positions)` → `(channels, *output_size)`."""
        (x,) = inputs
        require_dims(self, x, 2, "columns and positions")
        window = prod(ntuple(self.kernel_size, 2))
        if x[0] % window:
            raise Refusal(
                "NS409",
                f"columns of {x[0]} are not a multiple of {window}, the size of the window",
                argument="kernel_size",
            )
        image = ntuple(self.output_size, 2)
        positions = prod(self.counts(image))
        if x[1] != positions:
            raise Refusal(
                "NS409",
                f"an image of {image[0]}×{image[1]} has {counted(positions, 'window')}, not {x[1]}",
                argument="output_size",
            )
        return (x[0] // window, *image)
