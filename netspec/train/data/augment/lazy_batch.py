"""A batch on its way through the augmentations: pixels, masks, and what is still to be moved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from netspec.train.data.augment.index_maps import IndexMap

IGNORED = -100
"""The label of a pixel that lies in padding: what torch's losses ignore by default."""


@dataclass(frozen=True)
class LazyBatch:
    """Images [batch, channels, height, width] of 0 to 255, as uint8 or float32, and a window.

    Crops and flips move the window only; the pixels follow when a step needs them in place.
    `masks` are int64 [batch, 1, height, width] where the target is an image. `fill` [channels] is
    the value of the window's constant padding, zero where it is None.
    """

    images: Tensor
    masks: Tensor | None = None
    window: IndexMap | None = None
    fill: Tensor | None = None

    @property
    def count(self) -> int:
        """Number of images."""
        return self.images.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width as seen through the window."""
        if self.window is not None:
            return self.window.size
        return self.images.shape[2], self.images.shape[3]

    def view(self) -> IndexMap:
        """The window as it stands, to be moved on."""
        if self.window is not None:
            return self.window
        height, width = self.images.shape[2:]
        return IndexMap.whole(self.count, (height, width), self.images.device)

    def seen(self, window: IndexMap, fill: Tensor | None = None) -> LazyBatch:
        """The same images through another window."""
        return replace(self, window=window, fill=fill if fill is not None else self.fill)

    def settled(self) -> LazyBatch:
        """The pixels moved to where the window puts them."""
        if self.window is None:
            return self
        masks = self.masks
        if masks is not None:
            outside = torch.full((1,), IGNORED, device=masks.device)
            masks = self.window.of(masks, outside)
        return LazyBatch(self.window.of(self.images, self.fill), masks)

    def floats(self) -> LazyBatch:
        """Settled, and float32."""
        settled = self.settled()
        return replace(settled, images=settled.images.to(torch.float32))
