"""Which tests a mutant is tried with, and in which order.

Those that run a line of the changed statement, quickest first. Where it runs when its module is
loaded, or for fewer than ten tests, what it made may have been kept for tests that come later: then
also those that run another line of its class or function, of its file, and, of what is loaded, all.
Tests that start processes, in which nothing is measured, are taken to run all of the trainer.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from mutants_reach import IMPORTING, Reach

FEW = 10
FIRST_SECONDS = 10.0
TO_START = 0.02
"""Seconds that a test takes beside its own."""
TRAINER, ITS_TESTS = "netspec/train/", "tests/train/"


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def spans(tree: ast.Module, line: int) -> Iterator[range]:
    """The lines of the statement at ``line``, less its body's; then those of what it is in."""
    around = []
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            decorators = [d.lineno for d in getattr(node, "decorator_list", [])]
            lines = range(min([node.lineno, *decorators]), (node.end_lineno or node.lineno) + 1)
            if line in lines:
                around.append((lines, node))
    around.sort(key=lambda found: len(found[0]))
    if around:
        lines, node = around[0]
        body = getattr(node, "body", [])
        yield range(lines.start, max(body[0].lineno, lines.start + 1)) if body else lines
    for lines, node in around:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield lines
    yield range(1, 1 + max(line, *(n.end_lineno or 1 for n in tree.body)))


def within(
    tests: Iterable[str], seconds: dict[str, float], budget: float, most: float
) -> list[str]:
    """Those that take less than ``budget`` together: the quickest, and of each file some.

    One that takes more than ``most`` is left out.
    """
    by_file: dict[str, list[str]] = defaultdict(list)
    quick, left = [], budget
    taken: dict[str, None] = {}
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        by_file[test.partition("::")[0]].append(test)
        quick.append(test)
    turns = [(turn, seconds[t], t) for ts in by_file.values() for turn, t in enumerate(ts)]
    for wanted, until in ((quick, budget / 2), ((t for *_, t in sorted(turns)), 0.0)):
        for test in wanted:
            if test not in taken and seconds[test] <= min(most, left - until):
                taken[test] = None
                left -= seconds[test] + TO_START
    return list(taken)


def grouped(tests: Iterable[str], seconds: dict[str, float]) -> list[str]:
    """A file's tests together, quickest first; the file whose tests take least first."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        by_file[test.partition("::")[0]].append(test)
    files = sorted(by_file.values(), key=lambda tests: sum(seconds[test] for test in tests))
    return [test for tests in files for test in tests]


def tests_for(
    file: str, line: int, tree: Path, reach: Reach, budget: float, near: Iterable[str]
) -> list[list[str]]:
    """The tests for a change at ``line``, in two stages; none where no test runs it.

    Those of the files ``near`` come first, and of the others as many as there is time for.
    """
    passed, tiers = reach.seconds, []
    starters = set(reach.starters) & passed.keys()
    whole = next(iter(spans(parsed(tree / file), line)))
    contexts = reach.running(file, whole)
    wide = IMPORTING in contexts or len(contexts) < FEW
    for lines in spans(parsed(tree / file), line):
        tiers.append(reach.running(file, lines) & passed.keys())
        if not contexts or not wide:
            break
    if IMPORTING in contexts:
        tiers.append(passed.keys() - starters)
    if file.startswith(TRAINER):
        tiers.append({test for test in starters if test.startswith(ITS_TESTS)})
    chosen: list[str] = []
    for tier in tiers:
        its = {test for test in tier if test.partition("::")[0] in near}
        for part in (its, tier - its):
            left = budget - sum(passed[test] + TO_START for test in chosen)
            chosen += within(part - set(chosen), passed, left, budget / 4)
    soon = [test for test in chosen if test.partition("::")[0] in near]
    first = grouped(within(soon, passed, FIRST_SECONDS, FIRST_SECONDS), passed)
    rest = [test for test in chosen if test not in set(first)]
    quick = grouped((test for test in rest if test not in starters), passed)
    return [first, quick + grouped((test for test in rest if test in starters), passed)]
