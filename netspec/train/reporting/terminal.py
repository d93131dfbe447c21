"""How wide the terminal is that reads what a run tells, if one does."""

from __future__ import annotations

import os
import shutil
from typing import TextIO


def terminal_width(stream: TextIO) -> int | None:
    """Columns of the terminal that reads ``stream``; None where a file or a pipe does."""
    if not stream.isatty():
        return None
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns
