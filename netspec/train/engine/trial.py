"""A few training steps to see whether a batch fits the device's memory."""

from __future__ import annotations

from dataclasses import replace

import torch

from netspec.recipe import Recipe
from netspec.train.engine.cuda_graph import WARM_UP
from netspec.train.engine.evaluate import infer
from netspec.train.engine.inputs import each, trial_inputs
from netspec.train.engine.last_batch import takes_one
from netspec.train.engine.learner import make_learner
from netspec.train.engine.step import TrainingStep
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan
from netspec.train.trainable import Trainable, num_classes


def take_trial_steps(network: Trainable, recipe: Recipe, plan: Plan, batch: int) -> None:
    """Training steps on ``batch`` samples of noise, as a run takes them; nothing is kept.

    Raises whatever running out of memory raises, and TrainError for a batch of one sample where a
    norm of the network needs more.
    """
    if batch == 1 and not takes_one(network):
        raise TrainError(
            "a norm of the network needs more than one value for each channel, and no more than "
            "one sample is left to try",
            "make the network or its input smaller, or free some memory",
        )
    recipe = replace(recipe, batch_size=batch)
    learner = make_learner(network.build(), network.output_names, recipe, plan)
    alone = Processes()
    step = TrainingStep(learner, recipe, plan, alone)
    images = trial_inputs(network.inputs, batch, plan.device)
    shape = (batch, *network.output_shape[1:])
    labels = torch.randint(num_classes(network), shape, device=plan.device)
    for _ in range(WARM_UP + 2):
        step(images, labels)
    # The last of an epoch: where the others are recorded, it takes room of its own.
    if batch > 2 or (batch == 2 and takes_one(network)):
        step(each(images, lambda values: values[1:]), labels[1:])
    infer(learner.module.eval(), images, plan)
    learner.sums.totals(alone)
