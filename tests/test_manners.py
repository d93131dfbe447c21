"""How commands speak: one prefix for errors, colours for terminals alone, no word of Python's."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from netspec.cli.checking import in_color
from netspec.cli.main import main
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.runs import differences, summarize
from netspec.train.storage.folder import RunFolder


class Terminal(io.StringIO):
    """A stream that a terminal reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def a_terminal_with_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["chekc"], 2, "error: there is no command `chekc`\nhint: did you mean `check`?\n"),
        (["check"], 2, "error: `PATH` is missing\nhint: `netspec check -h` tells more\n"),
        (["check", "--stric", "a.yaml"], 2,
         "error: there is no option `--stric`\nhint: did you mean `--strict`?\n"),
        (["summary", "a.yaml", "--depth", "0"], 2,
         "error: `--depth` takes a whole number of at least 1\n"
         "hint: `netspec summary -h` tells more\n"),
        (["max-batch", "a.yaml", "--memory", "much"], 2,
         "error: `--memory` takes a number of at least 0.001\n"
         "hint: `netspec max-batch -h` tells more\n"),
        (["train", "a.yaml", "--epochs"], 2,
         "error: `--epochs` wants a value\nhint: `netspec train -h` tells more\n"),
        (["schema", "a.yaml", "me"], 2,
         "error: `me` is too much\nhint: `netspec schema -h` tells more\n"),
        (["explain", "NS4022"], 2,
         "error: there is no code `NS4022`\nhint: did you mean `NS402`?\n"),
        (["--plugin", "none.py", "ops"], 2, "error: the plugin `none.py` was not found\n"),
        (["train"], 2, "error: train what?\nhint: name a spec, or a run with `--resume`\n"),
        (["train", "--resume", "nowhere"], 1, "error: there is no run `nowhere`\n"),
        (["runs", "--run-dir", "nowhere"], 1,
         "error: there are no runs in `nowhere`\nhint: `netspec train SPEC` makes one\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_every_error_of_a_command_begins_with_one_word(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["netspec", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (code, "")
    assert err.startswith(said)
    assert "Error" not in err
    assert "netspec:" not in err


@pytest.mark.parametrize(
    ("name", "value", "colors"),
    [
        ("TERM", "xterm", True),
        ("TERM", "dumb", False),
        ("NO_COLOR", "1", False),
        ("NO_COLOR", "", True),  # as no-color.org asks
    ],
)
def test_colors_are_for_terminals_that_want_them(
    name: str, value: str, colors: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert in_color(Terminal()) is colors
    assert in_color(io.StringIO()) is False


@pytest.mark.parametrize("command", ["check", "summary"])
@pytest.mark.parametrize("variable", [None, ("NO_COLOR", "1"), ("TERM", "dumb")])
def test_findings_are_colored_on_a_terminal_alone(
    command: str,
    variable: tuple[str, str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = tmp_path / "bad.yaml"
    spec.write_text("netspec: 1\ninput: [3]\nlayers: [Conv2D: 3]\n")
    if variable is not None:
        monkeypatch.setenv(*variable)
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "argv", ["netspec", command, str(spec)])
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit):
        main()
    said = out.getvalue() + err.getvalue()
    assert "NS205" in said
    assert ("\x1b[" in said) is (variable is None)


def test_a_dumb_terminal_gets_lines_and_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Progress(stream=Terminal())._bar
    monkeypatch.setenv("TERM", "dumb")
    assert not Progress(stream=Terminal())._bar
    assert not Progress(stream=io.StringIO())._bar


def test_a_comparison_of_runs_has_no_word_of_pythons(tmp_path: Path) -> None:
    runs = []
    for name, train in (
        ("a", "{scheduler: null, compile: true, ema: null}"),
        ("b", "{scheduler: {StepLR: {step_size: 3}}, compile: false}"),
    ):
        folder = RunFolder(tmp_path / "net" / name)
        folder.path.mkdir(parents=True)
        folder.resolved.write_text(f"netspec: 1\ntrain: {train}\n")
        runs.append(summarize(folder))
    said = differences(runs)
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines()[1:]}
    assert rows["train.compile"] == ["true", "false"]
    assert rows["train.scheduler.StepLR.step_size"] == ["–", "3"]
    assert "train.ema" not in rows  # null is what is not said
    assert "None" not in said
    assert "True" not in said
