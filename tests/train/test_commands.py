"""What the commands print and write about runs."""

from __future__ import annotations

import csv
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import FILES, image_tree
from stand_in import SegmentingCnn, StandIn, full_cnn, plain_cnn

from netspec.compiler.analysis.step_memory import StepMemory
from netspec.ops.base import Saved
from netspec.recipe import Normalization, Recipe, recipe_from
from netspec.train.commands import (
    eval_command,
    max_batch_command,
    predict_command,
    runs_command,
    train_command,
)
from netspec.train.data import Data, open_data
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.largest_batch import IMAGES_HELD, largest_that_runs, reckon
from netspec.train.machine.plan import make_plan
from netspec.train.reporting.confusion import draw_confusion
from netspec.train.reporting.curves import Curve, draw_curves
from netspec.train.reporting.progress import duration
from netspec.train.reporting.records import read_rows
from netspec.train.reporting.result import RunResult
from netspec.train.run import TrainOptions, train
from netspec.train.trained import Trained, trained_run

DIGITS = {"dataset": "digits", "validation": 0.1}
RECIPE = {
    "epochs": 2,
    "batch_size": 64,
    "data": DIGITS,
    "optimizer": {"SGD": {"lr": 0.1, "momentum": 0.9}},
    "log_interval": 5,
}
NETWORK = StandIn(full_cnn, train=RECIPE, name="digits")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunResult]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETSPEC_CACHE", str(tmp_path_factory.mktemp("cache")))
        runs = tmp_path_factory.mktemp("runs")
        yield train(NETWORK, TrainOptions(run_dir=runs, silent=True))


def test_an_older_run_keeps_the_images_that_it_held_out(
    done: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "older"
    shutil.copytree(done.folder, folder)
    env = json.loads((folder / "env.json").read_text())
    assert env["data"].pop("by_class") is True
    (folder / "env.json").write_text(json.dumps(env))
    asked: list[bool] = []

    def opened(*_: Any, by_class: bool, **__: Any) -> None:
        asked.append(by_class)
        raise TrainError("enough")

    monkeypatch.setattr("netspec.train.run.open_data", opened)
    monkeypatch.setattr("netspec.train.commands.open_data", opened)
    for path in (done.folder, folder):
        with pytest.raises(TrainError, match="enough"):
            train(NETWORK, TrainOptions(resume=path, silent=True))
        with pytest.raises(TrainError, match="enough"):
            eval_command(trained_run(path, NETWORK))
    assert asked == [True, True, False, False]


def test_a_runs_folder_holds_what_the_design_says(done: RunResult) -> None:
    names = {path.name for path in done.folder.iterdir()}
    assert {
        "spec.yaml",
        "resolved.yaml",
        "env.json",
        "metrics.jsonl",
        "metrics.csv",
        "curves.svg",
        "checkpoints",
        "model.safetensors",
        "tensorboard",
    } <= names
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}-[0-9a-f]{4}", done.folder.name)
    rows = read_rows(done.folder / "metrics.jsonl")
    assert [row["kind"] for row in rows] == [*["step"] * 4, "epoch"] * 2 + ["test"]
    table = list(csv.DictReader((done.folder / "metrics.csv").read_text().splitlines()))
    epochs = [row for row in rows if row["kind"] == "epoch"]
    assert [float(row["train_loss"]) for row in table] == [row["train"]["loss"] for row in epochs]
    env = json.loads((done.folder / "env.json").read_text())
    assert env["data"]["classes"] == [str(digit) for digit in range(10)]
    assert env["starts"][0]["versions"]["torch"] == torch.__version__
    assert any((done.folder / "tensorboard").iterdir())
    ElementTree.parse(done.folder / "curves.svg")


def test_tensorboard_reads_the_folder(done: RunResult) -> None:
    event = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = event.EventAccumulator(str(done.folder / "tensorboard"))
    found.Reload()
    assert {"train/loss", "epoch/validation_accuracy", "test/accuracy"} <= set(
        found.Tags()["scalars"]
    )


def test_evaluating_a_run_gives_its_own_figures(
    done: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    eval_command(trained_run(done.folder, NETWORK), out=out)
    assert done.test is not None
    printed = capsys.readouterr().out
    assert f"top-1 {done.test.accuracy:.2%}" in printed
    assert "top-5" in printed
    figures = json.loads((out / "figures.json").read_text())
    assert figures["loss"] == pytest.approx(done.test.loss, rel=1e-6)
    rows = list(csv.reader((out / "confusion.csv").read_text().splitlines()))[1:]
    counts = [[int(value) for value in row[1:]] for row in rows]
    assert sum(map(sum, counts)) == done.test.count
    right = sum(counts[place][place] for place in range(10))
    assert right / done.test.count == figures["accuracy"]
    assert figures["classes"]["3"] == counts[3][3] / sum(counts[3])
    ElementTree.parse(out / "confusion.svg")


def test_evaluating_a_spec_takes_any_fitting_weights(
    done: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = Trained(NETWORK, done.folder / "model.safetensors")
    eval_command(trained, split="validation", out=tmp_path)
    assert capsys.readouterr().out.startswith("validation: loss ")
    with pytest.raises(TrainError, match="there is no split `tset`"):
        eval_command(trained, split="tset")
    other = Trained(StandIn(plain_cnn, train=RECIPE), done.folder / "model.safetensors")
    with pytest.raises(TrainError, match="do not fit the network"):
        eval_command(other)


@pytest.mark.parametrize(
    ("split", "hint"),
    [
        ("test", "name another `--split`"),
        ("validation", "name another `--split` or `validation:` a share"),
    ],
)
def test_a_part_without_images_is_told_with_what_would_give_some(
    done: RunResult, monkeypatch: pytest.MonkeyPatch, split: str, hint: str
) -> None:
    monkeypatch.setattr(Data, "size", lambda *_: 0)
    with pytest.raises(TrainError, match=f"has no {split} images") as refused:
        eval_command(trained_run(done.folder, NETWORK), split=split)
    assert refused.value.hint == hint


def trained_on_files(tmp_path: Path) -> tuple[Path, Trained]:
    """A folder of images, and a run that was trained on them."""
    images = image_tree(tmp_path / "images")
    network = StandIn(full_cnn, train={"epochs": 1, "batch_size": 8, "data": FILES})
    run = train(network, TrainOptions(run_dir=tmp_path, data=images, workers=0, silent=True))
    return images, trained_run(run.folder, network)


def test_other_data_is_seen_through_the_figures_of_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, trained = trained_on_files(tmp_path)
    few = tmp_path / "few"
    shutil.copytree(images, few, ignore=lambda folder, names: [n for n in names if "02" < n < "05"])
    samples, seen = [], []

    def opened(recipe: Recipe, *args: Any, **options: Any) -> Data:
        seen.append(recipe.data.normalize)
        return open_data(recipe, *args, **options)

    monkeypatch.setattr("netspec.train.commands.open_data", opened)
    for root in (images, few):
        eval_command(trained, data=root, split="train", out=tmp_path / "out")
        samples.append(json.loads((tmp_path / "out" / "figures.json").read_text())["samples"])
    assert samples[0] > samples[1] > 0
    assert trained.run is not None
    facts = trained.run.read_env()["data"]
    assert seen == [Normalization(tuple(facts["mean"]), tuple(facts["std"]))] * 2
    (few / "class3").rename(few / "other")
    with pytest.raises(TrainError, match="other` is of a class that the network was not"):
        eval_command(trained, data=few, split="train", out=tmp_path / "out")
    capsys.readouterr()


def test_a_label_a_pixel_is_evaluated_by_pixel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = StandIn(
        lambda: SegmentingCnn(3),
        train={"epochs": 1, "batch_size": 16, "data": {"dataset": "synthetic", "samples": 64}},
        output_shape=(3, 8, 8),
    )
    result = train(network, TrainOptions(run_dir=tmp_path, silent=True))
    eval_command(trained_run(result.folder, network), out=tmp_path / "out")
    assert f"{16 * 64:,} samples" in capsys.readouterr().out


def test_predicting_prints_classes_with_probabilities(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, trained = trained_on_files(tmp_path)
    files = [images / "class3" / "003.png", images / "class5" / "005.png"]
    assert predict_command(trained, [str(file) for file in files], top=3) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [str(file) for file in files]
    assert len(re.findall(r"class\d \d+\.\d%", lines[0])) == 3
    assert predict_command(trained, [str(trained.weights)]) == 1


def test_runs_are_listed_best_first_and_compared(
    done: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = done.folder.parent.parent
    worse = StandIn(full_cnn, train={**RECIPE, "epochs": 1, "optimizer": "SGD"}, name="digits")
    other = train(worse, TrainOptions(run_dir=runs, silent=True))
    runs_command([], run_dir=runs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", str(done.folder), str(other.folder)]
    picture = tmp_path / "both.svg"
    runs_command([done.folder, other.folder], run_dir=runs, curves=picture)
    printed = capsys.readouterr().out
    assert re.search(r"train\.epochs +2 +1", printed)
    assert "train.batch_size" not in printed
    root = ElementTree.parse(picture).getroot()
    svg = "{http://www.w3.org/2000/svg}"
    assert len([*root.iter(f"{svg}polyline")]) == 4  # of the first: the second is one epoch long
    names = [text.text for text in root.iter(f"{svg}text") if text.get("class") == "run"]
    assert names == [f"digits {run.folder.name[-4:]}" for run in (done, other)]
    with pytest.raises(TrainError, match="there are no runs"):
        runs_command([], run_dir=tmp_path)


def test_training_prints_a_table_and_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once = replace(NETWORK, train={**RECIPE, "epochs": 1})
    assert train_command(once, TrainOptions(run_dir=tmp_path)) == 0
    printed = capsys.readouterr()
    assert re.search(r"test, epoch 1's weights +\d\.\d{4} +\d+\.\d\d% +360", printed.out)
    assert f"files in {tmp_path}" in printed.out
    assert "images/s" in printed.err
    assert "waiting for data" in printed.err


def test_the_largest_batch_is_reckoned_from_the_static_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe = recipe_from({"optimizer": "Adam", "ema": 0.9})
    plan = make_plan(recipe, torch.device("cpu"), Processes(), images=True)
    step = StepMemory(saved=Saved(450_000), peak=Saved(500_000, 8000))
    need = reckon(1_000_000, step, 1000, recipe, plan)
    assert need.fixed == 5 * 4_000_000  # weights, gradients, two of Adam's, the moving average
    assert need.per_sample == 4 * 500_000 + 8000 + 4 * 1000 * IMAGES_HELD["cpu"]
    assert need.largest_batch(10**9) == int((0.92e9 - need.fixed) // need.per_sample)
    assert need.largest_batch(10**6) == 0
    assert max_batch_command(NETWORK, step=step, memory=2**30) == 0
    assert "largest batch: " in capsys.readouterr().out


@pytest.mark.parametrize("capacity", [0, 1, 2, 3, 63, 64, 100, 512, 5000])
@pytest.mark.parametrize("start", [1, 64, 600])
def test_trials_find_the_largest_batch_that_runs(capacity: int, start: int) -> None:
    def step(batch: int) -> None:
        if batch > capacity:
            raise torch.OutOfMemoryError("CUDA out of memory")

    limit = 4000
    found, trials = largest_that_runs(start, limit, step, lambda: None)
    assert found <= min(capacity, limit)
    assert found >= min(capacity, limit) * 0.97 - 1
    assert len(trials) < 30


def test_pictures_are_well_formed_whatever_they_hold() -> None:
    hostile = ["<script>", 'a"b', "ü & co"]
    matrix = draw_confusion(hostile, [[3, 0, 1], [0, 0, 0], [1, 2, 9]], title="<&>")
    assert "<script>" not in matrix
    ElementTree.fromstring(matrix)
    many = draw_confusion(
        [str(i) for i in range(100)], [[i % 3] * 100 for i in range(100)], title=""
    )
    ElementTree.fromstring(many)
    points: list[list[tuple[float, float]]] = [
        [(1, 0.5)],
        [(1, float("nan")), (2, float("inf")), (3, 0.1)],
        [(1, 0.0), (2, 0.0)],
        [],
    ]
    for values in points:
        curves = [Curve(name, "<run>", "train", values) for name in ("loss", "accuracy")]
        picture = draw_curves(curves, title="<title>")
        assert "<run>" not in picture
        ElementTree.fromstring(picture)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "0.2 s"), (42.4, "42 s"), (185, "3:05"), (7385, "2:03:05")]
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_data_that_does_not_fit_the_network_is_refused_before_training(tmp_path: Path) -> None:
    wrong: Any = StandIn(plain_cnn, train=RECIPE, output_shape=(7,))
    with pytest.raises(TrainError):
        train(wrong, TrainOptions(run_dir=tmp_path, silent=True))
    assert not list(tmp_path.iterdir())
