"""Every random generator is seeded, and goes on where a checkpoint left it."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from netspec.train.engine.randomness import (
    capture_generators,
    restore_generators,
    seed_everything,
)
from netspec.train.storage.checkpoint_file import pack, unpack

CPU = torch.device("cpu")


def draws() -> list[float]:
    """One of each kind; an odd number of NumPy's normal ones, which it makes in pairs."""
    return [
        random.random(),
        random.gauss(0, 1),
        float(torch.rand(())),
        float(np.random.rand()),
        float(np.random.randn()),
    ]


@pytest.mark.parametrize("seed", [0, 7, 3_000_000_000, 2**32 + 5])
def test_a_seed_is_that_of_each_generator(seed: int) -> None:
    """NumPy's takes no more than 32 bits."""
    python, numpy = random.Random(seed), np.random.RandomState(seed % 2**32)
    torchs = torch.Generator().manual_seed(seed)
    seed_everything(seed)
    assert draws() == [
        python.random(),
        python.gauss(0, 1),
        float(torch.rand((), generator=torchs)),
        float(numpy.rand()),
        float(numpy.randn()),
    ]


def test_they_go_on_where_a_checkpoint_left_them() -> None:
    seed_everything(3)
    draws()
    state = unpack(b"".join(pack(capture_generators(CPU))))
    expected = [draws(), draws()]
    seed_everything(4)
    restore_generators(state, CPU)
    assert [draws(), draws()] == expected


def test_a_state_without_numpys_generator_leaves_it_alone() -> None:
    state = capture_generators(CPU)
    del state["numpy"]
    np.random.seed(5)
    before = np.random.get_state()[1].tolist()
    restore_generators(state, CPU)
    assert np.random.get_state()[1].tolist() == before
