"""Two classes told apart by one output, as most people write it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from typer.testing import CliRunner

from netspec.cli.commands import app
from netspec.recipe import Choice
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.metric_sums import MetricSums
from netspec.train.machine.distributed import Processes

CPU = torch.device("cpu")

SPEC = """
netspec: 1
input: [1, 6, 6]
layers: [Flatten, {Linear: 1}]
train:
  data: {dataset: folder}
  loss: LOSS
  epochs: 15
  batch_size: 8
  optimizer: {Adam: {lr: 0.03}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    for part, count in (("train", 24), ("test", 8)):
        for label, name in enumerate(("dark", "light")):
            folder = tmp_path / "data" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(120 * label, 120 * label + 100, (6, 6), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


@pytest.mark.parametrize(
    "loss",
    [
        "BCEWithLogitsLoss",
        "{BCEWithLogitsLoss: {pos_weight: [2.0]}}",
        "MSELoss",
        "L1Loss",
        "SmoothL1Loss",
    ],
)
def test_it_is_trained_evaluated_and_used(loss: str, here: Path) -> None:
    (here / "spec.yaml").write_text(SPEC.replace("LOSS", loss))
    out = run("train", "spec.yaml", "--data", "data")
    assert re.search(r"test, .* 100\.0+% +16", out)
    (folder,) = (here / "runs" / "spec").iterdir()
    out = run("eval", str(folder))
    assert "top-1 100.00% · 16 samples" in out
    assert re.search(r"dark +8 +0\nlight +0 +8", out)
    out = run("predict", str(folder), "data/test/dark/00.png", "data/test/light/00.png")
    dark, light = out.splitlines()
    assert re.search(r": dark \d+\.\d% · light \d+\.\d%$", dark)
    assert re.search(r": light \d+\.\d% · dark \d+\.\d%$", light)


@pytest.mark.parametrize(
    ("choice", "reference", "even"),
    [
        (Choice("BCEWithLogitsLoss"), F.binary_cross_entropy_with_logits, 0.0),
        (
            Choice("BCEWithLogitsLoss", {"pos_weight": (3.0,)}),
            lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor([3.0])),
            0.0,
        ),
        (Choice("MSELoss"), F.mse_loss, 0.5),
        (Choice("L1Loss"), F.l1_loss, 0.5),
        (Choice("SmoothL1Loss", {"beta": 0.5}), lambda x, y: F.smooth_l1_loss(x, y, beta=0.5), 0.5),
    ],
)
def test_the_loss_is_torchs_against_the_label_as_a_number(
    choice: Choice, reference: Any, even: float
) -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(11, 1), torch.randint(2, (11,))
    criterion = Criterion(choice, CPU)
    expected = reference(logits, labels.float()[:, None])
    assert torch.equal(criterion(logits, labels), expected)
    sums = MetricSums(criterion, CPU, top5=True)
    sums.add(criterion(logits, labels), logits, labels)
    figures = sums.metrics(sums.totals(Processes()))
    assert figures.loss == pytest.approx(float(expected), rel=1e-6)
    right = (logits[:, 0] > even).long() == labels
    assert figures.accuracy == pytest.approx(float(right.float().mean()))
    shares = criterion.shares(logits)
    assert shares.shape == (11, 2)
    assert torch.allclose(shares.sum(1), torch.ones(11))
    assert torch.equal(shares.argmax(1), criterion.taken(logits))


def test_a_pixel_has_one_output_too() -> None:
    logits, labels = torch.randn(2, 1, 4, 3), torch.randint(2, (2, 4, 3))
    criterion = Criterion(Choice("BCEWithLogitsLoss"), CPU)
    expected = F.binary_cross_entropy_with_logits(logits[:, 0], labels.float())
    assert float(criterion(logits, labels)) == pytest.approx(float(expected), rel=1e-6)
    assert criterion.taken(logits).shape == labels.shape


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "NLLLoss"])
def test_a_loss_that_needs_an_output_a_class_is_refused_before_the_first_step(
    loss: str, here: Path
) -> None:
    (here / "spec.yaml").write_text(SPEC.replace("LOSS", loss))
    done = CliRunner().invoke(app, ["train", "spec.yaml", "--data", "data"])
    assert done.exit_code == 1
    assert f"`{loss}` needs an output for each class, and the network has one" in done.stderr


def test_a_scalar_for_each_sample_trains_no_classes(here: Path) -> None:
    scalar = SPEC.replace("LOSS", "CrossEntropyLoss").replace("{Linear: 1}", "{Sum: 1}")
    (here / "scalar.yaml").write_text(scalar)
    done = CliRunner().invoke(app, ["train", "scalar.yaml", "--data", "data"])
    assert done.exit_code == 1
    assert "`scalar` gives a scalar for each sample, and no output for each class" in done.output
