"""What Tab offers, asked as bash asks: through the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.diagnostics import CODES
from netspec.train.cache_folder import cache_root, mark_used

ROOT = Path(__file__).parent.parent
SPEC = "netspec: 1\ninput: [3]\nlayers: [Linear: 2]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with specs, a run, and what is neither."""
    for name in ("net.yaml", "specs/one.yaml", "specs/two.yml", "specs/notes.txt", ".hidden.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SPEC)
    for run in ("net/2026-01-01-1", "net/2026-02-02-2", "other/2026-01-15-3"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "env.json").write_text("{}")
    (tmp_path / "runs" / "net" / "empty").mkdir()
    (cache_root() / "data" / "a").mkdir(parents=True)
    handle = mark_used("a", "CIFAR10", tmp_path)
    assert handle is not None
    os.close(handle)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def offered(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What bash is told after this line, whose last word is begun."""
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    monkeypatch.setenv("_NETSPEC_COMPLETE", "complete_bash")
    monkeypatch.setattr(sys, "argv", ["netspec"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("netspec chec", ["check"]),
        ("netspec ma", ["max-batch"]),
        ("netspec fi", []),  # an old name
        ("netspec check --str", ["--strict"]),
        ("netspec check ne", ["net.yaml"]),
        ("netspec check sp", ["specs/one.yaml", "specs/two.yml"]),
        ("netspec check specs/t", ["specs/two.yml"]),
        ("netspec check ./n", ["./net.yaml"]),
        ("netspec check no-such/t", []),
        ("netspec summary ne", ["net.yaml"]),
        ("netspec train ne", ["net.yaml"]),
        ("netspec schema ne", ["net.yaml"]),
        ("netspec max-batch ne", ["net.yaml"]),
        ("netspec ops LayerN", ["LayerNorm", "LayerNorm2d"]),
        ("netspec explain NS10", [code for code in CODES if code.startswith("NS10")]),
        ("netspec recipe Cos", ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]),
        ("netspec recipe batch", ["batch_size"]),
        ("netspec runs runs/net/2", ["runs/net/2026-02-02-2", "runs/net/2026-01-01-1"]),
        ("netspec eval runs/o", ["runs/other/2026-01-15-3"]),
        ("netspec predict ne", ["net.yaml"]),
        ("netspec train --resume a", ["auto"]),
        ("netspec train --resume runs/o", ["runs/other/2026-01-15-3"]),
        ("netspec cache clear --dataset CI", ["CIFAR10"]),
        ("netspec cache cl", ["clear"]),
    ],
)
def test_what_is_offered_is_what_fits(
    line: str,
    words: list[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert offered(line, monkeypatch, capsys) == words


def test_commands_and_specs_are_offered_before_a_word_is_begun(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = offered("netspec ", monkeypatch, capsys)
    assert {"check", "train", "recipe", "cache", "ops"} <= set(commands)
    assert "fit" not in commands
    specs = offered("netspec check ", monkeypatch, capsys)
    assert specs == ["net.yaml", "specs/one.yaml", "specs/two.yml"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_with_the_script_that_is_installed(here: Path) -> None:
    (here / "bin").mkdir()
    command = here / "bin" / "netspec"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netspec "$@"\n')
    command.chmod(0o755)
    script = (
        'eval "$(_NETSPEC_COMPLETE=source_bash netspec)"\n'
        "COMP_WORDS=(netspec recipe RandomH); COMP_CWORD=2\n"
        "_netspec_completion netspec\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
        "complete -p netspec\n"
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        },
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "RandomHorizontalFlip",
        "complete -o default -F _netspec_completion netspec",
    ]


def test_completing_loads_no_torch(here: Path) -> None:
    program = (
        "import sys; sys.argv = ['netspec']\n"
        "from netspec.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"
    )
    asked = {"COMP_WORDS": "netspec eval ", "COMP_CWORD": "2", "_NETSPEC_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **asked},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "runs/net/2026-01-01-1" in done.stdout
