"""Transposed convolutions, which make their input larger."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Final

from netspec.json_schema import BOOL, POSITIVE, sizes
from netspec.ops.base import AXES, Ints, Refusal, Shape, arg, ntuple
from netspec.ops.conv import require_groups
from netspec.ops.torch_op import TorchOp, require_spatial
from netspec.ops.window import at_most


class ConvTranspose(TorchOp, abstract=True):
    """The gradient of a convolution, as a layer: `torch.nn.ConvTranspose2d`.

    The padding is cut from the output, and is always of zeros: torch has no other mode here.
    """

    saves = "input"

    ndim: ClassVar[int]
    linear = True

    out_channels: int
    kernel_size: Ints
    stride: Ints
    padding: Ints
    output_padding: Ints
    groups: int
    bias: bool
    dilation: Ints

    def check(self) -> None:
        """Refuse groups and paddings that torch refuses whatever the input."""
        require_groups(self.groups, self.out_channels, "output")
        n = self.ndim
        for extra, stride, dilation in zip(
            ntuple(self.output_padding, n),
            ntuple(self.stride, n),
            ntuple(self.dilation, n),
            strict=True,
        ):
            if extra >= max(stride, dilation):
                raise Refusal(
                    "NS410",
                    f"an output padding of {extra} must be less than the stride, {stride}, or the "
                    f"dilation, {dilation}",
                    argument="output_padding",
                    hint=f"use {at_most('output_padding', max(stride, dilation) - 1)}",
                )

    def fixed(self, *inputs: Shape) -> tuple[int]:
        """`in_channels`."""
        return (inputs[0][0],)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)` → `(out_channels, *spatial')`."""
        (x,) = inputs
        n = self.ndim
        require_spatial(self, x, n)
        require_groups(self.groups, x[0], "input")
        out = []
        gone: list[tuple[int, int, str]] = []
        for size, kernel, stride, pad, extra, dilation, axis in zip(
            x[1:],
            ntuple(self.kernel_size, n),
            ntuple(self.stride, n),
            ntuple(self.padding, n),
            ntuple(self.output_padding, n),
            ntuple(self.dilation, n),
            AXES[n],
            strict=True,
        ):
            full = (size - 1) * stride + dilation * (kernel - 1) + extra + 1
            if full <= 2 * pad:
                gone.append((full, pad, axis))
            out.append(full - 2 * pad)
        if gone:
            full, pad, axis = min(gone)
            raise Refusal(
                "NS408",
                f"a padding of {pad} leaves nothing of an output {axis} of {full}",
                argument="padding",
                hint=f"use {at_most('padding', (full - 1) // 2)}",
            )
        return (self.out_channels, *out)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` of `(in_channels, out_channels/groups, *kernel_size)`, and `bias`."""
        kernel = ntuple(self.kernel_size, self.ndim)
        weight = (inputs[0][0], self.out_channels // self.groups, *kernel)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def macs(self, *inputs: Shape) -> int:
        """Elements of the input times the weights that each meets."""
        per_input = self.out_channels // self.groups * prod(ntuple(self.kernel_size, self.ndim))
        return prod(inputs[0]) * per_input


STEP: Final = "distance between the outputs of neighbouring inputs"
CUT: Final = "how much is cut from every side of the output"
EXTRA: Final = "how much is added to one side of the output"
CHANNELS: Final = "number of output channels"
MIX: Final = "groups of channels that do not mix"
BIAS: Final = "whether each output channel has a bias"
APART: Final = "distance between the window's elements"


class ConvTranspose1d(ConvTranspose):
    """Transposed convolution of a sequence, `(channels, length)`."""

    ndim = 1
    out_channels: int = arg(POSITIVE, CHANNELS)
    kernel_size: Ints = arg(sizes(1), "length of the window")
    stride: Ints = arg(sizes(1), STEP, default=1)
    padding: Ints = arg(sizes(1, 0), CUT, default=0)
    output_padding: Ints = arg(sizes(1, 0), EXTRA, default=0)
    groups: int = arg(POSITIVE, MIX, default=1)
    bias: bool = arg(BOOL, BIAS, default=True)
    dilation: Ints = arg(sizes(1), APART, default=1)


class ConvTranspose2d(ConvTranspose):
    """Transposed convolution of an image, `(channels, height, width)`."""

    ndim = 2
    out_channels: int = arg(POSITIVE, CHANNELS)
    kernel_size: Ints = arg(sizes(2), "height and width of the window")
    stride: Ints = arg(sizes(2), STEP, default=1)
    padding: Ints = arg(sizes(2, 0), CUT, default=0)
    output_padding: Ints = arg(sizes(2, 0), EXTRA, default=0)
    groups: int = arg(POSITIVE, MIX, default=1)
    bias: bool = arg(BOOL, BIAS, default=True)
    dilation: Ints = arg(sizes(2), APART, default=1)


class ConvTranspose3d(ConvTranspose):
    """Transposed convolution of a volume, `(channels, depth, height, width)`."""

    ndim = 3
    out_channels: int = arg(POSITIVE, CHANNELS)
    kernel_size: Ints = arg(sizes(3), "depth, height and width of the window")
    stride: Ints = arg(sizes(3), STEP, default=1)
    padding: Ints = arg(sizes(3, 0), CUT, default=0)
    output_padding: Ints = arg(sizes(3, 0), EXTRA, default=0)
    groups: int = arg(POSITIVE, MIX, default=1)
    bias: bool = arg(BOOL, BIAS, default=True)
    dilation: Ints = arg(sizes(3), APART, default=1)
