"""What a run tells of itself as it goes: rows of the log, the bar, and the time that is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stand_in import StandIn, plain_cnn

from netspec.train import run
from netspec.train.engine import training
from netspec.train.metrics import Metrics
from netspec.train.reporting.progress import Pace, Progress
from netspec.train.reporting.records import Row, read_rows
from netspec.train.reporting.throughput import Throughput
from netspec.train.run import TrainOptions, train

EPOCHS, STEPS, BATCH, INTERVAL = 2, 6, 8, 3
RECIPE = {
    "seed": 1,
    "epochs": EPOCHS,
    "batch_size": BATCH,
    "log_interval": INTERVAL,
    "data": {"dataset": "synthetic", "samples": 60, "validation": 0.2},
    "optimizer": {"SGD": {"lr": 0.5}},
    "scheduler": {"StepLR": {"step_size": 1, "gamma": 0.1}},
}


class Told(NamedTuple):
    rows: list[Row]
    steps: list[tuple[Any, ...]]
    """What the bar was given in each step."""
    epochs: list[tuple[Any, ...]]
    """What the line of an epoch was given."""


class Steady(Throughput):
    """Every step takes a second, whatever the clock says."""

    def _pace(self, lap: Any, steps_left: int) -> Pace:
        return Pace(1234.5678, 0.123456, float(steps_left))

    @property
    def epoch_seconds(self) -> float:
        return 6.123456


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A run whose bar asks for something new after each step."""
    steps: list[tuple[Any, ...]] = []
    epochs: list[tuple[Any, ...]] = []

    class Eager(Progress):
        wants_update = True

        def step(self, *given: Any) -> None:
            steps.append(given)

        def epoch(self, *given: Any) -> None:
            epochs.append(given)

    folder: Path = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETSPEC_CACHE", str(folder / "cache"))
        patch.setattr(training, "Throughput", Steady)
        patch.setattr(run, "Progress", Eager)
        network = StandIn(plain_cnn, train=RECIPE)
        result = train(network, TrainOptions(run_dir=folder, silent=True))
    return Told(read_rows(result.folder / "metrics.jsonl"), steps, epochs)


def rows(told: Told, kind: str) -> list[Row]:
    return [row for row in told.rows if row["kind"] == kind]


def test_a_row_of_the_log_comes_at_every_interval_with_the_rate_of_the_next_step(
    told: Told,
) -> None:
    places = [(row["epoch"], row["step"], row["lr"]) for row in rows(told, "step")]
    assert places == [(1, 3, 0.5), (1, 6, 0.5), (2, 9, 0.05), (2, 12, 0.05)]
    places = [(row["epoch"], row["step"], row["lr"]) for row in rows(told, "epoch")]
    assert places == [(1, 6, 0.5), (2, 12, 0.05)]


@pytest.mark.parametrize("figure", ["loss", "accuracy"])
def test_a_row_tells_of_the_steps_since_the_one_before(told: Told, figure: str) -> None:
    """So that an epoch's figures are the mean of its rows', each of as many images."""
    steps = [row[figure] for row in rows(told, "step")]
    assert len(set(steps)) == len(steps)
    for number, epoch in enumerate(rows(told, "epoch")):
        laps = steps[2 * number : 2 * number + 2]
        assert epoch["train"][figure] == pytest.approx(sum(laps) / 2, rel=1e-6)


def test_times_are_kept_to_what_means_something(told: Told) -> None:
    pace = {"images_per_second": 1234.57, "waiting": 0.1235}
    assert [row["timing"] for row in rows(told, "step")] == [pace] * 4
    assert [row["timing"] for row in rows(told, "epoch")] == [{"seconds": 6.1235, **pace}] * 2


def test_the_bar_is_given_its_place_and_the_steps_that_are_left(told: Told) -> None:
    places = [(epoch, epochs, step, steps) for epoch, epochs, step, steps, *_ in told.steps]
    assert places == [
        (epoch, EPOCHS, step, STEPS)
        for epoch in range(1, EPOCHS + 1)
        for step in range(1, STEPS + 1)
    ]
    left = [pace.seconds_left for *_, pace in told.steps]
    assert left == [float(n) for n in reversed(range(EPOCHS * STEPS))]


def test_the_bar_shows_the_interval_where_it_ends_and_else_the_epoch_so_far(told: Told) -> None:
    counts = [figures.count for *_, figures, _ in told.steps]
    assert counts == [8, 16, INTERVAL * BATCH, 32, 40, INTERVAL * BATCH] * EPOCHS
    at_rows = [figures.loss for *_, figures, _ in told.steps][INTERVAL - 1 :: INTERVAL]
    assert at_rows == [row["loss"] for row in rows(told, "step")]


def test_the_line_of_an_epoch_is_given_what_its_row_holds(told: Told) -> None:
    for number, (given, row) in enumerate(zip(told.epochs, rows(told, "epoch"), strict=True), 1):
        epoch, epochs, train, validation, best, seconds, pace = given
        assert (epoch, epochs, seconds) == (number, EPOCHS, 6.123456)
        assert (train.loss, validation.loss) == (row["train"]["loss"], row["validation"]["loss"])
        assert isinstance(validation, Metrics)
        assert validation.count == 12
        assert (train.count, best) == (STEPS * BATCH, row["best"])
        assert pace.seconds_left == (EPOCHS - number) * STEPS
