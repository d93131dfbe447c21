"""Upsampling by interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from netspec.counted import counted
from netspec.json_schema import BOOL, Schema, nullable, one_of
from netspec.ops.base import AXES, Ints, Op, Refusal, Saves, Shape, arg, described, text
from netspec.ops.torch_op import TorchOp

if TYPE_CHECKING:
    from torch import nn

Scale = float | tuple[float, ...] | None

MODES: Final = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
"""How many spatial dimensions each mode of `torch.nn.functional.interpolate` takes."""

CORNERS: Final = ("linear", "bilinear", "bicubic", "trilinear")
SIZE: Final = "the output's size in every spatial dimension, or in each"
MODE: Final = "how values between the input's are found"
ALIGN: Final = "whether the corners keep their values; only for the linear modes and bicubic"
FACTOR: Final = "how many times larger the output is in every spatial dimension, or in each"


def wanted(most: int, least: int = 1) -> tuple[Schema, Schema]:
    """The schemas of a size and of a scale factor for `least` to `most` dimensions."""
    count: Schema = {"minItems": least, "maxItems": most}
    whole: Schema = {"type": "integer", "minimum": 1}
    factor: Schema = {"type": "number", "exclusiveMinimum": 0}
    return (
        {"type": ["integer", "array", "null"], "minimum": 1, "items": whole, **count},
        {"type": ["number", "array", "null"], "exclusiveMinimum": 0, "items": factor, **count},
    )


def require_mode(op: Op, mode: str, x: Shape) -> None:
    """Raise `Refusal` NS401 unless the mode takes as many spatial dimensions as `x` has."""
    spatial = x[1:]
    if len(spatial) not in MODES[mode]:
        kinds = "2, 3 or 4" if len(MODES[mode]) == 3 else str(MODES[mode][0] + 1)
        fitting = [m for m in CORNERS if len(spatial) in MODES[m]]
        raise Refusal(
            "NS401",
            f"{type(op).__name__} by `{mode}` takes {kinds} dimensions, not {described(x)}",
            argument="mode" if "mode" in op.args else None,
            hint=f"use `mode: {fitting[0]}`" if fitting and "mode" in op.args else None,
        )


def require_corners(mode: str, align_corners: bool | None) -> None:
    """Raise `Refusal` NS410 where `align_corners` is given and means nothing to the mode."""
    if align_corners is not None and mode not in CORNERS:
        raise Refusal(
            "NS410",
            f"`align_corners` means nothing to `mode: {mode}`",
            argument="align_corners",
            hint=f"leave it out, or use one of {', '.join(CORNERS)}",
        )


class Interpolation(TorchOp, abstract=True):
    """A resize of the spatial dimensions; source: `torch.nn.functional.interpolate`."""

    saves = "nothing"

    size: Ints | None
    scale_factor: Scale

    def interpolation(self) -> str:
        """The mode."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse both or neither of `size` and `scale_factor`."""
        if self.size is None and self.scale_factor is None:
            raise Refusal(
                "NS410",
                f"{type(self).__name__} needs a `size` or a `scale_factor`",
                hint="`scale_factor: 2` doubles the size",
            )
        if self.size is not None and self.scale_factor is not None:
            raise Refusal(
                "NS410",
                "only one of `size` and `scale_factor` can be given",
                argument="scale_factor",
            )

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)` → `(channels, *size)`."""
        (x,) = inputs
        require_mode(self, self.interpolation(), x)
        spatial = x[1:]
        given = self.size if self.size is not None else self.scale_factor
        name = "size" if self.size is not None else "scale_factor"
        if isinstance(given, tuple) and len(given) != len(spatial):
            raise Refusal(
                "NS409",
                f"`{name}` lists {len(given)}, and there "
                f"{'is' if len(spatial) == 1 else 'are'} "
                f"{counted(len(spatial), 'spatial dimension')}",
                argument=name,
                hint="one number stands for all",
            )
        each = given if isinstance(given, tuple) else (given,) * len(spatial)
        if self.size is not None:
            return (x[0], *(int(e or 0) for e in each))
        out = tuple(int(s * float(e or 0)) for s, e in zip(spatial, each, strict=True))
        for size, new, axis in zip(spatial, out, AXES[len(spatial)], strict=True):
            if new < 1:
                raise Refusal(
                    "NS409",
                    f"this scale factor leaves nothing of a {axis} of {size}",
                    argument="scale_factor",
                )
        return (x[0], *out)


SIZES, FACTORS = wanted(3)
SIZES_2D, FACTORS_2D = wanted(2, 2)


class Upsample(Interpolation):
    """A resize by interpolation of a sequence, an image or a volume."""

    size: Ints | None = arg(SIZES, SIZE, default=None)
    scale_factor: Scale = arg(FACTORS, FACTOR, default=None)
    mode: str = arg(one_of(*MODES), MODE, default="nearest")
    align_corners: bool | None = arg(nullable(BOOL), ALIGN, default=None)
    recompute_scale_factor: bool | None = arg(
        nullable(BOOL), "whether positions follow the rounded size and not the factor as given",
        default=None,
    )  # fmt: skip

    def interpolation(self) -> str:
        """The mode."""
        return self.mode

    def check(self) -> None:
        """Refuse arguments that exclude each other."""
        super().check()
        require_corners(self.mode, self.align_corners)
        if self.recompute_scale_factor and self.size is not None:
            raise Refusal(
                "NS410",
                "`recompute_scale_factor` means nothing beside a `size`",
                argument="recompute_scale_factor",
            )

    def make(self, *inputs: Shape) -> nn.Module:
        """The layer of `torch.nn`; for the nearest values of volumes one that takes any layout."""
        if self.mode != "nearest" or len(inputs[0]) != 4:
            return super().make(*inputs)
        from netspec.ops import modules

        return modules.Upsample(**self.values)

    def saving(self, *inputs: Shape) -> Saves:
        """The input where windows are averaged."""
        return "input" if self.mode == "area" else "nothing"


class Upsampling2d(Interpolation, abstract=True):
    """A resize by one mode."""

    mode_of: ClassVar[str]

    size: Ints | None = arg(SIZES_2D, SIZE, default=None)
    scale_factor: Scale = arg(FACTORS_2D, FACTOR, default=None)

    def interpolation(self) -> str:
        """The mode."""
        return self.mode_of


class UpsamplingNearest2d(Upsampling2d):
    """A resize of an image that repeats the nearest value."""

    mode_of = "nearest"


class UpsamplingBilinear2d(Upsampling2d):
    """A linear resize of an image that keeps the values of its corners."""

    mode_of = "bilinear"


class ResizeLike(Op):
    """The first input by interpolation, as large in its spatial dimensions as the second.

    Source: `torch.nn.functional.interpolate` with the second input's size. No gradient goes to the
    second.
    """

    arity = (2, 2)

    mode: str = arg(one_of(*MODES), MODE, default="nearest", bare=True)
    align_corners: bool | None = arg(nullable(BOOL), ALIGN, default=None)

    def check(self) -> None:
        """Refuse arguments that exclude each other."""
        require_corners(self.mode, self.align_corners)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)` and `(any, *size)` → `(channels, *size)`."""
        x, like = inputs
        require_mode(self, self.mode, x)
        if len(like) != len(x):
            raise Refusal(
                "NS403",
                f"ResizeLike takes two inputs of as many dimensions, not {text(x)} and "
                f"{text(like)}",
            )
        return (x[0], *like[1:])

    def saving(self, *inputs: Shape) -> Saves:
        """The input where windows are averaged."""
        return "input" if self.mode == "area" else "nothing"

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """The first alone."""
        return (0,) if learning[0] else ()

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that resizes its first argument."""
        from netspec.ops.modules import ResizeLike as Module

        return Module(self.mode, self.align_corners)
