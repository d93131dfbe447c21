"""Which lines each test runs, how long it takes, and whether it starts processes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

IMPORTING = ""
"""In place of a test, of what runs while none does: modules that are loaded, cases collected."""


@dataclass
class Reach:
    """What the tests of a process reach."""

    seconds: dict[str, float] = field(default_factory=dict)
    """Of each test that passed, its fixtures included."""
    starters: list[str] = field(default_factory=list)
    """The tests that start processes."""
    lines: dict[str, dict[str, int]] = field(default_factory=dict)
    """By file and test, with `IMPORTING` as one of them: the lines that it runs, a bit for each."""
    failed: list[str] = field(default_factory=list)
    """The tests that failed or were skipped."""
    modules: list[str] = field(default_factory=list)
    """What was loaded in the end, in the order of loading."""

    def running(self, file: str, lines: Iterable[int]) -> set[str]:
        """The tests that run one of these lines, and `IMPORTING` if they run then."""
        wanted = sum(1 << line for line in set(lines))
        return {test for test, ran in self.lines.get(file, {}).items() if ran & wanted}

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    def join(self, path: Path) -> None:
        """Take in what another process wrote."""
        other = json.loads(path.read_text())
        self.seconds |= other["seconds"]
        self.starters += other["starters"]
        self.failed += other["failed"]
        self.modules += other["modules"]
        for file, tests in other["lines"].items():
            mine = self.lines.setdefault(file, {})
            for test, ran in tests.items():
                mine[test] = mine.get(test, 0) | ran
