"""Crops and flips of a whole batch as one gather.

A crop, a padding or a flip only says which source row and column each pixel comes from. Several of
them are composed as such index maps, int64 [batch, height] and [batch, width], which costs nothing
beside the pixels; the pixels are then moved once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Padding = Literal["constant", "edge", "reflect", "symmetric"]

OUTSIDE = -1
"""The index of a pixel that lies in constant padding."""


@dataclass(frozen=True)
class IndexMap:
    """Where each pixel of a batch comes from: `rows` [batch, height], `columns` [batch, width]."""

    rows: Tensor
    columns: Tensor
    padded: bool = False

    @staticmethod
    def whole(batch: int, size: tuple[int, int], device: torch.device) -> IndexMap:
        """The window that changes nothing."""
        rows, columns = (torch.arange(length, device=device) for length in size)
        return IndexMap(rows.expand(batch, -1), columns.expand(batch, -1))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what is seen through the window."""
        return self.rows.shape[1], self.columns.shape[1]

    def crop(
        self,
        size: tuple[int, int],
        top: Tensor,
        left: Tensor,
        padding_mode: Padding = "constant",
    ) -> IndexMap:
        """A crop of `size` whose corner is at `top`, `left`, int64 [batch]; below 0 in padding."""
        constant = padding_mode == "constant"
        rows = _cropped(self.rows, size[0], top, padding_mode)
        columns = _cropped(self.columns, size[1], left, padding_mode)
        return IndexMap(rows, columns, self.padded or constant)

    def flip(self, upright: Tensor | None = None, sideways: Tensor | None = None) -> IndexMap:
        """Top and bottom swapped where `upright`, left and right where `sideways`, bool [batch]."""
        rows, columns = self.rows, self.columns
        if upright is not None:
            rows = torch.where(upright[:, None], rows.flip(1), rows)
        if sideways is not None:
            columns = torch.where(sideways[:, None], columns.flip(1), columns)
        return IndexMap(rows, columns, self.padded)

    def of(self, images: Tensor, fill: Tensor | None = None) -> Tensor:
        """The pixels [batch, channels, *size] seen in `images` [batch, channels, height, width].

        `fill` [channels] holds the value of constant padding; zero without it.
        """
        batch, channels, _, width = images.shape
        rows, columns = self.rows, self.columns
        if self.padded:
            rows, columns = rows.clamp(min=0), columns.clamp(min=0)
        places = (rows[:, :, None] * width + columns[:, None, :]).view(batch, 1, -1)
        seen = images.reshape(batch, channels, -1).gather(2, places.expand(-1, channels, -1))
        seen = seen.view(batch, channels, *self.size)
        if not self.padded:
            return seen
        if fill is None:  # a product is several times as fast as filling through a mask
            rows, columns = (
                (places != OUTSIDE).to(seen.dtype) for places in (self.rows, self.columns)
            )
            return seen.mul_(rows[:, None, :, None] * columns[:, None, None, :])
        outside = (self.rows == OUTSIDE)[:, None, :, None] | (self.columns == OUTSIDE)[
            :, None, None
        ]
        return torch.where(outside, fill.to(seen.dtype)[:, None, None], seen)


def _cropped(source: Tensor, length: int, start: Tensor, padding_mode: Padding) -> Tensor:
    size = source.shape[1]
    places = start[:, None] + torch.arange(length, device=source.device)
    inside = padded(places, size, padding_mode)
    taken = source.gather(1, inside)
    if padding_mode != "constant":
        return taken
    return torch.where((places >= 0) & (places < size), taken, OUTSIDE)


def padded(places: Tensor, size: int, padding_mode: Padding) -> Tensor:
    """Places outside of 0 … size - 1 folded back as torch's padding of that name does."""
    if padding_mode == "reflect":  # the edge is not repeated: 2 1 | 0 1 2 | 1 0
        period = max(2 * size - 2, 1)
        places = places.remainder(period)
        return torch.minimum(places, (period - places)) if size > 1 else places * 0
    if padding_mode == "symmetric":  # the edge is repeated: 1 0 | 0 1 2 | 2 1
        places = places.remainder(2 * size)
        return torch.minimum(places, 2 * size - 1 - places)
    return places.clamp(0, size - 1)
