"""Going on with a stranger's run, evaluating it and predicting with it: whatever its files are and
say, a sentence or figures, and nothing written outside of its folder."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import ran

from netspec.train.storage.checkpoint_file import pack, read_checkpoint

RESUME = ("train", "--resume", "run")
EVAL = ("eval", "run")
PREDICT = ("predict", "run", "images/test")
ALL = (RESUME, EVAL, PREDICT)
RUNS = ("runs", "run", "run")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.symlink_to("not-there")


def folder(path: Path) -> None:
    path.mkdir()


ODD = {
    "a pipe": fifo,
    "a device": device,
    "a circle": circle,
    "nowhere": nowhere,
    "a folder": folder,
}


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def told(code: int, err: str) -> bool:
    """Whether a command ended in one sentence or one finding."""
    return code == 1 and err.count("error: ") + err.count("error[") == 1


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("words", ALL)
def test_a_resolved_spec_that_is_no_file(
    words: tuple[str, ...],
    odd: str,
    small_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replaced(small_run / "run" / "resolved.yaml", ODD[odd])
    code, _, err = ran(monkeypatch, capsys, *words)
    assert told(code, err), err
    assert "resolved.yaml" in err
    assert ran(monkeypatch, capsys, *RUNS)[0] == 0


def test_a_resolved_spec_that_is_a_link_is_read_and_never_written_through(
    small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = small_run / "elsewhere.yaml"
    resolved = small_run / "run" / "resolved.yaml"
    text = resolved.read_text() + "# not the run's own\n"
    elsewhere.write_text(text)
    replaced(resolved, lambda path: path.symlink_to("../elsewhere.yaml"))
    for words in ALL:
        code, _, err = ran(monkeypatch, capsys, *words)
        assert code == 0, err
    assert elsewhere.read_text() == text
    assert not resolved.is_symlink()


def test_an_env_file_that_is_no_file(
    small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for odd in (fifo, device, folder):
        path = small_run / "run" / "env.json"
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        odd(path)
        for words in ALL:
            code, _, err = ran(monkeypatch, capsys, *words)
            assert told(code, err), (odd, words, err)
            assert "env.json" in err


@pytest.mark.parametrize("odd", ODD)
def test_checkpoints_that_are_no_files_are_passed_over(
    odd: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    last = small_run / "run" / "checkpoints" / "last.checkpoint"
    shutil.copy(last, last.with_name("previous.checkpoint"))
    replaced(last, ODD[odd])
    code, _, err = ran(monkeypatch, capsys, *RESUME)
    assert code == 0, err
    assert "previous.checkpoint at epoch" in err


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("words", [EVAL, PREDICT])
def test_weights_that_are_no_file(
    words: tuple[str, ...],
    odd: str,
    small_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replaced(small_run / "run" / "model.safetensors", ODD[odd])
    code, _, err = ran(monkeypatch, capsys, *words)
    assert told(code, err), err
    assert "model.safetensors" in err


@pytest.mark.parametrize("more", [(), ("--set", "train.epochs=3")])
def test_nothing_is_written_through_a_link(
    more: tuple[str, ...],
    small_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the files of a run nor the names under which they are first written."""
    run, target = small_run / "run", small_run / "precious"
    target.write_text("precious\n")
    files = [path for path in run.rglob("*") if path.is_file() and "tensorboard" not in path.parts]
    assert len(files) >= 8
    for path in files:
        path.with_name(path.name + ".aside").symlink_to(target)
    rows = (run / "metrics.jsonl").read_bytes()
    (small_run / "rows").write_bytes(rows)
    for name in ("metrics.jsonl", "metrics.csv", "curves.svg", "model.safetensors", "warnings.txt"):
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(small_run / "rows" if name == "metrics.jsonl" else target)
    code, _, err = ran(monkeypatch, capsys, *RESUME, *more)
    assert code == 0, err
    assert target.read_text() == "precious\n"
    assert (small_run / "rows").read_bytes() == rows


@pytest.mark.parametrize("name", ["checkpoints", "tensorboard"])
def test_a_folder_of_a_run_that_leads_out_of_it_is_refused(
    name: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = small_run / "run" / name
    if not place.exists():
        pytest.skip("TensorBoard is not installed")
    place.rename(small_run / "elsewhere")
    before = sorted((small_run / "elsewhere").iterdir())
    place.symlink_to(small_run / "elsewhere")
    code, _, err = ran(monkeypatch, capsys, *RESUME, "--set", "train.epochs=3")
    assert told(code, err), err
    assert "leads out of the run's folder" in err
    assert sorted((small_run / "elsewhere").iterdir()) == before
    place.unlink()
    (small_run / "elsewhere").rename(small_run / "run" / "within")
    place.symlink_to("within")
    code, _, err = ran(monkeypatch, capsys, *RESUME, "--set", "train.epochs=3")
    assert code == 0, err


ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e400,
    "x",
    "../..",
    [],
    [[]],
    {},
    {"a": [1]},
    10**30,
)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all that a tree holds, itself first; of a long list, of its ends."""
    yield path
    if isinstance(tree, dict | list | tuple):
        keys = list(tree if isinstance(tree, dict) else range(len(tree)))
        for key in keys if len(keys) < 20 else (keys[0], keys[-1]):
            yield from leaves(tree[key], (*path, key))


def with_value(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of ``tree`` with another value at a path."""
    if not path:
        return value
    first, *rest = path
    if isinstance(tree, dict):
        return {k: with_value(v, tuple(rest), value) if k == first else v for k, v in tree.items()}
    kept = [with_value(v, tuple(rest), value) if n == first else v for n, v in enumerate(tree)]
    return tuple(kept) if isinstance(tree, tuple) else kept


def test_an_env_file_that_says_anything(
    small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    env = json.loads((small_run / "run" / "env.json").read_text())
    (small_run / "run").rename(small_run / "kept")
    for path in leaves(env):
        if path[:1] == ("starts",) and len(path) > 2:
            continue  # what earlier starts ran on is only told
        for value in random.Random(str(path)).sample(ODD_VALUES, 2):
            shutil.copytree(small_run / "kept", small_run / "run")
            text = json.dumps(with_value(env, path, value))
            (small_run / "run" / "env.json").write_text(text)
            words = random.Random(f"{path} {value}").choice((*ALL, RUNS))
            code, _, err = ran(monkeypatch, capsys, *words)
            assert code == 0 or told(code, err), (path, value, words, err)
            shutil.rmtree(small_run / "run")


def odd_trees(tree: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    tensors = (torch.zeros(0), torch.zeros(3, 3), torch.tensor(1), torch.full((2,), float("nan")))
    for path in leaves(tree):
        for value in (*ODD_VALUES, *tensors):
            yield path, value


def check_odd_checkpoints(
    count: int | None,
    small_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    last = small_run / "run" / "checkpoints" / "last.checkpoint"
    for path in last.parent.iterdir():
        if path != last:
            path.unlink()
    tree = read_checkpoint(last)
    (small_run / "run").rename(small_run / "kept")
    todo = list(odd_trees(tree))
    for path, value in todo if count is None else random.Random(0).sample(todo, count):
        shutil.copytree(small_run / "kept", small_run / "run")
        (small_run / last).write_bytes(b"".join(pack(with_value(tree, path, value))))
        before = {
            file: file.read_bytes() for file in (small_run / "run").rglob("*.*") if file.is_file()
        }
        code, _, err = ran(monkeypatch, capsys, *RESUME, "--set", "train.epochs=3")
        assert code == 0 or told(code, err), (path, value, err)
        if code:
            after = {f: f.read_bytes() for f in (small_run / "run").rglob("*.*") if f.is_file()}
            assert before.keys() <= after.keys()
        shutil.rmtree(small_run / "run")


def test_checkpoints_with_a_right_hash_that_hold_anything(
    small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check_odd_checkpoints(40, small_run, monkeypatch, capsys)


@pytest.mark.soak
def test_every_such_checkpoint(
    small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check_odd_checkpoints(None, small_run, monkeypatch, capsys)
