"""`netspec check` without typer says what it says with it, and starts sooner."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from netspec.cli.checking import UsageError, check_specs
from netspec.cli.commands import app, hoisted
from netspec.cli.plain_check import FLAGS, VALUES, plain_check

ROOT = Path(__file__).parent.parent

PLAIN = [
    ["specs/alexnet.yaml"],
    ["specs/alexnet.yaml", "specs/resnet18.yaml", "--format", "concise"],
    ["--strict", "specs/alexnet.yaml"],
    [
        "specs/alexnet.yaml",
        "--set",
        "num_classes=10",
        "--set=train.epochs=3",
        "--input",
        "3,255,255",
    ],
    ["specs/alexnet.yaml", "--set", "classes=10"],
    ["specs/alexnet.yaml", "--format=json", "--input=3,9,9"],
    ["specs/none.yaml"],
    ["specs/alexnet.yaml", "--format", "yaml"],
    ["specs/alexnet.yaml", "--input", "three"],
    ["netspec/pages"],
]
LEFT_TO_TYPER = [
    [],
    ["--help"],
    ["specs/alexnet.yaml", "--format"],
    ["specs/alexnet.yaml", "--stric"],
    ["specs/alexnet.yaml", "--strict=yes"],
    ["--", "specs/alexnet.yaml"],
    ["specs/alexnet.yaml", "--plugin", "scale.py"],
    ["-h"],
]

# fmt: off
WORDS = [
    "a.yaml", "b", "-", "--", "--set", "--set=", "--set=x=1", "--set==", "x=1", "--input",
    "--input=3", "--format", "--format=json", "--strict", "--strict=1", "--stric", "--no-strict",
    "-h", "--help", "-s", "-1", "---", "--plugin", "--plugin=m", "", "a b",
]
# fmt: on


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("arguments", PLAIN, ids=" ".join)
def test_a_plain_check_prints_and_returns_what_typers_does(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plain = plain_check(["check", *arguments])
    assert plain is not None
    try:
        code, err = check_specs(**plain), ""
    except UsageError as problem:
        code, err = 2, problem.text() + "\n"
    result = CliRunner().invoke(app, ["check", *arguments])
    assert (code, capsys.readouterr().out, err) == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("arguments", LEFT_TO_TYPER, ids=" ".join)
def test_what_is_not_plain_is_left_to_typer(arguments: list[str]) -> None:
    assert plain_check(["check", *arguments]) is None


def test_random_command_lines_are_read_as_typer_reads_them() -> None:
    command = typer.main.get_command(app).commands["check"]  # type: ignore[attr-defined]
    draw = random.Random(5)
    taken = 0
    for _ in range(20_000):
        line = ["check", *draw.choices(WORDS, k=draw.randint(0, 5))]
        plain = plain_check(line)
        if plain is None:
            continue
        taken += 1
        assert hoisted(line) == line
        told = command.make_context("check", line[1:]).params
        told = {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()}
        assert {"settings": None, "input": None, "format": "text", "strict": False, **plain} == {
            **told,
            "settings": told["settings"] or None,
        }, line
    assert taken > 1_000


def test_other_commands_are_left_to_typer() -> None:
    assert plain_check(["summary", "specs/alexnet.yaml"]) is None
    assert plain_check(["--plugin", "scale.py", "check", "specs/alexnet.yaml"]) is None
    assert plain_check([]) is None


def test_the_plain_options_are_those_that_typer_is_told() -> None:
    command = typer.main.get_command(app).commands["check"]  # type: ignore[attr-defined]
    told = {
        option: parameter
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    }
    assert {option: told[option].name for option in told} == {**VALUES, **FLAGS}
    assert {option for option in told if told[option].is_flag} == set(FLAGS)
    assert [option for option in told if told[option].multiple] == ["--set"]
    assert hoisted(["check", "a.yaml", "--plugin", "b"]) == ["--plugin", "b", "check", "a.yaml"]


@pytest.mark.parametrize(
    "code",
    [
        "import netspec; netspec.load('specs/alexnet.yaml')",
        "import sys; sys.argv = ['netspec', 'check', 'specs/alexnet.yaml', '--strict']\n"
        "from netspec.cli.main import main\ntry: main()\nexcept SystemExit as end: done = end.code",
    ],
)
def test_checking_loads_neither_typer_nor_pydantic(code: str) -> None:
    loaded = "[m for m in ('typer', 'pydantic', 'rich', 'torch', 'numpy') if m in sys.modules]"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; sys.exit(str({loaded} or '') or 0)"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")
