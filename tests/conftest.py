"""What all tests share: a cache of their own, so that none sees what another left."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Decoded data sets go to a folder of this test."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NETSPEC_CACHE", str(cache))
    return cache
