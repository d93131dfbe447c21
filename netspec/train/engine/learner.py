"""The network as it trains: the module, and all else that a step reads and changes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from netspec.recipe import Recipe
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.ema import MovingAverage
from netspec.train.engine.metric_sums import MetricSums
from netspec.train.engine.optimizer import make_optimizer
from netspec.train.errors import TrainError
from netspec.train.machine.plan import Plan
from netspec.train.trainable import Trainable


@dataclass(frozen=True)
class Learner:
    """A module on its device with its loss, optimizer, moving average and sums.

    ``outputs`` names the network's outputs as it trains: the first are the logits, the others
    auxiliary heads.
    """

    module: nn.Module
    outputs: tuple[str, ...]
    criterion: Criterion
    optimizer: Optimizer
    average: MovingAverage | None
    sums: MetricSums


def require_weights(network: Trainable) -> None:
    """Raise TrainError where ``network`` has nothing that an optimizer could change."""
    if network.num_params or network.training_params:
        return
    with torch.device("meta"):
        module = network.build()
    if not any(value.requires_grad for value in module.parameters()):
        raise TrainError("the network has no weights to train", "give it a layer that has some")


def make_learner(
    module: nn.Module, outputs: tuple[str, ...], recipe: Recipe, plan: Plan
) -> Learner:
    """Bring ``module`` to the plan's device and layout, and make what ``recipe`` trains it with."""
    module = module.to(plan.device).to(memory_format=plan.memory_format)
    criterion = Criterion(recipe.loss, plan.device)
    optimizer = make_optimizer(
        recipe.optimizer,
        (value for value in module.parameters() if value.requires_grad),
        fused=plan.fused,
        capturable=plan.cuda_graph,
    )
    average = None if recipe.ema is None else MovingAverage(module, recipe.ema)
    sums = MetricSums(criterion, plan.device)
    return Learner(module, outputs, criterion, optimizer, average, sums)
