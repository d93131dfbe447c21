"""A few training steps to see whether a batch fits the device's memory."""

from __future__ import annotations

from dataclasses import replace

import torch

from netspec.recipe import Recipe
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.cuda_graph import WARM_UP
from netspec.train.engine.ema import MovingAverage
from netspec.train.engine.evaluate import infer
from netspec.train.engine.metric_sums import Sums
from netspec.train.engine.optimizer import make_optimizer
from netspec.train.engine.step import Step
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan
from netspec.train.trainable import Trainable


def take_trial_steps(network: Trainable, recipe: Recipe, plan: Plan, batch: int) -> None:
    """Training steps on ``batch`` samples of noise, as a run takes them; nothing is kept.

    Raises whatever running out of memory raises.
    """
    recipe = replace(recipe, batch_size=batch)
    module = network.build().to(plan.device).to(memory_format=plan.memory_format)
    criterion = Criterion(recipe.loss, plan.device)
    parameters = (value for value in module.parameters() if value.requires_grad)
    optimizer = make_optimizer(
        recipe.optimizer, parameters, fused=plan.fused, capturable=plan.cuda_graph
    )
    average = None if recipe.ema is None else MovingAverage(module, recipe.ema)
    sums = Sums(criterion, plan.device)
    alone = Processes()
    step = Step(module, network.outputs, criterion, optimizer, average, sums, recipe, plan, alone)
    images = torch.randn(batch, *network.input_shape, device=plan.device)
    shape = (batch, *network.output_shape[1:])
    labels = torch.randint(network.output_shape[0], shape, device=plan.device)
    for _ in range(WARM_UP + 2):
        step(images, labels)
    if batch > 1:  # the last of an epoch: where the others are recorded, it takes room of its own
        step(images[1:], labels[1:])
    infer(module.eval(), images, plan)
    sums.totals(alone)
