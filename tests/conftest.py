"""What all tests share: a cache and layers of their own, so that none sees what another left."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netspec.ops import OPS

LONGEST = ("test_compile.py", "test_processes.py", "test_kill.py", "test_editor.py")
"""Files with tests of many seconds, or that wait."""


def pytest_configure() -> None:
    """Hear the signals that a shell in the background, or `nohup`, had told to pass over."""
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no process has one to do when the others are done."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Decoded data sets go to a folder of this test."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NETSPEC_CACHE", str(cache))
    return cache


@pytest.fixture(autouse=True)
def own_layers() -> Iterator[None]:
    """A layer that a test registers is gone after it."""
    before, loaded = dict(OPS), set(sys.modules)
    yield
    for op in [op for name, op in OPS.items() if name not in before]:
        if op.__module__ not in loaded:  # a plugin that this test was the first to load
            sys.modules.pop(op.__module__, None)
    OPS.clear()
    OPS.update(before)
