"""Batches: who gets which image when, in which form."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data
from netspec.train.data.data import split_places
from netspec.train.errors import TrainError


def synthetic(shape: tuple[int, ...] = (3, 8, 8), classes: int = 4, **train: Any) -> Data:
    data = {"dataset": "synthetic", "samples": 100} | train.pop("data", {})
    return open_data(recipe_from({"data": data} | train), shape, num_classes=classes)


AUGMENT = [
    {"RandomCrop": {"size": 8, "padding": 2}},
    "RandomHorizontalFlip",
    {"Cutout": 3},
]


def images(data: Data, split: Any = "train", **keywords: Any) -> Tensor:
    return torch.cat([b.images for b in data.batches(split, **{"batch_size": 16} | keywords)])


def test_an_epoch_holds_every_image_once() -> None:
    data = synthetic()
    lying = images(data, augment=False, epoch=0).flatten(1)
    again = images(data, augment=False, epoch=1).flatten(1)
    assert lying.shape == (100, 192)
    assert not torch.equal(lying, again)
    assert sorted(lying.tolist()) == sorted(again.tolist())


def test_the_same_seed_and_epoch_give_the_same_bytes() -> None:
    assert torch.equal(
        images(synthetic(augment=AUGMENT), epoch=3), images(synthetic(augment=AUGMENT), epoch=3)
    )


@pytest.mark.parametrize("change", [{"epoch": 4}, {"seed": 1}])
def test_another_seed_or_epoch_gives_others(change: dict[str, int]) -> None:
    seed = change.pop("seed", 0)
    one = images(synthetic(augment=AUGMENT), epoch=3)
    other = images(synthetic(augment=AUGMENT, seed=seed), **{"epoch": 3} | change)
    assert not torch.equal(one, other)


def test_the_batch_size_changes_no_image_and_no_order() -> None:
    data = synthetic(augment=AUGMENT)
    assert torch.equal(images(data, batch_size=7), images(data, batch_size=100))


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_each_batch_in_order(world_size: int) -> None:
    data = synthetic(augment=AUGMENT)
    alone = list(data.batches("train", epoch=0, batch_size=16))
    shares = [
        list(data.batches("train", epoch=0, batch_size=16, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    for step, batch in enumerate(alone):
        together = [share[step] for share in shares]
        assert torch.equal(torch.cat([part.images for part in together]), batch.images)
        assert torch.equal(torch.cat([part.labels for part in together]), batch.labels)
        assert sum(part.count for part in together) == batch.count
        assert {part.total for part in together} == {batch.count}


def test_a_run_starts_in_the_middle_of_an_epoch_as_if_it_had_come_there() -> None:
    data = synthetic(augment=AUGMENT)
    whole = list(data.batches("train", epoch=2, batch_size=16))
    rest = list(data.batches("train", epoch=2, batch_size=16, start_step=3))
    assert len(rest) == len(whole) - 3
    assert all(torch.equal(a.images, b.images) for a, b in zip(rest, whole[3:], strict=True))


@pytest.mark.parametrize(
    ("size", "world_size", "drop_last", "steps"),
    [
        (16, 1, False, 7),
        (16, 1, True, 6),
        (100, 1, True, 1),
        (128, 1, True, 1),  # a data set smaller than a batch is never dropped
        (33, 1, False, 4),
        (33, 2, False, 3),  # one image is too few for two processes
    ],
)
def test_steps_are_counted_before_they_are_taken(
    size: int, world_size: int, drop_last: bool, steps: int
) -> None:
    data = synthetic()
    asked = {"world_size": world_size, "drop_last": drop_last}
    assert data.steps("train", size, **asked) == steps
    for rank in range(world_size):
        taken = data.batches("train", epoch=0, batch_size=size, rank=rank, **asked)
        assert len(list(taken)) == steps


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_evaluation_covers_every_image_exactly_once(world_size: int) -> None:
    data = synthetic()
    seen = [
        images(data, "test", batch_size=8, rank=rank, world_size=world_size).flatten(1).tolist()
        for rank in range(world_size)
    ]
    assert data.info.num_test == 25
    alone = images(data, "test", batch_size=25).flatten(1).tolist()
    assert sorted(row for rows in seen for row in rows) == sorted(alone)


def test_a_split_that_is_not_there_has_no_batches() -> None:
    data = synthetic()
    assert data.info.num_validation == 0
    assert data.steps("validation", 8) == 0
    assert list(data.batches("validation", batch_size=8)) == []


def test_the_validation_set_is_a_share_of_the_training_set_and_apart_from_it() -> None:
    data = synthetic(data={"validation": 0.2, "normalize": "none"})
    assert (data.info.num_train, data.info.num_validation) == (80, 20)
    train = images(data, augment=False).flatten(1).tolist()
    held = images(data, "validation").flatten(1).tolist()
    whole = synthetic(data={"normalize": "none"})
    assert sorted(train + held) == sorted(images(whole, augment=False).flatten(1).tolist())


@pytest.mark.parametrize(
    ("count", "share", "held"), [(100, 0.0, 0), (100, 0.2, 20), (10, 0.01, 1), (2, 0.99, 1)]
)
def test_what_is_held_out_is_a_seeded_choice(count: int, share: float, held: int) -> None:
    train, validation = split_places(count, share, seed=1)
    assert len(validation) == held
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(count))
    if held == 20:
        assert not torch.equal(validation, split_places(count, share, seed=2)[1])


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_each_class_gives_its_share_to_what_is_held_out(share: float) -> None:
    labels = torch.tensor([0, 2] * 20 + [1] * 7 + [2] * 60 + [4] * 3)  # none of class 3
    count = len(labels)
    train, validation = split_places(count, share, 1, labels)
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(count))
    assert len(validation) == round(count * share)
    held = torch.bincount(labels[validation], minlength=5)
    assert (held - share * torch.bincount(labels)).abs().max() <= 1
    assert not torch.equal(validation, split_places(count, share, 2, labels)[1])
    assert not torch.equal(validation, split_places(count, share, 1)[1])


def test_data_are_split_by_class_unless_a_run_before_that_goes_on() -> None:
    recipe = recipe_from({"data": {"dataset": "synthetic", "samples": 100, "validation": 0.3}})
    split = {
        by_class: open_data(recipe, (3, 8, 8), num_classes=4, by_class=by_class).places
        for by_class in (True, False)
    }
    labels = synthetic().sources["train"].labels
    for by_class, drawn in (
        (True, split_places(100, 0.3, 0, labels)),
        (False, split_places(100, 0.3, 0)),
    ):
        places = split[by_class]
        assert torch.equal(places["train"][1], drawn[0])
        assert torch.equal(places["validation"][1], drawn[1])


def test_normalize_auto_is_exact_over_the_training_part() -> None:
    data = synthetic(data={"validation": 0.3})
    raw = synthetic(data={"validation": 0.3, "normalize": "none"})
    pixels = (images(raw, augment=False) * 255).round().double() / 255
    assert data.info.mean == pytest.approx(pixels.mean((0, 2, 3)).tolist(), abs=1e-9)
    assert data.info.std == pytest.approx(pixels.std((0, 2, 3), unbiased=False).tolist(), abs=1e-9)
    normalized = images(data, augment=False).double()
    assert normalized.mean((0, 2, 3)).abs().max() < 1e-5
    assert (normalized.std((0, 2, 3), unbiased=False) - 1).abs().max() < 1e-5


def test_given_figures_normalize_pixels_of_0_to_1() -> None:
    raw = images(synthetic(data={"normalize": "none"}), augment=False)
    given = images(
        synthetic(data={"normalize": {"mean": 0.5, "std": [0.5, 0.25, 1]}}), augment=False
    )
    std = torch.tensor([0.5, 0.25, 1.0])[:, None, None]
    torch.testing.assert_close(given, (raw - 0.5) / std, atol=1e-6, rtol=1e-5)


def test_the_middle_is_evaluated_where_training_crops() -> None:
    data = synthetic(
        (3, 8, 8), data={"resize": 12}, augment=[{"RandomCrop": 8}, "RandomHorizontalFlip"]
    )
    assert images(data).shape == (100, 3, 8, 8)
    whole = synthetic((3, 12, 12), data={"resize": 12, "samples": 100})
    assert whole.info.size == (12, 12)
    assert images(data, "test").shape == (25, 3, 8, 8)


MISMATCHES: list[tuple[str, tuple[int, ...], int, dict[str, Any], str, str]] = [
    (
        "digits",
        (3, 8, 8),
        10,
        {},
        "images of `digits` have 1 channel, and the network takes 3",
        "add `--set train.data.channels=3`, which turns them into red, green and blue",
    ),
    (
        "digits",
        (1, 32, 32),
        10,
        {},
        "images of `digits` are 8×8; the network takes 32×32",
        "add `--set train.data.resize=32`",
    ),
    (
        "digits",
        (1, 8, 8),
        1000,
        {},
        "`digits` has 10 classes, and the network answers for 1000",
        "give the network 10 outputs, as with `--set num_classes=10`",
    ),
    (
        "digits",
        (1, 8, 8),
        10,
        {"augment": [{"RandomCrop": {"size": 6, "padding": 1}}]},
        "images of `digits` are 8×8, and `augment` makes them 6×6; the network takes 8×8",
        "let the crop in `augment` have the size that the network takes",
    ),
    (
        "digits",
        (1, 12, 12),
        10,
        {"augment": [{"RandomResizedCrop": 12}]},
        "images of `digits` are 8×8 where nothing is augmented, as in evaluation; the network "
        "takes 12×12",
        "add `--set train.data.resize=12`",
    ),
    (
        "digits",
        (1, 8, 8),
        10,
        {"data": {"normalize": {"mean": [0.5, 0.5], "std": 1}}},
        "`normalize` gives 2 values of `mean` for 1 channel",
        "give one for each channel, or one for all",
    ),
    (
        "digits",
        (1, 8, 8),
        10,
        {"augment": [{"RandomCrop": {"size": 8, "padding": 1, "fill": [1, 2]}}]},
        "`fill` of `RandomCrop` has 2 values for 1 channel",
        "give one for each channel, or one for all",
    ),
    (
        "digits",
        (1, 64),
        10,
        {},
        "`digits` has images with one class each, and the network goes from 1×64 to 10",
        "train it on `data: {dataset: synthetic}`",
    ),
]


@pytest.mark.parametrize(
    ("dataset", "shape", "classes", "train", "message", "hint"),
    MISMATCHES,
    ids=[row[4] for row in MISMATCHES],
)
def test_a_data_set_that_is_not_the_networks_is_refused_before_the_start(
    dataset: str, shape: tuple[int, ...], classes: int, train: Any, message: str, hint: str
) -> None:
    data = {"dataset": dataset} | train.get("data", {})
    recipe = recipe_from(train | {"data": data})
    with pytest.raises(TrainError) as caught:
        open_data(recipe, shape, num_classes=classes)
    assert caught.value.message == message
    assert caught.value.hint == hint


def test_two_classes_may_be_told_by_one_output() -> None:
    data = synthetic((3, 8, 8), 1, loss="BCEWithLogitsLoss")
    assert len(data.info.classes) == 2


@pytest.mark.parametrize(
    "step",
    [
        {"RandomCrop": {"size": 8, "padding": 2, "fill": [1, 2, 3]}},
        {"RandomRotation": {"degrees": 10, "fill": [1, 2, 3]}},
        {"RandomAffine": {"degrees": 10, "fill": [1, 2, 3]}},
    ],
    ids=lambda step: next(iter(step)),
)
def test_an_open_set_is_filled_by_channel(step: Any) -> None:
    assert images(synthetic((3, 8, 8), augment=[step])).shape[1:] == (3, 8, 8)
