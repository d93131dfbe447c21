"""What takes long is told as it begins."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
"""Shows the user a line."""


def silent(message: str) -> None:
    """Show nothing."""
