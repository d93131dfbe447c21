"""The pages about data: what they show is what the commands print, for the trees that they show.

A piece of a page begins with a `tree` block, which is laid out in an empty folder. A `yaml` block
that names its file by a comment lies beside it; the commands of `console` blocks print what is
shown, and those of `sh` blocks end well, training for one epoch. `NETSPEC_UPDATE=1` writes what is
printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_trees import lay_out
from test_docs import blocks, whole
from typer.testing import CliRunner

import netspec
from netspec.cli.commands import hoisted  # noqa: F401  (adds the commands)
from netspec.cli.options import app
from netspec.compiler.lints.run import lint
from netspec.train.data.sets.layout import PARTS, image_suffixes

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("your-own-images.md", "data.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pieces(page: str) -> list[str]:
    """The page, cut before each `tree` block; joined, it is the page."""
    return re.split(r"(?=^```tree\n)", (DOCS / page).read_text(encoding="utf-8"), flags=re.M)


PIECES = [
    pytest.param(page, number, id=f"{page}-{number}")
    for page in PAGES
    for number, piece in enumerate(pieces(page))
    if number
]


def run(command: str) -> tuple[int, list[str]]:
    program, *arguments = command.split()
    assert program == "netspec", command
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output.rstrip().splitlines()


def printed(console: str) -> Iterator[str]:
    """The block with what its commands print now; what `…` stands for stays left out."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        lines = run(command)[1]
        if "…" in shown:
            cut = shown.index("…")
            tail = len(shown) - cut - 1
            lines = [*lines[:cut], "…", *lines[len(lines) - tail :]]
        yield "\n".join((f"$ {command}", *(line.rstrip() for line in lines))) + "\n"


def as_run(piece: str, folder: Path) -> str:
    """The piece of a page as it is when its commands have been run."""

    def block(found: re.Match[str]) -> str:
        language, text = found.groups()
        if language == "tree":
            lay_out(text, folder)
        elif language == "console":
            return f"```console\n{''.join(printed(text))}```"
        elif language == "sh":
            for command in text.splitlines():
                assert run(f"{command} --epochs 1 --device cpu")[0] == 0, command
        elif (name := re.match(r"# ([\w-]+\.yaml)\n", text)) is not None:
            (folder / name[1]).write_text(text, encoding="utf-8")
        return found[0]

    return FENCE.sub(block, piece)


@pytest.mark.parametrize(("page", "number"), PIECES)
def test_the_commands_print_what_the_page_shows(
    page: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    every = pieces(page)
    now = as_run(every[number], tmp_path)
    if os.environ.get("NETSPEC_UPDATE"):
        every[number] = now
        (DOCS / page).write_text("".join(every), encoding="utf-8")
    assert now == every[number]


def test_a_newcomer_needs_three_commands_for_five_kinds_of_folders() -> None:
    page = (DOCS / "your-own-images.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(?:\$ )?netspec (\w+)", page, re.MULTILINE)
    assert set(commands) == {"init", "data", "train"}
    assert page.count("```tree") == commands.count("train") == 5


SAMPLES = [b for page in PAGES for b in blocks(DOCS / page) if b.language == "yaml"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda block: block.place)
def test_a_sample_is_a_spec_without_findings(sample: object) -> None:
    text = sample.text  # type: ignore[attr-defined]
    assert lint(netspec.loads(whole(text))) == ()


def test_the_table_of_parts_is_what_is_understood() -> None:
    page = (DOCS / "data.md").read_text(encoding="utf-8")
    for part, names in PARTS.items():
        row = re.search(rf"^\| {part} \| ([^|]*) \|", page, re.MULTILINE)
        assert row, part
        assert tuple(re.findall(r"`(\w+)`", row[1])) == names


def test_the_suffixes_that_are_named_are_read() -> None:
    page = (DOCS / "data.md").read_text(encoding="utf-8")
    section = page.partition("## Formats and modes")[2].partition("|")[0]
    suffixes = re.findall(r"`(\.\w+)`", section)
    assert suffixes
    assert set(suffixes) <= image_suffixes()
