"""The folder of a stranger's run: whatever its files say, runs are listed and nothing hangs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from test_runs import GOOD, run_in

from netspec.train.errors import TrainError
from netspec.train.find_run import find_run
from netspec.train.reporting.runs import all_runs, differences, laid_over, runs_table
from netspec.train.storage.folder import open_folder

FILES = ("env.json", "resolved.yaml", "metrics.jsonl")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def says(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text.encode("latin-1")) and None


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": fifo,
    "a device": device,
    "a link in a circle": circle,
    "no text": says("\xff\xfe\x00"),
    "a list": says("[]"),
    "a number": says("1"),
    "nested": says("[" * 5_000),
    "doubled at each step": says(LAUGHS),
    "other keys": says(json.dumps({"kind": "epoch", "overrides": 5, "starts": 3, "data": []})),
    "other values": says(
        json.dumps({"kind": "epoch", "best": 1, "epoch": "x", "train": 7, "validation": "y"})
    ),
    "words for figures": says(
        json.dumps({"kind": "test", "epoch": 1, "loss": "low", "accuracy": "high"})
    ),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", FILES)
def test_a_run_with_an_odd_file_is_listed_beside_others(
    name: str, odd: str, tmp_path: Path
) -> None:
    for folder in ("good", "odd"):
        run_in(tmp_path / "digits" / folder, train=GOOD, validation=GOOD, test=GOOD)
    ODD[odd](tmp_path / "digits" / "odd" / name)
    found = all_runs(tmp_path)
    table = runs_table(found)
    assert str(tmp_path / "digits" / "good") in table
    assert "90.00%" in table
    if len(found) > 1:
        assert differences(found)
        assert laid_over(found).startswith("<svg")


def test_a_run_named_by_a_path_that_is_a_pipe_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run")
    with pytest.raises(TrainError, match="no run"):
        open_folder(tmp_path / "run")
    with pytest.raises(TrainError):
        find_run(str(tmp_path / "run"), tmp_path, None)
