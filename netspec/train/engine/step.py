"""One training step: forward, loss, backward, optimizer, moving average, sums."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from netspec.recipe import Recipe
from netspec.train.data import Inputs
from netspec.train.engine.cuda_graph import GraphedStep, Learn
from netspec.train.engine.finite_loss import DeviceLossCheck, HostLossCheck
from netspec.train.engine.gradients import average_gradients
from netspec.train.engine.inputs import called, laid_out
from netspec.train.engine.learner import Learner
from netspec.train.engine.not_finite import Batch, Case, all_finite, not_finite, seen
from netspec.train.errors import LossNotFinite
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import FUSED, Plan


class TrainingStep:
    """Trains the learner's module on one batch a call; nothing is read back from a GPU in it.

    The losses of auxiliary heads count ``recipe.aux_weight`` each.
    """

    def __init__(self, learner: Learner, recipe: Recipe, plan: Plan, processes: Processes) -> None:
        module, optimizer = learner.module, learner.optimizer
        self.forward = _wrapped(module, plan, processes)
        self.scaler = torch.amp.GradScaler(plan.device.type, enabled=plan.scaler)
        # On a CPU the loss is there to be read, and reading it stops a bad step sooner.
        skips = plan.device.type == "cuda" and plan.fused
        on_device = skips and recipe.optimizer.name in FUSED
        self.loss_check = (
            DeviceLossCheck(optimizer, plan.device, processes, self._not_finite)
            if on_device
            else HostLossCheck(processes, self._not_finite)
        )
        self._parameters = [value for value in module.parameters() if value.requires_grad]
        self._processes = processes
        self._averages = processes.distributed and plan.deterministic
        self._learner = learner
        self._recipe = recipe
        self._aux_weight = recipe.aux_weight
        self._greatest_norm = recipe.clip_grad_norm
        self._plan = plan
        self.graphed = (
            GraphedStep(self._learn, optimizer, plan, recipe.batch_size)
            if plan.cuda_graph
            else None
        )
        self._take: Learn = self.graphed or self._learn

    def __call__(self, images: Inputs, labels: Tensor, scale: float = 1.0) -> None:
        """Train on ``images`` [N, C, H, W] and ``labels`` [N] (or [N, H, W]) on the device.

        Of other networks ``images`` are their inputs.

        ``scale`` makes the mean over processes the mean over samples where their shares of a
        batch differ in size.
        """
        if self.graphed is None:  # which lays them out as it copies them
            images = laid_out(images, self._plan)
        self._take(images, labels, scale)

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which the network runs forward."""
        if self._plan.autocast is None:
            return nullcontext()
        return torch.autocast(self._plan.device.type, dtype=self._plan.autocast)

    def logits(self, outputs: Tensor | dict[str, Tensor]) -> Tensor:
        """The main output."""
        return outputs[self._learner.outputs[0]] if isinstance(outputs, dict) else outputs

    def _learn(self, images: Inputs, labels: Tensor, scale: float) -> None:
        learner = self._learner
        learner.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            outputs = called(self.forward, images)
        logits = self.logits(outputs)
        loss = total = learner.criterion(logits, labels)
        if isinstance(outputs, dict):
            for name in learner.outputs[1:]:
                if name in outputs:
                    total = total + self._aux_weight * learner.criterion(outputs[name], labels)
        self.loss_check.look(total, lambda: seen(images, logits, self._counts(labels)))
        scaled: Tensor = self.scaler.scale(total if scale == 1.0 else total * scale)
        scaled.backward()  # type: ignore[no-untyped-call]
        if self._averages:
            average_gradients(self._parameters, self._processes)
        if self._greatest_norm is not None:
            self.scaler.unscale_(learner.optimizer)
            torch.nn.utils.clip_grad_norm_(self._parameters, self._greatest_norm)
        self.scaler.step(learner.optimizer)
        self.scaler.update()
        if learner.average is not None:
            learner.average.update()
        learner.sums.add(loss, logits, labels)

    def _counts(self, labels: Tensor) -> bool:
        return float(self._learner.criterion.divisor(labels)) > 0

    def _not_finite(self, step: int, batch: Batch | None) -> LossNotFinite:
        """The error for a step whose loss is not finite."""
        rate = float(self._learner.optimizer.defaults["lr"])
        half = self._plan.autocast == torch.float16
        finite = all_finite(self._parameters)
        return not_finite(Case(step, self._recipe, rate, half, finite, batch))


def _wrapped(module: nn.Module, plan: Plan, processes: Processes) -> nn.Module:
    """``module`` as the step calls it: compiled if asked, its gradients shared if there are many.

    A deterministic run shares them itself, after the backward pass.

    Its weights stay ``module``'s own, so checkpoints never see the wrapping. Each batch size is
    compiled for itself: code for any size would take the place of the first one's as soon as a
    second came, and a resumed run, to which they come in another order, would round otherwise.
    """
    forward = module
    if plan.compile:
        forward = torch.compile(module, dynamic=False)  # type: ignore[assignment]
    if not processes.distributed or plan.deterministic:
        return forward
    ids = [plan.device.index] if plan.device.type == "cuda" else None
    # A 1×1 convolution's gradient may lie otherwise than its weight; it is copied, no more.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    return DistributedDataParallel(forward, device_ids=ids, gradient_as_bucket_view=True)
