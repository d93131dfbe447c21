"""Convolutions in one, two and three dimensions."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from netspec.counted import counted
from netspec.json_schema import BOOL, POSITIVE, Schema, one_of, sizes
from netspec.ops.base import AXES, NOTHING, Ints, Refusal, Saved, Shape, arg, ntuple
from netspec.ops.torch_op import TorchOp, require_spatial
from netspec.ops.window import Misfit, at_most, window_refusal


def same_or_sizes(ndim: int) -> Schema:
    """A padding: sizes, or the words `same` and `valid`."""
    return {
        **sizes(ndim, 0),
        "type": ["integer", "array", "string"],
        "pattern": "^(same|valid)$",
        "examples": ["same", "valid"],
    }


def require_groups(groups: int, channels: int, which: str) -> None:
    """Raise `Refusal` NS404 unless the groups divide the channels, the input's or the output's."""
    if channels % groups:
        raise Refusal(
            "NS404",
            f"{counted(groups, 'group does', 'groups do')} not divide "
            f"{counted(channels, f'{which} channel')}",
            argument="groups",
            hint="both channel counts must be multiples of `groups`",
        )


class Conv(TorchOp, abstract=True):
    """A convolution; source of the shape and count: the documentation of `torch.nn.Conv2d`."""

    saves = "input"

    ndim: ClassVar[int]
    linear = True

    out_channels: int
    kernel_size: Ints
    stride: Ints
    padding: Any
    dilation: Ints
    groups: int
    bias: bool
    padding_mode: str

    def check(self) -> None:
        """Refuse what torch's constructor refuses."""
        require_groups(self.groups, self.out_channels, "output")
        if self.padding == "same" and any(s != 1 for s in ntuple(self.stride, self.ndim)):
            raise Refusal(
                "NS410",
                "`padding: same` needs a stride of 1",
                argument="padding",
                hint="write the padding as a number",
            )

    def pads(self) -> tuple[tuple[int, int], ...]:
        """The padding before and after each spatial dimension."""
        n = self.ndim
        if self.padding == "valid":
            return ((0, 0),) * n
        kernel, dilation = ntuple(self.kernel_size, n), ntuple(self.dilation, n)
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
            return tuple((t // 2, t - t // 2) for t in totals)
        return tuple((p, p) for p in ntuple(self.padding, n))

    def most_padding(self, size: int) -> int | None:
        """The largest padding that the mode can make of an input of this size; None: any."""
        return {"reflect": size - 1, "circular": size}.get(self.padding_mode)

    def fixed(self, *inputs: Shape) -> tuple[int]:
        """`in_channels`."""
        return (inputs[0][0],)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)` → `(out_channels, *spatial')`."""
        (x,) = inputs
        n = self.ndim
        require_spatial(self, x, n)
        require_groups(self.groups, x[0], "input")
        kernel, stride = ntuple(self.kernel_size, n), ntuple(self.stride, n)
        dilation, pads = ntuple(self.dilation, n), self.pads()
        if self.padding_mode in ("reflect", "circular"):
            self.check_padding(x[1:], pads)
        out: list[int] = []
        misfits: list[Misfit] = []
        for i, size in enumerate(x[1:]):
            padded = size + sum(pads[i])
            left = padded - dilation[i] * (kernel[i] - 1) - 1
            if left < 0:
                most = self.most_padding(size)
                misfits.append((kernel[i], dilation[i], size, padded, AXES[n][i], most))
            out.append(left // stride[i] + 1)
        if misfits:
            raise window_refusal(misfits)
        return (self.out_channels, *out)

    def check_padding(self, sizes: Shape, pads: tuple[tuple[int, int], ...]) -> None:
        """Refuse a padding that the mode can't make of so small an input."""
        # the smallest first, so that what its hint allows is allowed in all
        for size, pad, axis in sorted(zip(sizes, pads, AXES[self.ndim], strict=True)):
            most = self.most_padding(size)
            if most is not None and max(pad) > most:
                raise Refusal(
                    "NS408",
                    f"{self.padding_mode} padding of {max(pad)} needs a {axis} of at least "
                    f"{max(pad) + size - most}, not {size}",
                    argument="padding",
                    hint=None if self.padding == "same" else f"use {at_most('padding', most)}",
                )

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` of `(out_channels, in_channels/groups, *kernel_size)`, and `bias`."""
        weight = (
            self.out_channels,
            inputs[0][0] // self.groups,
            *ntuple(self.kernel_size, self.ndim),
        )
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def macs(self, *inputs: Shape) -> int:
        """Elements of the output times the weights that each reads."""
        per_output = inputs[0][0] // self.groups * prod(ntuple(self.kernel_size, self.ndim))
        return prod(self.infer(*inputs)) * per_output

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The padded input, where the padding is not of zeros."""
        if self.padding_mode == "zeros":
            return NOTHING
        pads = self.pads()
        padded = (
            size + before + after for size, (before, after) in zip(inputs[0][1:], pads, strict=True)
        )
        return Saved(inputs[0][0] * prod(padded))


PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Conv1d(Conv):
    """Convolution over a sequence, `(channels, length)`."""

    ndim = 1
    out_channels: int = arg(POSITIVE, "number of output channels")
    kernel_size: Ints = arg(sizes(1), "length of the window")
    stride: Ints = arg(sizes(1), "step of the window", default=1)
    padding: Any = arg(same_or_sizes(1), "padding on both sides, or `same` or `valid`", default=0)
    dilation: Ints = arg(sizes(1), "distance between the window's elements", default=1)
    groups: int = arg(POSITIVE, "groups of channels that do not mix", default=1)
    bias: bool = arg(BOOL, "whether each output channel has a bias", default=True)
    padding_mode: str = arg(one_of(*PADDING_MODES), "what the padding holds", default="zeros")


class Conv2d(Conv):
    """Convolution over an image, `(channels, height, width)`."""

    ndim = 2
    out_channels: int = arg(POSITIVE, "number of output channels")
    kernel_size: Ints = arg(sizes(2), "height and width of the window")
    stride: Ints = arg(sizes(2), "step of the window", default=1)
    padding: Any = arg(same_or_sizes(2), "padding on all sides, or `same` or `valid`", default=0)
    dilation: Ints = arg(sizes(2), "distance between the window's elements", default=1)
    groups: int = arg(POSITIVE, "groups of channels that do not mix", default=1)
    bias: bool = arg(BOOL, "whether each output channel has a bias", default=True)
    padding_mode: str = arg(one_of(*PADDING_MODES), "what the padding holds", default="zeros")


class Conv3d(Conv):
    """Convolution over a volume, `(channels, depth, height, width)`."""

    ndim = 3
    out_channels: int = arg(POSITIVE, "number of output channels")
    kernel_size: Ints = arg(sizes(3), "depth, height and width of the window")
    stride: Ints = arg(sizes(3), "step of the window", default=1)
    padding: Any = arg(same_or_sizes(3), "padding on all sides, or `same` or `valid`", default=0)
    dilation: Ints = arg(sizes(3), "distance between the window's elements", default=1)
    groups: int = arg(POSITIVE, "groups of channels that do not mix", default=1)
    bias: bool = arg(BOOL, "whether each output channel has a bias", default=True)
    padding_mode: str = arg(one_of(*PADDING_MODES), "what the padding holds", default="zeros")
