"""Gradients averaged over processes, always in one order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from netspec.train.machine.distributed import Processes


@torch.no_grad()
def average_gradients(parameters: Sequence[Tensor], processes: Processes) -> None:
    """Replace the gradient of every parameter by its mean over all processes.

    DistributedDataParallel puts gradients into buckets that it arranges anew after a run's first
    step; sums over three processes or more then round otherwise, and a resumed run, whose first
    step is another, would not end with the same bytes. Here they are always added up as one piece.
    """
    gradients = [value.grad for value in parameters if value.grad is not None]
    if not gradients:
        return
    whole = torch.cat([gradient.reshape(-1) for gradient in gradients])
    processes.all_reduce(whole)
    whole /= processes.world_size
    parts = torch.split(whole, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view(gradient.shape))
