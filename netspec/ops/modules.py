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


class Reshape(nn.Module):
    """Its argument in another shape, the batch kept."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Reshape a tensor of any shape with as many elements."""
        return x.reshape(x.shape[0], *self.shape)

    def extra_repr(self) -> str:
        """The shape."""
        return f"shape={self.shape}"


class Permute(nn.Module):
    """Its argument with the dimensions in another order."""

    def __init__(self, dims: tuple[int, ...]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        """Permute a tensor of as many dimensions."""
        return x.permute(self.dims)

    def extra_repr(self) -> str:
        """The order."""
        return f"dims={self.dims}"


class Transpose(nn.Module):
    """Its argument with two dimensions swapped."""

    def __init__(self, dim0: int, dim1: int) -> None:
        super().__init__()
        self.dim0, self.dim1 = dim0, dim1

    def forward(self, x: Tensor) -> Tensor:
        """Swap two dimensions."""
        return x.transpose(self.dim0, self.dim1)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"dim0={self.dim0}, dim1={self.dim1}"
