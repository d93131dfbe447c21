"""Exact means over samples, summed on the device and read once in a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netspec.train.metrics import Metrics

if TYPE_CHECKING:
    from netspec.train.engine.criterion import Criterion
    from netspec.train.machine.distributed import Processes


class MetricSums:
    """Running sums of loss, what it is divided by, labels, right ones, and right among five.

    A mean over batches is the mean over samples only if all batches have one size; summing
    ``mean × divisor`` and dividing by the summed divisors is right for every size. The sums are
    float64 because a float32 stops counting single samples at 2²⁴.
    """

    def __init__(self, criterion: Criterion, device: torch.device, *, top5: bool = False) -> None:
        dtype = torch.float32 if device.type == "mps" else torch.float64
        self.tensor = torch.zeros(5, dtype=dtype, device=device)
        self._criterion = criterion
        self._top5 = top5

    @torch.no_grad()
    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Count one batch: its mean ``loss``, ``logits`` [N, classes, …] and ``labels`` [N, …]."""
        if not labels.numel():
            return
        divisor = self._criterion.divisor(labels).to(self.tensor.dtype)
        counted = labels != self._criterion.ignored
        right = ((self._criterion.taken(logits) == labels) & counted).sum()
        among_five = right
        if self._top5 and logits.shape[1] > 1:
            best = logits.topk(min(5, logits.shape[1]), dim=1).indices
            among_five = ((best == labels.unsqueeze(1)).any(1) & counted).sum()
        batch = (loss.detach() * divisor, divisor, counted.sum(), right, among_five)
        self.tensor += torch.stack([value.to(self.tensor.dtype) for value in batch])

    def reset(self) -> None:
        """Start again from nothing."""
        self.tensor.zero_()

    def totals(self, processes: Processes) -> list[float]:
        """The five sums over every process; waits for the device."""
        total = self.tensor.clone()
        processes.all_reduce(total)
        return [float(value) for value in total.tolist()]

    def metrics(self, totals: list[float], since: list[float] | None = None) -> Metrics:
        """The means that ``totals`` stand for, less what was there at ``since``."""
        before = since or [0.0] * len(totals)
        loss, divisor, count, right, among_five = (
            total - old for total, old in zip(totals, before, strict=True)
        )
        if not count:
            return Metrics(float("nan"), float("nan"), 0)
        return Metrics(
            loss / divisor if divisor else float("nan"),
            right / count,
            round(count),
            among_five / count if self._top5 else None,
        )
