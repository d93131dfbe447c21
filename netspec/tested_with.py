"""The torch and torchvision with which the whole test suite last passed."""

from __future__ import annotations

from typing import Final

TESTED_WITH: Final = {"torch": "2.14.1", "torchvision": "0.29.1"}
"""As in `constraints.txt`, which an installed netspec does not have."""


def version_lines() -> list[str]:
    """What `netspec --version` prints: of torch only where it is not the tested one."""
    from importlib.metadata import PackageNotFoundError, version

    from netspec import __version__

    lines = [f"netspec {__version__}"]
    here = {}
    for name in TESTED_WITH:
        try:
            here[name] = version(name).partition("+")[0]  # 2.14.1+cpu is 2.14.1
        except PackageNotFoundError:
            here[name] = "missing"
    if here != TESTED_WITH:
        lines.append(f"{_pair(here)}; tested with {_pair(TESTED_WITH)}")
    return lines


def _pair(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
