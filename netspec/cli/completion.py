"""What a shell offers after Tab: specs, runs, the names that a command takes. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

MOST = 200
"""Files that are offered at a time; more would not be read."""


def specs(incomplete: str) -> list[str]:
    """YAML files that begin so, and those within folders that begin so."""
    folder, _, start = incomplete.rpartition("/")
    here = Path(folder or ("/" if incomplete.startswith("/") else "."))
    found: list[str] = []
    for path in _entries(here):
        if not path.name.startswith(start) or (path.name.startswith(".") and not start):
            continue
        if path.is_dir():
            found += [_as_begun(inner, folder) for inner in _entries(path) if _is_spec(inner)]
        elif _is_spec(path):
            found.append(_as_begun(path, folder))
    return found[:MOST]


def runs(incomplete: str) -> list[str]:
    """Folders of runs below `runs/`, the newest first."""
    found = [
        run
        for spec in _entries(Path("runs"))
        for run in (_entries(spec) if spec.is_dir() else ())
        if (run / "env.json").is_file() or (run / "resolved.yaml").is_file()
    ]
    found.sort(key=lambda run: run.name, reverse=True)
    return _beginning(map(os.fspath, found), incomplete)[:MOST]


def runs_to_resume(incomplete: str) -> list[str]:
    """Words that stand for a run, then runs."""
    return [*_beginning(("auto", "latest"), incomplete), *runs(incomplete)]


def cached_data_sets(incomplete: str) -> list[str]:
    """Data sets of which the cache keeps something."""
    from netspec.train.cache_folder import entries

    return _beginning(sorted({e.dataset for e in entries() if e.dataset}), incomplete)


def runs_and_specs(incomplete: str) -> list[str]:
    """Runs, then specs: what `eval` and `predict` take."""
    return [*runs(incomplete), *specs(incomplete)]


def layers(incomplete: str) -> list[str]:
    """Names of layers."""
    from netspec.ops import OPS

    return _beginning(OPS, incomplete)


def codes(incomplete: str) -> list[str]:
    """Codes of findings."""
    from netspec.diagnostics import CODES

    return _beginning(CODES, incomplete)


def recipe_names(incomplete: str) -> list[str]:
    """Keys and choices of a recipe."""
    from netspec.report.recipe_page import NAMES

    return _beginning(NAMES, incomplete)


def _beginning(words: Iterable[str], start: str) -> list[str]:
    return [word for word in words if word.startswith(start)]


def _is_spec(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml") and path.is_file()


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _as_begun(path: Path, folder: str) -> str:
    """A path written as the word that it completes: with its folder where that has one."""
    text = os.fspath(path)
    return f"./{text}" if folder == "." else text
