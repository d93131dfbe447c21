"""Norms that see one value a channel or group: found by `check`, and no crash of any command."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import ran
from small_sets import class_tree

import netspec
from netspec.train.engine.last_batch import takes_one
from netspec.train.engine.trial import take_trial_steps
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import make_plan

HEAD: list[Any] = ["Flatten", {"Linear": 2}]
ON_A_VECTOR: list[Any] = ["Flatten", {"Linear": 4}, "BatchNorm1d"]
CONV = {"Conv2d": {"out_channels": 4, "kernel_size": 3}}
POOLED: list[Any] = [CONV, {"AdaptiveAvgPool2d": 1}]

ONE_VALUE: dict[str, Any] = {
    "behind Flatten": {"layers": [*ON_A_VECTOR, {"Linear": 2}]},
    "on an image of one pixel": {"layers": [*POOLED, "BatchNorm2d", *HEAD]},
    "in a repeat": {
        "layers": ["Flatten", {"repeat": 2, "Sequential": [{"Linear": 4}, "BatchNorm1d"]}, *HEAD]
    },
    "in a block": {
        "blocks": {"Unit": {"layers": ON_A_VECTOR}},
        "layers": ["Unit", {"Linear": 2}],
    },
    "in a branch": {
        "layers": {
            "stem": CONV,
            "a": {"from": "stem", "Sequential": ON_A_VECTOR},
            "b": {"from": "stem", "Sequential": ["Flatten", {"Linear": 4}]},
            "sum": {"from": ["a", "b"], "Add": {}},
            "head": {"Linear": 2},
        }
    },
    "in what runs only in training": {
        "layers": {
            "stem": CONV,
            "helper": {
                "from": "stem",
                "when": "training",
                "Sequential": [*ON_A_VECTOR, {"Linear": 2}],
            },
            "head": {"from": "stem", "Sequential": HEAD},
        },
        "outputs": {"logits": "head", "aux": "helper"},
    },
    "called again": {
        "layers": {
            "first": {"Sequential": ON_A_VECTOR},
            "middle": {"Linear": 192},
            "shape": {"Reshape": [3, 8, 8]},
            "again": {"call": "first"},
            "head": {"Linear": 2},
        }
    },
}
"""Batch norm sees as many values of a channel as the batch has samples."""
NO_VARIANCE: dict[str, list[Any]] = {
    "GroupNorm of as many groups as values": ["Flatten", {"Linear": 4}, {"GroupNorm": 4}],
    "GroupNorm of as many groups as channels of one pixel": [*POOLED, {"GroupNorm": 4}],
    "InstanceNorm of one pixel": [*POOLED, "InstanceNorm2d"],
    "InstanceNorm of one pixel with statistics": [
        *(*POOLED, {"InstanceNorm2d": {"track_running_stats": True}})
    ],
    "BatchNorm of one pixel without statistics": [
        *(*POOLED, {"BatchNorm2d": {"track_running_stats": False}})
    ],
    "BatchNorm of a vector without statistics": [
        *("Flatten", {"BatchNorm1d": {"track_running_stats": False}})
    ],
}
"""These see one value whatever the batch."""
ANY_BATCH: dict[str, list[Any]] = {
    "LayerNorm of one value": ["Flatten", {"Linear": 1}, "LayerNorm"],
    "RMSNorm of one value": ["Flatten", {"Linear": 1}, "RMSNorm"],
    "GroupNorm of two values a group": ["Flatten", {"Linear": 4}, {"GroupNorm": 2}],
    "LocalResponseNorm of one pixel": [*POOLED, {"LocalResponseNorm": 2}],
    "BatchNorm of two pixels": [
        *(CONV, {"AdaptiveAvgPool2d": [1, 2]}, "BatchNorm2d"),
        {"AdaptiveAvgPool2d": 1},
    ],
}
"""These take one sample."""


def spec(rest: dict[str, Any], **train: Any) -> str:
    data = {"dataset": "synthetic", "samples": 8}
    recipe = {"epochs": 1, "batch_size": 4, "data": data, **train}
    return json.dumps({"netspec": 1, "input": [3, 8, 8], **rest, "train": recipe})


def codes(text: str) -> list[str]:
    return [found.code for found in netspec.loads(text).warnings]


@pytest.mark.parametrize("case", ONE_VALUE)
def test_check_finds_a_batch_norm_of_one_value_at_the_recipes_batch(case: str) -> None:
    assert "NS610" in codes(spec(ONE_VALUE[case], batch_size=1))
    assert "NS610" not in codes(spec(ONE_VALUE[case], batch_size=2))


@pytest.mark.parametrize("case", NO_VARIANCE)
@pytest.mark.parametrize("place", ["at the top", "in a repeat", "in a branch"])
def test_check_refuses_a_norm_that_never_has_a_variance(case: str, place: str) -> None:
    layers: Any = NO_VARIANCE[case]
    if place == "in a repeat":
        layers = [{"repeat": 1, "Sequential": layers}]
    if place == "in a branch":
        layers = {"other": "Identity", "norm": {"from": "input", "Sequential": layers}}
    with pytest.raises(netspec.SpecError) as caught:
        netspec.loads(spec({"layers": layers}))
    assert "NS409" in [found.code for found in caught.value.diagnostics]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    class_tree(tmp_path / "images", parts=(".",), count=1)
    return tmp_path


@pytest.mark.parametrize("case", ONE_VALUE)
@pytest.mark.parametrize(
    ("recipe", "ends"),
    [
        ({"batch_size": 1}, 1),  # every batch is of one
        ({"batch_size": 7}, 1),  # the last batch is
        ({"batch_size": 4, "eval_batch_size": 1}, 0),  # only in evaluation
        ({"batch_size": 5, "eval_batch_size": 3}, 0),
    ],
    ids=str,
)
def test_training_is_refused_in_a_sentence_or_runs_and_one_image_is_predicted(
    case: str,
    recipe: dict[str, Any],
    ends: int,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project / "spec.yaml").write_text(spec(ONE_VALUE[case], **recipe))
    code, _, said = ran(monkeypatch, capsys, "train", "spec.yaml", "--device", "cpu")
    assert code == ends, said
    if ends:
        assert "a norm of the network needs more than one value for each channel" in said
        assert "hint: use `--batch-size" in said
        assert not (project / "runs").exists()
        return
    image = os.path.join("images", "cat", "00.png")
    code, out, said = ran(monkeypatch, capsys, "predict", "latest", image)
    assert code == 0, said
    assert out.startswith(image)
    code, _, said = ran(monkeypatch, capsys, "eval", "latest", "--batch-size", "1")
    assert code == 0, said


@pytest.mark.parametrize("case", ANY_BATCH)
def test_other_norms_train_on_one_sample(
    case: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = spec({"layers": [*ANY_BATCH[case], *HEAD]}, batch_size=1)
    assert "NS610" not in codes(text)
    (project / "spec.yaml").write_text(text)
    code, _, said = ran(monkeypatch, capsys, "train", "spec.yaml", "--device", "cpu")
    assert code == 0, said


@pytest.mark.parametrize("case", ONE_VALUE)
def test_steps_on_trial_take_no_batch_of_one_that_a_norm_refuses(case: str) -> None:
    network = netspec.loads(spec(ONE_VALUE[case]))
    plan = make_plan(network.recipe, torch.device("cpu"), Processes(), images=True)
    assert not takes_one(network)
    take_trial_steps(network, network.recipe, plan, 2)
    with pytest.raises(TrainError, match="a norm of the network needs more than one value"):
        take_trial_steps(network, network.recipe, plan, 1)
