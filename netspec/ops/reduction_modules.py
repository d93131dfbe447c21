"""Torch modules that reduce dimensions or go along them. This file imports torch.

The `forward` of a reduction takes `(batch, *)` and gives the same without the dimensions `dim`, or
with size 1 there where `keepdim`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Dims = int | tuple[int, ...]


class Reduction(nn.Module):
    """One number out of all along the dimensions `dim`, the batch being 0."""

    def __init__(self, dim: Dims, keepdim: bool) -> None:
        super().__init__()
        self.dim, self.keepdim = dim, keepdim

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"dim={self.dim}, keepdim={self.keepdim}"


class Mean(Reduction):
    """The mean of its argument over some dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        """Take the mean of a tensor."""
        return x.mean(self.dim, self.keepdim)


class Sum(Reduction):
    """The sum of its argument over some dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        """Add up a tensor."""
        return x.sum(self.dim, self.keepdim)


class Amax(Reduction):
    """The largest of its argument along some dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        """Find the largest of a tensor."""
        return x.amax(self.dim, self.keepdim)


class Amin(Reduction):
    """The smallest of its argument along some dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        """Find the smallest of a tensor."""
        return x.amin(self.dim, self.keepdim)


class Var(Reduction):
    """The variance of its argument over some dimensions."""

    def __init__(self, dim: Dims, keepdim: bool, correction: int) -> None:
        super().__init__(dim, keepdim)
        self.correction = correction

    def forward(self, x: Tensor) -> Tensor:
        """Take the variance of a tensor."""
        return x.var(self.dim, correction=self.correction, keepdim=self.keepdim)

    def extra_repr(self) -> str:
        """The dimensions and the correction."""
        return f"{super().extra_repr()}, correction={self.correction}"


class Norm(Reduction):
    """The norm of its argument over some dimensions."""

    def __init__(self, dim: Dims, p: float, keepdim: bool) -> None:
        super().__init__(dim, keepdim)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Take the norm of a tensor."""
        out: Tensor = torch.linalg.vector_norm(x, self.p, self.dim, self.keepdim)
        return out

    def extra_repr(self) -> str:
        """The dimensions and the power."""
        return f"{super().extra_repr()}, p={self.p}"


class Normalize(nn.Module):
    """Its argument divided by its norm over some dimensions."""

    def __init__(self, p: float, dim: Dims, eps: float) -> None:
        super().__init__()
        self.p, self.dim, self.eps = p, dim, eps

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return nn.functional.normalize(x, self.p, self.dim, self.eps)  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        """The dimensions, the power and the least divisor."""
        return f"p={self.p}, dim={self.dim}, eps={self.eps}"


class CumSum(nn.Module):
    """The sums of all of its argument up to each number, along `dim`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, *)`, unchanged."""
        return x.cumsum(self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"
