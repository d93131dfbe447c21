"""The layers of MaxViT: windows as a dimension of their own, and attention within them."""

from __future__ import annotations

from math import isqrt, prod
from typing import TYPE_CHECKING

from netspec.counted import counted
from netspec.json_schema import POSITIVE
from netspec.ops.base import Op, Refusal, Saved, Shape, arg, require_dims, text

if TYPE_CHECKING:
    from torch import nn


class WindowPartition(Op):
    """An image cut into square windows: `(windows, positions in each, channels)`."""

    saves = "nothing"

    p: int = arg(POSITIVE, "height and width of a window", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, height, width)` → `(windows, p², channels)`."""
        require_dims(self, inputs[0], 3, "channels, height and width")
        channels, height, width = inputs[0]
        for size, axis in ((height, "height"), (width, "width")):
            if size % self.p:
                raise Refusal(
                    "NS409",
                    f"a {axis} of {size} is not a multiple of {self.p}, the size of a window",
                    argument="p",
                    hint="pad or resize the image first",
                )
        return ((height // self.p) * (width // self.p), self.p**2, channels)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that cuts."""
        from netspec.ops.modules import WindowPartition as Module

        return Module(self.p)


class WindowDepartition(Op):
    """Square windows put together again; the reverse of `WindowPartition`."""

    saves = "nothing"

    p: int = arg(POSITIVE, "height and width of a window")
    h_partitions: int = arg(POSITIVE, "how many windows are above each other")
    w_partitions: int = arg(POSITIVE, "how many windows are side by side")

    def infer(self, *inputs: Shape) -> Shape:
        """`(windows, p², channels)` → `(channels, height, width)`."""
        (x,) = inputs
        require_dims(self, x, 3, "windows, positions and channels")
        high, wide = self.h_partitions, self.w_partitions
        if x[:2] != (high * wide, self.p**2):
            raise Refusal(
                "NS409",
                f"windows, {high}×{wide} of {self.p}×{self.p} do not make {text(x)}",
                argument="p" if x[0] == high * wide else "h_partitions",
            )
        return (x[2], high * self.p, wide * self.p)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that puts together."""
        from netspec.ops.modules import WindowDepartition as Module

        return Module(self.p, self.h_partitions, self.w_partitions)


class RelativePositionalMultiHeadAttention(Op):
    """Self attention within each window, with a learned bias for each relative position.

    Source of the count: the matrix products of `torchvision.models.maxvit`.
    """

    head_dim: int = arg(POSITIVE, "how many features each head has")

    def infer(self, *inputs: Shape) -> Shape:
        """`(windows, positions, features)`, unchanged; positions fill a square."""
        (x,) = inputs
        require_dims(self, x, 3, "windows, positions and features")
        if x[2] % self.head_dim:
            raise Refusal(
                "NS404",
                f"heads of {self.head_dim} do not divide {counted(x[2], 'feature')}",
                argument="head_dim",
                hint="the features must be a multiple of `head_dim`",
            )
        if isqrt(x[1]) ** 2 != x[1]:
            raise Refusal(
                "NS409",
                f"{counted(x[1], 'position does', 'positions do')} not fill a square window",
                hint="`WindowPartition` makes square windows of an image",
            )
        return x

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The table of biases, and the projections to queries, keys and values and back."""
        _, positions, e = inputs[0]
        table = ((2 * isqrt(positions) - 1) ** 2, e // self.head_dim)
        return {
            "relative_position_bias_table": table,
            "to_qkv.weight": (3 * e, e),
            "to_qkv.bias": (3 * e,),
            "merge.weight": (e, e),
            "merge.bias": (e,),
        }

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """Which entry of the table each pair of positions takes."""
        return {"relative_position_index": (inputs[0][1], inputs[0][1])}

    def macs(self, *inputs: Shape) -> int:
        """In each window: four projections, the matches of all pairs, and the means."""
        windows, positions, e = inputs[0]
        # a sum over one element is no matrix product to torch, so it is not counted as one
        products = (self.head_dim > 1) + (positions > 1)
        return windows * (positions * e * 4 * e + products * positions * positions * e)

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Queries, keys, values and means, and the matches of all pairs."""
        windows, positions, e = inputs[0]
        heads = e // self.head_dim
        return Saved(4 * prod(inputs[0]) + windows * heads * positions * positions)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torchvision.models.maxvit.RelativePositionalMultiHeadAttention`."""
        from torchvision.models.maxvit import RelativePositionalMultiHeadAttention as Module

        made: nn.Module = Module(inputs[0][2], self.head_dim, inputs[0][1])
        return made
