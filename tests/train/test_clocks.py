"""Clocks that are set back, jump or stand still: the same bytes, and runs in their true order."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from command_line import ran
from test_interruptions import SAVED_SELDOM
from test_kill import Ending, ending

from netspec.train.cache_folder import cache_root, entries, facts_size
from netspec.train.find_run import find_run
from netspec.train.run import TrainOptions, train
from netspec.train.storage import folder as run_folders
from netspec.train.storage.folder import create_folder, find_folders

NOON = datetime(2026, 6, 1, 12, 0, 0)


def still() -> Iterator[float]:
    return itertools.repeat(1e9)


def back() -> Iterator[float]:
    """An hour back at each look."""
    return itertools.count(1e9, -3600)


def ahead() -> Iterator[float]:
    """A day on at each look, as after a long sleep."""
    return itertools.count(1e9, 86_400)


def to_and_fro() -> Iterator[float]:
    return (1e9 + 1e6 * (-1) ** n for n in itertools.count())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Ending:
    work = tmp_path_factory.mktemp("whole")
    train(SAVED_SELDOM.network, TrainOptions(run_dir=work / "runs", silent=True))
    return ending(work)


@pytest.mark.parametrize("clock", [still, back, ahead, to_and_fro])
def test_a_clock_changes_no_result(
    clock: Callable[[], Iterator[float]],
    whole: Ending,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the time of day, nor those clocks that no one can set but that a sleep moves on."""
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, clock().__next__)
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
    train(SAVED_SELDOM.network, TrainOptions(run_dir=tmp_path / "runs"))
    monkeypatch.undo()
    assert ending(tmp_path) == whole
    told = capsys.readouterr().err
    assert "epoch 6/6" in told
    assert " -" not in told.replace(" - ", "")  # nothing negative


def test_a_run_is_newer_than_those_before_it_whatever_the_clock_says(tmp_path: Path) -> None:
    made = [
        create_folder(tmp_path, "net", now).path
        for now in (
            NOON,
            NOON,
            NOON.replace(hour=11),  # as where summer time ends
            NOON.replace(year=2030),
            NOON.replace(year=2020),
            datetime(9999, 12, 31, 23, 59, 59),
        )
    ]
    for path in made:
        (path / "env.json").write_text("{}")
    assert [found.path for found in find_folders(tmp_path, "net")] == made
    assert find_run("net/latest", tmp_path).path == made[-1]
    assert [path.name[:17] for path in made] == [
        "2026-06-01-120000",
        "2026-06-01-120001",
        "2026-06-01-120002",
        "2030-06-01-120000",
        "2030-06-01-120001",
        "9999-12-31-235959",
    ]
    create_folder(tmp_path, "net", NOON)  # there is no later time


def test_a_run_from_the_future_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = SAVED_SELDOM.network
    (tmp_path / network.name / "2999-01-01-000000-abcd").mkdir(parents=True)
    result = train(network, TrainOptions(run_dir=tmp_path))
    assert result.folder.name.startswith("2999-01-01-000001-")
    assert "is named after 2999-01-01 00:00, which is yet to come" in capsys.readouterr().err


def test_names_that_collide_are_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaa", "aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(drawn))
    monkeypatch.setattr(run_folders, "newest_time", lambda *_: None)  # both begin at once
    names = [create_folder(tmp_path, "net", NOON).path.name[-4:] for _ in range(2)]
    assert names == ["aaaa", "bbbb"]


def test_what_was_used_in_the_future_is_cleared_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    later = time.time() + 9e6
    for path in (cache_root() / "data" / ("a" * 24), cache_root() / "facts"):
        path.mkdir(parents=True)
    (cache_root() / "facts" / "x.json").write_text("{}")
    for path in (cache_root() / "data" / ("a" * 24), cache_root() / "facts" / "x.json"):
        os.utime(path, (later, later))
    assert ran(monkeypatch, capsys, "cache", "clear", "--older-than", "1")[0] == 0
    assert len(entries()) == 1
    assert ran(monkeypatch, capsys, "cache", "clear")[0] == 0
    assert entries() == []
    assert facts_size() == (0, 0)


def test_two_event_files_of_one_second_and_one_process_are_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a container whose first process has one number each time it is started."""
    pytest.importorskip("tensorboard")
    from netspec.train.reporting.tensorboard import TensorBoard

    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    for value in (1.0, 2.0):
        board = TensorBoard(tmp_path, 0)
        board.note(1, {"loss": value})
        board.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert all(path.stat().st_size > 40 for path in tmp_path.iterdir())
