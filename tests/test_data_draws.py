"""Draws: pure functions of (seed, epoch, stream, index), and random enough."""

from __future__ import annotations

import pytest
import torch

from netspec.train.data.augment.counter_rng import (
    AUGMENT,
    BITS,
    ORDER,
    below,
    chance,
    draws,
    permutation,
    uniform,
)

INDEX = torch.arange(1000)


def test_a_draw_depends_on_its_index_and_on_no_other() -> None:
    whole = draws(1, 2, AUGMENT, INDEX, 5)
    some = torch.tensor([7, 3, 999])
    assert torch.equal(draws(1, 2, AUGMENT, some, 5), whole[some])


def test_more_draws_do_not_change_the_first() -> None:
    assert torch.equal(draws(1, 2, AUGMENT, INDEX, 9)[:, :5], draws(1, 2, AUGMENT, INDEX, 5))


@pytest.mark.parametrize("other", [(2, 2, AUGMENT), (1, 3, AUGMENT), (1, 2, ORDER)])
def test_seed_epoch_and_stream_each_change_every_draw(other: tuple[int, int, int]) -> None:
    same = draws(1, 2, AUGMENT, INDEX, 5) == draws(*other, INDEX, 5)
    assert same.float().mean() < 0.001


def test_the_numbers_never_change() -> None:
    # Written down once: with other numbers every run of the past would train differently.
    assert draws(0, 0, ORDER, torch.arange(2), 3).tolist() == FIRST_DRAWS
    assert permutation(0, 0, ORDER, 8).tolist() == FIRST_ORDER


FIRST_DRAWS = [[9519403, 14769278, 8072174], [12439405, 7778000, 4069322]]
FIRST_ORDER = [5, 0, 3, 4, 7, 2, 6, 1]


def test_draws_are_even_and_independent() -> None:
    numbers = uniform(draws(5, 0, AUGMENT, torch.arange(100_000), 4)).double()
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = torch.stack([column.histc(20, 0, 1) for column in numbers.T])
    # Chi-squared with 19 degrees of freedom stays below 55 but once in 50,000 times.
    assert ((counts - 5000) ** 2 / 5000).sum(1).max() < 55
    mixed = torch.corrcoef(numbers.T) - torch.eye(4, dtype=torch.float64)
    assert mixed.abs().max() < 0.02
    neighbours = torch.corrcoef(torch.stack([numbers[:-1, 0], numbers[1:, 0]]))[0, 1]
    assert neighbours.abs() < 0.02


def test_whole_numbers_stay_below_their_limit_and_reach_it() -> None:
    drawn = draws(0, 0, AUGMENT, torch.arange(10_000), 1)[:, 0]
    assert below(drawn, 9).unique().tolist() == list(range(9))
    assert below(torch.tensor([0, 2**BITS - 1]), 9).tolist() == [0, 8]
    assert below(drawn, torch.full((10_000,), 3)).unique().tolist() == [0, 1, 2]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (1.0, 1.0), (0.25, 0.25)])
def test_chances_come_true_as_often_as_they_say(share: float, expected: float) -> None:
    drawn = draws(0, 0, AUGMENT, torch.arange(100_000), 1)
    assert chance(drawn, share).float().mean().item() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_permutation_holds_every_number_once(size: int) -> None:
    assert permutation(3, 1, ORDER, size).sort().values.tolist() == list(range(size))


def test_each_epoch_has_an_order_of_its_own() -> None:
    first, second = permutation(3, 1, ORDER, 1000), permutation(3, 2, ORDER, 1000)
    assert (first == second).sum() < 10
