"""Which epoch is the best, and that its weights are the ones that are kept."""

from __future__ import annotations

import math

import pytest
import torch

from netspec.train.engine.position import Best
from netspec.train.metrics import Metrics

NAN = math.nan


def best_of(metric: str, *epochs: tuple[float, float]) -> Best:
    """The best after epochs with these losses and accuracies; epoch n has weights of n."""
    best = Best(metric)  # type: ignore[arg-type]
    for number, (loss, accuracy) in enumerate(epochs, 1):
        best.offer(number, Metrics(loss, accuracy, 10), {"w": torch.tensor(float(number))})
    return best


@pytest.mark.parametrize(
    ("metric", "epochs", "number"),
    [
        ("loss", [(2.0, 0.1), (1.0, 0.2), (3.0, 0.9)], 2),
        ("loss", [(1.0, 0.1), (2.0, 0.2)], 1),
        ("accuracy", [(2.0, 0.1), (1.0, 0.2), (3.0, 0.9)], 3),
        ("accuracy", [(1.0, 0.5), (0.1, 0.4)], 1),
        # a tie in the metric itself
        ("loss", [(1.0, 0.1), (1.0, 0.9)], 1),
        ("accuracy", [(2.0, 0.5), (1.0, 0.5)], 2),
        ("accuracy", [(1.0, 0.5), (2.0, 0.5)], 1),
        ("accuracy", [(1.0, 0.5), (1.0, 0.5)], 1),
        # what is not a number is never better than a number
        ("loss", [(1.0, 0.1), (NAN, 0.9)], 1),
        ("loss", [(NAN, 0.1), (5.0, 0.0)], 2),
        ("accuracy", [(1.0, 0.1), (NAN, 0.9)], 1),
        ("accuracy", [(NAN, 0.9), (5.0, 0.1)], 2),
        ("accuracy", [(math.inf, 0.9), (5.0, 0.1)], 2),
    ],
)
def test_the_best_epoch_is_the_first_with_the_best_figure(
    metric: str, epochs: list[tuple[float, float]], number: int
) -> None:
    best = best_of(metric, *epochs)
    assert best.epoch == number
    assert best.weights is not None
    assert float(best.weights["w"]) == number
    assert best.figures is not None
    assert best.figures.loss == pytest.approx(epochs[number - 1][0], nan_ok=True)


def test_an_epoch_that_is_not_finite_is_marked_best_by_nobody() -> None:
    best = Best("accuracy")
    weights = {"w": torch.zeros(1)}
    marks = [
        best.offer(1, Metrics(NAN, 0.9, 4), weights),
        best.offer(2, Metrics(9.0, 0.1, 4), weights),
    ]
    assert marks == [False, True]
    assert best.epoch == 2


def test_without_validation_the_newest_epoch_counts() -> None:
    best = Best("accuracy")
    for number in (1, 2, 3):
        assert best.offer(number, None, {"w": torch.tensor(float(number))})
    assert best.epoch == 3


def test_the_weights_that_are_kept_do_not_change_with_the_network() -> None:
    weight = torch.zeros(3)
    best = Best("loss")
    best.offer(1, Metrics(1.0, 0.5, 10), {"w": weight})
    weight += 1
    assert best.weights is not None
    assert torch.equal(best.weights["w"], torch.zeros(3))


@pytest.mark.parametrize("now", [2, 3])
def test_a_best_that_was_saved_goes_on_as_it_was(now: int) -> None:
    best = best_of("loss", (3.0, 0.1), (1.0, 0.2))
    state = best.state_dict(now)
    again = Best("loss")
    again.load_state_dict(state, {"w": torch.tensor(2.0 if now == 2 else 9.0)})
    assert (again.epoch, again.figures) == (2, Metrics(1.0, 0.2, 10))
    assert again.weights is not None
    assert float(again.weights["w"]) == 2.0
    assert not again.offer(3, Metrics(1.5, 0.9, 10), {"w": torch.tensor(3.0)})
    assert again.offer(4, Metrics(0.5, 0.0, 10), {"w": torch.tensor(4.0)})
