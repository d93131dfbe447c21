"""Recipes at random and at their extremes: a finding, a sentence, or trained; nothing else."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
import yaml
from random_recipes import LAYERS, outcome, random_recipe

import netspec

COUNT = int(os.environ.get("NETSPEC_RANDOM_RECIPES", "200"))
SEED = os.environ.get("NETSPEC_SEED", "recipe")
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.filterwarnings("ignore")
def test_a_random_recipe_is_refused_or_trained(part: int) -> None:
    ended: Counter[str] = Counter()
    for number in range(part, COUNT, PARTS):
        train = random_recipe(random.Random(f"{SEED}-{number}"))
        try:
            ended[outcome(train)] += 1
        except Exception as error:
            raise AssertionError(f"{SEED}-{number}: {yaml.safe_dump(train)}") from error
    assert ended["trained"] > 0.3 * ended.total()
    assert ended["finding"] > 0.2 * ended.total()


EXTREMES: dict[str, tuple[dict[str, Any], str]] = {
    "a ratio of nothing": (
        {"augment": [{"RandomErasing": {"ratio": [0, 1]}}]},
        "an item of `ratio` is at least 0.001, not 0",
    ),
    "a ratio of infinity": (
        {"augment": [{"RandomResizedCrop": {"size": 8, "ratio": [1, 1e12]}}]},
        "an item of `ratio` is at most 1000, not 1000000000000.0",
    ),
    "an area of infinity": (
        {"augment": [{"RandomResizedCrop": {"size": 8, "scale": [1, 1e12]}}]},
        "an item of `scale` is at most 100, not 1000000000000.0",
    ),
    "a factor beyond float32": (
        {"augment": [{"ColorJitter": {"contrast": 1e15}}]},
        "`contrast` is at most 1000000, not 1000000000000000.0",
    ),
    "a shear whose tangent is infinite": (
        {"augment": [{"RandomAffine": {"degrees": 0, "shear": [0, 90]}}]},
        "an item of `shear` is less than 90, not 90",
    ),
    "a scale of nothing": (
        {"augment": [{"RandomAffine": {"degrees": 0, "scale": [1e-15, 1]}}]},
        "an item of `scale` is at least 0.001, not 1e-15",
    ),
    "an image of a billion pixels a side": (
        {"data": {"dataset": "synthetic", "resize": 10**9}},
        "`resize` is at most 65536, not 1000000000",
    ),
    "a padding of a billion": (
        {"augment": [{"RandomCrop": {"size": 8, "padding": 10**9}}]},
        "`padding` is at most 65536, not 1000000000",
    ),
}


@pytest.mark.parametrize("case", EXTREMES)
def test_an_extreme_is_a_finding(case: str) -> None:
    train, message = EXTREMES[case]
    spec = {"netspec": 1, "input": [3, 8, 8], "layers": LAYERS, "train": train}
    with pytest.raises(netspec.SpecError) as caught:
        netspec.loads(yaml.safe_dump(spec))
    assert [finding.message for finding in caught.value.diagnostics] == [message]


@pytest.mark.parametrize(
    ("share", "samples"), [(1, 8), (1.0, 16), (0.5, 16), (0.25, 32), (0.3, 8), (0, 8)]
)
@pytest.mark.parametrize("three_phase", [False, True])
def test_a_cycle_may_rise_for_one_step(share: float, samples: int, three_phase: bool) -> None:
    cycle = {"max_lr": 0.1, "pct_start": share, "three_phase": three_phase}
    data = {"dataset": "synthetic", "samples": samples}
    train = {"epochs": 1, "batch_size": 8, "data": data, "scheduler": {"OneCycleLR": cycle}}
    assert outcome(train) == "trained"


@pytest.mark.parametrize(
    "augment",
    [
        {"RandomResizedCrop": {"size": 8, "ratio": [0.001, 0.001]}},
        {"RandomResizedCrop": {"size": 8, "ratio": [1000, 1000], "scale": [0, 0]}},
        {"RandomErasing": {"p": 1, "ratio": [0.001, 1000], "scale": [0, 100]}},
        {"ColorJitter": {"brightness": 1e6, "contrast": 1e6, "saturation": 1e6}},
        {"ColorJitter": {"brightness": [0, 0], "contrast": [1e6, 1e6], "saturation": [0, 0]}},
        {"RandomAffine": {"degrees": 65_536, "scale": [0.001, 1000], "shear": [-89, 89]}},
        {"RandomCrop": {"size": 8, "padding": 65_536}},
    ],
    ids=str,
)
def test_an_augmentation_at_its_bounds_is_trained(augment: dict[str, Any]) -> None:
    data = {"dataset": "synthetic", "samples": 16}
    train = {"epochs": 1, "batch_size": 8, "data": data, "augment": [augment]}
    assert outcome(train) == "trained"


def test_a_whole_number_may_be_written_as_a_fraction() -> None:
    assert outcome({"data": {"dataset": "synthetic", "samples": 8.0, "resize": 8.0}}) == "trained"
