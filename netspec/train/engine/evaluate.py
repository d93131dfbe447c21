"""Exact figures of a network over a whole split."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from netspec.train.engine.criterion import Criterion
from netspec.train.engine.inputs import called, laid_out
from netspec.train.engine.metric_sums import MetricSums
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan
from netspec.train.metrics import Metrics

if TYPE_CHECKING:
    from netspec.train.data import Batch, Inputs

Look = Callable[[Tensor, Tensor], None]


def evaluate(
    module: nn.Module,
    batches: Iterable[Batch],
    criterion: Criterion,
    plan: Plan,
    processes: Processes,
    look: Look | None = None,
) -> Metrics:
    """Means over every sample of ``batches``, with ``module`` in eval mode while it runs.

    ``look`` is called with each batch's logits and labels, and may raise to break off.
    """
    was_training = module.training
    module.eval()
    sums = MetricSums(criterion, plan.device, top5=True)
    # Buffers such as batch norm's averages differ between processes; the first one's are saved.
    processes.broadcast_tensors(module.buffers())
    try:
        for batch in batches:
            logits = infer(module, batch.images, plan)
            sums.add(criterion(logits, batch.labels), logits, batch.labels)
            if look is not None:
                look(logits, batch.labels)
    finally:
        module.train(was_training)
    return sums.metrics(sums.totals(processes))


@torch.no_grad()
def infer(module: nn.Module, images: Inputs, plan: Plan) -> Tensor:
    """Logits of ``images`` [N, C, H, W], float32, in the plan's precision and layout.

    Of other networks ``images`` are their inputs.
    """
    images = laid_out(images, plan)
    enabled = plan.autocast is not None
    with torch.autocast(plan.device.type, dtype=plan.autocast, enabled=enabled):
        outputs = called(module, images)
    logits: Tensor = next(iter(outputs.values())) if isinstance(outputs, dict) else outputs
    return logits.float()
