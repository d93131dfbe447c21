"""When a checkpoint is written: by steps, by the clock, and as often as it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stand_in import StandIn, plain_cnn

from netspec.train.engine import training
from netspec.train.run import TrainOptions, train

# 64 images in batches of 8, two epochs: eight steps each.
RECIPE = {
    "epochs": 2,
    "batch_size": 8,
    "log_interval": 2,
    "data": {"dataset": "synthetic", "samples": 64},
}


def saved_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **recipe: Any) -> list[int]:
    """The steps after which a run saves."""
    steps: list[int] = []
    save = training.Training.save

    def remembering(self: training.Training) -> None:
        steps.append(self.position.step)
        save(self)

    monkeypatch.setattr(training.Training, "save", remembering)
    network = StandIn(plain_cnn, train=RECIPE | recipe)
    train(network, TrainOptions(run_dir=tmp_path, silent=True))
    return steps


def steps_of_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(training, "SAVING_SHARE", 1.0)
    return saved_at(tmp_path / "counted", monkeypatch)[0]


def test_a_checkpoint_is_written_at_the_end_of_each_epoch_that_is_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "SAVING_SHARE", 1.0)
    first, last = saved_at(tmp_path, monkeypatch)
    assert last == 2 * first
    monkeypatch.setattr(training, "SAVING_SHARE", -1.0)  # never worth it, but at the end
    monkeypatch.undo()
    monkeypatch.setattr(training, "SAVING_SHARE", -1.0)
    assert saved_at(tmp_path, monkeypatch) == [last]


def test_a_long_epoch_is_saved_in_between_where_the_clock_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = steps_of_an_epoch(tmp_path, monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(training, "SAVE_SECONDS", -1.0)  # always long ago
    monkeypatch.setattr(training, "SAVING_SHARE", -1.0)
    at_log_rows = [step for step in range(1, 2 * epoch + 1) if step % 2 == 0]
    assert sorted(set(saved_at(tmp_path, monkeypatch))) == sorted({*at_log_rows, 2 * epoch})


def test_an_interval_of_steps_outweighs_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = steps_of_an_epoch(tmp_path, monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(training, "SAVE_SECONDS", -1.0)
    monkeypatch.setattr(training, "SAVING_SHARE", -1.0)
    found = saved_at(tmp_path, monkeypatch, checkpoint_interval=3)
    by_interval = {step for step in range(1, 2 * epoch + 1) if step % 3 == 0}
    assert set(found) == by_interval | {2 * epoch}


def test_a_clock_that_has_not_run_out_saves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "SAVE_SECONDS", 3600.0)
    monkeypatch.setattr(training, "SAVING_SHARE", -1.0)
    assert len(saved_at(tmp_path, monkeypatch)) == 1
