"""Signals at any moment: a run ends with everything saved, goes on, or was never begun."""

from __future__ import annotations

import os
import resource
import signal
import threading
from pathlib import Path

import pytest
from cases import CASES, image_tree
from children import finish, said, start, start_command
from test_interruptions import SAVED_OFTEN, slow_steps, wait_for_folder
from test_kill import ending

FILES = "two workers that decode files"


def until(path: Path) -> None:
    """Wait for a file that says that something has begun."""
    for _ in range(6000):
        if path.exists():
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{path} never came")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run was never disturbed."""
    work = tmp_path_factory.mktemp("whole")
    assert finish(start(SAVED_OFTEN.network, work)) == 0, said(work)
    return work


def slow_without_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` starts a program
    slow_steps()


def test_a_hangup_that_is_ignored_stays_ignored(whole: Path, tmp_path: Path) -> None:
    process = start(SAVED_OFTEN.network, tmp_path, prepare=slow_without_hangup)
    wait_for_folder(tmp_path)
    os.kill(process.pid or 0, signal.SIGHUP)
    assert finish(process) == 0, said(tmp_path)
    assert ending(tmp_path) == ending(whole)


def slow_without_a_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    slow_steps()


def test_sigquit_is_left_alone(whole: Path, tmp_path: Path) -> None:
    process = start(SAVED_OFTEN.network, tmp_path, prepare=slow_without_a_core)
    wait_for_folder(tmp_path)
    os.kill(process.pid or 0, signal.SIGQUIT)
    assert finish(process) == -signal.SIGQUIT
    assert finish(start(SAVED_OFTEN.network, tmp_path, resume="auto")) == 0, said(tmp_path)
    assert ending(tmp_path) == ending(whole)


def stuck_in_a_step(place: str) -> None:
    """Stay in the fifth step, and say so."""
    from netspec.train.engine.step import TrainingStep

    learn, steps = TrainingStep._learn, [0]

    def slowly(self, *args):  # type: ignore[no-untyped-def]
        steps[0] += 1
        if steps[0] == 5:
            Path(place).touch()
            signal.signal(signal.SIGUSR1, lambda *_: Path(place + "2").touch())
            while True:
                threading.Event().wait(0.01)
        learn(self, *args)

    TrainingStep._learn = slowly  # type: ignore[method-assign]


def test_a_second_ctrl_c_waits_for_nothing(small_run: Path) -> None:
    """Nor is anything lost that was saved before."""
    place = small_run / "stuck"
    words = ("train", "spec.yaml", "--set", "train.checkpoint_interval=1", "--epochs", "4")
    assert finish(start_command(words, small_run)) == 0, said(small_run)
    process = start_command(words, small_run, prepare=stuck_in_a_step, args=(str(place),))
    until(place)
    os.killpg(process.pid or 0, signal.SIGINT)
    os.kill(process.pid or 0, signal.SIGUSR1)  # is dealt with after the first
    until(Path(f"{place}2"))
    os.killpg(process.pid or 0, signal.SIGINT)
    assert finish(process) == 130
    assert "Traceback" not in said(small_run)
    first, second = sorted((small_run / "runs" / "small").iterdir())
    words = ("train", "--resume", str(second))
    assert finish(start_command(words, small_run)) == 0, said(small_run)
    assert "going on with" in said(small_run)
    for name in ("model.safetensors", "curves.svg"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert not list(small_run.rglob("*.aside"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_processes_is_followed_by_the_one_that_trains(
    number: int, tmp_path: Path
) -> None:
    case, data = CASES[FILES], image_tree(tmp_path / "images")
    options = {"data": data, "workers": case.workers}
    process = start(case.network, tmp_path, prepare=slow_in_a_group, **options)
    wait_for_folder(tmp_path)
    os.killpg(process.pid or 0, number)
    assert finish(process) == 128 + number, said(tmp_path)
    assert "saved; go on with `--resume " in said(tmp_path)
    assert "Traceback" not in said(tmp_path)


def slow_in_a_group() -> None:
    os.setpgrp()
    slow_steps()


def stuck_in_decoding(place: str) -> None:
    from netspec.train.data.decoding import decode_all

    def decode(*args):  # type: ignore[no-untyped-def]
        Path(place).touch()
        while True:
            threading.Event().wait(0.01)

    decode_all.decode.decode_range = decode  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_before_there_is_a_step_nothing_is_waited_for(number: int, small_run: Path) -> None:
    place = small_run / "stuck"
    words = ("train", "spec.yaml", "--data", "other", "--run-dir", "others")
    (small_run / "images").rename(small_run / "other")
    process = start_command(words, small_run, prepare=stuck_in_decoding, args=(str(place),))
    until(place)
    os.killpg(process.pid or 0, number)
    assert finish(process) == 128 + number, said(small_run)
    assert "Traceback" not in said(small_run)
    assert not (small_run / "others").exists()
    left = [path for path in (small_run / "cache" / "data").iterdir() if path.name[0] == "."]
    assert left == []


def nobody_reads(*numbers: int) -> None:
    """What is written there finds no reader, as after `| head -1`."""
    for number in numbers:
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, number)
        os.close(writer)


def disk_is_full(*numbers: int) -> None:
    for number in numbers:
        handle = os.open("/dev/full", os.O_WRONLY)
        os.dup2(handle, number)
        os.close(handle)


WORDS = (
    ("check", "spec.yaml"),
    ("check", "--format", "json", "spec.yaml"),
    ("summary", "spec.yaml"),
    ("ops",),
    ("ops", "Linear"),
    ("recipe",),
    ("explain", "NS205"),
    ("schema",),
    ("cache",),
    ("data", "images"),
    ("data", "images", "--format", "json"),
    ("runs", "run"),
    ("eval", "run"),
    ("predict", "run", "images/test"),
    ("predict", "run", "images/test", "--format", "csv"),
    ("predict", "run", "images/test", "--format", "json"),
    ("max-batch", "spec.yaml"),
    ("-h",),
    ("--version",),
)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_output_that_nobody_reads_ends_a_command_without_a_word(
    words: tuple[str, ...], small_run: Path
) -> None:
    process = start_command(words, small_run, prepare=nobody_reads, args=(1,))
    assert finish(process) == 1
    for line in said(small_run).splitlines():  # what is told of the data, as always
        assert line.startswith(("note: ", "data: ", "warning: ")), line


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("ops",), ("data", "images"), ("predict", "run", "images/test")])
def test_output_to_a_full_disk_is_told(words: tuple[str, ...], small_run: Path) -> None:
    process = start_command(words, small_run, prepare=disk_is_full, args=(1,))
    assert finish(process) == 1
    assert "error: cannot read or write: no space left on device" in said(small_run)


@pytest.mark.parametrize("lost", [nobody_reads, disk_is_full])
def test_a_run_that_nobody_hears_goes_on_to_its_end(lost, small_run: Path) -> None:  # type: ignore[no-untyped-def]
    if lost is disk_is_full and not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    words = ("train", "spec.yaml")
    process = start_command(words, small_run, prepare=lost, args=(2,))
    assert finish(process) == 0
    (run,) = (small_run / "runs" / "small").iterdir()
    name = "model.safetensors"
    assert (run / name).read_bytes() == (small_run / "run" / name).read_bytes()
    assert "test, epoch" in (small_run / "stdout.txt").read_text()


@pytest.mark.parametrize("words", [("check", "none.yaml"), ("train", "none.yaml"), ("chekc",)])
def test_an_error_that_nobody_hears_has_its_exit_code(
    words: tuple[str, ...], small_run: Path
) -> None:
    heard = finish(start_command(words, small_run))
    assert finish(start_command(words, small_run, prepare=nobody_reads, args=(2,))) == heard
