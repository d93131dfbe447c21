"""When a checkpoint is written: by steps, by the clock, and as often as it is worth."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from stand_in import StandIn, plain_cnn

from netspec.train.engine import training
from netspec.train.machine.distributed import Processes
from netspec.train.machine.stop import Stopped
from netspec.train.run import TrainOptions, train
from netspec.train.storage.checkpoint_file import read_checkpoint

VALIDATED = {"dataset": "synthetic", "samples": 80, "validation": 0.2}
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


class Clock:
    """Stands in for `time`: it stands still but for what is said to take long."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "epochs_saved"), [(0.1, [1, 2, 3, 4, 5, 6, 7]), (1.0, [1, 4, 7]), (100.0, [1, 7])]
)
def test_saving_takes_a_twentieth_of_the_time_and_no_more(
    seconds: float, epochs_saved: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of epochs of eight steps, a second each."""
    clock = Clock()

    def after(method: Any, duration: float) -> Any:
        def called(*args: Any, **options: Any) -> None:
            method(*args, **options)
            clock.now += duration

        return called

    monkeypatch.setattr(training, "time", clock)
    step, save = training.TrainingStep.__call__, training.Checkpoints.save
    monkeypatch.setattr(training.TrainingStep, "__call__", after(step, 1.0))
    monkeypatch.setattr(training.Checkpoints, "save", after(save, seconds))
    found = saved_at(tmp_path, monkeypatch, epochs=7, log_interval=100)
    assert found == [8 * epoch for epoch in epochs_saved]


def test_the_best_epochs_checkpoint_is_kept_beside_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = training.Best.offer

    def only_the_second(self: training.Best, epoch: int, *others: Any) -> bool:
        return epoch <= 2 and offer(self, epoch, None, others[1])

    monkeypatch.setattr(training.Best, "offer", only_the_second)
    monkeypatch.setattr(training, "SAVING_SHARE", 1.0)
    network = StandIn(plain_cnn, train=RECIPE | {"epochs": 4, "checkpoint_interval": 12})
    folder = train(network, TrainOptions(run_dir=tmp_path, silent=True)).folder
    kept = [
        read_checkpoint(folder / "checkpoints" / f"{name}.checkpoint")["position"]
        for name in ("best", "last")
    ]
    assert kept == [[2, 16, 0], [4, 32, 0]]


def test_a_checkpoint_within_an_epoch_keeps_the_best_weights_beside_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[tuple[int, int], bool] = {}
    save = training.Checkpoints.save

    def seen(self: training.Checkpoints, tree: dict[str, Any], *, best: bool) -> None:
        kept[tree["position"][0], tree["position"][2]] = tree["best"]["weights"] is not None
        save(self, tree, best=best)

    monkeypatch.setattr(training.Checkpoints, "save", seen)
    monkeypatch.setattr(training, "SAVING_SHARE", 1.0)
    monkeypatch.setattr(training.Best, "_better", lambda self, figures: False)
    saved_at(tmp_path, monkeypatch, checkpoint_interval=4, data=VALIDATED)
    # at the end of the first epoch they are one; after it, there is none that is as good
    assert kept == {(0, 4): False, (0, 8): False, (1, 0): False} | {
        (1, 4): True,
        (1, 8): True,
        (2, 0): True,
    }


@pytest.mark.parametrize(("epoch", "saves"), [(0, 1), (1, 1), (2, 0)])
def test_an_evaluation_that_is_broken_off_saves_what_is_not_saved(epoch: int, saves: int) -> None:
    """After the last epoch, all is saved before the test set is looked at."""
    saved: list[int] = []
    run = SimpleNamespace(
        stop=SimpleNamespace(signal=None),
        processes=Processes(),
        position=training.Position(epoch),
        recipe=SimpleNamespace(epochs=2),
        save=lambda: saved.append(epoch),
    )
    nothing = torch.empty(0)
    training.Training._break_off(cast(Any, run), nothing, nothing)
    assert saved == []
    run.stop.signal = 2
    with pytest.raises(Stopped):
        training.Training._break_off(cast(Any, run), nothing, nothing)
    assert len(saved) == saves
