"""On a GPU, where one is at hand: the same draws, the same batches, and no waiting for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data
from netspec.train.data.augment.counter_rng import AUGMENT, ORDER, draws, permutation

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

EXACT: list[Any] = [
    {"RandomCrop": {"size": 12, "padding": 2, "padding_mode": "reflect"}},
    "RandomHorizontalFlip",
    {"Cutout": 4},
]
CLOSE: list[Any] = [
    *EXACT,
    {"RandomRotation": {"degrees": 20, "interpolation": "bilinear"}},
    {"ColorJitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}},
    {"RandomResizedCrop": 12},
    "RandomErasing",
]


def opened(augment: list[Any], device: str) -> Data:
    recipe = recipe_from(
        {"data": {"dataset": "synthetic", "validation": 0.1, "resize": 12}, "augment": augment}
    )
    return open_data(recipe, (3, 12, 12), num_classes=4, device=torch.device(device))


def test_draws_and_orders_are_the_cpus() -> None:
    index = torch.arange(10_000)
    there = draws(3, 2, AUGMENT, index.cuda(), 5)
    assert torch.equal(there.cpu(), draws(3, 2, AUGMENT, index, 5))
    order = permutation(3, 2, ORDER, 50_000, torch.device("cuda"))
    assert torch.equal(order.cpu(), permutation(3, 2, ORDER, 50_000))


@pytest.mark.parametrize("augment", [EXACT, CLOSE], ids=["moved and cut", "resampled"])
def test_batches_are_the_cpus(augment: list[Any]) -> None:
    here, there = opened(augment, "cpu"), opened(augment, "cuda")
    pairs = zip(
        here.batches("train", epoch=1, batch_size=64),
        there.batches("train", epoch=1, batch_size=64),
        strict=True,
    )
    for ours, theirs in pairs:
        assert torch.equal(ours.labels, theirs.labels.cpu())
        torch.testing.assert_close(ours.images, theirs.images.cpu(), atol=2e-3, rtol=1e-4)


def test_an_epoch_never_waits_for_the_device() -> None:
    data = opened(CLOSE, "cuda")
    list(data.batches("train", epoch=0, batch_size=64))  # libraries that wait when they start
    torch.cuda.synchronize()
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        batches = list(data.batches("train", epoch=1, batch_size=64))
    finally:
        torch.cuda.set_sync_debug_mode(before)
    assert len(batches) == data.steps("train", 64)
