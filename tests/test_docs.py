"""What the documents show is so: every sample, every printed output, every table.

A `yaml` sample is a spec, or a part of one: `netspec: 1`, an input and a network are added where
they are missing. A right one gives no finding; a wrong one gives those that its comments claim, at
these lines, and where a `text` block follows it, exactly this text. In a `console` block, what
follows a line `$ netspec …` is what the command prints.
"""

from __future__ import annotations

import ast
import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from netspec.compiler.lints.run import lint
from netspec.diagnostics import CODES, SpecError
from netspec.recipe import TRAIN_SCHEMA

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "docs" / "language.md", ROOT / "docs" / "recipe.md"]
CLAIM = re.compile(r"# (error|warning)\[(NS\d{3})\]")


class Block(NamedTuple):
    """A fenced block: its language, its text, and the page and line that it starts at."""

    language: str
    text: str
    page: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    opened: tuple[str, int] | None = None
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if opened is None:
            opened = (line.removeprefix("```").strip(), number)
        else:
            language, start = opened
            text = "\n".join(lines[start : number - 1]) + "\n"
            found.append(Block(language, text, page.name, start))
            opened = None
    assert opened is None, f"{page.name}:{opened} is never closed"
    return found


ALL = [block for page in PAGES for block in blocks(page)]


# What a console block checks with layers that a spec alone does not have.
WITH_A_PLUGIN = {
    word
    for block in ALL
    if block.language == "console"
    for line in block.text.splitlines()
    if line.startswith("$ netspec --plugin")
    for word in line.split()
}


def followed() -> list[tuple[Block, Block | None]]:
    """Each `yaml` sample, with the `text` block that stands directly after it."""
    pairs: list[tuple[Block, Block | None]] = []
    for i, block in enumerate(ALL):
        first = block.text.split("\n")[0].removeprefix("# ")
        if block.language != "yaml" or first in WITH_A_PLUGIN:
            continue
        close = block.line + block.text.count("\n") + 2
        after = ALL[i + 1] if i + 1 < len(ALL) else None
        if after is not None and (after.page, after.language, after.line) != (
            block.page,
            "text",
            close,
        ):
            after = None
        pairs.append((block, after))
    return pairs


def whole(sample: str) -> str:
    """The sample with what a spec needs and it leaves out, added below so that lines stay."""
    keys = set(re.findall(r"^([a-z]+):", sample, re.MULTILINE))
    more = {
        "netspec": "netspec: 1\n",
        "input": "input: [3, 32, 32]\n",
        "layers": "layers: [Flatten, Linear: 10]\n",
    }
    if "inputs" in keys:
        del more["input"]
    if "extends" in keys or "layer" in keys:
        more = {"netspec": more["netspec"]}
    return sample + "".join(text for key, text in more.items() if key not in keys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the specs, beside which a reader would write a sample."""
    for spec in (ROOT / "specs").glob("*.yaml"):
        shutil.copy(spec, tmp_path)
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("block", "text"), followed(), ids=lambda x: getattr(x, "place", "-"))
def test_a_sample_gives_the_findings_that_it_claims(
    block: Block, text: Block | None, folder: Path
) -> None:
    import netspec
    from netspec.report import findings

    Path("sample.yaml").write_text(whole(block.text), encoding="utf-8")
    claimed = {
        (number, severity, code)
        for number, line in enumerate(block.text.splitlines(), 1)
        for severity, code in CLAIM.findall(line)
    }
    try:
        found = lint(netspec.load("sample.yaml"))
    except SpecError as error:
        found = error.diagnostics
    assert {(f.span.line, f.severity, f.code) for f in found} == claimed
    if text is not None:
        printed = findings.text(list(found), {"sample.yaml": whole(block.text)}, False)
        assert printed.strip() == text.text.strip()


CONSOLES = [block for block in ALL if block.language == "console"]


@pytest.mark.parametrize("block", CONSOLES, ids=lambda block: block.place)
def test_a_command_prints_what_is_shown(block: Block, folder: Path) -> None:
    """Each command of a console block in turn; a file that a sample names by a comment is there."""
    for other in ALL:
        first = other.text.splitlines()[0] if other.text.strip() else ""
        if other.language in ("yaml", "python") and re.fullmatch(r"# [\w-]+\.(yaml|py)", first):
            Path(first.removeprefix("# ")).write_text(other.text, encoding="utf-8")
    shown = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    assert shown
    for part in shown:
        command, _, output = part.partition("\n")
        program, *arguments = command.split()
        assert program == "netspec", command
        done = subprocess.run(
            [sys.executable, "-m", "netspec", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"},
            timeout=60,
        )
        wanted, printed = output.strip().splitlines(), done.stdout.strip().splitlines()
        if "…" in wanted:  # the middle is left out
            cut = wanted.index("…")
            head, tail = wanted[:cut], wanted[cut + 1 :]
            printed = [*printed[: len(head)], "…", *printed[len(printed) - len(tail) :]]
        assert [line.rstrip() for line in printed] == wanted, command


SESSIONS = [block for block in ALL if block.language == "python" and ">>>" in block.text]


@pytest.mark.parametrize("block", SESSIONS, ids=lambda block: block.place)
def test_a_python_session_gives_what_is_shown(block: Block, folder: Path) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, {}, block.place, block.page, block.line)
    results: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    outcome = doctest.DocTestRunner(optionflags=flags).run(test, out=results.append)
    assert outcome.failed == 0, "".join(results)


def row(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def table(header: str) -> dict[str, list[str]]:
    """The table of the language page under this header, by its first cell."""
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    body = text.partition(header)[2].split("\n\n")[0].strip().splitlines()
    return {cells[0]: cells[1:] for cells in map(row, body[1:])}


def test_the_table_of_findings_is_the_registry() -> None:
    shown = table("| code | severity | what it says |")
    assert shown == {f"`{code}`": [c.severity, c.title] for code, c in CODES.items()}


@pytest.mark.parametrize(
    ("header", "schema"),
    [
        ("| key | meaning | default |", TRAIN_SCHEMA),
        ("| key of `data` | meaning | default |", TRAIN_SCHEMA["properties"]["data"]),
    ],
)
def test_the_tables_of_the_recipe_have_every_key(header: str, schema: dict[str, object]) -> None:
    properties = schema["properties"]
    assert isinstance(properties, dict)
    shown = table(header)
    assert list(shown) == [f"`{name}`" for name in properties]
    assert {name: cells[0] for name, cells in shown.items()} == {
        f"`{name}`": fragment["description"] for name, fragment in properties.items()
    }


LIMITS = (
    "MAX_BYTES",
    "MAX_EVENTS",
    "MAX_DEPTH",
    "MAX_SCALAR",
    "MAX_NUMBER",
    "MAX_CHAIN",
    "MAX_LENGTH",
    "MAX_ITEMS",
    "MAX_WORK",
    "MAX_LAYERS",
    "MAX_EDGES",
    "MAX_WORK",  # of what is looked through, too
    "MAX_DEPTH",
    "MAX_PATH",
    "MAX_DIMS",
    "MAX_HELD",
    "MAX_PARAMS",
    "MAX_ELEMENTS",
)


def constants(name: str) -> list[int]:
    """The values of a constant of this name in netspec's sources, wherever it stands."""
    line = re.compile(rf"^{name}(?:: Final)? = ([\d_*\s]+)$", re.MULTILINE)
    sources = (ROOT / "netspec").rglob("*.py")
    texts = (path.read_text(encoding="utf-8") for path in sources)
    return [eval(value) for text in texts for value in line.findall(text)]


def test_the_table_of_limits_is_what_the_compiler_holds() -> None:
    numbers = [int(cells[0].replace(",", "")) for cells in table("| of | at most |").values()]
    assert len(numbers) == len(LIMITS)
    for number, name in zip(numbers, LIMITS, strict=True):
        assert number in constants(name), name


def test_the_layer_of_ones_own_is_the_example() -> None:
    shown = [b.text for b in ALL if b.language == "python" and b.text.startswith("# scale.py")]
    assert shown == [(ROOT / "examples" / "scale.py").read_text(encoding="utf-8")]


def code_lines(path: Path) -> int:
    """Lines of a Python file but blank ones, comments and docstrings."""
    source = path.read_text(encoding="utf-8")
    docs: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(source.splitlines(), 1)
    return sum(1 for n, line in lines if n not in docs and line.strip() and line.strip()[0] != "#")


def spec_lines(path: Path) -> tuple[int, int]:
    """Lines of a spec but blank ones and comments: the network's, and the recipe's."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    at = next(i for i, line in enumerate(lines) if line.startswith("train:"))
    return at, len(lines) - at


def test_the_lines_that_are_compared_are_counted() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    by_hand = code_lines(ROOT / "examples" / "resnet18_by_hand.py")
    network, recipe = spec_lines(ROOT / "specs" / "resnet18.yaml")
    assert f"| {by_hand} lines of Python | {network} lines |" in readme
    assert f"| a script of your own | {recipe} lines |" in readme


LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
    for target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        assert (page.parent / path).exists(), target
        assert path or anchor in anchors, target
