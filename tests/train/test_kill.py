"""Killed at any moment, also while saving, a run that is resumed ends with the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, Case, image_tree
from children import finish, said, start
from deaths import at_write

from netspec.train.reporting.records import read_rows
from netspec.train.storage.checkpoint_file import pack, read_checkpoint
from netspec.train.storage.folder import find_folders


@dataclass(frozen=True)
class Ending:
    """What a finished run leaves behind, timings aside."""

    weights: str
    optimizer: str
    published: str
    metrics: tuple[str, ...]


def ending(work: Path) -> Ending:
    folder = list(find_folders(work / "runs"))[-1]
    tree = read_checkpoint(folder.checkpoints / "last.checkpoint")
    rows = read_rows(folder.metrics)
    for row in rows:
        del row["timing"]
    return Ending(
        weights=digest([tree["model"], tree["average"]]),
        optimizer=digest([tree["optimizer"], tree["schedule"], tree["best"]]),
        published=hashlib.sha256(folder.weights.read_bytes()).hexdigest(),
        metrics=tuple(json.dumps(row) for row in rows),
    )


def digest(tree: Any) -> str:
    return hashlib.sha256(b"".join(pack(tree))).hexdigest()


def die_at_call(number: int) -> None:
    """Have this process kill itself at its ``number``-th write, fsync, rename or link.

    A write is cut in the middle: half of its bytes are written before.
    """
    at_write(number, lambda: os.kill(os.getpid(), signal.SIGKILL))


def train_with_kills(case: Case, work: Path, data: Path | None, kills: int, seed: int) -> None:
    """Kill the run ``kills`` times, half of them inside a save, then let it end.

    The first comes at an early write, since a quick run may be over before one that waits.
    """
    draws = random.Random(seed)
    options = {"data": data, "workers": case.workers, "resume": "auto"}
    survived = 0
    for number in range(kills):
        if number % 2 == 0:
            call = draws.randint(1, 60 if number else 8)
            process = start(case.network, work, prepare=die_at_call, args=(call,), **options)
        else:
            process = start(case.network, work, **options)
            time.sleep(draws.uniform(0.05, 0.7))
            process.kill()
        code = finish(process)
        assert code in (0, -signal.SIGKILL), said(work)
        survived += code == 0
    assert survived < kills, "no kill hit the run while it ran"
    assert finish(start(case.network, work, **options)) == 0, said(work)


def same_after_kills(name: str, tmp_path: Path, kills: int, seed: int) -> None:
    case = CASES[name]
    data = image_tree(tmp_path / "images") if case.recipe["data"]["dataset"] == "folder" else None
    whole = tmp_path / "uninterrupted"
    process = start(case.network, whole, data=data, workers=case.workers)
    assert finish(process) == 0, said(whole)
    killed = tmp_path / "killed"
    train_with_kills(case, killed, data, kills, seed)
    assert ending(killed) == ending(whole)


@pytest.mark.parametrize("name", CASES)
def test_five_kills_change_nothing(name: str, tmp_path: Path) -> None:
    same_after_kills(name, tmp_path, kills=5, seed=list(CASES).index(name))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", CASES)
def test_ten_kills_with_many_seeds_change_nothing(name: str, seed: int, tmp_path: Path) -> None:
    same_after_kills(name, tmp_path, kills=10, seed=100 + seed)


def test_another_seed_changes_the_ending(tmp_path: Path) -> None:
    """The comparison can fail."""
    case = CASES["an auxiliary head, Adam and a warm-up, saved at epochs"]
    endings = []
    for seed in (0, 1):
        work = tmp_path / str(seed)
        process = start(Case(case.maker, {**case.recipe, "seed": seed}).network, work)
        assert finish(process) == 0, said(work)
        endings.append(ending(work))
    assert endings[0] != endings[1]
