"""What to say of a path where something else is than what is wanted, or nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def absent(path: Path, wanted: Literal["file", "folder", "run"]) -> str:
    """A sentence on what is at `path` in the place of the file, folder or run that was wanted."""
    if path.is_symlink() and not path.exists():
        return f"`{path}` is a link to `{os.readlink(path)}`, which is not there"
    if path.is_dir():
        return f"`{path}` is a folder and no {wanted}"
    if path.exists():
        what = "run's folder" if wanted == "run" else wanted
        return f"`{path}` is a file and no {what}"
    for above in path.parents:
        if above.is_file():
            return f"there is no {wanted} `{path}`: `{above}` is a file"
    return f"there is no {wanted} `{path}`"
