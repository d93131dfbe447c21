"""Padding, and cropping where it is negative."""

from __future__ import annotations

from typing import ClassVar, Final

from netspec.json_schema import NUMBER, Schema
from netspec.ops.base import AXES, Ints, Refusal, Shape, arg
from netspec.ops.torch_op import TorchOp, require_at_least, require_spatial, spatial
from netspec.ops.window import at_most


def sides(ndim: int) -> Schema:
    """One integer for every side, or one for each: of the last dimension first, as in torch."""
    return {
        "type": ["integer", "array"],
        "items": {"type": "integer"},
        "minItems": 2 * ndim,
        "maxItems": 2 * ndim,
    }


class Pad(TorchOp, abstract=True):
    """A padding of the last dimensions; a negative one crops."""

    ndim: ClassVar[int]

    padding: Ints

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The padding before and after each of the last `ndim` dimensions, the first one first."""
        given = self.padding
        if isinstance(given, int):
            return ((given, given),) * self.ndim
        return tuple((given[2 * i], given[2 * i + 1]) for i in reversed(range(self.ndim)))

    def require(self, x: Shape) -> None:
        """Raise `Refusal` NS401 where `x` has the wrong number of dimensions."""
        require_spatial(self, x, self.ndim)

    def fits(self, size: int, before: int, after: int) -> bool:
        """Whether the input has what the padding is made of."""
        return True

    def infer(self, *inputs: Shape) -> Shape:
        """The last dimensions, each with its padding."""
        (x,) = inputs
        self.require(x)
        first = len(x) - self.ndim
        axes = list(zip(x[first:], self.pairs(), AXES[self.ndim], strict=True))
        # the smallest first, so that what its hint allows is allowed in all
        for size, (before, after), axis in sorted(axes):
            if size + before + after < 1:
                raise Refusal(
                    "NS408",
                    f"a padding of {before} and {after} leaves nothing of a {axis} of {size}",
                    argument="padding",
                )
            if not self.fits(size, before, after):
                raise self.refusal(size, before, after, axis)
        return (*x[:first], *(size + before + after for size, (before, after), _ in axes))

    def refusal(self, size: int, before: int, after: int, axis: str) -> Refusal:
        """The finding where `fits` says no."""
        return Refusal(
            "NS408",
            f"a padding of {max(before, after)} needs more than a {axis} of {size}",
            argument="padding",
        )


class ConstantPad(Pad, abstract=True):
    """A padding of one value, of any input with as many dimensions and one more."""

    saves = "nothing"

    def require(self, x: Shape) -> None:
        """Raise `Refusal` NS401 where `x` has too few dimensions."""
        require_at_least(self, x, self.ndim + 1, spatial(self.ndim))

    def fits(self, size: int, before: int, after: int) -> bool:
        """Whether there is as much as is cropped."""
        return size + min(before, 0) + min(after, 0) >= 0

    def refusal(self, size: int, before: int, after: int, axis: str) -> Refusal:
        """The finding for a crop of more than there is."""
        return Refusal(
            "NS408",
            f"a padding of {before} and {after} crops more than a {axis} of {size}",
            argument="padding",
        )


class ReflectionPad(Pad, abstract=True):
    """A padding by the input's reflection."""

    saves = "input"

    def fits(self, size: int, before: int, after: int) -> bool:
        """Whether the reflection, which leaves out the edge, is as long."""
        return max(before, after) < size

    def refusal(self, size: int, before: int, after: int, axis: str) -> Refusal:
        """The finding for a reflection that is too long."""
        return Refusal(
            "NS408",
            f"a reflection of {max(before, after)} needs a {axis} of at least "
            f"{max(before, after) + 1}, not {size}",
            argument="padding",
            hint=f"use {at_most('padding', size - 1)}",
        )


class ReplicationPad(Pad, abstract=True):
    """A padding that repeats the edge."""

    saves = "input"


class CircularPad(Pad, abstract=True):
    """A padding by the input's other side."""

    saves = "nothing"

    def check(self) -> None:
        """Refuse to pad one side and crop the other: torch leaves some of the output unset."""
        for (before, after), axis in zip(self.pairs(), AXES[self.ndim], strict=True):
            if min(before, after) < 0 < max(before, after):
                raise Refusal(
                    "NS410",
                    f"torch cannot pad one side of the {axis} in a circle and crop the other: "
                    f"{before} and {after}",
                    argument="padding",
                    hint="crop in a layer of its own, such as `Slice`, before or after",
                )

    def fits(self, size: int, before: int, after: int) -> bool:
        """Whether the input is wrapped around at most once."""
        return max(before, after) <= size

    def refusal(self, size: int, before: int, after: int, axis: str) -> Refusal:
        """The finding for a padding that wraps around twice."""
        return Refusal(
            "NS408",
            f"a circular padding of {max(before, after)} wraps around a {axis} of {size} more "
            "than once",
            argument="padding",
            hint=f"use {at_most('padding', size)}",
        )


LENGTH: Final = "on both sides, or before and after; negative crops"
IMAGE: Final = "on all sides, or left, right, top and bottom; negative crops"
VOLUME: Final = "on all sides, or left, right, top, bottom, front and back; negative crops"
VALUE: Final = "what the padding holds"


class ZeroPad1d(ConstantPad):
    """Zeros around a sequence, `(channels, length)`."""

    ndim = 1
    padding: Ints = arg(sides(1), LENGTH, bare=True)


class ZeroPad2d(ConstantPad):
    """Zeros around an image, `(channels, height, width)`."""

    ndim = 2
    padding: Ints = arg(sides(2), IMAGE, bare=True)


class ZeroPad3d(ConstantPad):
    """Zeros around a volume, `(channels, depth, height, width)`."""

    ndim = 3
    padding: Ints = arg(sides(3), VOLUME, bare=True)


class ConstantPad1d(ConstantPad):
    """One value around a sequence, `(channels, length)`."""

    ndim = 1
    padding: Ints = arg(sides(1), LENGTH)
    value: float = arg(NUMBER, VALUE)


class ConstantPad2d(ConstantPad):
    """One value around an image, `(channels, height, width)`."""

    ndim = 2
    padding: Ints = arg(sides(2), IMAGE)
    value: float = arg(NUMBER, VALUE)


class ConstantPad3d(ConstantPad):
    """One value around a volume, `(channels, depth, height, width)`."""

    ndim = 3
    padding: Ints = arg(sides(3), VOLUME)
    value: float = arg(NUMBER, VALUE)


class ReflectionPad1d(ReflectionPad):
    """A sequence's reflection at both ends, `(channels, length)`."""

    ndim = 1
    padding: Ints = arg(sides(1), LENGTH, bare=True)


class ReflectionPad2d(ReflectionPad):
    """An image's reflection around it, `(channels, height, width)`."""

    ndim = 2
    padding: Ints = arg(sides(2), IMAGE, bare=True)


class ReflectionPad3d(ReflectionPad):
    """A volume's reflection around it, `(channels, depth, height, width)`."""

    ndim = 3
    padding: Ints = arg(sides(3), VOLUME, bare=True)


class ReplicationPad1d(ReplicationPad):
    """A sequence's end values repeated, `(channels, length)`."""

    ndim = 1
    padding: Ints = arg(sides(1), LENGTH, bare=True)


class ReplicationPad2d(ReplicationPad):
    """An image's edge repeated around it, `(channels, height, width)`."""

    ndim = 2
    padding: Ints = arg(sides(2), IMAGE, bare=True)


class ReplicationPad3d(ReplicationPad):
    """A volume's faces repeated around it, `(channels, depth, height, width)`."""

    ndim = 3
    padding: Ints = arg(sides(3), VOLUME, bare=True)


class CircularPad1d(CircularPad):
    """A sequence's other end, as if it were a ring, `(channels, length)`."""

    ndim = 1
    padding: Ints = arg(sides(1), LENGTH, bare=True)


class CircularPad2d(CircularPad):
    """An image's other side, as if it were a torus, `(channels, height, width)`."""

    ndim = 2
    padding: Ints = arg(sides(2), IMAGE, bare=True)


class CircularPad3d(CircularPad):
    """A volume's other side, as if it wrapped around, `(channels, depth, height, width)`."""

    ndim = 3
    padding: Ints = arg(sides(3), VOLUME, bare=True)
