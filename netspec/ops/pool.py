"""Pooling over windows: the largest value, the mean, or a power mean."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from netspec.json_schema import BOOL, POSITIVE, POSITIVE_NUMBER, nullable, sizes
from netspec.ops.base import AXES, INDEX, Ints, Refusal, Saved, Shape, arg, ntuple
from netspec.ops.torch_op import TorchOp, require_spatial
from netspec.ops.window import Misfit, at_most, window_refusal


def pooled_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """How many windows there are in one dimension: `pooling_output_shape` of torch's ATen.

    With `ceil_mode` a last window may hang over the end, unless it would start in the padding
    after it.
    """
    left = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (left + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    return count


class Pool(TorchOp, abstract=True):
    """Pooling over windows; source of the shape: the documentation of `torch.nn.MaxPool2d`."""

    ndim: ClassVar[int]
    whole_windows: ClassVar[bool] = False
    """Whether torch wants the input itself, without padding, to hold a whole window."""

    kernel_size: Ints
    stride: Ints | None
    ceil_mode: bool

    def pads(self) -> tuple[int, ...]:
        """The padding on both sides of each spatial dimension."""
        return (0,) * self.ndim

    def dilations(self) -> tuple[int, ...]:
        """The distance between a window's elements in each spatial dimension."""
        return (1,) * self.ndim

    def check(self) -> None:
        """Refuse a padding of more than half a window."""
        for kernel, pad in zip(ntuple(self.kernel_size, self.ndim), self.pads(), strict=True):
            if pad > kernel // 2:
                raise Refusal(
                    "NS408",
                    f"a padding of {pad} is more than half of a window of {kernel}",
                    argument="padding",
                    hint=f"use {at_most('padding', kernel // 2)}",
                )

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)` → `(channels, *spatial')`."""
        (x,) = inputs
        n = self.ndim
        require_spatial(self, x, n)
        kernels = ntuple(self.kernel_size, n)
        strides = kernels if self.stride is None else ntuple(self.stride, n)
        out: list[int] = []
        misfits: list[Misfit] = []
        for size, kernel, stride, pad, dilation, axis in zip(
            x[1:], kernels, strides, self.pads(), self.dilations(), AXES[n], strict=True
        ):
            count = pooled_size(size, kernel, stride, pad, dilation, self.ceil_mode)
            if count < 1 or (self.whole_windows and size < kernel):
                padded = size if self.whole_windows else size + 2 * pad
                most = 0 if "padding" not in self.args or self.whole_windows else kernel // 2
                misfits.append((kernel, dilation, size, padded, axis, most))
            out.append(count)
        if misfits:
            raise window_refusal(misfits)
        return (x[0], *out)


class MaxPool(Pool, abstract=True):
    """The largest value of each window."""

    saves = "input"

    padding: Ints
    dilation: Ints

    def pads(self) -> tuple[int, ...]:
        """The padding on both sides of each spatial dimension."""
        return ntuple(self.padding, self.ndim)

    def dilations(self) -> tuple[int, ...]:
        """The distance between a window's elements in each spatial dimension."""
        return ntuple(self.dilation, self.ndim)

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Where each largest value was."""
        return Saved(0, INDEX * prod(self.infer(*inputs)))


CEIL = "whether a last window may hang over the end of the input"
STEP = "step of the window; the window's own size where it is null"


class MaxPool1d(MaxPool):
    """The largest value of each window of a sequence, `(channels, length)`."""

    ndim = 1
    kernel_size: Ints = arg(sizes(1), "length of the window", bare=True)
    stride: Ints | None = arg(nullable(sizes(1)), STEP, default=None)
    padding: Ints = arg(sizes(1, 0), "padding on both sides, of minus infinity", default=0)
    dilation: Ints = arg(sizes(1), "distance between the window's elements", default=1)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)


class MaxPool2d(MaxPool):
    """The largest value of each window of an image, `(channels, height, width)`."""

    ndim = 2
    kernel_size: Ints = arg(sizes(2), "height and width of the window", bare=True)
    stride: Ints | None = arg(nullable(sizes(2)), STEP, default=None)
    padding: Ints = arg(sizes(2, 0), "padding on all sides, of minus infinity", default=0)
    dilation: Ints = arg(sizes(2), "distance between the window's elements", default=1)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)


class MaxPool3d(MaxPool):
    """The largest value of each window of a volume, `(channels, depth, height, width)`."""

    ndim = 3
    kernel_size: Ints = arg(sizes(3), "depth, height and width of the window", bare=True)
    stride: Ints | None = arg(nullable(sizes(3)), STEP, default=None)
    padding: Ints = arg(sizes(3, 0), "padding on all sides, of minus infinity", default=0)
    dilation: Ints = arg(sizes(3), "distance between the window's elements", default=1)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)


class AvgPool(Pool, abstract=True):
    """The mean of each window."""

    saves = "input"

    padding: Ints
    count_include_pad: bool

    def pads(self) -> tuple[int, ...]:
        """The padding on both sides of each spatial dimension."""
        return ntuple(self.padding, self.ndim)


COUNT = "whether the padding counts in the mean"
DIVISOR = "what the window's sum is divided by, instead of its number of elements"


class AvgPool1d(AvgPool):
    """The mean of each window of a sequence, `(channels, length)`."""

    ndim = 1
    kernel_size: Ints = arg(sizes(1), "length of the window", bare=True)
    stride: Ints | None = arg(nullable(sizes(1)), STEP, default=None)
    padding: Ints = arg(sizes(1, 0), "zero padding on both sides", default=0)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)
    count_include_pad: bool = arg(BOOL, COUNT, default=True)


class AvgPool2d(AvgPool):
    """The mean of each window of an image, `(channels, height, width)`."""

    ndim = 2
    kernel_size: Ints = arg(sizes(2), "height and width of the window", bare=True)
    stride: Ints | None = arg(nullable(sizes(2)), STEP, default=None)
    padding: Ints = arg(sizes(2, 0), "zero padding on all sides", default=0)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)
    count_include_pad: bool = arg(BOOL, COUNT, default=True)
    divisor_override: int | None = arg(nullable(POSITIVE), DIVISOR, default=None)


class AvgPool3d(AvgPool):
    """The mean of each window of a volume, `(channels, depth, height, width)`."""

    ndim = 3
    whole_windows = True
    kernel_size: Ints = arg(sizes(3), "depth, height and width of the window", bare=True)
    stride: Ints | None = arg(nullable(sizes(3)), STEP, default=None)
    padding: Ints = arg(sizes(3, 0), "zero padding on all sides", default=0)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)
    count_include_pad: bool = arg(BOOL, COUNT, default=True)
    divisor_override: int | None = arg(nullable(POSITIVE), DIVISOR, default=None)


NORM = "the power p of the mean: 1 sums a window, and a large one nears its largest value"


class LPPool1d(Pool):
    """The power mean of each window of a sequence, `(channels, length)`."""

    ndim = 1
    norm_type: float = arg(POSITIVE_NUMBER, NORM)
    kernel_size: Ints = arg(POSITIVE, "length of the window")
    stride: Ints | None = arg(nullable(sizes(1)), STEP, default=None)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Each power, and four steps from its mean to the root."""
        return Saved(prod(inputs[0]) + 4 * prod(self.infer(*inputs)))


class LPPool2d(Pool):
    """The power mean of each window of an image, `(channels, height, width)`."""

    ndim = 2
    norm_type: float = arg(POSITIVE_NUMBER, NORM)
    kernel_size: Ints = arg(sizes(2), "height and width of the window")
    stride: Ints | None = arg(nullable(sizes(2)), STEP, default=None)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Each power, and four steps from its mean to the root."""
        return Saved(prod(inputs[0]) + 4 * prod(self.infer(*inputs)))


class LPPool3d(Pool):
    """The power mean of each window of a volume, `(channels, depth, height, width)`."""

    ndim = 3
    whole_windows = True
    norm_type: float = arg(POSITIVE_NUMBER, NORM)
    kernel_size: Ints = arg(sizes(3), "depth, height and width of the window")
    stride: Ints | None = arg(nullable(sizes(3)), STEP, default=None)
    ceil_mode: bool = arg(BOOL, CEIL, default=False)

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Each power, and four steps from its mean to the root."""
        return Saved(prod(inputs[0]) + 4 * prod(self.infer(*inputs)))
