"""Names with escape codes and line ends: written as codes in every output of every command."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import pytest
from small_sets import class_tree

from netspec.cli.main import main

EVIL = "a\x1b[31m\nerror: b\x9b\u202e"
SHOWN = "a\\x1b[31m\\x0aerror: b\\x9b\\u202e"
SPEC = """\
netspec: 1
input: [3, 8, 8]
layers: [Flatten, Linear: 2]
train:
  epochs: 1
  batch_size: 8
  data: {dataset: folder, root: images, normalize: {mean: 0.5, std: 0.5}}
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Commands:
    """The command line within this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: str) -> Said:
        sys.argv = ["netspec", *words]
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *self.capsys.readouterr())


@pytest.fixture
def netspec(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Commands:
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    return Commands(capsys)


def require_safe(said: Said) -> None:
    for text in (said.out, said.err):
        assert all(c == "\n" or c.isprintable() for c in text), said
        assert not any(line.startswith("error: b") for line in text.splitlines()), said


def test_names_of_files_folders_classes_and_runs(netspec: Commands, tmp_path: Path) -> None:
    class_tree(tmp_path / "images", classes=(EVIL, "dog"), count=2)
    class_tree(tmp_path / EVIL, count=2)
    (tmp_path / "images" / "train" / EVIL / f"{EVIL}.txt{EVIL}").write_text("")
    (tmp_path / "images" / "train" / f"{EVIL}.png").write_text("")
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / f"{EVIL}.yaml").write_text(SPEC)
    (tmp_path / f"{EVIL}.zip").write_text("")
    (tmp_path / f"{EVIL}.png").write_text("")
    runs = f"runs{EVIL}"

    said = netspec("train", "spec.yaml", "--run-dir", runs)
    assert said.code == 0, said
    assert f"runs{SHOWN}" in said.out + said.err
    require_safe(said)
    (run,) = (tmp_path / runs).glob("*/*")
    (tmp_path / runs / "spec" / EVIL).symlink_to(run)
    for picture in run.rglob("*.svg"):
        ET.parse(picture)
    where, image = str(run), f"{EVIL}.png"
    for words, code in {
        ("train", "spec.yaml", "--run-dir", runs, "--resume", "auto"): 0,
        ("train", "spec.yaml", "--run-dir", runs, "--resume", EVIL): 1,
        ("train", "spec.yaml", "--weights", image): 1,
        ("train", "spec.yaml", "--data", image): 1,
        ("train", "spec.yaml", "--data", f"{EVIL}.zip"): 1,
        ("train", f"{EVIL}.yaml", "--data", f"{EVIL}/nowhere"): 1,
        ("runs", "--run-dir", runs): 0,
        ("runs", "--run-dir", f"{EVIL}/none"): 1,
        ("runs", where, f"{runs}/spec/{EVIL}", "--curves", f"{EVIL}.svg"): 0,
        ("runs", EVIL): 1,
        ("eval", where): 0,
        ("eval", where, "--out", f"out{EVIL}"): 0,
        ("eval", where, "--data", EVIL): 1,
        ("eval", where, "--weights", image): 1,
        ("predict", where, image, "images/test"): 1,
        ("predict", where, "images/test", "--format", "json"): 0,
        ("predict", where, f"{EVIL}*"): 1,
        ("data", "images"): 0,
        ("data", EVIL, "--show", f"{EVIL}.sheet.png"): 0,
        ("data", f"{EVIL}/nowhere"): 1,
        ("data", "images", "--format", "json"): 0,
        ("check", f"{EVIL}.yaml"): 0,
        ("check", f"{EVIL}/none.yaml"): 1,
        ("summary", f"{EVIL}.yaml"): 0,
        ("init", EVIL): 2,
        ("init", "new.yaml", "--data", EVIL): 0,
        ("cache",): 0,
        ("cache", "clear", "--dataset", EVIL): 2,
        ("cache", "clear"): 0,
        ("explain", EVIL): 2,
        ("ops", EVIL): 2,
        ("recipe", EVIL): 2,
        ("max-batch", f"{EVIL}.yaml", "--memory", "0.1"): 0,
        ("check", "spec.yaml", f"--{EVIL}"): 2,
        (EVIL,): 2,
    }.items():
        said = netspec(*words)
        assert said.code == code, (words, said)
        require_safe(said)

    said = netspec("predict", where, "images/test", "--format", "json")
    assert EVIL in json.loads(said.out)["classes"]  # JSON has them as they are
