"""Activations, elementwise: any shape goes in and the same comes out."""

from __future__ import annotations

from math import prod
from typing import Final

from netspec.counted import counted
from netspec.json_schema import BOOL, NUMBER, POSITIVE, POSITIVE_NUMBER, Schema, one_of
from netspec.ops.base import Refusal, Saved, Shape, arg
from netspec.ops.torch_op import TorchOp

INPLACE: Final = "whether the input's memory is used for the output"
LEAST_DIVISOR: Final = 1 / (2 - 2**-23) / 2**127
"""1 divided by the largest number of float32."""
NOT_NEGATIVE: Final[Schema] = {"type": "number", "minimum": 0}


class InPlace(TorchOp, abstract=True):
    """An activation that can overwrite its input."""

    inplace: bool = arg(BOOL, INPLACE, default=False)


class ReLU(InPlace):
    """`max(0, x)`."""

    saves = "output"


class ReLU6(InPlace):
    """`min(max(0, x), 6)`."""

    saves = "input"


class LeakyReLU(TorchOp):
    """`x` where it is positive, and a small multiple of it where not."""

    saves = "input"

    negative_slope: float = arg(NUMBER, "the slope of the negative side", default=0.01, bare=True)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    @property
    def overwrites(self) -> bool:
        """As asked, where the output's sign is the input's, which the gradient needs."""
        return self.inplace and self.negative_slope >= 0


class RReLU(TorchOp):
    """`LeakyReLU` with a random slope in training, and its mean afterwards."""

    saves = "input"

    lower: float = arg(NUMBER, "the least slope of the negative side", default=1 / 8)
    upper: float = arg(NUMBER, "the largest slope of the negative side", default=1 / 3)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    def check(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.lower > self.upper:
            raise Refusal(
                "NS410",
                f"`lower: {self.lower:g}` is more than `upper: {self.upper:g}`",
                argument="lower",
            )

    @property
    def overwrites(self) -> bool:
        """As asked, where the output's sign is the input's: evaluation takes the bounds' mean."""
        return self.inplace and self.lower + self.upper >= 0

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The slope of each value."""
        return Saved(prod(inputs[0]))


class PReLU(TorchOp):
    """`LeakyReLU` whose slope is learned."""

    saves = "input"

    num_parameters: int = arg(
        POSITIVE, "1 slope for all, or as many as there are channels", default=1
    )
    init: float = arg(NUMBER, "the slope to begin with", default=0.25)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *any)`, unchanged."""
        channels = inputs[0][0] if inputs[0] else 1
        if self.num_parameters not in (1, channels):
            raise Refusal(
                "NS409",
                f"{counted(self.num_parameters, 'slope')} for {counted(channels, 'channel')}",
                argument="num_parameters",
                hint=f"use `num_parameters: {channels}`, or 1 for a slope that all share",
            )
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` of `(num_parameters,)`."""
        return {"weight": (self.num_parameters,)}


class ELU(TorchOp):
    """`x` where it is positive, `alpha · (exp(x) − 1)` where not."""

    saves = "input"

    alpha: float = arg(NUMBER, "the limit of the negative side, negated", default=1.0)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    @property
    def overwrites(self) -> bool:
        """As asked, where the output's sign is the input's, which the gradient needs."""
        return self.inplace and self.alpha >= 0


class SELU(InPlace):
    """`ELU` with the constants that keep mean and variance through layers."""

    saves = "input"


class CELU(TorchOp):
    """`ELU` whose slope is continuous for every `alpha`."""

    saves = "input"

    alpha: float = arg(POSITIVE_NUMBER, "the limit of the negative side, negated", default=1.0)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    def check(self) -> None:
        """Refuse an `alpha` by which float32 cannot divide."""
        if self.alpha < LEAST_DIVISOR:
            raise Refusal(
                "NS410",
                f"1 divided by `alpha: {self.alpha:g}` is no number of float32",
                argument="alpha",
                hint="write 0.01 or more",
            )


class GELU(TorchOp):
    """`x · Φ(x)`, where Φ is the normal distribution function."""

    saves = "input"

    approximate: str = arg(
        one_of("none", "tanh"), "`tanh` for the faster formula", default="none", bare=True
    )


class SiLU(InPlace):
    """`x · sigmoid(x)`, also called swish."""

    saves = "input"


class Mish(InPlace):
    """`x · tanh(softplus(x))`."""

    saves = "input"


class Hardswish(InPlace):
    """`x · relu6(x + 3)/6`."""

    saves = "input"


class Hardsigmoid(InPlace):
    """`relu6(x + 3)/6`."""

    saves = "input"


class Hardtanh(TorchOp):
    """`x`, cut to a range."""

    saves = "input"

    min_val: float = arg(NUMBER, "the least output", default=-1.0)
    max_val: float = arg(NUMBER, "the largest output", default=1.0)
    inplace: bool = arg(BOOL, INPLACE, default=False)

    def check(self) -> None:
        """Refuse an empty range."""
        if self.max_val <= self.min_val:
            raise Refusal(
                "NS410",
                f"`max_val: {self.max_val:g}` is not more than `min_val: {self.min_val:g}`",
                argument="max_val",
            )


class Sigmoid(TorchOp):
    """`1/(1 + exp(−x))`."""

    saves = "output"


class LogSigmoid(TorchOp):
    """The logarithm of `Sigmoid`."""

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """A part of the formula."""
        return Saved(prod(inputs[0]))


class Tanh(TorchOp):
    """The hyperbolic tangent."""

    saves = "output"


class Tanhshrink(TorchOp):
    """`x − tanh(x)`."""

    saves = "input"


class Softplus(TorchOp):
    """`log(1 + exp(beta · x))/beta`, a smooth `ReLU`."""

    saves = "input"

    beta: float = arg(NUMBER, "how sharp the bend is", default=1.0)
    threshold: float = arg(NUMBER, "from where on the output is `x` itself", default=20.0)


class Softsign(TorchOp):
    """`x/(1 + |x|)`."""

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The divisor of each value."""
        return Saved(prod(inputs[0]))


class Hardshrink(TorchOp):
    """`x`, or 0 where its size is at most `lambd`."""

    saves = "input"

    lambd: float = arg(NUMBER, "the bound", default=0.5)


class Softshrink(TorchOp):
    """`x` moved towards 0 by `lambd`, and 0 where its size is less."""

    saves = "input"

    lambd: float = arg(NOT_NEGATIVE, "how far", default=0.5)


class Threshold(TorchOp):
    """`x`, or `value` where it is not more than `threshold`."""

    saves = "input"

    threshold: float = arg(NUMBER, "the bound")
    value: float = arg(NUMBER, "the output at and below the bound")
    inplace: bool = arg(BOOL, INPLACE, default=False)


class Identity(TorchOp):
    """Nothing: the output is the input."""

    takes = "any"

    view = True
    saves = "nothing"
