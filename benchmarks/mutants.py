"""Would the tests see a mistake? Mutants of a room's files, and the share that the tests kill.

    python benchmarks/mutants.py ops --sample 60 --seed 1

cosmic-ray makes the mutants, one change each; a seeded sample of them is tried in a copy of the
working tree, each against the test files that concern the room, which stop at the first failure. A
mutant that outlasts the time limit counts as killed. Changes in annotations are not tried: nothing
evaluates those.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

ROOT = Path(__file__).resolve().parent.parent

LANGUAGE = (
    "tests/test_errors.py tests/test_language_structure.py tests/test_names_everywhere.py "
    "tests/test_order.py tests/test_block_init.py tests/test_network.py tests/test_plugins.py "
    "tests/test_lint.py tests/test_one_mistake.py tests/test_min_size.py tests/test_graphs.py"
)
ROOMS = {
    "ops": (
        "netspec/ops",
        "tests/test_ops.py tests/test_ops_modules.py tests/test_ops_register.py "
        "tests/test_step_memory.py tests/test_ops_random.py tests/test_plugins.py",
    ),
    "analysis": ("netspec/compiler/analysis", f"tests/test_step_memory.py {LANGUAGE}"),
    "expanding": ("netspec/compiler/expanding", LANGUAGE),
    "engine": (
        "netspec/train/engine",
        "tests/train/test_best.py tests/train/test_figures.py tests/train/test_step.py "
        "tests/train/test_checkpoints.py tests/train/test_commands.py tests/train/test_saving.py "
        "tests/train/test_step_on_gpu.py tests/train/test_interruptions.py "
        "tests/train/test_processes.py",
    ),
}
"""The files of each room, and the tests that concern them."""

CONFIG = """[cosmic-ray]
module-path = "{path}"
timeout = {limit}
excluded-modules = []
test-command = "{command}"

[cosmic-ray.distributor]
name = "local"
"""


def annotations(path: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the annotations of a file begin and end, as (line, column)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(part, ast.expr) and part.end_lineno is not None:
                end = (part.end_lineno, part.end_col_offset or 0)
                yield (part.lineno, part.col_offset), end


def evaluated(item: WorkItem, copy: Path) -> bool:
    """Whether the change is in code that runs, and not in an annotation."""
    (mutation,) = item.mutations
    return not any(
        start <= tuple(mutation.start_pos) < end
        for start, end in annotations(copy / mutation.module_path)
    )


def sampled(db: WorkDB, copy: Path, sample: int, seed: int) -> int:
    """Leave a random sample to be tried; returns how many there are to choose from."""
    items = sorted((i for i in db.work_items if evaluated(i, copy)), key=lambda i: i.job_id)
    # job ids are random: the order is that of the places in the files
    items.sort(key=lambda i: [(str(m.module_path), m.start_pos, m.operator_name, m.occurrence)
                              for m in i.mutations])  # fmt: skip
    chosen = {item.job_id for item in random.Random(seed).sample(items, min(sample, len(items)))}
    for item in list(db.work_items):
        if item.job_id not in chosen:
            db.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
    return len(items)


def copied(name: str) -> Path:
    """A copy of the working tree, since mutants are written into its files."""
    copy = ROOT / "build" / "mutants" / name
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    for file in listed.stdout.splitlines():
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / file).is_file():
            shutil.copy2(ROOT / file, copy / file)
    return copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, default=100, help="mutants a room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=240.0, help="seconds for the tests of one")
    options = parser.parse_args()
    for room in options.rooms:
        path, tests = ROOMS[room]
        copy = copied(room)
        there = " ".join(test for test in tests.split() if (copy / test).exists())
        command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider -m 'not soak' {there}"
        config, session = copy / "mutants.toml", copy / "session.sqlite"
        config.write_text(CONFIG.format(path=path, limit=options.limit, command=command))
        quiet = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        env = {**os.environ, **quiet}
        if subprocess.run(command, shell=True, cwd=copy, env=env, capture_output=True).returncode:
            sys.exit(f"{room}: the tests fail before anything is changed: {command}")
        run = [sys.executable, "-m", "cosmic_ray.cli"]
        subprocess.run([*run, "init", config, session], cwd=copy, env=env, check=True)
        with use_db(session) as db:
            total = sampled(db, copy, options.sample, options.seed)
        subprocess.run([*run, "exec", config, session], cwd=copy, env=env, check=True)
        report(room, session, total, options.seed)


def report(room: str, session: Path, total: int, seed: int) -> None:
    """Print the share killed, and what survived."""
    with use_db(session) as db:
        tried = [(job, r) for job, r in db.results if r.worker_outcome != WorkerOutcome.SKIPPED]
        killed = sum(r.test_outcome != TestOutcome.SURVIVED for _, r in tried)
        share = f"{killed / max(1, len(tried)):.0%}; sampled of {total:,} with seed {seed}"
        print(f"{date.today()} {room}: {killed} of {len(tried)} killed ({share})")
        for _, result in tried:
            if result.test_outcome == TestOutcome.SURVIVED:
                changed = (line for line in (result.diff or "").splitlines() if line[:1] in "+-")
                print("\n".join(changed), end="\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
