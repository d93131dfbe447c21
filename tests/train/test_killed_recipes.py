"""Runs that combine all that a checkpoint holds, killed at any moment, end with the same files."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from children import finish, said, start
from deaths import Death, arrange, draw_death, save, scale_the_loss, trace_only
from killed_recipes import FEATURES, KilledRun, draw_run
from small_sets import class_tree

import netspec
from netspec.train.reporting.records import read_rows
from netspec.train.run import TrainOptions, train
from netspec.train.storage.folder import RunFolder, find_folders

COUNT = int(os.environ.get("NETSPEC_KILLED_RUNS", "120"))
"""Runs of the soak test."""
FIRST = int(os.environ.get("NETSPEC_FIRST", "0"))
"""The number of the first of them."""
KILLS = 14
"""Kills of a run of the soak test, at most."""
EACH_WRITE = (73, 84)
"""Runs of two epochs, saved after each, that hold images out."""
TIMINGS = 3
"""So many columns of the table, the last, tell of time."""


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey images of four classes, and an archive of them beside."""
    root = tmp_path_factory.mktemp("images")
    tree = class_tree(root / "tree", classes=("a", "b", "c", "d"), count=8, grey=True)
    with zipfile.ZipFile(root / "tree.zip", "w") as archive:
        for path in sorted(tree.rglob("*.png")):
            archive.write(path, path.relative_to(tree))
    return tree


def ending(work: Path, *, checkpoints: tuple[str, ...]) -> dict[str, Any]:
    """Every file of the finished run, but for what tells of time and place."""
    folder = list(find_folders(work / "runs"))[-1]
    files: dict[str, Any] = {}
    for path in sorted(folder.path.rglob("*")):
        name = str(path.relative_to(folder.path))
        if path.is_dir() or name.startswith("tensorboard"):
            continue
        files[name] = path.read_bytes()
    for name in ("last", "previous", "best"):
        if name not in checkpoints:
            files.pop(f"checkpoints/{name}.checkpoint", None)
    files.pop("env.json")
    files["metrics.jsonl"] = _without_timings(folder)
    table = files["metrics.csv"].decode().splitlines()
    files["metrics.csv"] = [row.split(",")[:-TIMINGS] for row in table]
    return files


def _without_timings(folder: RunFolder) -> list[str]:
    rows = read_rows(folder.metrics)
    for row in rows:
        del row["timing"]
    return [json.dumps(row) for row in rows]


def prepare(run: KilledRun, death: Death | None, counted: Path | None, mine: bool) -> None:
    """What a child does before it trains."""
    save(run.saving)
    if run.options["scaler"]:
        scale_the_loss()
    if "compile" in run.features:
        trace_only()
    if mine:
        arrange(death, counted)


def once(
    run: KilledRun,
    work: Path,
    options: dict[str, Any],
    death: Death | None = None,
    *,
    epochs: int | None = None,
    counted: Path | None = None,
) -> bool:
    """Train until the end or until ``death``; whether the process that dies was killed."""
    network, place = run.network(epochs), {}
    if run.processes > 1:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = str(listener.getsockname()[1])
        place = {"WORLD_SIZE": str(run.processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    dies = run.processes - 1 if death is not None and str(death).endswith(("1", "3")) else 0
    children = [
        start(
            network,
            work,
            prepare=prepare,
            args=(run, death, counted, rank == dies),
            environment={**place, "RANK": str(rank), "LOCAL_RANK": str(rank)} if place else None,
            **options,
        )
        for rank in range(run.processes)
    ]
    if death is not None and death.kind == "by the clock":
        time.sleep(death.seconds)
        children[dies].kill()
    code = finish(children[dies])
    for rank, child in enumerate(children):
        if rank != dies and code:
            time.sleep(0.05)
            child.kill()  # as torchrun ends the others
        if rank != dies:
            other = finish(child)
            assert code or other == 0, said(work)
    assert code == 0 or (death is not None and code == -signal.SIGKILL), said(work)
    assert "Traceback" not in said(work), said(work)
    return code != 0


def options_of(run: KilledRun, images: Path, work: Path) -> dict[str, Any]:
    """Where the run's data are, and its weights to start from."""
    options: dict[str, Any] = {"resume": "auto"}
    if '"folder"' in run.spec:
        options["data"] = images.with_suffix(".zip") if run.options["archive"] else images
    if run.options["start"]:
        work.mkdir(parents=True, exist_ok=True)
        options["weights"] = work / "start.safetensors"
        state = run.network().build().state_dict()
        safetensors.torch.save_file(state, options["weights"])
    return options


def checkpoints_of(run: KilledRun) -> tuple[str, ...]:
    """The checkpoints that do not depend on time."""
    if run.saving == "as time allows" or run.grows_from:  # one that grew knew another end then
        return ("last",)
    return ("last", "previous", "best")


def same_after_kills(number: int, images: Path, root: Path, most: int, kills: Counter[str]) -> None:
    """Kill the run ``number``; ``kills`` counts how often each kind of death came."""
    draw = random.Random(f"killed-{number}")
    run = draw_run(draw)
    whole, killed = root / "whole", root / "killed"
    options = options_of(run, images, root)
    counted = root / "calls"
    compiled = "compile" in run.features  # which does not go with a profile
    began = time.monotonic()
    assert not once(run, whole, options, counted=None if compiled else counted)
    seconds = time.monotonic() - began
    calls = 1 if compiled else int(counted.read_text())
    epochs = run.grows_from
    died: list[Death] = []
    tried = 0
    while len(died) < most and tried < 2 * most:
        tried += 1
        if tried > most // 2:
            epochs = None
        death = draw_death(draw, calls, seconds)
        if compiled:
            death = Death("at a write", (draw.randint(1, 60),))
        if once(run, killed, options, death, epochs=epochs):
            kills[death.kind] += 1
            died.append(death)
    once(run, killed, options)
    checkpoints = checkpoints_of(run)
    before, after = (ending(work, checkpoints=checkpoints) for work in (whole, killed))
    different = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if different:
        deaths = "\n".join(map(str, died))
        raise AssertionError(f"{different}\n{deaths}\n{run}\n{said(killed)[-4000:]}")
    shutil.rmtree(root)


def test_a_sample_of_runs_uses_every_feature_that_a_checkpoint_holds() -> None:
    used = Counter[str]()
    for number in range(120):
        run = draw_run(random.Random(f"killed-{number}"))
        assert run.network().recipe.epochs == run.epochs
        used.update(run.features)
    assert set(used) == FEATURES


@pytest.mark.parametrize("held_out", [0, 0.5])
def test_a_best_checkpoint_that_a_kill_left_behind_is_made_anew(
    held_out: float, tmp_path: Path
) -> None:
    """The last checkpoint is written before it becomes the best one, too."""
    data = {"dataset": "synthetic", "samples": 8, "validation": held_out}
    recipe = {"epochs": 1, "data": data}
    spec = {"netspec": 1, "input": [4], "layers": [{"Linear": 2}], "train": recipe}
    options = TrainOptions(run_dir=tmp_path, resume="auto", silent=True)
    train(netspec.loads(json.dumps(spec)), options)
    (folder,) = find_folders(tmp_path)
    best, last = (folder.checkpoints / f"{name}.checkpoint" for name in ("best", "last"))
    for earlier in (None, b"of an epoch before"):
        best.unlink()  # of which the last is another name
        if earlier is not None:
            best.write_bytes(earlier)
        train(netspec.loads(json.dumps(spec)), options)
        assert best.read_bytes() == last.read_bytes()


@pytest.mark.parametrize("number", [42, 73])
def test_a_run_that_is_killed_ends_with_the_same_files(
    number: int, images: Path, tmp_path: Path
) -> None:
    kills = Counter[str]()
    same_after_kills(number, images, tmp_path / str(number), 3, kills)
    assert kills.total() >= 1


@pytest.mark.soak
@pytest.mark.parametrize("number", EACH_WRITE)
def test_a_run_killed_at_each_of_its_writes_ends_with_the_same_files(
    number: int, images: Path, tmp_path: Path
) -> None:
    run = draw_run(random.Random(f"killed-{number}"))
    options = options_of(run, images, tmp_path)
    assert not once(run, tmp_path / "whole", options)
    expected = ending(tmp_path / "whole", checkpoints=checkpoints_of(run))
    write = 1
    while once(run, work := tmp_path / str(write), options, Death("at a write", (write,))):
        once(run, work, options)
        found = ending(work, checkpoints=checkpoints_of(run))
        different = [
            name for name in {**expected, **found} if expected.get(name) != found.get(name)
        ]
        assert not different, (write, said(work))
        shutil.rmtree(work)
        write += 1
    assert write > 30


@pytest.mark.soak
def test_many_runs_that_are_killed_end_with_the_same_files(images: Path, tmp_path: Path) -> None:
    kills, failed = Counter[str](), []
    for number in range(FIRST, FIRST + COUNT):
        try:
            same_after_kills(number, images, tmp_path / str(number), KILLS, kills)
        except AssertionError as error:
            failed.append(f"{number}: {error}")
            print(f"run {number} FAILED: {str(error)[:3000]} … {str(error)[-3000:]}", flush=True)
        print(f"run {number}: {kills.total()} kills, {dict(kills)}", flush=True)
    assert not failed, "\n".join(failed)
