"""A moving average of the weights, kept beside the network and used to evaluate it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class MovingAverage:
    """``average ← decay · average + (1 − decay) · network`` after every step, buffers too.

    Torch's ``AveragedModel`` reads a counter back from the device in every step, which would
    stall a GPU and cannot be recorded in a CUDA graph; this one reads nothing.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        ours, theirs = self.module.state_dict(), module.state_dict()
        floats = [name for name, value in theirs.items() if value.is_floating_point()]
        self._averages = [ours[name] for name in floats]
        self._values = [theirs[name] for name in floats]
        counters = [name for name in theirs if name not in set(floats)]
        self._counters = [ours[name] for name in counters]
        self._counted = [theirs[name] for name in counters]

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the network as it stands."""
        torch._foreach_lerp_(self._averages, self._values, 1.0 - self.decay)
        if self._counters:
            torch._foreach_copy_(self._counters, self._counted)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights under the network's own names."""
        state: dict[str, Tensor] = self.module.state_dict()
        return state
