"""What stops a run early stops it with everything saved, and says what to do in one sentence."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import CASES, FILES, SYNTHETIC, Case, image_tree
from children import finish, said, start
from stand_in import StandIn, plain_cnn
from test_kill import ending
from torch import Tensor, nn

from netspec.train.errors import LossNotFinite, TrainError
from netspec.train.reporting.records import read_rows
from netspec.train.run import TrainOptions, train
from netspec.train.storage import atomic_write
from netspec.train.storage.checkpoint_file import read_checkpoint
from netspec.train.storage.folder import find_folders

SAVED_OFTEN = CASES["dropout, batch norm, max pooling and EMA, saved at every step"]
SAVED_SELDOM = CASES["an auxiliary head, Adam and a warm-up, saved at epochs"]


class Trouble(nn.Module):
    """A network in whose forward pass something happens at one training step."""

    def __init__(self, step: int, happen: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.inner = plain_cnn()
        self._step, self._happen, self._taken = step, happen, 0

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.inner(images)
        self._taken += self.training
        return self._happen(logits) if self._taken == self._step and self.training else logits


def network_with(happen: Callable[[Tensor], Tensor], step: int = 7, **recipe: Any) -> StandIn:
    train_section = {"epochs": 3, "batch_size": 16, "data": SYNTHETIC, **recipe}
    return StandIn(lambda: Trouble(step, happen), train=train_section, name="trouble")


def slow_steps() -> None:
    """Make a step long enough to be interrupted in the middle of a run."""
    from netspec.train.engine.step import TrainingStep

    learn = TrainingStep._learn

    def slowly(self: TrainingStep, *args: Any) -> None:
        time.sleep(0.05)
        learn(self, *args)

    TrainingStep._learn = slowly  # type: ignore[method-assign]


def wait_for_folder(work: Path) -> None:
    for _ in range(3000):
        if any((work / "runs").glob("*/*/metrics.jsonl")):
            return
        time.sleep(0.01)
    raise AssertionError(said(work))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("case", [SAVED_OFTEN, SAVED_SELDOM])
def test_a_signal_finishes_the_step_saves_and_leaves(
    case: Case, number: int, code: int, tmp_path: Path
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert finish(start(case.network, whole)) == 0, said(whole)
    process = start(case.network, stopped, prepare=slow_steps)
    wait_for_folder(stopped)
    os.kill(process.pid or 0, number)
    assert finish(process) == code, said(stopped)
    assert "saved; go on with `--resume " in said(stopped)
    assert finish(start(case.network, stopped, resume="auto")) == 0, said(stopped)
    assert ending(stopped) == ending(whole)


def test_a_loss_that_is_not_finite_stops_before_the_weights_change(tmp_path: Path) -> None:
    network = network_with(lambda logits: logits * float("nan"), checkpoint_interval=1)
    with pytest.raises(LossNotFinite, match="at step 7") as caught:
        train(network, TrainOptions(run_dir=tmp_path, silent=True))
    assert "learning rate" in (caught.value.hint or "")
    (folder,) = find_folders(tmp_path)
    tree = read_checkpoint(folder.checkpoints / "last.checkpoint")
    assert tree["position"][1] == 6
    assert all(torch.isfinite(value).all() for value in tree["model"].values())


def test_where_an_epoch_was_finished_its_weights_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = network_with(lambda logits: logits, epochs=1)
    steps = train(whole, TrainOptions(run_dir=tmp_path / "whole", silent=True)).steps
    capsys.readouterr()
    broken = network_with(lambda logits: logits * float("nan"), steps + 2, epochs=2)
    with pytest.raises(LossNotFinite, match=f"at step {steps + 2}"):
        train(broken, TrainOptions(run_dir=tmp_path / "broken"))
    (folder,) = find_folders(tmp_path / "broken")
    assert f"the best weights so far are in {folder.weights}" in capsys.readouterr().err


def test_running_out_of_memory_ends_in_a_sentence_of_advice(tmp_path: Path) -> None:
    def allocate(logits: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with pytest.raises(TrainError, match="out of memory at batch size 16") as caught:
        train(network_with(allocate), TrainOptions(run_dir=tmp_path, silent=True))
    assert (
        caught.value.hint == "try `--batch-size 8`; `netspec max-batch` tells the largest that fits"
    )


def test_the_machine_running_out_of_memory_is_told_the_same_way(tmp_path: Path) -> None:
    def allocate(logits: Tensor) -> Tensor:
        return torch.empty(2**60, dtype=torch.uint8)

    with pytest.raises(TrainError, match="out of memory at batch size 16"):
        train(network_with(allocate), TrainOptions(run_dir=tmp_path, silent=True))


def test_a_mistake_of_netspecs_own_is_not_dressed_up(tmp_path: Path) -> None:
    def mistake(logits: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(network_with(mistake), TrainOptions(run_dir=tmp_path, silent=True))


def fill_the_disk(after: int) -> None:
    write, calls = atomic_write._write, [0]

    def full(handle: int, chunk: bytes | memoryview) -> None:
        calls[0] += 1
        if calls[0] > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(handle, chunk)

    atomic_write._write = full


def test_a_full_disk_ends_in_a_sentence_with_the_last_checkpoint_whole(tmp_path: Path) -> None:
    process = start(SAVED_OFTEN.network, tmp_path, prepare=fill_the_disk, args=(30,))
    assert finish(process) == 1
    assert "error: no space left on the disk while writing `" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)
    (folder,) = find_folders(tmp_path / "runs")
    assert read_checkpoint(folder.checkpoints / "last.checkpoint")["position"][1] > 0


def kill_workers() -> None:
    from netspec.train.data.decoding import streaming

    main = os.getpid()

    def die(*args: Any, **options: Any) -> Any:
        if os.getpid() != main:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(*args, **options)

    read, streaming.read_image = streaming.read_image, die


def test_a_killed_data_worker_ends_in_a_sentence(tmp_path: Path) -> None:
    case = CASES["two workers that decode files"]
    data = image_tree(tmp_path / "images")
    process = start(case.network, tmp_path, prepare=kill_workers, data=data, workers=2)
    assert finish(process) == 1
    assert "error: a process that decodes images was killed" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_broken_image_is_named(in_memory: bool, tmp_path: Path) -> None:
    images = image_tree(tmp_path / "images")
    broken = images / "class3" / "003.png"
    broken.write_bytes(broken.read_bytes()[:60])
    recipe = {"epochs": 1, "data": {**FILES, "in_memory": in_memory}}
    network = StandIn(plain_cnn, train=recipe)
    with pytest.raises(TrainError, match=r"003\.png"):
        train(network, TrainOptions(run_dir=tmp_path, data=images, workers=0, silent=True))


def test_rows_newer_than_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    network = SAVED_SELDOM.network
    result = train(network, TrainOptions(run_dir=tmp_path, silent=True))
    metrics = result.folder / "metrics.jsonl"
    before = read_rows(metrics)
    with metrics.open("a") as file:
        file.write('{"kind": "step", "epoch": 9, "step": 999}\n{"kind": "st')
    train(network, TrainOptions(run_dir=tmp_path, resume=result.folder, silent=True))
    assert read_rows(metrics) == before


def test_a_run_that_grows_ends_as_one_that_was_long_from_the_start(tmp_path: Path) -> None:
    recipe = {
        "epochs": 4,
        "batch_size": 16,
        "data": SYNTHETIC,
        "scheduler": {"StepLR": {"step_size": 1, "gamma": 0.5}},
    }
    whole = train(
        StandIn(plain_cnn, train=recipe), TrainOptions(run_dir=tmp_path / "a" / "runs", silent=True)
    )
    grown = StandIn(plain_cnn, train={**recipe, "epochs": 2})
    first = train(grown, TrainOptions(run_dir=tmp_path / "b" / "runs", silent=True))
    second = train(
        StandIn(plain_cnn, train=recipe),
        TrainOptions(run_dir=tmp_path / "b" / "runs", resume=first.folder, silent=True),
    )
    assert second.epochs == whole.epochs == 4
    one, other = ending(tmp_path / "a"), ending(tmp_path / "b")
    assert (one.weights, one.published, one.metrics) == (
        other.weights,
        other.published,
        other.metrics,
    )


def test_a_cycle_does_not_shrink(tmp_path: Path) -> None:
    """Its length is checked before the schedule is put back, which could not be."""
    recipe = {
        "epochs": 3,
        "batch_size": 16,
        "data": SYNTHETIC,
        "scheduler": {"OneCycleLR": {"max_lr": 0.1}},
    }
    options = TrainOptions(run_dir=tmp_path, silent=True)
    done = train(StandIn(plain_cnn, train=recipe), options)
    with pytest.raises(TrainError, match="the run has 3 epochs already, and `epochs` is 2"):
        train(
            StandIn(plain_cnn, train={**recipe, "epochs": 2}),
            TrainOptions(run_dir=tmp_path, resume=done.folder, silent=True),
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"optimizer": {"SGD": {"lr": 0.5}}},
            "the recipe differs from the run's own in `optimizer`",
        ),
        ({"batch_size": 32}, "the recipe differs from the run's own in `batch_size`"),
        ({"epochs": 2}, "the run has 6 epochs already"),
        ({"data": {**SYNTHETIC, "samples": 100}}, "in `data`"),
    ],
)
def test_a_resumed_run_refuses_what_would_make_it_another(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    case = SAVED_SELDOM
    result = train(case.network, TrainOptions(run_dir=tmp_path, silent=True))
    changed = Case(case.maker, {**case.recipe, **change})
    with pytest.raises(TrainError, match=message):
        train(changed.network, TrainOptions(run_dir=tmp_path, resume=result.folder, silent=True))


def test_resuming_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="there is no run"):
        train(SAVED_SELDOM.network, TrainOptions(run_dir=tmp_path, resume=tmp_path / "nothing"))
    with pytest.raises(TrainError, match=r"is not a run's folder: it has no `env\.json`"):
        train(SAVED_SELDOM.network, TrainOptions(run_dir=tmp_path, resume=tmp_path))


def test_a_damaged_checkpoint_is_passed_over_and_the_end_is_the_same(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    options = {"run_dir": whole / "runs", "silent": True}
    train(SAVED_OFTEN.network, TrainOptions(**options))
    result = train(SAVED_OFTEN.network, TrainOptions(run_dir=damaged / "runs", silent=True))
    last = result.folder / "checkpoints" / "last.checkpoint"
    data = bytearray(last.read_bytes())
    data[len(data) // 2] ^= 1
    last.unlink()  # `best` may be another name of the same file
    last.write_bytes(bytes(data))
    process = start(SAVED_OFTEN.network, damaged, resume=result.folder)
    assert finish(process) == 0, said(damaged)
    assert "warning: `" in said(damaged)
    assert "is damaged and was passed over" in said(damaged)
    assert ending(damaged) == ending(whole)
