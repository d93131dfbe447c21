"""How the learning rate goes: torch's scheduler, counted as the recipe says, and a warm-up."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau

from netspec.recipe import Recipe
from netspec.recipe.schedulers import LENGTH
from netspec.train.engine.checkpoint_form import changing_counts


class Schedule:
    """Sets the learning rate of every parameter group before the first and after each step.

    The warm-up multiplies what the scheduler says by a factor that rises in a straight line from
    ``start_factor`` to 1 over its epochs, step by step.
    """

    def __init__(self, recipe: Recipe, optimizer: Optimizer, steps_per_epoch: int) -> None:
        self._optimizer = optimizer
        self._per_step = recipe.scheduler_interval == "step"
        self._steps = 0
        self._warmup_steps = 0
        self._start_factor = 1.0
        if recipe.warmup is not None:
            self._warmup_steps = max(1, round(recipe.warmup.epochs * steps_per_epoch))
            self._start_factor = recipe.warmup.start_factor
        length = recipe.epochs * (steps_per_epoch if self._per_step else 1)
        self._length = length
        self._scheduler = _make_scheduler(recipe, optimizer, length)
        self._plain = self.rates
        self._apply()

    def after_step(self) -> None:
        """Move on by a step of the optimizer."""
        self._steps += 1
        if self._per_step or self._steps <= self._warmup_steps:
            self._move(self._per_step)

    def after_epoch(self, loss: float) -> None:
        """Move on by an epoch whose ``loss`` (validation's, where there is one) is given."""
        if not self._per_step:
            self._move(True, loss)

    @property
    def rates(self) -> list[float]:
        """The learning rate of each parameter group, for the next step."""
        return [float(group["lr"]) for group in self._optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        scheduler = None if self._scheduler is None else self._scheduler.state_dict()
        return {
            "steps": self._steps,
            "length": self._length,
            "plain": self._plain,
            "scheduler": scheduler,
        }

    def load_state_dict(self, state: dict[str, Any], epochs_done: int) -> None:
        """Go on where ``state`` was; a run that has grown longer follows its new, longer course."""
        self._steps = state["steps"]
        grown = state["length"] != self._length
        if self._scheduler is None:
            self._plain = list(state["plain"])
        elif grown and not isinstance(self._scheduler, ReduceLROnPlateau):
            self._follow(self._steps if self._per_step else epochs_done)
        else:
            own = self._scheduler.state_dict()
            self._scheduler.load_state_dict(changing_counts(state["scheduler"], own))
            self._plain = list(state["plain"])
        self._apply()

    def _move(self, schedule: bool, loss: float | None = None) -> None:
        self._set(self._plain)
        if schedule and isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step(0.0 if loss is None else loss)
        elif schedule and self._scheduler is not None and not _is_over(self._scheduler):
            _step_quietly(self._scheduler)
        self._plain = self.rates
        self._apply()

    def _follow(self, count: int) -> None:
        """Walk a fresh scheduler to its place; many reckon from the rate that they find."""
        self._set(self._plain)
        for _ in range(count):
            if isinstance(self._scheduler, LRScheduler):
                _step_quietly(self._scheduler)
        self._plain = self.rates

    def _apply(self) -> None:
        factor = 1.0
        if self._steps < self._warmup_steps:
            way = self._steps / self._warmup_steps
            factor = self._start_factor + (1.0 - self._start_factor) * way
        self._set([plain * factor for plain in self._plain])

    def _set(self, rates: list[float]) -> None:
        for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def _is_over(scheduler: LRScheduler) -> bool:
    """Whether a cycle is at its last step; beyond it torch divides by what is left of it."""
    return isinstance(scheduler, OneCycleLR) and scheduler.last_epoch + 1 >= scheduler.total_steps


def _step_quietly(scheduler: LRScheduler) -> None:
    """Step without torch's warning that no optimizer step came before, wrong in a resumed run."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
        scheduler.step()


def _make_scheduler(
    recipe: Recipe, optimizer: Optimizer, length: int
) -> LRScheduler | ReduceLROnPlateau | None:
    choice = recipe.scheduler
    if choice is None:
        return None
    args: dict[str, Any] = dict(choice.args)
    if choice.name in LENGTH:
        args.setdefault(LENGTH[choice.name], length)
    if choice.name == "MultiStepLR":
        args["milestones"] = list(args["milestones"])
    if choice.name == "OneCycleLR":
        args["pct_start"] = _share_of_rise(float(args.get("pct_start", 0.3)), length)
    scheduler: LRScheduler = getattr(torch.optim.lr_scheduler, choice.name)(optimizer, **args)
    return scheduler


def _share_of_rise(share: float, length: int) -> float:
    """The share of a cycle of ``length`` steps that rises; of one step torch divides by zero."""
    steps = share * length - 1
    return share * (1 - 1e-9) if steps == 0 else share
