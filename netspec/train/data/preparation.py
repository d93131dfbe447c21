"""uint8 images → what the network takes: resized, augmented or cut to size, and normalised."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from netspec.train.data.augment.augmentation import Augmentation
from netspec.train.data.augment.index_maps import IndexMap
from netspec.train.data.augment.lazy_batch import LazyBatch
from netspec.train.data.augment.resample import resized


@dataclass(frozen=True)
class Preparation:
    """One way from stored to prepared images, the same for every batch.

    `resize` and `size` are (height, width): what images are brought to first, and what the network
    takes. `mean` and `scale` [channels] are on the device, for pixels from 0 to 255; `scale` is one
    over the standard deviation. Data that is no image (`size` None) is normalised only.
    """

    resize: tuple[int, int] | None
    size: tuple[int, int] | None
    augment: Augmentation
    mean: Tensor
    scale: Tensor

    @property
    def device(self) -> torch.device:
        """Where batches are prepared."""
        return self.mean.device

    def __call__(
        self, images: Tensor, labels: Tensor, index: Tensor | None, epoch: int
    ) -> tuple[Tensor, Tensor]:
        """Images, uint8 [batch, channels, …] → float32, and labels → int64.

        With `index`, int64 [batch], the images are augmented with the draws of that epoch; without,
        the middle is taken where they are larger than the network's input.
        """
        if self.size is None:
            return self._normalized(images.to(torch.float32)), labels.to(torch.int64)
        masks = labels.to(torch.int64)[:, None] if labels.ndim > 1 else None
        if self.resize is not None and images.shape[2:] != self.resize:
            images = resized(images, self.resize)
        batch = LazyBatch(images, masks)
        if index is not None:
            batch = self.augment(batch, index, epoch)
        elif batch.size != self.size:
            batch = self._middle(batch)
        batch = batch.floats()
        labels = labels.to(torch.int64) if batch.masks is None else batch.masks[:, 0]
        return self._normalized(batch.images), labels

    def _middle(self, batch: LazyBatch) -> LazyBatch:
        assert self.size is not None
        top, left = ((have - want) // 2 for have, want in zip(batch.size, self.size, strict=True))
        rows = torch.arange(top, top + self.size[0], device=batch.images.device)
        columns = torch.arange(left, left + self.size[1], device=batch.images.device)
        return batch.seen(IndexMap(rows.expand(batch.count, -1), columns.expand(batch.count, -1)))

    def _normalized(self, images: Tensor) -> Tensor:
        shape = (-1, *(1,) * (images.ndim - 2))
        return images.sub_(self.mean.view(shape)).mul_(self.scale.view(shape))
