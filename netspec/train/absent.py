"""What to say of a path where something else is than what is wanted, or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Literal


def absent(path: Path, wanted: Literal["file", "folder", "run"]) -> str:
    """A sentence on what is at `path` in the place of the file, folder or run that was wanted."""
    if path.is_symlink() and not os.path.exists(path):
        return f"`{path}` is a link to `{os.readlink(path)}`, {nowhere(path)}"
    if path.is_dir():
        return f"`{path}` is a folder and no {wanted}"
    if path.exists():
        if wanted == "file":
            return f"`{path}` is a pipe, a socket or a device, and no file of bytes"
        what = "run's folder" if wanted == "run" else wanted
        return f"`{path}` is a file and no {what}"
    for above in path.parents:
        if above.is_file():
            return f"there is no {wanted} `{path}`: `{above}` is a file"
    return f"there is no {wanted} `{path}`"


def nowhere(link: str | Path) -> str:
    """Why a link leads to nothing, as the end of a sentence."""
    try:
        os.stat(link)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "which leads round in a circle"
    return "which is not there"
