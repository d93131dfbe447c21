"""Each wrong spec of `tests/errors` gives one finding, at its line, in these very words.

A case says in a comment what it is wrong with, on the line: `# error[NS402]`. A first line
`# netspec check …` gives the command line, where `THIS` is the case. The `.txt` beside it is what
the user sees; `NETSPEC_UPDATE=1 pytest tests/test_errors.py` writes it anew.
"""

import functools
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from netspec.cli.commands import app, hoisted
from netspec.diagnostics import CODES

CASES = Path(__file__).parent / "errors"
PAGES = Path(__file__).parent.parent / "netspec" / "pages"
NO_SAMPLE = ("NS101", "NS102", "NS411")  # of files that are not there, not text, or Python
MARK = re.compile(rb"# .*?(error|warning)\[(NS\d+)\]")


def cases() -> list[str]:
    return sorted(path.stem for path in CASES.glob("NS*.yaml"))


def command(name: str) -> list[str]:
    first = (CASES / f"{name}.yaml").read_bytes().split(b"\n")[0].decode(errors="replace")
    words = ["THIS"]
    if first.startswith("# netspec check "):
        words = shlex.split(first.removeprefix("# netspec check "))
    words = ["check", *(f"{name}.yaml" if word == "THIS" else word for word in words)]
    return hoisted(words)


def marks(name: str) -> list[tuple[str, str, int]]:
    """What the comments promise: severity, code, line."""
    lines = (CASES / f"{name}.yaml").read_bytes().split(b"\n")
    found = ((MARK.search(line), number) for number, line in enumerate(lines, 1))
    return [(m[1].decode(), m[2].decode(), number) for m, number in found if m]


@functools.cache
def found(name: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the findings."""
    result = CliRunner().invoke(app, [*command(name), "--format", "json"])
    return result.exit_code, json.loads(result.output)


# the tests of one case in a row, which then is checked once for them
every = pytest.mark.parametrize("name", cases(), scope="module")


@pytest.fixture(autouse=True)
def beside_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)


@every
def test_a_wrong_spec_gives_the_one_finding_that_it_promises(name: str) -> None:
    ((severity, code, line),) = marks(name)
    assert name.startswith(code)
    exit_code, (finding,) = found(name)
    assert exit_code == (1 if severity == "error" else 0)
    assert (finding["severity"], finding["code"]) == (severity, code)
    if finding["file"] == f"{name}.yaml" and "anywhere" not in name:
        assert finding["line"] == line, finding


@every
def test_the_user_sees_this_text(name: str) -> None:
    shown = CliRunner().invoke(app, command(name)).output
    golden = CASES / f"{name}.txt"
    if "NETSPEC_UPDATE" in os.environ:
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


@every
def test_a_finding_is_worded_as_findings_are(name: str) -> None:
    for finding in found(name)[1]:
        sentences = [finding["message"], *(note["message"] for note in finding["notes"])]
        for sentence in [*sentences, *([finding["hint"]] if finding["hint"] else [])]:
            first = sentence.split()[0]
            assert not sentence.endswith((".", "!")), sentence
            assert first[0] == first[0].lower() or first.strip("`,") != first.lower(), sentence
            assert sentence.count("`") % 2 == 0, sentence
            assert "\n" not in sentence


def test_every_code_has_a_case_and_a_page() -> None:
    shown = {name.split("-")[0] for name in cases()}
    assert set(CODES) - shown == set()
    assert {path.stem for path in PAGES.glob("*.md")} == set(CODES)


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("NS6")])
def test_the_page_of_a_habit_says_when_nothing_is_reported(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert "Nothing is reported" in page.partition("Wrong:")[0]


def test_every_text_belongs_to_a_case() -> None:
    assert {path.stem for path in CASES.glob("*.txt")} == set(cases())


def samples() -> Iterator[tuple[str, str, str]]:
    """The wrong and the mended specs of the pages."""
    for path in sorted(PAGES.glob("*.md")):
        if path.stem in NO_SAMPLE:
            continue
        blocks = re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        for kind, block in zip(("wrong", "mended"), blocks, strict=True):
            yield path.stem, kind, block


@pytest.mark.parametrize(
    ("code", "kind", "text"), [pytest.param(*s, id=f"{s[0]}-{s[1]}") for s in samples()]
)
def test_a_page_shows_a_wrong_spec_and_the_mended_one(code: str, kind: str, text: str) -> None:
    result = CliRunner().invoke(app, ["check", "-", "--format", "json"], input=text.encode())
    found = [finding["code"] for finding in json.loads(result.output)]
    assert found == ([code] if kind == "wrong" else [])
