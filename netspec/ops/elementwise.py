"""Arithmetic of one input, elementwise: any shape goes in and the same comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.json_schema import NUMBER, nullable
from netspec.ops.base import Op, Refusal, Shape, arg

if TYPE_CHECKING:
    from torch import nn


class Arithmetic(Op, abstract=True):
    """A function of each number alone."""

    def make(self, *inputs: Shape) -> nn.Module:
        """The module of this name in `netspec.ops.elementwise_modules`."""
        from netspec.ops import elementwise_modules

        made: nn.Module = getattr(elementwise_modules, type(self).__name__)(**self.values)
        return made


class Scale(Arithmetic):
    """`factor · x`: the input times a number that is not learned."""

    saves = "nothing"

    factor: float = arg(NUMBER, "what every number is multiplied by", bare=True)


class Shift(Arithmetic):
    """`x + offset`: the input and a number that is not learned."""

    saves = "nothing"

    offset: float = arg(NUMBER, "what is added to every number", bare=True)


class Neg(Arithmetic):
    """`-x`."""

    saves = "nothing"


class Abs(Arithmetic):
    """`|x|`, the distance from zero."""

    saves = "input"


class Exp(Arithmetic):
    """`exp(x)`."""

    saves = "output"


class Log(Arithmetic):
    """The natural logarithm: not a number for a negative input, minus infinity for zero."""

    saves = "input"


class Sqrt(Arithmetic):
    """The square root: not a number for a negative input, and without a slope at zero."""

    saves = "output"


class Square(Arithmetic):
    """`x²`."""

    saves = "input"


class Pow(Arithmetic):
    """`x` to the power of a number; not a number for a negative `x` and a fraction."""

    saves = "input"

    exponent: float = arg(NUMBER, "the power", bare=True)


class Clamp(Arithmetic):
    """`x` within bounds: what is below `min` becomes `min`, what is above `max` becomes `max`."""

    saves = "input"

    min: float | None = arg(nullable(NUMBER), "the lower bound, or none", default=None)
    max: float | None = arg(nullable(NUMBER), "the upper bound, or none", default=None)

    def check(self) -> None:
        """Refuse no bound at all, and bounds in the wrong order."""
        if self.min is None and self.max is None:
            raise Refusal("NS410", "Clamp needs a `min` or a `max`", hint="`min: 0` is a `ReLU`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise Refusal(
                "NS410",
                f"`min: {self.min:g}` is above `max: {self.max:g}`",
                argument="min",
                hint="every number would become `max`",
            )


class Sin(Arithmetic):
    """The sine of an angle in radians."""

    saves = "input"


class Cos(Arithmetic):
    """The cosine of an angle in radians."""

    saves = "input"


class Reciprocal(Arithmetic):
    """`1 / x`."""

    saves = "output"
