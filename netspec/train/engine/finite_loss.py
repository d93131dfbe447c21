"""A loss that is not finite stops the run before the weights change."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import Optimizer

from netspec.train.engine.not_finite import Batch
from netspec.train.errors import LossNotFinite
from netspec.train.machine.distributed import Processes

Tell = Callable[[int, Batch | None], LossNotFinite]
"""Makes the error for a step, counted from 1 over the whole run, of what is known of its batch."""


class HostLossCheck:
    """Reads the loss in every step: free on a CPU, where nothing has to be waited for."""

    def __init__(self, processes: Processes, tell: Tell) -> None:
        self._processes = processes
        self._tell = tell
        self.step = 0

    def look(self, loss: Tensor, seen: Callable[[], Batch]) -> None:
        """Raise LossNotFinite, in all processes together, before the gradients are used.

        ``seen`` looks at the batch, once it is known to be bad.
        """
        self.step += 1
        if self._processes.any(not bool(torch.isfinite(loss))):
            raise self._tell(self.step, seen())

    def check(self) -> None:
        """Nothing is left to look at."""


class DeviceLossCheck:
    """Lets the device itself skip the weights' update, and is asked about it once in a while.

    A fused optimizer leaves the weights alone where its ``found_inf`` is 1. The flag stays up, so
    nothing moves between the bad step and the moment when :meth:`check` reads it.
    """

    def __init__(
        self, optimizer: Optimizer, device: torch.device, processes: Processes, tell: Tell
    ) -> None:
        self._processes = processes
        self._tell = tell
        self._bad = torch.zeros((), dtype=torch.float32, device=device)
        self._count = torch.zeros((), dtype=torch.int64, device=device)
        self._bad_step = torch.zeros((), dtype=torch.int64, device=device)
        optimizer.found_inf = self._bad  # type: ignore[attr-defined]

    @property
    def step(self) -> int:
        """Steps looked at; waits for the device."""
        return int(self._count)

    @step.setter
    def step(self, value: int) -> None:
        self._count.fill_(value)

    @torch.no_grad()
    def look(self, loss: Tensor, seen: Callable[[], Batch] | None = None) -> None:
        """Raise the flag on the device; the host waits for nothing, and looks at no batch."""
        self._count += 1
        bad = (~torch.isfinite(loss.detach())).float()
        if self._processes.distributed:
            dist.all_reduce(bad, dist.ReduceOp.MAX)
        first = (bad > self._bad).to(torch.int64)
        self._bad_step += first * self._count
        torch.maximum(self._bad, bad, out=self._bad)

    def check(self) -> None:
        """Raise LossNotFinite if any step since the start was bad; waits for the device."""
        step = int(self._bad_step)
        if step:
            raise self._tell(step, None)
