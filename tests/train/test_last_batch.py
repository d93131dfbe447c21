"""A last batch of one sample, which batch norm on a vector cannot take, is told before any step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from stand_in import StandIn
from torch import nn

from netspec.train.engine.last_batch import least_share, require_norms_to_work
from netspec.train.errors import TrainError
from netspec.train.run import TrainOptions, train


def on_a_vector() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Linear(16, 10))


def on_an_image() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 10))


@pytest.mark.parametrize(
    ("count", "batch_size", "world_size", "least"),
    [
        (33, 32, 1, 1),
        (34, 32, 1, 2),
        (32, 32, 1, 32),
        (64, 32, 1, 32),
        (5, 32, 1, 5),
        (1, 32, 1, 1),
        (8, 1, 1, 1),
        (35, 32, 2, 1),  # of a rest of 3, one and two
        (36, 32, 2, 2),
        (33, 32, 2, 16),  # a rest of 1 is left out where two must take part
        (6, 3, 2, 1),
    ],
)
def test_the_smallest_share_of_an_epoch_is_known(
    count: int, batch_size: int, world_size: int, least: int
) -> None:
    assert least_share(count, batch_size, world_size) == least


def test_a_norm_over_one_value_is_refused_with_a_batch_size_that_works() -> None:
    network = StandIn(on_a_vector)
    with pytest.raises(TrainError, match="33 images in batches of 32 leave a last one of 1") as no:
        require_norms_to_work(network, 33, 32)
    assert no.value.hint == "use `--batch-size 31`"
    require_norms_to_work(network, 33, 31)
    require_norms_to_work(network, 34, 32)
    with pytest.raises(TrainError, match="of which a process of 2 takes one"):
        require_norms_to_work(network, 35, 32, 2)
    with pytest.raises(TrainError, match="there is 1 image for a batch, and a norm") as no:
        require_norms_to_work(network, 1, 32)
    assert no.value.hint == "give the data set more images"


def test_a_norm_over_an_image_takes_one() -> None:
    require_norms_to_work(StandIn(on_an_image), 33, 32)


def test_asking_draws_no_random_number() -> None:
    before = torch.get_rng_state()
    require_norms_to_work(StandIn(on_an_image), 33, 32)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_run_is_refused_before_its_first_step(tmp_path: Path) -> None:
    recipe = {"epochs": 1, "batch_size": 8, "data": {"dataset": "synthetic", "samples": 33}}
    with pytest.raises(TrainError, match="a norm of the network needs more than one value"):
        train(
            StandIn(on_a_vector, train=recipe), TrainOptions(run_dir=tmp_path / "runs", silent=True)
        )
    assert not (tmp_path / "runs").exists()
    fine = recipe | {"batch_size": 11}
    result = train(
        StandIn(on_a_vector, train=fine), TrainOptions(run_dir=tmp_path / "fine", silent=True)
    )
    assert result.exit_code == 0


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_the_batch_size_that_is_advised_leaves_no_process_one_image(world_size: int) -> None:
    network = StandIn(on_a_vector)
    for count in range(4 * world_size, 30):
        for batch_size in range(1, count + 3):
            if least_share(count, batch_size, world_size) != 1:
                continue
            with pytest.raises(TrainError) as no:
                require_norms_to_work(network, count, batch_size, world_size)
            advised = int(str(no.value.hint).strip("`").split()[-1])
            require_norms_to_work(network, count, advised, world_size)
            assert least_share(count, advised, world_size) > 1


@pytest.mark.parametrize(("count", "world_size"), [(1, 1), (3, 2), (5, 3)])
def test_too_few_images_for_any_batch_size_are_told_so(count: int, world_size: int) -> None:
    with pytest.raises(TrainError) as no:
        require_norms_to_work(StandIn(on_a_vector), count, 32, world_size)
    assert no.value.hint == "give the data set more images"
