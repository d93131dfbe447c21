"""The augmentations that change pixels where they are; masks stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from netspec.train.data.augment.colors import jittered
from netspec.train.data.augment.counter_rng import below, chance, uniform
from netspec.train.data.augment.lazy_batch import LazyBatch
from netspec.train.data.augment.rectangles import drawn_shapes


@dataclass(frozen=True)
class Cutout:
    """A rectangle of `extent` about a random pixel set to `value` [channels].

    It may reach over the edge (DeVries and Taylor, "Improved regularization of convolutional neural
    networks with Cutout", 2017).
    """

    extent: tuple[int, int]
    share: float
    value: Tensor
    count: int = 3

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The same."""
        return size

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Draw each image's place and fill it."""
        height, width = batch.size
        top = below(drawn[:, 0], height) - self.extent[0] // 2
        left = below(drawn[:, 1], width) - self.extent[1] // 2
        hit = chance(drawn[:, 2], self.share)
        extent = torch.stack(
            [torch.full_like(top, self.extent[0]), torch.full_like(top, self.extent[1])], dim=1
        )
        return _filled(batch, torch.stack([top, left], dim=1), extent, hit, self.value)


@dataclass(frozen=True)
class Erasing:
    """RandomErasing: a rectangle of random place, area and shape set to `value` [channels]."""

    share: float
    scale: tuple[float, float]
    ratio: tuple[float, float]
    value: Tensor
    count: int = 23

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The same."""
        return size

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Draw each image's rectangle and fill it; where none fits nothing is erased."""
        height, width = batch.size
        # RandomErasing's ratio is height over width, the inverse of RandomResizedCrop's.
        ratio = (1 / self.ratio[1], 1 / self.ratio[0])
        extent, fits = drawn_shapes(
            drawn[:, :20], (height, width), self.scale, ratio, strictly=True
        )
        top = below(drawn[:, 20], height - extent[:, 0] + 1)
        left = below(drawn[:, 21], width - extent[:, 1] + 1)
        hit = chance(drawn[:, 22], self.share) & fits
        return _filled(batch, torch.stack([top, left], dim=1), extent, hit, self.value)


@dataclass(frozen=True)
class Jitter:
    """ColorJitter: least and greatest factor of brightness, contrast and saturation."""

    ranges: tuple[tuple[float, float], ...]
    count: int = 3

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The same."""
        return size

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Draw each image's factors and apply them."""
        numbers = uniform(drawn)
        columns = [
            numbers[:, place] * (most - least) + least
            for place, (least, most) in enumerate(self.ranges)
        ]
        batch = batch.floats()
        return replace(batch, images=jittered(batch.images, torch.stack(columns, dim=1)))


def _filled(
    batch: LazyBatch, start: Tensor, extent: Tensor, hit: Tensor, value: Tensor
) -> LazyBatch:
    """Each image's rectangle set to `value`, where `hit`, bool [batch]."""
    batch = batch.floats()
    height, width = batch.size
    end = start + extent
    y = torch.arange(height, device=start.device)
    x = torch.arange(width, device=start.device)
    rows = (y >= start[:, 0, None]) & (y < end[:, 0, None]) & hit[:, None]
    columns = (x >= start[:, 1, None]) & (x < end[:, 1, None])
    inside = rows[:, None, :, None] & columns[:, None, None, :]
    return replace(batch, images=torch.where(inside, value[:, None, None], batch.images))
