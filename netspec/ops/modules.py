"""Torch modules of ops that torch.nn does not have. This file imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Add(nn.Module):
    """Sum of its arguments, from left to right."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Add tensors that broadcast."""
        for x in others:
            first = first + x
        return first


class Mul(nn.Module):
    """Product of its arguments, from left to right."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Multiply tensors that broadcast."""
        for x in others:
            first = first * x
        return first


class Concat(nn.Module):
    """Concatenation of its arguments along `dim`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *inputs: Tensor) -> Tensor:
        """Concatenate tensors that agree in the other dimensions."""
        return torch.cat(inputs, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"
