"""Torch modules of arithmetic, elementwise. This file imports torch.

Each `forward` takes a tensor of any shape, `(batch, *)`, and gives one of the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Its argument times `factor`."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x * self.factor

    def extra_repr(self) -> str:
        """The factor."""
        return f"factor={self.factor}"


class Shift(nn.Module):
    """Its argument and `offset`."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x + self.offset

    def extra_repr(self) -> str:
        """The offset."""
        return f"offset={self.offset}"


class Neg(nn.Module):
    """Its argument with the other sign."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return -x


class Abs(nn.Module):
    """The distance of its argument from zero."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.abs()


class Exp(nn.Module):
    """The exponential of its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.exp()


class Log(nn.Module):
    """The natural logarithm of its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.log()


class Sqrt(nn.Module):
    """The square root of its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.sqrt()


class Square(nn.Module):
    """Its argument times itself."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.square()


class Pow(nn.Module):
    """Its argument to the power of `exponent`."""

    def __init__(self, exponent: float) -> None:
        super().__init__()
        self.exponent = exponent

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.pow(self.exponent)

    def extra_repr(self) -> str:
        """The exponent."""
        return f"exponent={self.exponent}"


class Clamp(nn.Module):
    """Its argument between `min` and `max`; None is no bound."""

    def __init__(self, min: float | None, max: float | None) -> None:
        super().__init__()
        self.min, self.max = min, max

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return torch.clamp(x, self.min, self.max)

    def extra_repr(self) -> str:
        """The bounds."""
        return f"min={self.min}, max={self.max}"


class Sin(nn.Module):
    """The sine of its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.sin()


class Cos(nn.Module):
    """The cosine of its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.cos()


class Reciprocal(nn.Module):
    """One divided by its argument."""

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.reciprocal()
