"""Rows of a table in memory: the tensors of each input, and the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from netspec.train.data.arrays import Inputs


@dataclass(frozen=True)
class Rows:
    """A tensor [count, *shape] for each input, in the kind that the network takes; labels, int64.

    Labels are [count], or [count, …] where the network answers for each token.
    """

    inputs: tuple[Tensor, ...]
    labels: Tensor


class RowSource:
    """A part that lies on the device."""

    def __init__(self, rows: Rows, device: torch.device) -> None:
        self._inputs = tuple(values.to(device) for values in rows.inputs)
        self._labels = rows.labels.to(device)

    @property
    def labels(self) -> Tensor:
        """See `Source.labels`."""
        return self._labels

    def __len__(self) -> int:
        return len(self._labels)

    def fetch(self, plan: Sequence[Tensor]) -> Iterator[tuple[Inputs, Tensor]]:
        """Pick each batch where the rows lie; see `Source.fetch`."""
        for index in plan:
            picked = tuple(values.index_select(0, index) for values in self._inputs)
            yield picked if len(picked) > 1 else picked[0], self._labels.index_select(0, index)

    def close(self) -> None:
        """Let go of the rows."""
        self._inputs = tuple(values[:0] for values in self._inputs)
        self._labels = self._labels[:0]


@dataclass(frozen=True)
class AsStored:
    """Nothing is done to rows: neither drawn nor normalised."""

    device: torch.device

    def __call__(
        self, stored: Inputs, labels: Tensor, index: Tensor | None, epoch: int, /
    ) -> tuple[Inputs, Tensor]:
        """The same inputs and labels."""
        return stored, labels
