"""Layers that move elements between channels and positions."""

from __future__ import annotations

from netspec.counted import counted
from netspec.json_schema import POSITIVE
from netspec.ops.base import Refusal, Shape, arg
from netspec.ops.torch_op import AnyLayoutOp, TorchOp, require_at_least, spatial


class PixelShuffle(AnyLayoutOp):
    """Channels moved into the image: each square of new pixels comes from one position."""

    saves = "nothing"

    upscale_factor: int = arg(POSITIVE, "how many times larger the image becomes", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*, c·r², height, width)` → `(*, c, height·r, width·r)`."""
        (x,) = inputs
        require_at_least(self, x, 3, spatial(2))
        *leading, channels, height, width = x
        factor = self.upscale_factor
        if channels % factor**2:
            raise Refusal(
                "NS409",
                f"{counted(channels, 'channel is', 'channels are')} not a multiple of {factor}², "
                "the square of the factor",
                argument="upscale_factor",
                hint=f"a `Conv2d` with a multiple of {factor**2} output channels makes them fit",
            )
        return (*leading, channels // factor**2, height * factor, width * factor)


class PixelUnshuffle(AnyLayoutOp):
    """The image moved into channels: each square of pixels becomes one position."""

    saves = "nothing"

    downscale_factor: int = arg(POSITIVE, "how many times smaller the image becomes", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*, c, height·r, width·r)` → `(*, c·r², height, width)`."""
        (x,) = inputs
        require_at_least(self, x, 3, spatial(2))
        *leading, channels, height, width = x
        factor = self.downscale_factor
        for size, axis in ((height, "height"), (width, "width")):
            if size % factor:
                raise Refusal(
                    "NS409",
                    f"a {axis} of {size} is not a multiple of {factor}",
                    argument="downscale_factor",
                    hint="pad the image first",
                )
        return (*leading, channels * factor**2, height // factor, width // factor)


class ChannelShuffle(TorchOp):
    """Channels dealt out: the first of every group, then the second of every group, and so on."""

    saves = "nothing"

    groups: int = arg(POSITIVE, "how many groups the channels come in", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)`, unchanged."""
        (x,) = inputs
        require_at_least(self, x, 2, spatial(1))
        if x[0] % self.groups:
            raise Refusal(
                "NS404",
                f"{counted(self.groups, 'group does', 'groups do')} not divide "
                f"{counted(x[0], 'channel')}",
                argument="groups",
                hint="the channels must be a multiple of `groups`",
            )
        return x
