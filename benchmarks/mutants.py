"""Would the tests see a mistake? Mutants of a room's files, and the share that the tests kill.

    python benchmarks/mutants.py ops --sample 100 --seed 1

All tests run once, while coverage.py notes which lines each of them runs. cosmic-ray then makes the
mutants, one change each, and a seeded sample of them is tried: the tests that run the changed
lines, quickest first, until one fails or the seconds for one mutant are spent. A mutant is killed
where the changed module cannot be loaded, and by a test that fails or takes longer than ten times
its own time and 40 seconds, if it does not do so on the unchanged code, after the same tests.
Lines that no test runs survive.

Not tried, and not counted: changes in annotations, in docstrings, in `__repr__`, under
`TYPE_CHECKING`, and those that are no Python at all.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from mutants_order import grouped, tests_for
from mutants_reach import Reach
from mutants_trial import first_failure, load_libraries

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "mutants"


def tests(folder: str, names: str) -> list[str]:
    return [f"{folder}/test_{name}.py" for name in names.split()]


LANGUAGE = tests(
    "tests",
    "errors network language_structure rules_at_their_edges expansion init_rules block_init "
    "order names_everywhere plugins",
)
ROOMS = {
    "ops": ("netspec/ops", tests("tests", "ops ops_edges ops_modules ops_register")),
    "analysis": (
        "netspec/compiler/analysis",
        [*tests("tests", "step_memory least_input"), *LANGUAGE],
    ),
    "expanding": ("netspec/compiler/expanding", LANGUAGE),
    "engine": (
        "netspec/train/engine",
        tests(
            "tests/train",
            "best figures step recorded_step schedule last_batch one_output sharing generators "
            "evaluating trial saving run_figures not_finite",
        ),
    ),
}
"""The files of each room, and the tests that are tried first, being near and quick."""
LEFT_OUT = "tests/test_zoo"
"""Not tried: many tests share what the first of them takes long to load."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    place: tuple[int, int]
    """Line, from 1, and column, from 0."""
    operator: str
    occurrence: int
    """Which of the places where this operator changes the file."""

    def source(self, original: str) -> str:
        """The file with its change."""
        changed = mutate_code(original, get_operator(self.operator)(), self.occurrence)
        assert changed is not None, self
        return changed

    def difference(self) -> str:
        original = (ROOT / self.file).read_text(encoding="utf-8")
        lines = original.splitlines(), self.source(original).splitlines()
        changed = [x for x in difflib.ndiff(*lines) if x[:1] in "+-"]
        return "\n".join([f"{self.file}:{self.place[0]}", *changed])


@dataclass(frozen=True)
class Result:
    mutant: Mutant
    killer: str | None
    """The test that failed; None for a mutant that survived."""
    tests: int
    """How many tests there were for it."""
    seconds: float


def left_out(tree: ast.Module) -> Iterator[ast.AST]:
    """What no run can show to be wrong: annotations, `__repr__`, what is under TYPE_CHECKING."""
    for node in ast.walk(tree):
        yield from filter(None, (getattr(node, "annotation", None), getattr(node, "returns", None)))
        if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
            yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield node


def mutants_of(file: str) -> Iterator[Mutant]:
    """All mutants of a file that count. A docstring is a string, which no operator changes."""
    source = (ROOT / file).read_text(encoding="utf-8")
    spans = [
        ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
        for node in left_out(ast.parse(source))
        if isinstance(node, ast.expr | ast.stmt)
    ]
    tree = get_ast(source)
    for name in sorted(operator_names()):
        operator = get_operator(name)
        if operator.arguments():
            continue  # changes that need to be told what to change
        places = (at for node in ast_nodes(tree) for at in operator().mutation_positions(node))
        for occurrence, (place, _) in enumerate(places):
            if not any(start <= place < end for start, end in spans):
                yield Mutant(file, place, name, occurrence)


def is_python(mutant: Mutant) -> bool:
    try:
        compile(mutant.source((ROOT / mutant.file).read_text(encoding="utf-8")), "", "exec")
    except SyntaxError:
        return False
    return True


def sample(folder: str, count: int, seed: int) -> tuple[list[Mutant], int]:
    """Mutants drawn at random from all of a room's files, and how many there were to draw from."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py"))
    every = [mutant for file in files for mutant in mutants_of(file)]
    drawn = random.Random(seed).sample(every, len(every))
    return list(islice(filter(is_python, drawn), count)), len(every)


def copied(name: str) -> Path:
    """A copy of the working tree, since mutants are written into its files."""
    copy = BUILD / name
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    for file in listed.stdout.splitlines():
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / file).is_file():
            shutil.copy2(ROOT / file, copy / file)
    compiled = ["-m", "compileall", "-q", "netspec", "tests"]
    subprocess.run([sys.executable, *compiled], cwd=copy, check=True)
    return copy


def measured(tests: Sequence[str], jobs: int, keep: bool) -> Reach:
    """Which lines the tests run; all of them, or with ``keep`` these beside those of before."""
    folder = BUILD / "reach"
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if tests or not keep:
        copy = copied("measured")
        here = os.pathsep.join(str(copy / room) for room, _ in ROOMS.values())
        path = [str(copy), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        env = {
            "PYTHONPATH": os.pathsep.join(path),
            "MUTANTS_REACH": str(folder),
            "MUTANTS_SOURCES": here,
        }
        command = (
            f"-m pytest -q -n {jobs} -p mutants_plugin -p no:cacheprovider --hypothesis-seed=0"
        )
        command = [sys.executable, *command.split(), "-m", "not soak", *tests]
        env |= {"COVERAGE_CORE": "ctrace"}  # the only one that can tell tests apart everywhere
        subprocess.run(command, cwd=copy, env=os.environ | env, check=False)
    reach = Reach()
    for part in sorted(folder.glob("*.json"), key=lambda part: part.stat().st_mtime):
        reach.join(part)
    for test in [test for test in reach.seconds if test.startswith(LEFT_OUT)]:
        del reach.seconds[test]
    return reach


class Worker:
    """Tries mutants in a tree of its own, one at a time."""

    tree: Path
    reach: Reach
    budget: float
    near: list[str]
    steady: set[str]

    @classmethod
    def start(
        cls,
        trees: SimpleQueue[Path],
        reach: Reach,
        budget: float,
        near: list[str],
        steady: set[str],
    ) -> None:
        cls.tree, cls.reach, cls.budget = trees.get(), reach, budget
        cls.near, cls.steady = near, steady

    @classmethod
    def run(cls, mutant: Mutant) -> Result:
        began = time.monotonic()
        line, near = mutant.place[0], cls.near
        stages = tests_for(mutant.file, line, cls.tree, cls.reach, cls.budget, near)
        killer = None
        for tests in stages:
            while killer := cls.fails(mutant, tests):
                if cls.is_steady(killer, tests):
                    break
                tests = [test for test in tests if test != killer]
            if killer:
                break
        seconds = time.monotonic() - began
        return Result(mutant, killer, sum(map(len, stages)), seconds)

    @classmethod
    def fails(cls, mutant: Mutant, tests: list[str]) -> str | None:
        """The first test that fails on the changed file."""
        if not tests:
            return None
        path, kept = cls.tree / mutant.file, cls.tree / "kept.py"
        shutil.copy2(path, kept)
        try:
            path.write_text(mutant.source(kept.read_text(encoding="utf-8")), encoding="utf-8")
            os.utime(path, (0, 0))  # not the time of what is compiled already
            return first_failure(cls.tree, tests, cls.reach.seconds)
        finally:
            shutil.copy2(kept, path)

    @classmethod
    def is_steady(cls, killer: str, tests: list[str]) -> bool:
        """Whether a test passes on the unchanged code, with those before it."""
        if killer in cls.steady or killer not in tests:
            return True
        before = tests[: tests.index(killer) + 1]
        if first_failure(cls.tree, before, cls.reach.seconds) is None:
            cls.steady.add(killer)
            return True
        return False


def passing(tree: Path, files: list[str], reach: Reach) -> set[str]:
    """The tests of these files that pass on the unchanged code."""
    tests = grouped((t for t in reach.seconds if t.partition("::")[0] in files), reach.seconds)
    while killer := first_failure(tree, tests, reach.seconds):
        tests = [test for test in tests if test != killer]
    return set(tests)


def tried(
    mutants: Sequence[Mutant], reach: Reach, jobs: int, budget: float, near: list[str]
) -> list[Result]:
    context, results = multiprocessing.get_context("fork"), []
    trees: SimpleQueue[Path] = context.SimpleQueue()
    for job in range(jobs):
        trees.put(copied(str(job)))
    steady = passing(BUILD / "0", near, reach)
    with context.Pool(jobs, Worker.start, (trees, reach, budget, near, steady)) as pool:
        for result in pool.imap_unordered(Worker.run, mutants):
            results.append(result)
            place = f"{result.mutant.file}:{result.mutant.place[0]}"
            told = f"{len(results):4} {result.seconds:6.1f} s {result.tests:5} tests  {place} "
            told += f"{result.mutant.operator.partition('/')[2]} {result.mutant.occurrence}"
            print(f"{told}  {result.killer or 'SURVIVED'}"[:200], flush=True)
    return results


def report(room: str, results: Sequence[Result], total: int, seed: int) -> None:
    """Print the share killed, and what survived; keep it as JSON."""
    survived = [r.mutant for r in results if r.killer is None]
    killed, count = len(results) - len(survived), len(results)
    drawn = f"drawn from {total:,} with seed {seed}"
    tools = f"cosmic-ray {version('cosmic-ray')}, torch {version('torch')}"
    share = f"{killed / max(1, count):.0%}"
    print(f"\n{date.today()} {room}: {killed} of {count} killed ({share}), {drawn}")
    print(f"Python {sys.version.split()[0]}, {tools}", end="\n\n")
    for mutant in survived:
        print(mutant.difference(), end="\n\n", flush=True)
    kept = [asdict(result) for result in results]
    (BUILD / f"{room}-{seed}.json").write_text(json.dumps(kept, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, default=100, help="mutants a room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-j", "--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of tests for a mutant")
    parser.add_argument("--tests", nargs="*", default=[], help="tests to measure, all by default")
    parser.add_argument("--keep", action="store_true", help="what was measured before still holds")
    options = parser.parse_args()
    reach = measured(options.tests, options.jobs, options.keep)
    if reach.failed:
        print(f"{len(reach.failed)} tests failed or were skipped, and are not used")
    load_libraries(reach.modules)
    for room in options.rooms:
        folder, near = ROOMS[room]
        mutants, total = sample(folder, options.sample, options.seed)
        results = tried(mutants, reach, options.jobs, options.budget, near)
        report(room, results, total, options.seed)


if __name__ == "__main__":
    main()
