"""`synthetic` and `digits`: data that needs no files."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from netspec.recipe import recipe_from
from netspec.train.data import open_data
from netspec.train.data.sets.digits import digits_arrays
from netspec.train.data.sets.synthetic import synthetic_arrays


@pytest.mark.parametrize(
    ("input_shape", "output_shape"),
    [
        ((3, 8, 8), (10,)),
        ((1, 5, 7), (3,)),
        ((4, 50), (5,)),
        ((20,), (3,)),
        ((2, 6, 6, 6), (4,)),
        ((3, 1, 1), (2,)),
        ((3, 16, 16), (2, 16, 16)),
        ((3, 20, 20), (4, 12, 12)),
    ],
    ids=str,
)
def test_any_shape_can_be_made(input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> None:
    arrays = synthetic_arrays(input_shape, output_shape, 40)
    train, test = arrays.parts["train"], arrays.parts["test"]
    assert train.images.shape == (40, *input_shape)
    assert train.labels.shape == (40, *output_shape[1:])
    assert len(test) == 10
    assert train.labels.unique().tolist() == list(range(output_shape[0]))
    assert train.images.dtype == torch.uint8


def test_it_is_the_same_each_time_and_its_images_differ() -> None:
    one, two = (synthetic_arrays((3, 8, 8), (4,), 40).parts["train"].images for _ in range(2))
    assert torch.equal(one, two)
    assert len(one.flatten(1).unique(dim=0)) == 40


def learned(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()


def test_classes_can_be_learned() -> None:
    torch.manual_seed(0)
    recipe = recipe_from({"data": {"dataset": "synthetic", "samples": 400}})
    data = open_data(recipe, (3, 8, 8), num_classes=5)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
    batch = next(data.batches("train", batch_size=400))
    learned(model, batch.images, batch.labels)
    test = next(data.batches("test", batch_size=100))
    assert (model(test.images).argmax(1) == test.labels).float().mean() > 0.95


def test_maps_can_be_learned_and_move_with_their_images() -> None:
    torch.manual_seed(0)
    recipe = recipe_from(
        {
            "data": {"dataset": "synthetic", "samples": 64},
            "augment": ["RandomHorizontalFlip", "RandomVerticalFlip"],
        }
    )
    data = open_data(recipe, (3, 16, 16), num_classes=3, output_shape=(3, 16, 16))
    assert len(data.info.classes) == 3
    batch = next(data.batches("train", batch_size=64))
    assert batch.labels.shape == (64, 16, 16)
    assert batch.labels.dtype == torch.int64
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 3, 1))
    learned(model, batch.images, batch.labels)
    test = next(data.batches("test", batch_size=16))
    assert (model(test.images).argmax(1) == test.labels).float().mean() > 0.8


def test_digits_are_sklearns_with_a_fixed_test_set() -> None:
    arrays = digits_arrays()
    train, test = arrays.parts["train"], arrays.parts["test"]
    assert (len(train), len(test)) == (1437, 360)
    assert train.images.shape[1:] == (1, 8, 8)
    assert train.images.max() == 255
    assert test.labels.unique().tolist() == list(range(10))
    assert arrays.fingerprint == digits_arrays().fingerprint
