"""Networks of torchvision and their specs after one seed: equal weights, equal outputs, to the bit.

All of them below 150 million parameters, on small images. One of every kind runs always, but for
those above 50 million, whose weights take longest to draw; `soak` has all, and the published sizes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision_zoo import NAMES, ONE_OF_EACH, load, outputs, published_size, theirs, weights

LARGEST = 150_000_000
"""Networks with fewer parameters are compared."""

OFTEN = 50_000_000
"""Of up to so many parameters, one network of every kind is compared in every run of the tests."""

NUM_PARAMS = {name: weights(name)[0].meta["num_params"] for name in NAMES}
COMPARED = [name for name in NAMES if NUM_PARAMS[name] < LARGEST]

SELDOM = [name for name in COMPARED if NUM_PARAMS[name] > OFTEN or name not in ONE_OF_EACH]

compared = pytest.mark.parametrize("name", COMPARED)


@dataclass(frozen=True)
class Pair:
    """A spec's module and torchvision's, both made after the same seed."""

    ours: nn.Module
    theirs: nn.Module


def pair(name: str) -> Pair:
    torch.manual_seed(11)
    ours = load(name).build()
    torch.manual_seed(11)
    return Pair(ours, theirs(name))


@pytest.fixture(autouse=True)
def _room() -> Iterator[None]:
    """Give back one network's memory before the next."""
    yield
    gc.collect()


def small(name: str) -> int:
    """A small image that the network takes in training too."""
    if name.startswith(("vit_", "maxvit")):
        return 224  # the sizes that these were made for
    return {"alexnet": 63, "inception_v3": 299}.get(name, 64)


def run(module: nn.Module, size: int, *, train: bool) -> list[Tensor]:
    """Outputs for the same two images, with every random choice after the same seed."""
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(5))
    torch.manual_seed(3)
    module.train(train)
    with torch.no_grad():
        out: Any = module(images)
    return outputs(out)


def equal(ours: list[Tensor], their: list[Tensor]) -> list[bool]:
    return [torch.equal(a, b) for a, b in zip(ours, their, strict=True)]


def compare(both: Pair, size: int) -> None:
    """Weights, then outputs in eval mode and in training, then the running statistics."""
    ours, their = both.ours.state_dict(), both.theirs.state_dict()
    assert [k for k in their if not torch.equal(ours[k], their[k])] == []
    for train in (False, True):
        assert all(equal(run(both.ours, size, train=train), run(both.theirs, size, train=train)))
    assert [k for k in their if not torch.equal(ours[k], their[k])] == []


def test_75_networks_are_compared() -> None:
    assert len(COMPARED) == 75


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.soak] if name in SELDOM else []) for name in COMPARED],
)
def test_one_seed_gives_equal_weights_and_equal_outputs(name: str) -> None:
    compare(pair(name), small(name))


@pytest.mark.soak
@compared
def test_outputs_are_equal_at_the_published_size(name: str) -> None:
    compare(pair(name), published_size(weights(name)[0]))


@pytest.mark.parametrize("name", ["resnet18", "vit_b_32", "swin_v2_t", "mnasnet0_5"])
def test_other_weights_load_as_they_are(name: str) -> None:
    both = pair(name)
    for tensor in both.theirs.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(0.01)
    assert not all(equal(run(both.ours, small(name), train=False),
                         run(both.theirs, small(name), train=False)))  # fmt: skip
    both.ours.load_state_dict(both.theirs.state_dict(), strict=True)
    assert all(equal(run(both.ours, small(name), train=False),
                     run(both.theirs, small(name), train=False)))  # fmt: skip
