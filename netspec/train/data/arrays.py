"""Decoded images and their labels in memory, and what a network takes of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

Inputs = Tensor | tuple[Tensor, ...]
"""What a network takes of a batch: one tensor [batch, …], or one for each of several inputs."""


@dataclass(frozen=True)
class Part:
    """Images, uint8 [count, *shape], with labels, int64 [count], or masks, uint8 [count, h, w]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Arrays:
    """A decoded data set: `parts` holds `train`, `test` and maybe `validation`.

    `fingerprint` is a hash of the pixels, the labels and the classes.
    """

    dataset: str
    classes: tuple[str, ...]
    parts: Mapping[str, Part]
    fingerprint: str
