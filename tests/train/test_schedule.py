"""A learning rate goes on where it was: in a resumed run, and in one that was made longer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from netspec.recipe import recipe_from
from netspec.train.engine.optimizer import make_optimizer
from netspec.train.engine.schedule import Schedule

STEPS = 3
"""Of an epoch."""
LOSSES = [1.0, 0.5, 0.7, 0.6, 0.4, 0.8, 0.9, 1.0]
"""Of each epoch, in turn."""
WARMUP = {"epochs": 1.5, "start_factor": 0.1}

COURSES: dict[str, dict[str, Any]] = {
    "no scheduler": {"warmup": WARMUP},
    "an epoch at a time": {"scheduler": {"StepLR": {"step_size": 1, "gamma": 0.5}}},
    "with a warm-up": {
        "scheduler": {"MultiStepLR": {"milestones": [1, 3], "gamma": 0.1}},
        "warmup": WARMUP,
    },
    "over the whole run": {"scheduler": "CosineAnnealingLR", "warmup": WARMUP},
    "over the whole run, an epoch at a time": {
        "scheduler": "CosineAnnealingLR",
        "scheduler_interval": "epoch",
    },
    "a cycle": {"scheduler": {"OneCycleLR": {"max_lr": 0.3}}},
    "a step at a time": {
        "scheduler": {"StepLR": {"step_size": 4, "gamma": 0.5}},
        "scheduler_interval": "step",
    },
}
PLATEAU = {"scheduler": {"ReduceLROnPlateau": {"patience": 0, "factor": 0.5}}}


def made(course: dict[str, Any], epochs: int) -> Schedule:
    train = {"optimizer": {"SGD": {"lr": 0.2, "momentum": 0.9}}, **course, "epochs": epochs}
    recipe = recipe_from(train)
    weight = nn.Parameter(torch.zeros(1))
    optimizer = make_optimizer(recipe.optimizer, [weight], fused=False, capturable=False)
    return Schedule(recipe, optimizer, STEPS)


def followed(schedule: Schedule, first: int, last: int) -> list[float]:
    """The rates of the steps from ``first`` until ``last``."""
    seen = []
    for step in range(first, last):
        seen += schedule.rates
        schedule.after_step()
        if (step + 1) % STEPS == 0:
            schedule.after_epoch(LOSSES[step // STEPS % len(LOSSES)])
    return seen


@pytest.mark.parametrize("course", [*COURSES.values(), PLATEAU], ids=[*COURSES, "a plateau"])
def test_a_resumed_run_has_the_rates_of_one_that_was_not_interrupted(
    course: dict[str, Any],
) -> None:
    whole = followed(made(course, 4), 0, 4 * STEPS)
    for at in range(4 * STEPS):
        first, second = made(course, 4), made(course, 4)
        begun = followed(first, 0, at)
        second.load_state_dict(first.state_dict(), at // STEPS)
        assert begun + followed(second, at, 4 * STEPS) == whole


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_run_made_longer_follows_its_longer_course_from_where_it_is(
    course: dict[str, Any],
) -> None:
    whole = followed(made(course, 7), 0, 7 * STEPS)
    for at in (0, 2, STEPS, 2 * STEPS - 1, 3 * STEPS):
        first, second = made(course, 3), made(course, 7)
        followed(first, 0, at)
        second.load_state_dict(first.state_dict(), at // STEPS)
        assert followed(second, at, 7 * STEPS) == pytest.approx(whole[at:])


def test_a_plateau_that_was_seen_is_not_forgotten_when_a_run_is_made_longer() -> None:
    whole = followed(made(PLATEAU, 8), 0, 8 * STEPS)
    assert len(set(whole)) > 3
    for at in (STEPS, 3 * STEPS, 3 * STEPS + 1):
        first, second = made(PLATEAU, 4), made(PLATEAU, 8)
        followed(first, 0, at)
        second.load_state_dict(first.state_dict(), at // STEPS)
        assert followed(second, at, 8 * STEPS) == pytest.approx(whole[at:])


def test_a_warm_up_shorter_than_a_step_is_one_step() -> None:
    course = {"warmup": {"epochs": 0.1, "start_factor": 0.25}}
    assert followed(made(course, 1), 0, STEPS) == pytest.approx([0.05, 0.2, 0.2])


def test_a_cycle_may_rise_until_its_end() -> None:
    """Torch takes no whole number for the share that rises, and divides by what is left of it."""
    cycle = {"max_lr": 0.3, "pct_start": 1, "anneal_strategy": "linear", "div_factor": 3}
    found = followed(made({"scheduler": {"OneCycleLR": cycle}}, 2), 0, 2 * STEPS)
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.1)
    default = followed(made(COURSES["a cycle"], 10), 0, 10 * STEPS)
    assert default.index(max(default)) == 0.3 * 10 * STEPS - 1
