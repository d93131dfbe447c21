"""Which part may import which: the table of the architecture, read off the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "netspec"

MAY_IMPORT = {
    "diagnostics": set[str](),
    "source": {"diagnostics"},
    "ops": {"diagnostics"},
    "recipe": set[str](),
    "plugins": {"ops", "compiler"},
    "compiler": {"diagnostics", "source", "ops", "recipe", "plugins"},
    "report": {"diagnostics", "source", "ops", "recipe", "compiler"},
    "train": {"diagnostics", "source", "ops", "recipe", "compiler"},
}
"""What each part may import of netspec, beside itself."""

OUTSIDE = {
    "diagnostics": set[str](),
    "source": {"yaml"},
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
    "compiler/building/initialize.py",
    "ops/modules.py",
    "ops/window.py",
}
"""The files whose head imports torch; everything else there imports them inside a function."""


def imports(
    tree: ast.AST, *, inside_functions: bool, package: str = "netspec"
) -> Iterator[tuple[str, bool]]:
    """The modules that a source imports when it runs, and whether only a function does."""
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += [(child, inside) for child in node.orelse]
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            # `from netspec import cli` imports a module too
            names = [f"{base}.{a.name}" for a in node.names] if base == "netspec" else [base]
            yield from ((name, inside) for name in names)
        deeper = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if inside_functions or not deeper:
            stack += [(child, deeper) for child in ast.iter_child_nodes(node)]


def part(path: Path) -> str:
    """`compiler` of `netspec/compiler/expanding/expand.py`, `source` of `netspec/source.py`."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def sources(name: str) -> list[Path]:
    folder = ROOT / name
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{name}.py"]


def misplaced(path: Path, text: str) -> list[str]:
    """The imports of netspec's own parts that the table does not allow."""
    own = part(path)
    package = ".".join(("netspec", *path.relative_to(ROOT).parts[:-1]))
    found = []
    for name, _ in imports(ast.parse(text), inside_functions=True, package=package):
        pieces = name.split(".")
        if pieces[0] != "netspec" or len(pieces) == 1:
            continue
        if pieces[1].startswith("__"):  # the version
            continue
        if pieces[1] != own and pieces[1] not in MAY_IMPORT[own]:
            found.append(f"{path.relative_to(ROOT)} imports {name}")
    return found


def foreign(path: Path, text: str) -> list[str]:
    """The imports at the head of a file that are neither the standard library's nor allowed."""
    found = []
    for name, _ in imports(ast.parse(text), inside_functions=False):
        top = name.split(".")[0]
        if top == "netspec" or top in sys.stdlib_module_names or top in OUTSIDE[part(path)]:
            continue
        if top == "torch" and str(path.relative_to(ROOT)) in HOLDS_TORCH:
            continue
        found.append(f"{path.relative_to(ROOT)} imports {name}")
    return found


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_part_imports_only_the_parts_below_it(name: str) -> None:
    assert [said for path in sources(name) for said in misplaced(path, path.read_text())] == []


@pytest.mark.parametrize("name", OUTSIDE)
def test_everything_up_to_the_report_imports_the_standard_library(name: str) -> None:
    assert [said for path in sources(name) for said in foreign(path, path.read_text())] == []


def test_the_recipe_imports_nothing_but_the_standard_library_even_inside_functions() -> None:
    for path in sources("recipe"):
        for name, _ in imports(ast.parse(path.read_text()), inside_functions=True):
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("netspec.recipe"), path


def test_the_table_names_every_part() -> None:
    parts = {part(p) for p in ROOT.rglob("*.py")}
    assert parts - set(MAY_IMPORT) <= {"__init__", "__main__", "cli"}


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "types", "misc", "util", "helper"}
    assert not [p for p in ROOT.rglob("*.py") if p.stem in drawers]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("from netspec.compiler import expand", True),
        ("def f():\n    from netspec.report import check", True),
        ("from netspec import cli", True),
        ("from ..compiler import expand", True),
        ("from netspec.diagnostics import Span", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import netspec.compiler", False),
    ],
)
def test_this_test_sees_a_wrong_import(text: str, wrong: bool) -> None:
    assert bool(misplaced(ROOT / "ops" / "new.py", text)) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("import torch", True),
        ("from numpy import array", True),
        ("def f():\n    import torch", False),
    ],
)
def test_this_test_sees_torch_at_the_head_of_a_file(text: str, wrong: bool) -> None:
    assert bool(foreign(ROOT / "ops" / "new.py", text)) == wrong
