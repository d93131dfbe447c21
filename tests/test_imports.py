"""Which room may import which: the table of the architecture, held against the sources."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "netspec"
TABLE = ROOT.parent / "ARCHITECTURE.md"

FILES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}


def module(place: str) -> str:
    """`netspec.ops.conv` of `ops/conv.py`, `netspec.ops` of `ops/__init__.py`."""
    parts = ["netspec", *place.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(place): place for place in FILES}


def rooms() -> dict[tuple[str, ...], set[str]]:
    """The rows of the table: the places of each room, and the rooms that it imports."""
    rows: dict[tuple[str, ...], set[str]] = {}
    table = TABLE.read_text(encoding="utf-8").split("| place | owns | imports |")[1]
    for line in table.split("\n\n")[0].splitlines()[2:]:
        places, _, imports = line.strip("| ").split(" | ")
        row = tuple(re.findall(r"`([^`]+)`", places))
        rows[row] = set(re.findall(r"`([^`]+)`", imports))
    return rows


ROOMS = rooms()


def room(place: str) -> str:
    """The first place of the row that a file belongs to, by its own name or its folder's."""
    fitting = [
        (len(part), row[0])
        for row in ROOMS
        for part in row
        if place == part or (part.endswith("/") and place.startswith(part))
    ]
    assert fitting, f"the table names no room for {place}"
    return max(fitting)[1]


def imported(place: str, text: str) -> set[str]:
    """The files of netspec that a source imports: in functions, and for types alone, too."""
    package = module(place).split(".")
    if not place.endswith("__init__.py"):
        package = package[:-1]
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else base for name in names}
    found.discard("netspec.__version__")
    return {MODULES[name] for name in found if name in MODULES}


def room_imports(place: str, text: str) -> set[str]:
    """The other rooms that a file reaches into."""
    return {room(other) for other in imported(place, text)} - {room(place)}


OUTSIDE = {
    "diagnostics": set[str](),
    "source": {"yaml"},
    "json_schema": set[str](),
    "ops": set[str](),
    "recipe": set[str](),
    "plugins": set[str](),
    "compiler": {"yaml"},  # to write a resolved spec
    "report": set[str](),
}
"""What each may import at its head from outside the standard library."""

HOLDS_TORCH = {
    "compiler/building/build.py",
    "compiler/building/graph.py",
    "compiler/building/hold.py",
    "compiler/building/initialize.py",
    "compiler/building/tie.py",
    "ops/attention_modules.py",
    "ops/elementwise_modules.py",
    "ops/join_modules.py",
    "ops/modules.py",
    "ops/mvit_modules.py",
    "ops/recurrent_modules.py",
    "ops/reduction_modules.py",
    "ops/window.py",
}
"""The files whose head imports torch, or torchvision; all others do so inside a function."""


def heads(tree: ast.Module) -> Iterator[str]:
    """The modules that a source imports as soon as it is itself imported."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "netspec"
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack += ast.iter_child_nodes(node)


def part(place: str) -> str:
    """`compiler` of `compiler/expanding/expand.py`, `source` of `source.py`."""
    return place.split("/")[0].removesuffix(".py")


def foreign(place: str, text: str) -> list[str]:
    """The imports at the head of a file that are neither the standard library's nor allowed."""
    found = []
    for name in heads(ast.parse(text)):
        top = name.split(".")[0]
        if top == "netspec" or top in sys.stdlib_module_names or top in OUTSIDE[part(place)]:
            continue
        if top in ("torch", "torchvision") and place in HOLDS_TORCH:
            continue
        found.append(f"{place} imports {name}")
    return found


@pytest.mark.parametrize("row", ROOMS, ids=lambda row: row[0])
def test_a_room_imports_exactly_the_rooms_that_the_table_names(row: tuple[str, ...]) -> None:
    mine = {place: path.read_text() for place, path in FILES.items() if room(place) == row[0]}
    reached = {place: room_imports(place, text) for place, text in mine.items()}
    assert set().union(*reached.values()) == ROOMS[row], reached


def test_a_room_stands_below_those_that_import_it() -> None:
    order = [row[0] for row in ROOMS]
    assert [
        f"{row[0]} imports {other}, which comes after it in the table"
        for row, others in ROOMS.items()
        for other in others
        if order.index(other) >= order.index(row[0])
    ] == []


def test_no_files_import_each_other_in_a_circle() -> None:
    ahead = {place: imported(place, path.read_text()) for place, path in FILES.items()}
    while free := [place for place, others in ahead.items() if not others & ahead.keys()]:
        for place in free:
            del ahead[place]
    assert not ahead


@pytest.mark.parametrize("place", [place for place in FILES if part(place) in OUTSIDE])
def test_everything_up_to_the_report_imports_the_standard_library(place: str) -> None:
    assert foreign(place, FILES[place].read_text()) == []


def test_the_table_names_every_file_and_no_other() -> None:
    assert {room(place) for place in FILES} == {row[0] for row in ROOMS}
    assert [place for row in ROOMS for place in row if not (ROOT / place).exists()] == []


def test_each_file_says_what_lives_there() -> None:
    silent = [p for p, path in FILES.items() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "types", "misc", "util", "helper"}
    assert not [path for path in FILES.values() if path.stem in drawers]


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("from netspec.compiler import compile_text", {"compiler/__init__.py"}),
        ("def f():\n    from netspec.report import check", {"report/"}),
        ("import netspec", {"__init__.py"}),
        ("from ..compiler.ir import Layer", {"compiler/ir.py"}),
        ("from ..compiler import interpret", {"compiler/ir.py"}),
        ("from netspec.ops.base import Op", set()),
        ("import torch", set()),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import netspec.train.run",
            {"train/run.py"},
        ),
    ],
)
def test_this_test_sees_an_import(text: str, reached: set[str]) -> None:
    assert room_imports("ops/conv.py", text) == reached


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("import torch", True),
        ("from numpy import array", True),
        ("def f():\n    import torch", False),
    ],
)
def test_this_test_sees_torch_at_the_head_of_a_file(text: str, wrong: bool) -> None:
    assert bool(foreign("ops/new.py", text)) == wrong
