"""One trial: some tests, run in a process forked from one that has loaded the libraries already.

The process that forks has no module of netspec and none of the tests, so that a trial loads both
as they stand in its tree. Tests run one after another until one fails or takes far too long.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

LOADING = "while loading"
"""Told in place of a test, of a tree whose modules or cases cannot be loaded."""
TO_LOAD = 90.0
"""Seconds after which loading has failed."""
SLOWER, LATER = 10.0, 40.0
"""A test has failed after so many times its own seconds, and so many more."""
OWN = ("netspec", "tests", "execnet", "xdist", "coverage", "__main__", "mutants_plugin")
"""What is not loaded before the fork."""


def load_libraries(modules: Iterable[str]) -> None:
    """Load what tests load, but for what a trial loads from its tree."""
    for module in modules:
        if module.partition(".")[0] not in OWN:
            with contextlib.suppress(Exception):
                importlib.import_module(module)
    gc.collect()
    gc.freeze()


class Told:
    """A pytest plugin: runs the wanted tests in their order, and tells how it goes, a line each."""

    def __init__(self, tests: Sequence[str], told: int) -> None:
        self.order = {test: place for place, test in enumerate(tests)}
        self.told = told

    def tell(self, word: str, test: object = "") -> None:
        os.write(self.told, f"{word} {test}\n".encode())

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(wanted, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.tell("start", nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tell("failed", report.nodeid)


def first_failure(tree: Path, tests: Sequence[str], seconds: dict[str, float]) -> str | None:
    """The first of these tests that fails in ``tree``, `LOADING`, or None where all pass."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(read)
        _run(tree, tests, write)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    os.close(write)
    try:
        return _watched(read, seconds)
    finally:
        os.close(read)
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _run(tree: Path, tests: Sequence[str], told: int) -> NoReturn:
    """Be the process that runs them."""
    try:
        for stream, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            os.dup2(os.open(os.devnull, mode), stream)
        os.chdir(tree)
        os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(tree))
        importlib.invalidate_caches()
        plugin = Told(tests, told)
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        quiet = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
        code = pytest.main([*quiet, "--hypothesis-seed=0", *files], plugins=[plugin])
        plugin.tell("end", int(code))
    finally:
        os._exit(0)


def _watched(read: int, seconds: dict[str, float]) -> str | None:
    """What the other process tells, until it ends or a test takes too long."""
    doing, deadline, rest = LOADING, time.monotonic() + TO_LOAD, b""
    while select.select([read], [], [], max(0.0, deadline - time.monotonic()))[0]:
        got = os.read(read, 65536)
        if not got:
            return doing  # it crashed
        *lines, rest = (rest + got).split(b"\n")
        for line in lines:
            word, _, test = line.decode().partition(" ")
            if word == "failed":
                return test
            if word == "end":
                return None if int(test) in (0, pytest.ExitCode.NO_TESTS_COLLECTED) else doing
            doing = test
            deadline = time.monotonic() + LATER + SLOWER * seconds.get(test, 0.0)
    return doing  # it took too long
