"""The torch with which the tests last passed, in the place that pip reads and in ours."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from netspec import __version__
from netspec.tested_with import TESTED_WITH, version_lines

ROOT = Path(__file__).parent.parent


def test_the_constraints_name_the_tested_pair() -> None:
    pinned = dict(
        re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    )
    assert {name: pinned[name] for name in TESTED_WITH} == TESTED_WITH


def test_the_oldest_torch_that_is_allowed_is_the_one_that_make_tests() -> None:
    allowed = re.findall(r'"(torch|torchvision)>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    tested = re.search(
        r"venv-oldest TORCH='(torch==.*)'$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert tested is not None
    assert tested[1].split() == [f"{name}=={version}.*" for name, version in allowed]


@pytest.mark.parametrize(
    ("here", "lines"),
    [
        (TESTED_WITH, [f"netspec {__version__}"]),
        (
            {name: f"{version}+cpu" for name, version in TESTED_WITH.items()},
            [f"netspec {__version__}"],
        ),
        (
            {"torch": "2.11.0", "torchvision": "0.26.0"},
            [
                f"netspec {__version__}",
                "torch 2.11.0, torchvision 0.26.0; tested with "
                f"torch {TESTED_WITH['torch']}, torchvision {TESTED_WITH['torchvision']}",
            ],
        ),
        (
            {"torch": "2.11.0"},
            [
                f"netspec {__version__}",
                "torch 2.11.0, torchvision missing; tested with "
                f"torch {TESTED_WITH['torch']}, torchvision {TESTED_WITH['torchvision']}",
            ],
        ),
    ],
)
def test_the_version_says_where_torch_is_another(
    here: dict[str, str], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name not in here:
            raise importlib.metadata.PackageNotFoundError(name)
        return here[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert version_lines() == lines
