"""A pytest plugin that notes what tests reach.

    pytest -p mutants_plugin

with the folder that gets the answer in `MUTANTS_REACH` and the measured folders, separated by the
system's path separator, in `MUTANTS_SOURCES`. Each process of pytest-xdist writes a file.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest
from mutants_reach import IMPORTING, Reach

STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec"}
CHILDREN = "children"
"""The module of tests/train that starts processes without an audited event."""


def started() -> coverage.Coverage:
    include = [f"{source}/*" for source in os.environ["MUTANTS_SOURCES"].split(os.pathsep)]
    measuring = coverage.Coverage(data_file=None, config_file=False, include=include)
    measuring.start()
    measuring.switch_context(IMPORTING)
    return measuring


def shared(fixture: pytest.FixtureDef[object]) -> str:
    """The context of a fixture that is made once for many tests."""
    return f"fixture {fixture.baseid} {fixture.argname}"


COVERAGE = started()  # before conftest.py loads what is measured


class Plugin:
    def __init__(self) -> None:
        self.reach, self.test, self.coverage = Reach(), IMPORTING, COVERAGE
        self.sharing: dict[str, list[str]] = defaultdict(list)
        sys.addaudithook(self.audit)

    def audit(self, event: str, _: object) -> None:
        starts = event in STARTS
        if starts and self.test and self.test not in self.reach.starters[-1:]:
            self.reach.starters.append(self.test)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Function) -> Generator[None, object, object]:
        self.test, began = item.nodeid, time.perf_counter()
        used = vars(item.module).values()
        if any(getattr(thing, "__module__", "") == CHILDREN for thing in used):
            self.reach.starters.append(item.nodeid)
        self.coverage.switch_context(item.nodeid)
        for fixtures in item._fixtureinfo.name2fixturedefs.values():
            for fixture in fixtures:
                if fixture.scope != "function":
                    self.sharing[shared(fixture)].append(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context(IMPORTING)
            self.test = IMPORTING
            self.reach.seconds[item.nodeid] = time.perf_counter() - began

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """What many tests share is run by each of them, not only by the first."""
        if fixturedef.scope != "function":
            self.coverage.switch_context(shared(fixturedef))
        try:
            return (yield)
        finally:
            self.coverage.switch_context(self.test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.reach.failed.append(report.nodeid)

    def pytest_unconfigure(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        for file in data.measured_files():
            ran = self.reach.lines.setdefault(os.path.relpath(file), {})
            for line, tests in data.contexts_by_lineno(file).items():
                for test in {test for name in tests for test in self.sharing.get(name, [name])}:
                    ran[test] = ran.get(test, 0) | 1 << line
        for test in self.reach.failed:
            self.reach.seconds.pop(test, None)
        self.reach.modules = list(sys.modules)
        self.reach.write(Path(os.environ["MUTANTS_REACH"]) / f"{os.getpid()}.json")


def pytest_configure(config: pytest.Config) -> None:
    shared_out = getattr(config.option, "numprocesses", None)
    if not shared_out or hasattr(config, "workerinput"):
        config.pluginmanager.register(Plugin(), "mutants-reach")
