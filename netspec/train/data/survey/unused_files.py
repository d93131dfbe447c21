"""The files of a tree that are no image of a class, by why they are not used."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path
from typing import Final

from netspec.train.data.sets.layout import is_image, visible
from netspec.train.data.sets.tree_walk import DEEPEST

HIDDEN: Final = "hidden"
SUFFIX: Final = "suffix"
NO_CLASS: Final = "no class"


def unused_files(root: Path, used: Container[str]) -> dict[str, tuple[str, ...]]:
    """Paths relative to `root` by reason: hidden (a folder once, with `/`), suffix, no class."""
    found: dict[str, list[str]] = {SUFFIX: [], NO_CLASS: [], HIDDEN: []}
    start = len(os.path.join(root, ""))
    for folder, folders, files in os.walk(root):
        inside = os.path.join(folder, "")[start:]
        hidden = [name for name in folders if not visible(name)]
        found[HIDDEN] += [f"{inside}{name}/" for name in hidden]
        deep = inside.count(os.sep) >= DEEPEST
        folders[:] = [] if deep else sorted(name for name in folders if name not in hidden)
        for name in files:
            path = inside + name
            if path in used:
                continue
            if not visible(name):
                found[HIDDEN].append(path)
            else:
                found[NO_CLASS if is_image(name) else SUFFIX].append(path)
    return {reason: tuple(sorted(paths)) for reason, paths in found.items() if paths}
