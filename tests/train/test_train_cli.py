"""The commands that train, as a user runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cases import image_tree
from typer.testing import CliRunner

import netspec
from netspec.cli.commands import app

SPEC = """
netspec: 1
name: small
params: {width: 4}
input: [1, 8, 8]
layers:
  conv: {Conv2d: {out_channels: $width, kernel_size: 3, bias: false}}
  norm: BatchNorm2d
  relu: ReLU
  flatten: Flatten
  fc: {Linear: 10}
train:
  epochs: 2
  batch_size: 16
  data: {dataset: folder, channels: 1, validation: 0.2}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SPEC)
    image_tree(tmp_path / "images")
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_a_spec_is_trained_resumed_evaluated_and_used(here: Path) -> None:
    code, out, _ = run("train", "small.yaml", "--data", "images", "--set", "width=6")
    assert code == 0
    folder = re.search(r"files in (\S+)", out)
    assert folder is not None
    where = folder[1]
    assert netspec.load(here / where / "resolved.yaml").params == {"width": 6}

    code, out, err = run("train", "--resume", where, "--epochs", "3")
    assert code == 0
    assert "going on with" in err
    assert "now to 3 epochs" in err
    assert "3 epochs, " in out
    assert "epochs: 3" in (here / where / "resolved.yaml").read_text()
    again = ("train", "small.yaml", "--resume", "auto", "--set", "width=6")
    assert run(*again, "--epochs", "3")[0] == 0

    code, out, _ = run("eval", where, "--split", "validation")
    assert code == 0
    assert out.startswith("validation: loss ")
    weights = f"{where}/model.safetensors"
    arguments = ("--set", "width=6", "--data", "images", "--split", "train", "--out", "out")
    assert run("eval", "small.yaml", "--weights", weights, *arguments)[0] == 0
    code, _, err = run("eval", "small.yaml", "--weights", weights, "--data", "images")
    assert code == 1
    assert "`conv.weight` is float32 [6, 1, 3, 3], and the network has float32 [4, 1, 3, 3]" in err

    code, out, _ = run("predict", where, "images/class1/001.png", "--top", "2")
    assert code == 0
    assert out.count("%") == 2
    code, out, _ = run("runs")
    assert code == 0
    assert where in out
    assert "largest batch: " in run("max-batch", "small.yaml", "--memory", "1")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["train"], 2, "train what?"),
        (["train", "--resume", "nowhere"], 1, "error: there is no run `nowhere`"),
        (["train", "small.yaml", "--data", "nowhere"], 1, "error: there is no folder `"),
        (["train", "small.yaml", "--data", "images", "--device", "cuda:77"], 1, "error: `cuda:77`"),
        (["train", "small.yaml", "--set", "train.epochs=0"], 1, "`epochs` is at least 1, not 0"),
        (["eval", "small.yaml"], 2, "a spec has no weights of its own"),
        (["predict", "images", "a.png"], 1, "is not a run's folder"),
        (["runs", "--run-dir", "nowhere"], 1, "there are no runs in `nowhere`"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    arguments: list[str], code: int, words: str, here: Path
) -> None:
    found, _, err = run(*arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err
    assert not (here / "runs").exists()


def test_what_check_warns_of_is_told_before_training_and_kept(here: Path) -> None:
    code, out, _ = run("check", "small.yaml")
    assert (code, "warning" in out) == (0, False)
    assert run("train", "small.yaml", "--data", "images", "--epochs", "1")[0] == 0
    assert not list((here / "runs").rglob("warnings.txt"))
    (here / "biased.yaml").write_text(SPEC.replace(", bias: false", "").replace("small", "biased"))
    shown = run("check", "biased.yaml")[1].partition("\n\n")[0]
    assert "biased.yaml:7:" in shown
    assert "warning[NS602]" in shown
    code, out, err = run("train", "biased.yaml", "--data", "images", "--epochs", "1")
    assert code == 0
    assert err.index(shown) < err.index("epoch 1/1")
    folder = here / (re.search(r"files in (\S+)", out) or [""])[1]
    assert (folder / "warnings.txt").read_text() == f"{shown}\n"
    code, _, err = run("train", "--resume", str(folder), "--epochs", "2")
    assert code == 0
    assert err.index("warning[NS602]") < err.index("epoch 2/2")


def test_a_refused_resume_leaves_the_run_as_it_was(here: Path) -> None:
    code, out, _ = run("train", "small.yaml", "--data", "images", "--epochs", "3")
    found = re.search(r"files in (\S+)", out)
    assert code == 0
    assert found is not None
    folder = here / found[1]
    kept = {name: (folder / name).read_bytes() for name in ("env.json", "resolved.yaml")}
    assert b"epochs: 3" in kept["resolved.yaml"]
    for refused, why in (
        (("--batch-size", "8"), "differs from the run's own in `batch_size`"),
        (("--epochs", "2"), "the run has 3 epochs already, and `epochs` is 2"),
    ):
        code, _, err = run("train", "--resume", found[1], *refused)
        assert code == 1
        assert why in err
        assert {name: (folder / name).read_bytes() for name in kept} == kept
    code, _, err = run("train", "--resume", found[1], "--set", "train.epochs=4")
    assert code == 0
    assert "now to 4 epochs" in err
    assert "epochs: 4" in (folder / "resolved.yaml").read_text()


def test_a_setting_given_twice_is_refused(here: Path) -> None:
    code, _, err = run("train", "small.yaml", "--epochs", "3", "--set", "train.epochs=4")
    assert code == 2
    assert "`train.epochs` is given twice" in err


def test_the_newest_run_needs_a_spec(here: Path) -> None:
    code, _, err = run("train", "--resume", "auto")
    assert code == 2
    assert "`--resume auto` goes on with the newest run of a spec" in err


def test_a_run_whose_checkpoints_are_gone_is_not_begun_again(here: Path) -> None:
    _, out, _ = run("train", "small.yaml", "--data", "images")
    found = re.search(r"files in (\S+)", out)
    assert found is not None
    for path in (here / found[1] / "checkpoints").iterdir():
        path.unlink()
    code, _, err = run("train", "--resume", found[1])
    assert code == 1
    assert "has weights and no checkpoint to go on from" in err
    assert "--weights" in err


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("{CrossEntropyLoss: {weight: [1, 1]}}", "2 class weights, and the network has 10 outputs"),
        (
            "{BCEWithLogitsLoss: {pos_weight: [1, 2]}}",
            "2 class weights, and the network has 10 outputs",
        ),
        ("{CrossEntropyLoss: {weight: [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]}}", None),
        ("{BCEWithLogitsLoss: {pos_weight: [9]}}", None),
    ],
)
def test_a_loss_has_a_weight_for_each_class(here: Path, loss: str, said: str | None) -> None:
    code, _, err = run("train", "small.yaml", "--data", "images", "--set", f"train.loss={loss}")
    assert code == (1 if said else 0), err
    assert (said or "") in err


def test_a_run_from_weights_is_begun_once_more_from_them(here: Path) -> None:
    """Killed before its first checkpoint, it must not go on from random weights."""
    _, out, _ = run("train", "small.yaml", "--data", "images")
    first = re.search(r"files in (\S+)", out)
    assert first is not None
    weights = f"{first[1]}/model.safetensors"
    _, out, _ = run("train", "small.yaml", "--data", "images", "--weights", weights)
    second = re.search(r"files in (\S+)", out)
    assert second is not None
    folder = here / second[1]
    losses = [row for row in (folder / "metrics.csv").read_text().splitlines() if row]
    (folder / "model.safetensors").unlink()
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    code, _, err = run("train", "--resume", second[1])
    assert code == 0
    assert "starting from the weights in" in err
    again = [row for row in (folder / "metrics.csv").read_text().splitlines() if row]
    # epoch, step, rate and the training figures; seconds come last
    assert [row.split(",")[:5] for row in again] == [row.split(",")[:5] for row in losses]


def test_weights_that_do_not_fit_leave_no_run_behind(here: Path) -> None:
    (here / "bad.safetensors").write_bytes(b"no weights")
    arguments = ("train", "small.yaml", "--data", "images", "--weights", "bad.safetensors")
    assert run(*arguments)[0] == 1
    assert not list((here / "runs").glob("small/*"))


def test_another_specs_run_is_not_gone_on_with(here: Path) -> None:
    _, out, _ = run("train", "small.yaml", "--data", "images")
    found = re.search(r"files in (\S+)", out)
    assert found is not None
    (here / "other.yaml").write_text(SPEC.replace("name: small", "name: other"))
    code, _, err = run("train", "other.yaml", "--resume", found[1])
    assert code == 1
    assert "is a run of `small`, not of `other`" in err


def test_the_largest_batch_is_found_by_its_new_name_and_by_the_old(here: Path) -> None:
    arguments = ("small.yaml", "--memory", "1", "--no-confirm")
    code, out, err = run("max-batch", *arguments)
    assert (code, err) == (0, "")
    assert run("fit", *arguments) == (
        0, out, "note: `netspec fit` is called `netspec max-batch` now\n"
    )  # fmt: skip
    shown = run("--help")[1]
    assert "max-batch" in shown
    assert " fit " not in shown


def test_without_a_batch_size_summary_reckons_with_the_batch_that_training_takes(
    here: Path,
) -> None:
    text = SPEC.replace("  batch_size: 16\n", "")
    (here / "plain.yaml").write_text(text)
    (here / "bare.yaml").write_text(text.partition("train:")[0])
    for name in ("plain.yaml", "bare.yaml"):
        out = json.loads(run("summary", name, "--format", "json")[1])
        assert out["training_memory"]["batch_size"] == netspec.load(here / name).recipe.batch_size
    assert run("train", "plain.yaml", "--data", "images", "--epochs", "1")[0] == 0
    (resolved,) = (here / "runs").rglob("resolved.yaml")
    assert netspec.load(resolved).recipe.batch_size == 128
