"""Activations, elementwise: any shape goes in and the same comes out."""

from __future__ import annotations

from math import prod
from typing import Final

from netspec.ops.base import (
    BOOL,
    NUMBER,
    POSITIVE,
    POSITIVE_NUMBER,
    Kept,
    Refusal,
    Schema,
    Shape,
    arg,
    choice,
)
from netspec.ops.layer import Layer

INPLACE: Final = "whether the input's memory is used for the output"
NOT_NEGATIVE: Final[Schema] = {"type": "number", "minimum": 0}


class InPlace(Layer, abstract=True):
    """An activation that can overwrite its input."""

    inplace: bool = arg(BOOL, INPLACE, default=False)


class ReLU(InPlace):
    """`max(0, x)`."""

    keeps = "output"


class ReLU6(InPlace):
    """`min(max(0, x), 6)`."""

    keeps = "input"


class LeakyReLU(Layer):
    """`x` where it is positive, and a small multiple of it where not."""

    keeps = "input"

    negative_slope: float = arg(NUMBER, "the slope of the negative side", default=0.01, bare=True)
    inplace: bool = arg(BOOL, INPLACE, default=False)


class RReLU(Layer):
    """`LeakyReLU` with a random slope in training, and its mean afterwards."""

    keeps = "input"

    lower: float = arg(NUMBER, "the least slope of the negative side", default=1 / 8)
    upper: float = arg(NUMBER, "the largest slope of the negative side", default=1 / 3)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    def check(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.lower > self.upper:
            raise Refusal(
                "NS410",
                f"`lower: {self.lower}` is more than `upper: {self.upper}`",
                argument="lower",
            )

    def kept_beside(self, *inputs: Shape) -> Kept:
        """The slope of each value."""
        return Kept(prod(inputs[0]))


class PReLU(Layer):
    """`LeakyReLU` whose slope is learned."""

    keeps = "input"

    num_parameters: int = arg(
        POSITIVE, "1 slope for all, or as many as there are channels", default=1
    )
    init: float = arg(NUMBER, "the slope to begin with", default=0.25)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *any)`, unchanged."""
        channels = inputs[0][0]
        if self.num_parameters not in (1, channels):
            raise Refusal(
                "NS409",
                f"{self.num_parameters} slopes for {channels} channels",
                argument="num_parameters",
                hint=f"use `num_parameters: {channels}`, or 1 for a slope that all share",
            )
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` of `(num_parameters,)`."""
        return {"weight": (self.num_parameters,)}


class ELU(Layer):
    """`x` where it is positive, `alpha · (exp(x) − 1)` where not."""

    keeps = "input"

    alpha: float = arg(NUMBER, "the limit of the negative side, negated", default=1.0)
    inplace: bool = arg(BOOL, INPLACE, default=False)


class SELU(InPlace):
    """`ELU` with the constants that keep mean and variance through layers."""

    keeps = "input"


class CELU(Layer):
    """`ELU` whose slope is continuous for every `alpha`."""

    keeps = "input"

    alpha: float = arg(POSITIVE_NUMBER, "the limit of the negative side, negated", default=1.0)
    inplace: bool = arg(BOOL, INPLACE, default=False)


class GELU(Layer):
    """`x · Φ(x)`, where Φ is the normal distribution function."""

    keeps = "input"

    approximate: str = arg(
        choice("none", "tanh"), "`tanh` for the faster formula", default="none", bare=True
    )


class SiLU(InPlace):
    """`x · sigmoid(x)`, also called swish."""

    keeps = "input"


class Mish(InPlace):
    """`x · tanh(softplus(x))`."""

    keeps = "input"


class Hardswish(InPlace):
    """`x · relu6(x + 3)/6`."""

    keeps = "input"


class Hardsigmoid(InPlace):
    """`relu6(x + 3)/6`."""

    keeps = "input"


class Hardtanh(Layer):
    """`x`, cut to a range."""

    keeps = "input"

    min_val: float = arg(NUMBER, "the least output", default=-1.0)
    max_val: float = arg(NUMBER, "the largest output", default=1.0)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    def check(self) -> None:
        """Refuse an empty range."""
        if self.max_val <= self.min_val:
            raise Refusal(
                "NS410",
                f"`max_val: {self.max_val}` is not more than `min_val: {self.min_val}`",
                argument="max_val",
            )


class Sigmoid(Layer):
    """`1/(1 + exp(−x))`."""

    keeps = "output"


class LogSigmoid(Layer):
    """The logarithm of `Sigmoid`."""

    keeps = "input"

    def kept_beside(self, *inputs: Shape) -> Kept:
        """A part of the formula."""
        return Kept(prod(inputs[0]))


class Tanh(Layer):
    """The hyperbolic tangent."""

    keeps = "output"


class Tanhshrink(Layer):
    """`x − tanh(x)`."""

    keeps = "input"


class Softplus(Layer):
    """`log(1 + exp(beta · x))/beta`, a smooth `ReLU`."""

    keeps = "input"

    beta: float = arg(NUMBER, "how sharp the bend is", default=1.0)
    threshold: float = arg(NUMBER, "from where on the output is `x` itself", default=20.0)


class Softsign(Layer):
    """`x/(1 + |x|)`."""

    keeps = "input"

    def kept_beside(self, *inputs: Shape) -> Kept:
        """The divisor of each value."""
        return Kept(prod(inputs[0]))


class Hardshrink(Layer):
    """`x`, or 0 where its size is at most `lambd`."""

    keeps = "input"

    lambd: float = arg(NUMBER, "the bound", default=0.5)


class Softshrink(Layer):
    """`x` moved towards 0 by `lambd`, and 0 where its size is less."""

    keeps = "input"

    lambd: float = arg(NOT_NEGATIVE, "how far", default=0.5)


class Threshold(Layer):
    """`x`, or `value` where it is not more than `threshold`."""

    keeps = "input"

    threshold: float = arg(NUMBER, "the bound")
    value: float = arg(NUMBER, "the output at and below the bound")
    inplace: bool = arg(BOOL, INPLACE, default=False)


class Identity(Layer):
    """Nothing: the output is the input."""

    view = True
    keeps = "nothing"
