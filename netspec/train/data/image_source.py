"""Where the images of one part come from: memory, or files decoded as they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from netspec.train.data.arrays import Inputs, Part


class Source(Protocol):
    """Samples and labels by index."""

    @property
    def labels(self) -> Tensor:
        """The label of each sample, int64 [count], or a map of labels [count, …]."""

    def __len__(self) -> int:
        """Number of samples."""

    def fetch(self, plan: Sequence[Tensor]) -> Iterator[tuple[Inputs, Tensor]]:
        """The samples, as they are stored, and labels of each index tensor, on the device."""

    def close(self) -> None:
        """Let go of memory and processes."""


class ImageSource(Protocol):
    """Images and labels by index."""

    @property
    def labels(self) -> Tensor:
        """The label of each image, int64 [count], or its mask, uint8 [count, height, width]."""

    def __len__(self) -> int:
        """Number of images."""

    def fetch(self, plan: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """The images, uint8 [count, channels, height, width], and labels of each index tensor.

        Both on the device. Raises TrainError for a file that cannot be read.
        """

    def close(self) -> None:
        """Let go of memory and processes."""


class Resident:
    """A part that lies decoded on the device."""

    def __init__(self, part: Part, device: torch.device) -> None:
        self._images = part.images.to(device)
        self._labels = part.labels.to(device)

    @property
    def labels(self) -> Tensor:
        """See `ImageSource.labels`."""
        return self._labels

    def __len__(self) -> int:
        return len(self._labels)

    def fetch(self, plan: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Pick each batch where the images lie; see `ImageSource.fetch`."""
        for index in plan:
            yield self._images.index_select(0, index), self._labels.index_select(0, index)

    def close(self) -> None:
        """Let go of the images."""
        self._images = self._images[:0]
        self._labels = self._labels[:0]
