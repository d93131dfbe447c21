"""`docs/zoo.md` is what its script writes, and what it takes from torchvision is torchvision's."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torchvision
from torchvision import models
from torchvision_zoo import FOLDER, NAMES, published_size, weights

DOCS = Path(__file__).parent.parent / "docs"
RECORDED = "0.29.2"
"""The version of torchvision whose files the page counts."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_zoo", DOCS / "write_zoo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_fresh(script: ModuleType) -> None:
    assert (DOCS / "zoo.md").read_text() == script.page(), "run `make docs`"


@pytest.mark.parametrize("name", NAMES)
def test_a_published_accuracy_is_torchvisions(script: ModuleType, name: str) -> None:
    kept = script.published()[f"torchvision/{name}"]
    for entry in weights(name):
        found = entry.meta["_metrics"]["ImageNet-1K"]["acc@1"]
        if found == found:  # one file of VGG-16 holds the features alone, and has none
            assert (published_size(entry), f"{found:.3f}", f"torchvision {entry.name}") in kept


def test_every_family_is_named_with_the_file_that_it_stands_for(script: ModuleType) -> None:
    families = {p.stem for p in FOLDER.glob("*.yaml") if "\nextends:" not in p.read_text()}
    assert set(script.SOURCES) == families
    if torchvision.__version__.partition("+")[0] == RECORDED:
        folder = Path(models.__file__).parent
        for source, lines in script.SOURCES.values():
            assert len((folder / source).read_text().splitlines()) == lines
