"""torchvision's weights in a file, for a network of as many classes or of others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchvision_zoo import FOLDER, load, theirs

import netspec
from netspec.train.errors import TrainError
from netspec.train.storage.weights import load_weights, starting_weights

HEADS = {
    "squeezenet1_1": ["classifier.1.weight", "classifier.1.bias"],
    "shufflenet_v2_x0_5": ["fc.weight", "fc.bias"],
    "densenet121": ["classifier.weight", "classifier.bias"],
    "googlenet": ["aux1.fc2.weight", "aux1.fc2.bias", "aux2.fc2.weight", "aux2.fc2.bias",
                  "fc.weight", "fc.bias"],
}  # fmt: skip


def saved(name: str, folder: Path) -> Path:
    path = folder / f"{name}.pth"
    torch.save(theirs(name).state_dict(), path)
    return path


@pytest.mark.parametrize("name", HEADS)
def test_another_number_of_classes_replaces_the_head_and_says_so(name: str, tmp_path: Path) -> None:
    path = saved(name, tmp_path)
    start = starting_weights(path, netspec.load(FOLDER / f"{name}.yaml", num_classes=10))
    assert list(start.replaced) == HEADS[name]
    assert start.classes == 1000
    same = starting_weights(path, load(name))
    assert same.replaced == ()
    assert set(same.weights) == set(start.weights) | set(HEADS[name])


def test_every_key_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = saved("mnasnet0_5", tmp_path)
    with pytest.raises(TrainError) as caught:
        load_weights(path, load("mnasnet0_75"))
    text = str(caught.value)
    state = load("mnasnet0_75").state
    narrow = load("mnasnet0_5").state
    assert all((f"`{key}` is " in text) == (state[key] != narrow[key]) for key in state)
