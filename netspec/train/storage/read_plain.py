"""The text of a file of a run, which may be a stranger's."""

from __future__ import annotations

from pathlib import Path


def read_plain(path: Path) -> str:
    """What a plain file says; bytes that are no text are shown as such.

    Raises OSError for what is not there, and for a pipe, a socket or a device, which is not opened.
    """
    if path.exists() and not path.is_file():
        raise OSError(0, "it is no plain file")
    return path.read_text(encoding="utf-8", errors="replace")
