"""Several processes train the same recipe as one: batch, rate and figures mean the same."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from cases import SYNTHETIC
from children import finish, said, start
from stand_in import StandIn, full_cnn, plain_cnn
from test_interruptions import wait_for_folder

import netspec
from netspec.train.reporting.records import read_rows
from netspec.train.storage.checkpoint_file import read_checkpoint
from netspec.train.storage.folder import RunFolder, find_folders
from netspec.train.trainable import Trainable

# 80 images less a fifth: batches of 15 leave 4 for the last, which two processes share unevenly
# where it is odd.
RECIPE = {
    "epochs": 10,
    "batch_size": 15,
    "data": {**SYNTHETIC, "samples": 84},
    "augment": [{"RandomCrop": {"size": 8, "padding": 1}}, "RandomHorizontalFlip"],
    "optimizer": {"SGD": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}},
    "scheduler": {"OneCycleLR": {"max_lr": 0.1}},
    "log_interval": 1,
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_one(
    network: Trainable, work: Path, rank: int, count: int, port: str, **options: Any
) -> ForkServerProcess:
    environment = {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    return start(network, work, environment=environment, **options)


def train_together(network: Trainable, work: Path, count: int, **options: Any) -> RunFolder:
    port = str(free_port())
    processes = [start_one(network, work, rank, count, port, **options) for rank in range(count)]
    codes = [finish(process) for process in processes]
    assert codes == [0] * count, said(work)
    (folder,) = find_folders(work / "runs")
    return folder


def figures(folder: RunFolder, kind: str, *path: str) -> list[float]:
    rows = [row for row in read_rows(folder.metrics) if row["kind"] == kind]
    values = []
    for row in rows:
        value: Any = row
        for key in path:
            value = value[key]
        values.append(float(value))
    return values


def test_two_processes_have_the_losses_of_one_over_fifty_steps(tmp_path: Path) -> None:
    network = StandIn(plain_cnn, train=RECIPE)
    one = train_together(network, tmp_path / "one", 1)
    two = train_together(network, tmp_path / "two", 2)
    losses = figures(one, "step", "loss")
    assert len(losses) >= 50
    assert figures(two, "step", "loss") == pytest.approx(losses, rel=1e-5)
    assert figures(two, "step", "lr") == figures(one, "step", "lr")
    for split in ("train", "validation"):
        for name in ("loss", "accuracy"):
            assert figures(two, "epoch", split, name) == pytest.approx(
                figures(one, "epoch", split, name), rel=1e-5
            )
    assert figures(two, "test", "loss") == pytest.approx(figures(one, "test", "loss"), rel=1e-5)


def fast_rather_than_exact() -> None:
    """Train as on a GPU that is not asked to be deterministic."""
    from netspec.train import run

    make = run.make_plan
    run.make_plan = lambda *args, **options: replace(make(*args, **options), deterministic=False)


def test_torchs_own_sharing_of_gradients_gives_the_same_losses(tmp_path: Path) -> None:
    network = StandIn(plain_cnn, train={**RECIPE, "epochs": 2})
    one = train_together(network, tmp_path / "one", 1)
    two = train_together(network, tmp_path / "two", 2, prepare=fast_rather_than_exact)
    losses = figures(one, "step", "loss")
    assert figures(two, "step", "loss") == pytest.approx(losses, rel=1e-5)
    assert "deterministic" in said(tmp_path / "one")


def test_with_batch_norm_an_epochs_figures_mean_the_same(tmp_path: Path) -> None:
    """Each process normalises by its own share, so the values differ; what they count does not."""
    network = StandIn(full_cnn, train={**RECIPE, "epochs": 2, "ema": 0.9})
    two = train_together(network, tmp_path, 2)
    facts = two.read_env()["data"]
    accuracies = figures(two, "epoch", "train", "accuracy")
    assert all((value * facts["train"]) % 1 == pytest.approx(0, abs=1e-9) for value in accuracies)
    accuracies = figures(two, "epoch", "validation", "accuracy")
    assert all((value * facts["validation"]) % 1 < 1e-9 for value in accuracies)


def test_three_processes_resume_to_the_same_bytes(tmp_path: Path) -> None:
    """Sums over three depend on their order, so gradients must be put together alike."""
    recipe = {key: value for key, value in RECIPE.items() if key != "scheduler"}
    endings = []
    for name, stages in (("whole", [4]), ("resumed", [1, 2, 4])):
        for epochs in stages:
            network = StandIn(plain_cnn, train={**recipe, "epochs": epochs})
            folder = train_together(network, tmp_path / name, 3, resume="auto")
        endings.append(folder.weights.read_bytes())
    assert endings[0] == endings[1]
    assert "unused" not in said(tmp_path / "whole")


def test_figures_are_over_the_images_that_were_trained_on(tmp_path: Path) -> None:
    """Of 67 training images a last batch of one is too small for two processes."""
    recipe = {**RECIPE, "epochs": 1, "batch_size": 22}
    folder = train_together(StandIn(plain_cnn, train=recipe), tmp_path, 2)
    assert folder.read_env()["data"]["train"] == 67
    assert "note: 1 of the training images are left out of each epoch" in said(tmp_path)
    (accuracy,) = figures(folder, "epoch", "train", "accuracy")
    assert accuracy * 66 == pytest.approx(round(accuracy * 66), abs=1e-9)


def test_only_the_first_process_writes(tmp_path: Path) -> None:
    folder = train_together(StandIn(plain_cnn, train={**RECIPE, "epochs": 1}), tmp_path, 2)
    assert said(tmp_path).count("epoch 1/1") == 1
    assert len(figures(folder, "epoch", "epoch")) == 1
    assert "2 × CPU" in said(tmp_path)


def test_a_signal_to_one_process_stops_all_with_everything_saved(tmp_path: Path) -> None:
    network = StandIn(plain_cnn, train={**RECIPE, "epochs": 400})
    port = str(free_port())
    processes = [start_one(network, tmp_path, rank, 2, port) for rank in range(2)]
    wait_for_folder(tmp_path)
    os.kill(processes[1].pid or 0, signal.SIGTERM)
    assert [finish(process) for process in processes] == [143, 143], said(tmp_path)
    (folder,) = find_folders(tmp_path / "runs")
    tree = read_checkpoint(folder.checkpoints / "last.checkpoint")
    assert tree["position"][1] > 0
    assert len(tree["processes"]) == 2


SPEC = """
netspec: 1
name: restarted
input: [1, 8, 8]
layers:
  conv: {Conv2d: {out_channels: 4, kernel_size: 3, bias: false}}
  norm: BatchNorm2d
  relu: ReLU
  drop: {Dropout: 0.2}
  flatten: Flatten
  fc: {Linear: 10}
train:
  epochs: 4
  batch_size: 16
  checkpoint_interval: 2
  data: {dataset: synthetic, samples: 64}
"""

# Stands in for `python -m netspec` and takes the second process away once, at step 9.
LAUNCHER = """
import atexit, os, signal, sys
from netspec.train.engine.step import TrainingStep

taken = [0]
learn = TrainingStep._learn

def learn_or_die(self, *args):
    taken[0] += 1
    first_try = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
    if taken[0] == 9 and first_try and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    learn(self, *args)

def tell_of_the_group():
    from torch.distributed.nn.functional import broadcast
    if broadcast.__defaults__ != (None,):
        print("the group outlives its end", file=sys.stderr)

TrainingStep._learn = learn_or_die
atexit.register(tell_of_the_group)
from netspec.cli.main import main

main()
"""


def torchrun(work: Path) -> tuple[subprocess.CompletedProcess[str], RunFolder]:
    work.mkdir()
    (work / "spec.yaml").write_text(SPEC)
    (work / "launcher.py").write_text(LAUNCHER)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"),
            *("--max-restarts=1", f"--master-port={free_port()}", "launcher.py", "train"),
            *("spec.yaml", "--device", "cpu"),
        ],
        cwd=work,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    folders = list(find_folders(work / "runs"))
    assert folders, done.stderr
    return done, folders[-1]


def test_a_lost_worker_is_restarted_and_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    whole = train_together(netspec.loads(SPEC), tmp_path / "whole", 2)
    done, lost = torchrun(tmp_path / "lost")
    assert done.returncode == 0, done.stderr
    assert "going on with" in done.stderr
    assert "the group outlives its end" not in done.stderr
    assert len(list((tmp_path / "lost" / "runs").glob("*/*"))) == 1
    rows = []
    for folder in (whole, lost):
        found = read_rows(folder.metrics)
        for row in found:
            del row["timing"]
        rows.append(json.dumps(found))
    assert rows[0] == rows[1]
    assert whole.weights.read_bytes() == lost.weights.read_bytes()
