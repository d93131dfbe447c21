"""Torch modules that join several tensors into one. This file imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Aligned(nn.Module):
    """A join of which some arguments, by their places, get dimensions of size 1 after the batch."""

    def __init__(self, join: nn.Module, missing: dict[int, int]) -> None:
        super().__init__()
        self.join, self.missing = join, missing

    def forward(self, *inputs: Tensor) -> Tensor:
        """Join tensors that then broadcast."""
        aligned = list(inputs)
        for place, count in self.missing.items():
            x = inputs[place]
            aligned[place] = x.reshape(x.shape[0], *(1,) * count, *x.shape[1:])
        out: Tensor = self.join(*aligned)
        return out


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


class Sub(nn.Module):
    """Its first argument less the second."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Subtract tensors that broadcast."""
        return x - y


class Div(nn.Module):
    """Its first argument divided by the second."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Divide tensors that broadcast."""
        return x / y


class Maximum(nn.Module):
    """The largest of its arguments, elementwise."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Compare tensors that broadcast."""
        for x in others:
            first = torch.maximum(first, x)
        return first


class Minimum(nn.Module):
    """The smallest of its arguments, elementwise."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Compare tensors that broadcast."""
        for x in others:
            first = torch.minimum(first, x)
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


class Stack(nn.Module):
    """Its arguments along a new dimension `dim`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *inputs: Tensor) -> Tensor:
        """Stack tensors of one shape."""
        return torch.stack(inputs, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class MatMul(nn.Module):
    """The matrix product of its two arguments."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`(batch, *, m, k)` and `(batch, *, k, n)` → `(batch, *, m, n)`."""
        return x @ y


class AddMM(nn.Module):
    """A vector, and a product with a matrix."""

    def forward(self, bias: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """`torch.addmm` over all but the last dimension of `x`."""
        if weight.dim() == 2:
            flat = torch.addmm(bias, x.reshape(-1, x.size(-1)), weight)
            return flat.view(*x.shape[:-1], weight.size(1))
        mapped = torch.matmul(x.reshape(len(x), -1, x.size(-1)), weight)  # each sample by its own
        mapped = mapped + bias.reshape(-1, 1, bias.size(-1))
        return mapped.view(*x.shape[:-1], weight.size(-1))
