"""A small set of real texts: docstrings of Python's standard library, by what a module is for.

    python examples/docstrings.py docstrings.csv

Each row is the first paragraph of a docstring of a class, method or function, and the subject of
the module that it comes from. Texts that stand twice are left out.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

SUBJECTS = {
    "concurrency": ("asyncio", "threading", "multiprocessing", "concurrent", "queue", "sched"),
    "files": ("os", "pathlib", "shutil", "tempfile", "zipfile", "tarfile", "gzip", "io", "glob"),
    "internet": ("email", "http", "urllib", "smtplib", "imaplib", "ftplib", "ssl", "socket"),
    "numbers": ("math", "cmath", "statistics", "random", "fractions", "decimal", "_pydecimal"),
    "testing": ("unittest", "doctest", "pdb", "bdb", "trace", "profile", "pstats"),
}


def modules(name: str) -> Iterator[ModuleType]:
    """The module, and those of its package that can be imported here."""
    module = importlib.import_module(name)
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if not found.name.startswith(("_", "windows", "popen_spawn_win")) and found.name != "test":
            try:
                yield importlib.import_module(f"{name}.{found.name}")
            except ImportError:
                continue


def docstrings(module: ModuleType) -> Iterator[str]:
    """First paragraphs of what the module itself defines."""
    for value in vars(module).values():
        if getattr(value, "__module__", "") != module.__name__:
            continue
        members: Iterable[Any] = vars(value).values() if inspect.isclass(value) else ()
        for one in (value, *members):
            text = getattr(one, "__doc__", None) if callable(one) else None
            if isinstance(text, str) and text.strip():
                yield " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def main(path: str) -> None:
    """Write the table."""
    subjects: dict[str, set[str]] = {}
    for subject, names in SUBJECTS.items():
        for name in names:
            for module in modules(name):
                for text in docstrings(module):
                    if len(text.split()) > 2:
                        subjects.setdefault(text, set()).add(subject)
    rows = sorted((text, *found) for text, found in subjects.items() if len(found) == 1)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "subject"))
        writer.writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
