"""Torch modules of ops that torch.nn does not have. This file imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


class Unsqueeze(nn.Module):
    """Its argument with a new dimension of size 1."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Add a dimension to a tensor of any shape."""
        return x.unsqueeze(self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Squeeze(nn.Module):
    """Its argument without some dimensions of size 1."""

    def __init__(self, dim: int | tuple[int, ...]) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Leave dimensions out."""
        return x.squeeze(self.dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"dim={self.dim}"


class Expand(nn.Module):
    """Its argument with sizes of 1 repeated, the batch kept."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Repeat a tensor of as many dimensions."""
        return x.expand(-1, *self.shape)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"shape={self.shape}"


class Select(nn.Module):
    """One entry of a dimension of its argument."""

    def __init__(self, dim: int, index: int) -> None:
        super().__init__()
        self.dim, self.index = dim, index

    def forward(self, x: Tensor) -> Tensor:
        """Select from a tensor; the dimension goes."""
        return x.select(self.dim, self.index)

    def extra_repr(self) -> str:
        """The dimension and the entry."""
        return f"dim={self.dim}, index={self.index}"


class Slice(nn.Module):
    """A stretch of a dimension of its argument."""

    def __init__(self, dim: int, start: int, end: int | None, step: int) -> None:
        super().__init__()
        self.dim, self.start, self.end, self.step = dim, start, end, step

    def forward(self, x: Tensor) -> Tensor:
        """Slice a tensor."""
        where = slice(self.start, self.end, self.step)
        before = range(x.dim())[self.dim]
        return x[(slice(None),) * before + (where,)]

    def extra_repr(self) -> str:
        """The dimension and the stretch."""
        return f"dim={self.dim}, start={self.start}, end={self.end}, step={self.step}"


class Chunks(nn.Module):
    """All of the equal parts of a dimension."""

    def __init__(self, chunks: int, dim: int) -> None:
        super().__init__()
        self.chunks = chunks
        self.dim = dim

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """`torch.chunk`."""
        return torch.chunk(x, self.chunks, self.dim)

    def extra_repr(self) -> str:
        """As written."""
        return f"{self.chunks}, dim={self.dim}"


class Split(nn.Module):
    """All parts of a dimension."""

    def __init__(self, sizes: int | tuple[int, ...], dim: int) -> None:
        super().__init__()
        self.sizes = sizes if isinstance(sizes, int) else list(sizes)
        self.dim = dim

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """`torch.split`."""
        return torch.split(x, self.sizes, self.dim)

    def extra_repr(self) -> str:
        """As written."""
        return f"{self.sizes}, dim={self.dim}"


class Chunk(nn.Module):
    """One of the equal parts of a dimension of its argument."""

    def __init__(self, chunks: int, index: int, dim: int) -> None:
        super().__init__()
        self.chunks, self.index, self.dim = chunks, index, dim

    def forward(self, x: Tensor) -> Tensor:
        """Take a part of a tensor."""
        return x.chunk(self.chunks, self.dim)[self.index]

    def extra_repr(self) -> str:
        """The parts, which one, and the dimension."""
        return f"chunks={self.chunks}, index={self.index}, dim={self.dim}"


class ResizeLike(nn.Module):
    """Its first argument by interpolation, as large as the second."""

    def __init__(self, mode: str, align_corners: bool | None) -> None:
        super().__init__()
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """`(batch, channels, *spatial)` and `(batch, any, *size)` → `(batch, channels, *size)`."""
        return nn.functional.interpolate(
            x, like.shape[2:], mode=self.mode, align_corners=self.align_corners
        )

    def extra_repr(self) -> str:
        """How values are found."""
        return f"mode={self.mode}, align_corners={self.align_corners}"


class WindowPartition(nn.Module):
    """Its argument, an image, cut into square windows."""

    def __init__(self, p: int) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, height, width)` → `(batch, windows, p², channels)`."""
        batch, channels, height, width = x.shape
        grid = (batch, channels, height // self.p, self.p, width // self.p, self.p)
        return x.reshape(grid).permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(1, 2)

    def extra_repr(self) -> str:
        """The size of a window."""
        return f"p={self.p}"


class WindowDepartition(nn.Module):
    """Its argument, square windows, put together into an image."""

    def __init__(self, p: int, h_partitions: int, w_partitions: int) -> None:
        super().__init__()
        self.p, self.h_partitions, self.w_partitions = p, h_partitions, w_partitions

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, windows, p², channels)` → `(batch, channels, height, width)`."""
        # not one reshape, which would regroup windows of another size without a word
        squares: Tensor = x.unflatten(2, (self.p, self.p))  # type: ignore[no-untyped-call]
        grid: Tensor = squares.unflatten(  # type: ignore[no-untyped-call]
            1, (self.h_partitions, self.w_partitions)
        )
        return grid.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)

    def extra_repr(self) -> str:
        """The size of a window and how many there are."""
        return f"p={self.p}, h_partitions={self.h_partitions}, w_partitions={self.w_partitions}"


class LocalResponseNorm(nn.LocalResponseNorm):
    """Torch's own, which joins dimensions by a view, over an input in any layout."""

    def forward(self, input: Tensor) -> Tensor:
        """`(batch, channels, *spatial)`, unchanged."""
        return super().forward(input.contiguous())


class Upsample(nn.Upsample):
    """Torch's own, whose nearest values of volumes in `channels_last_3d` are others."""

    def forward(self, input: Tensor) -> Tensor:
        """`(batch, channels, *spatial)` → `(batch, channels, *size)`."""
        return super().forward(input.contiguous())


class PixelShuffle(nn.PixelShuffle):
    """Torch's own, over an input in any layout: of volumes it takes some for what it refuses."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*, c·r², height, width)` → `(*, c, height·r, width·r)`."""
        images = input.contiguous().flatten(0, -4)
        out = super().forward(images)
        return out.reshape(*input.shape[:-3], *out.shape[1:])


class PixelUnshuffle(nn.PixelUnshuffle):
    """Torch's own, over an input in any layout: of volumes it takes some for what it refuses."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*, c, height·r, width·r)` → `(*, c·r², height, width)`."""
        images = input.contiguous().flatten(0, -4)
        out = super().forward(images)
        return out.reshape(*input.shape[:-3], *out.shape[1:])
