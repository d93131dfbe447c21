"""Pickles under every name that netspec opens: none is run, whichever command meets it."""

from __future__ import annotations

import io
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import ran
from small_sets import cifar10, idx

from netspec.train.cache_folder import cache_root

SPEC = "netspec: 1\ninput: [3, 8, 8]\nlayers: [Flatten, Linear: 10]\n"
HARMED = "harmed"
NAMES = ("w.safetensors", "w.pt", "w.pth", "w.bin", "w.ckpt", "w.npy", "w")


class Harm:
    """Whoever unpickles it freely makes a file."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path(HARMED),)


def plain(protocol: int) -> Callable[[], bytes]:
    return lambda: pickle.dumps({"1.weight": Harm(), "data": Harm()}, protocol)


def saved(**options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        torch.save(
            {"state_dict": {"1.weight": torch.zeros(2, 192)}, "args": Harm()}, out, **options
        )
        return out.getvalue()

    return make


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Harm()], dtype=object), allow_pickle=True)
    return out.getvalue()


def npz() -> bytes:
    out = io.BytesIO()
    np.savez(out, images=np.array([Harm()], dtype=object))
    return out.getvalue()


def script() -> bytes:
    """A zip as torch writes it, with the code of a script in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in ("a/data.pkl", "a/constants.pkl", "a/version", "a/code/x.py"):
            file.writestr(name, plain(2)())
    return out.getvalue()


PICKLES: dict[str, Callable[[], bytes]] = {
    **{f"protocol {number}": plain(number) for number in range(6)},
    "as torch saves": saved(),
    "as torch saved before": saved(_use_new_zipfile_serialization=False),
    "as numpy saves": npy,
    "as numpy saves many": npz,
    "as torch saves scripts": script,
}


def test_they_would_do_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests can fail."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(plain(4)())
    assert Path(HARMED).exists()


@pytest.mark.parametrize("kind", PICKLES)
def test_none_is_run_as_weights(
    kind: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = NAMES[list(PICKLES).index(kind) % len(NAMES)]
    (small_run / name).write_bytes(PICKLES[kind]())
    for words in (
        ("train", "spec.yaml", "--weights", name),
        ("eval", "run", "--weights", name),
        ("predict", "run", "images/test", "--weights", name),
    ):
        code, _, err = ran(monkeypatch, capsys, *words)
        assert (code, err.count("error: ")) == (1, 1), err
    (small_run / "run" / "model.safetensors").write_bytes(PICKLES[kind]())
    for words in (("eval", "run"), ("predict", "run", "images/test")):
        code, _, err = ran(monkeypatch, capsys, *words)
        assert (code, err.count("error: ")) == (1, 1), err
    assert not (small_run / HARMED).exists()


@pytest.mark.parametrize("kind", PICKLES)
def test_none_is_run_as_a_checkpoint(
    kind: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("last", "previous", "best"):
        (small_run / "run" / "checkpoints" / f"{name}.checkpoint").write_bytes(PICKLES[kind]())
    code, _, err = ran(monkeypatch, capsys, "train", "--resume", "run")
    assert (code, err.count("is damaged and was passed over")) == (1, 3), err
    assert not (small_run / HARMED).exists()


@pytest.mark.parametrize("kind", PICKLES)
def test_none_is_run_as_any_other_file_of_a_run(
    kind: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("metrics.jsonl", "warnings.txt", "metrics.csv", "spec.yaml"):
        (small_run / "run" / name).write_bytes(PICKLES[kind]())
    code, _, err = ran(monkeypatch, capsys, "train", "--resume", "run")
    assert code == 0, err
    for name, words in {
        "resolved.yaml": ("train", "--resume", "run"),
        "env.json": ("predict", "run", "images/test"),
    }.items():
        (small_run / "run" / name).write_bytes(PICKLES[kind]())
        assert ran(monkeypatch, capsys, "runs", "run", "run")[0] == 0
        code, _, err = ran(monkeypatch, capsys, *words)
        assert (code, err.count("error: ") + err.count("error[")) == (1, 1), err
    assert not (small_run / HARMED).exists()


@pytest.mark.parametrize("kind", PICKLES)
def test_none_is_run_out_of_the_cache(
    kind: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [path for path in cache_root().rglob("*") if path.is_file() and path.stat().st_size]
    assert {path.suffix for path in files} >= {".npy", ".json"}
    for path in files:
        path.write_bytes(PICKLES[kind]())
    code, _, err = ran(monkeypatch, capsys, "train", "spec.yaml")
    assert code == 0, err
    assert not (small_run / HARMED).exists()


@pytest.mark.parametrize("kind", PICKLES)
def test_none_is_run_as_an_image(
    kind: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(small_run / "cache")
    for path in (small_run / "images").rglob("*.png"):
        path.write_bytes(PICKLES[kind]())
    for words in (
        ("train", "spec.yaml"),
        ("data", "spec.yaml"),
        ("data", "images"),
        ("predict", "run", "images/test"),
        ("init", "new.yaml", "--data", "images"),
    ):
        code, _, err = ran(monkeypatch, capsys, *words)
        assert code == 1, (words, err)
    assert not (small_run / HARMED).exists()


@pytest.mark.parametrize("kind", PICKLES)
def test_none_is_run_as_a_file_of_torchvisions_sets(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Theirs are pickles too: each is held against its checksum before it is opened."""
    monkeypatch.chdir(tmp_path)
    cifar10(tmp_path, monkeypatch, count=2)
    idx(tmp_path, "MNIST", packed=False)
    found = {
        "CIFAR10": sorted((tmp_path / "cifar-10-batches-py").iterdir()),
        "MNIST": sorted((tmp_path / "MNIST" / "raw").iterdir()),
    }
    for name, files in found.items():
        for path in files:
            path.write_bytes(PICKLES[kind]())
        words = ("data", "spec.yaml", "--set", f"train.data.dataset={name}", "--data", ".")
        (tmp_path / "spec.yaml").write_text(SPEC)
        code, _, err = ran(monkeypatch, capsys, *words)
        assert (code, err.count("error: the files of ")) == (1, 1), err
    legacy = tmp_path / "MNIST" / "processed"
    legacy.mkdir()
    for name in ("training.pt", "test.pt"):
        (legacy / name).write_bytes(PICKLES[kind]())
    assert ran(monkeypatch, capsys, *words)[0] == 1
    assert not (tmp_path / HARMED).exists()
