"""The page of a code, as `netspec explain` prints it."""

from __future__ import annotations

from pathlib import Path

from netspec.diagnostics import CODES

PAGES = Path(__file__).parent.parent / "pages"


def page(code: str) -> str:
    """The Markdown page of a code of `CODES`."""
    return (PAGES / f"{code}.md").read_text(encoding="utf-8").rstrip()


def index() -> str:
    """Every code with its severity and title."""
    return "\n".join(f"{code}  {c.severity.ljust(7)}  {c.title}" for code, c in CODES.items())
