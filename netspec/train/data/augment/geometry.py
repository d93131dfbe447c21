"""The augmentations that move pixels; masks move with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from netspec.ops.base import text
from netspec.train.data.augment.counter_rng import below, chance, uniform
from netspec.train.data.augment.index_maps import IndexMap, Padding
from netspec.train.data.augment.lazy_batch import LazyBatch
from netspec.train.data.augment.rectangles import drawn_shapes
from netspec.train.data.augment.resample import nearest_boxes, resized_boxes, turned
from netspec.train.errors import TrainError


@dataclass(frozen=True)
class Crop:
    """RandomCrop: a window of `extent` anywhere in the padded image.

    `padding` is left, top, right, bottom; `fill` [channels] is None for zero.
    """

    extent: tuple[int, int]
    padding: tuple[int, int, int, int]
    padding_mode: Padding
    fill: Tensor | None
    count: int = 2

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The extent; raises TrainError where the padded image is smaller."""
        left, top, right, bottom = self.padding
        height, width = size[0] + top + bottom, size[1] + left + right
        if height < self.extent[0] or width < self.extent[1]:
            raise TrainError(
                f"a crop of {text(self.extent)} does not fit images of {text(size)}"
                + (f", {text((height, width))} with padding" if any(self.padding) else ""),
                "take a smaller `size` in `RandomCrop`, or resize the images with `data.resize`",
            )
        if self.padding_mode == "reflect" and (max(top, bottom) >= size[0] > 1):
            raise TrainError(
                f"images of {text(size)} cannot be padded by {max(self.padding)} by reflection",
                "take a smaller `padding`, or another `padding_mode`",
            )
        return self.extent

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Move the window; the pixels stay where they are."""
        if self.padding_mode == "constant" and batch.window is not None and batch.window.padded:
            batch = batch.settled()  # two paddings may be of different values
        left, top, right, bottom = self.padding
        height, width = batch.size
        corner_y = below(drawn[:, 0], height + top + bottom - self.extent[0] + 1) - top
        corner_x = below(drawn[:, 1], width + left + right - self.extent[1] + 1) - left
        window = batch.view().crop(self.extent, corner_y, corner_x, self.padding_mode)
        if not any(self.padding):
            window = replace(window, padded=batch.view().padded)
        return batch.seen(window, self.fill if self.padding_mode == "constant" else None)


@dataclass(frozen=True)
class Flip:
    """RandomHorizontalFlip, or RandomVerticalFlip where `upright`."""

    upright: bool
    share: float
    count: int = 1

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The same."""
        return size

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Move the window; the pixels stay where they are."""
        flipped = chance(drawn[:, 0], self.share)
        view = batch.view()
        return batch.seen(view.flip(upright=flipped) if self.upright else view.flip(None, flipped))


@dataclass(frozen=True)
class ResizedCrop:
    """RandomResizedCrop: a window of random area and shape, resized to `extent`."""

    extent: tuple[int, int]
    scale: tuple[float, float]
    ratio: tuple[float, float]
    nearest: bool
    antialias: bool
    count: int = 22

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The extent."""
        return self.extent

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Draw each image's box and resize it."""
        height, width = batch.size
        shapes, fits = drawn_shapes(drawn[:, :20], (height, width), self.scale, self.ratio)
        # Where no draw fits: the greatest middle box whose shape is allowed.
        least, most = self.ratio
        whole_height = max(1, min(height, round(width / least)))
        whole_width = max(1, min(width, round(height * most)))
        whole = torch.stack(
            [
                torch.full_like(shapes[:, 0], whole_height),
                torch.full_like(shapes[:, 0], whole_width),
            ],
            dim=1,
        )
        extent = torch.where(fits[:, None], shapes, whole)
        top = below(drawn[:, 20], height - extent[:, 0] + 1)
        left = below(drawn[:, 21], width - extent[:, 1] + 1)
        start = torch.stack([top, left], dim=1)
        middle = torch.stack([(height - extent[:, 0]) // 2, (width - extent[:, 1]) // 2], dim=1)
        start = torch.where(fits[:, None], start, middle)
        nearest = IndexMap(*nearest_boxes(start, extent, self.extent))
        if self.nearest:
            batch = batch.settled()
            return batch.seen(nearest)
        batch = batch.floats()
        images = resized_boxes(
            batch.images, start.float(), extent.float(), self.extent, self.antialias
        )
        return LazyBatch(images, None if batch.masks is None else nearest.of(batch.masks))


@dataclass(frozen=True)
class Turn:
    """RandomRotation and RandomAffine: turned, moved, scaled and sheared about the centre.

    Angles are in degrees; `translate` is the greatest shift as a share of width and of height.
    """

    degrees: tuple[float, float]
    translate: tuple[float, float]
    scale: tuple[float, float]
    shear: tuple[float, float]
    interpolation: str
    fill: Tensor
    count: int = 5

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The same."""
        return size

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """Draw each image's matrix and sample through it."""
        batch = batch.floats()
        height, width = batch.size
        numbers = uniform(drawn)
        x = _between(numbers[:, 1], -self.translate[0] * width, self.translate[0] * width).round()
        y = _between(numbers[:, 2], -self.translate[1] * height, self.translate[1] * height).round()
        motion = {
            "degrees": _between(numbers[:, 0], *self.degrees),
            "shift": torch.stack([x, y], dim=1),
            "scale": _between(numbers[:, 3], *self.scale),
            "shear": _between(numbers[:, 4], *self.shear),
        }
        images = turned(batch.images, **motion, fill=self.fill, interpolation=self.interpolation)
        masks = batch.masks
        if masks is not None:
            outside = torch.full((1,), -100.0, device=images.device)
            moved = turned(masks.to(torch.float32), **motion, fill=outside, interpolation="nearest")
            masks = moved.round().to(torch.int64)
        return LazyBatch(images, masks)


def _between(numbers: Tensor, least: float, most: float) -> Tensor:
    return numbers * (most - least) + least
