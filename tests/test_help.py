"""What `-h` prints: one style, for every command there is, hidden ones too."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from netspec.cli.commands import app
from netspec.cli.help_text import GROUPS, PARSERS_OWN, Command

ROOT: Any = typer.main.get_command(app)
WORD = re.compile(r"[A-Z]+([=,][A-Z]+)*")
"""What stands for a value: `SPEC`, `NAME=VALUE`, `C,H,W`."""


def commands(command: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every command below one, and itself, by the words that call it."""
    found = {path: command}
    for name, below in getattr(command, "commands", {}).items():
        found |= commands(below, (*path, name))
    return found


ALL = commands(ROOT)


def shown(*path: str) -> str:
    result = CliRunner().invoke(app, [*path, "-h"], prog_name="netspec", env={"COLUMNS": "100"})
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_values_are_words_and_every_parameter_is_explained(path: tuple[str, ...]) -> None:
    for parameter in ALL[path].params:
        if any(option in PARSERS_OWN for option in parameter.opts):
            continue  # worded by the parser, and shown in netspec's words
        flag = getattr(parameter, "is_flag", False)
        assert flag or WORD.fullmatch(parameter.metavar or ""), parameter.name
        assert parameter.help, parameter.name
        proper = re.match(r"[A-Z]+[a-z]*[A-Z]", parameter.help)  # `JSON`, `YAML`
        assert proper or parameter.help[0] == parameter.help[0].lower(), parameter.help
        assert not parameter.help.endswith("."), parameter.help


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_help_of_a_command_has_no_words_of_its_parser(path: tuple[str, ...]) -> None:
    text = shown(*path)
    for word in ("{", "}", "<", ">", "…", "INTEGER", "TEXT", "list[", "default:", "required"):
        assert word not in text, word
    usage = text.splitlines()[0]
    assert re.fullmatch(r"Usage: netspec(?: [a-z-]+)*(?: \[?[A-Z]+(?:\.\.\.)?\]?| \.\.\.)*", usage)
    assert usage.startswith("Usage: " + " ".join(("netspec", *path)))


@pytest.mark.parametrize("path", [p for p in ALL if p], ids=" ".join)
def test_a_command_says_in_a_line_what_it_is_for(path: tuple[str, ...]) -> None:
    command = ALL[path]
    if not hasattr(command, "commands"):
        assert isinstance(command, Command)
    if not command.hidden:
        assert command.short_help
        assert command.short_help[0] == command.short_help[0].lower()
        assert not command.short_help.endswith(".")


def test_commands_are_listed_by_what_they_are_for() -> None:
    text = shown()
    heads = [line.removesuffix(":") for line in text.splitlines() if re.fullmatch(r"\w.*:", line)]
    assert heads == ["Options", *GROUPS]
    for path, command in ALL.items():
        if len(path) == 1 and not command.hidden:
            assert command.rich_help_panel in GROUPS
            assert text.count(f"\n  {path[0]} ") == 1


def test_a_default_and_a_list_are_shown() -> None:
    assert re.search(r"\n  --top N +how many classes to show \[5\]\n", shown("predict"))
    assert shown("predict").startswith("Usage: netspec predict [OPTIONS] RUN [IMAGE...]\n")
    assert shown("explain").startswith("Usage: netspec explain [OPTIONS] [CODE]\n")
