"""Layers that move elements between channels and positions."""

from __future__ import annotations

from netspec.ops.base import POSITIVE, Op, Refusal, Shape, arg, text
from netspec.ops.layer import Layer, spatial


def require_at_least(op: Op, x: Shape, ndim: int) -> None:
    """Raise `Refusal` NS401 unless `x` ends in channels and `ndim` spatial dimensions."""
    if len(x) <= ndim:
        raise Refusal("NS401", f"{type(op).__name__} takes {spatial(ndim)}, or more, not {text(x)}")


class PixelShuffle(Layer):
    """Channels moved into the image: each square of new pixels comes from one position."""

    upscale_factor: int = arg(POSITIVE, "how many times larger the image becomes", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*, c·r², height, width)` → `(*, c, height·r, width·r)`."""
        (x,) = inputs
        require_at_least(self, x, 2)
        *leading, channels, height, width = x
        factor = self.upscale_factor
        if channels % factor**2:
            raise Refusal(
                "NS409",
                f"{channels} channels are not a multiple of {factor}², the square of the factor",
                argument="upscale_factor",
            )
        return (*leading, channels // factor**2, height * factor, width * factor)


class PixelUnshuffle(Layer):
    """The image moved into channels: each square of pixels becomes one position."""

    downscale_factor: int = arg(POSITIVE, "how many times smaller the image becomes", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*, c, height·r, width·r)` → `(*, c·r², height, width)`."""
        (x,) = inputs
        require_at_least(self, x, 2)
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


class ChannelShuffle(Layer):
    """Channels dealt out: the first of every group, then the second of every group, and so on."""

    groups: int = arg(POSITIVE, "how many groups the channels come in", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)`, unchanged."""
        (x,) = inputs
        require_at_least(self, x, 1)
        if x[0] % self.groups:
            raise Refusal(
                "NS404",
                f"{self.groups} groups do not divide {x[0]} channels",
                argument="groups",
                hint="the channels must be a multiple of `groups`",
            )
        return x
