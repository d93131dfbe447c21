"""The images of a class folder, and what lies beside them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from netspec.counted import counted
from netspec.train.absent import absent
from netspec.train.data.sets.layout import is_image, visible
from netspec.train.data.sets.tree_walk import PassedOver, files_within, is_plain_file
from netspec.train.errors import TrainError


@dataclass
class Beside:
    """What lies among images: files by their other suffixes, what is no plain file, links back."""

    suffixes: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def told(self, root: Path) -> list[str]:
        """A note for each kind that there is; paths are relative to `root`."""
        notes = []
        if self.suffixes:
            files = counted(
                self.suffixes.total(),
                "file is no image by its suffix",
                "files are no images by their suffix",
            )
            kinds = ", ".join(f"`{suffix or 'no suffix'}`" for suffix in sorted(self.suffixes)[:6])
            notes.append(f"{files}: {kinds}")
        if self.odd:
            kinds = counted(
                len(self.odd), "pipe, socket or device is", "pipes, sockets or devices are"
            )
            notes.append(f"{kinds} not opened: {_first(self.odd, root)}")
        if self.again:
            links = counted(len(self.again), "link leads", "links lead")
            where = "to folders that were looked into already"
            notes.append(f"{links} {where}: {_first(self.again, root)}")
        return notes


def _first(paths: list[str], root: Path) -> str:
    return f"`{os.path.relpath(min(paths), root)}`" + ", …" * (len(paths) > 1)


def found_images(folder: Path, beside: Beside) -> list[tuple[str, int, int]]:
    """The images below a folder with size and time of change; `beside` is given all else.

    Raises TrainError for a link that leads nowhere, for a folder that cannot be read, and for one
    that lies too deep.
    """
    found: list[tuple[str, int, int]] = []
    for entry in files_within(os.fspath(folder), visible):
        if isinstance(entry, PassedOver):
            if entry.why != "again":
                message = f"`{entry.path}` is not looked into: {entry.reason}"
                raise TrainError(message, "mend it, or take it away")
            beside.again.append(entry.path)
        elif not is_image(entry.name):
            beside.suffixes[os.path.splitext(entry.name)[1].lower()] += 1
        elif is_plain_file(entry):
            status = entry.stat()
            found.append((entry.path, status.st_size, status.st_mtime_ns))
        elif entry.is_symlink() and not os.path.exists(entry.path):
            message = absent(Path(entry.path), "file")
            raise TrainError(message, "mend the link, or take it away")
        else:
            beside.odd.append(entry.path)
    return found
