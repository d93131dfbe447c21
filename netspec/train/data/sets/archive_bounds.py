"""What an archive may hold, looked at before any of it is written."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from netspec.counted import counted
from netspec.train.data.sets.tree_walk import DEEPEST
from netspec.train.errors import TrainError

HINT: Final = "take archives from where you trust them, or unpack it by hand and name the folder"
MOST_MEMBERS: Final = 20_000_000
RATIO: Final = 100
"""So many times the size of its archive a tree of images may be: they hardly shrink when packed."""
ALWAYS: Final = 100_000_000
"""So many bytes any archive may hold."""
_HEADER: Final = 512
"""A member without content counts as so many bytes, which is what a tar holds of it."""
_AT_ONCE: Final = 1 << 20


@dataclass
class Bounds:
    """Counts what the members of `archive` hold, and refuses what is too much for `target`."""

    archive: Path
    target: Path
    count: int = 0
    size: int = 0

    @property
    def most(self) -> int:
        """The bytes that the archive may hold, by its own size."""
        return max(ALWAYS, RATIO * self.archive.stat().st_size)

    def add(self, name: str, size: int, *, plain: bool) -> None:
        """Count a member. Raises TrainError for a name that leads out or too deep, and a bomb."""
        self.count += 1
        self.size += size + _HEADER
        self._check_name(name, plain=plain)
        if self.size > shutil.disk_usage(self.target).free:
            raise TrainError(
                f"`{self.archive}` holds more than the disk of `{self.target.parent}` has room for",
                "make room there, or set `NETSPEC_CACHE` to a folder on another disk",
            )
        if self.count > MOST_MEMBERS:
            raise TrainError(f"`{self.archive}` holds more than {MOST_MEMBERS:,} files", HINT)
        if self.size > self.most:
            raise self.bomb()

    def bomb(self) -> TrainError:
        """What to say of an archive that holds too much for its size."""
        return TrainError(
            f"`{self.archive}` of {self.archive.stat().st_size / 1e6:,.1f} MB holds more than "
            f"{self.most / 1e6:,.0f} MB, and images do not shrink so far",
            HINT,
        )

    def _check_name(self, name: str, *, plain: bool) -> None:
        path = PurePosixPath(name.replace("\\", "/"))
        holds = f"`{self.archive}` holds `{name[:200]}`"
        if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
            raise TrainError(f"{holds}, which would lie outside of it", HINT)
        if not plain:
            raise TrainError(f"{holds}, which is no plain file", HINT)
        if len(path.parts) > DEEPEST:
            folders = counted(len(path.parts) - 1, "folder")
            raise TrainError(f"{holds}, which lies {folders} deep", HINT)
        if "\0" in name or any(len(part.encode(errors="replace")) > 255 for part in path.parts):
            raise TrainError(f"{holds}, which is no name that a file can have", HINT)


class BoundedStream:
    """The bytes of a tar, read no further than `bounds` allow, and never many at once."""

    def __init__(self, stream: IO[bytes], bounds: Bounds) -> None:
        self._stream, self._bounds = stream, bounds

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises tarfile.ReadError where a header claims to be huge."""
        if not 0 <= size <= _AT_ONCE:
            raise tarfile.ReadError(f"a header of {counted(size, 'byte')}")
        self._check(self.tell() + size)
        return self._stream.read(size)

    def seek(self, place: int) -> int:
        """Go to a place. Raises TrainError for one that lies beyond what the archive may hold."""
        self._check(place)
        return self._stream.seek(place)

    def tell(self) -> int:
        """The place of the next byte."""
        return self._stream.tell()

    def _check(self, place: int) -> None:
        if place > self._bounds.most + tarfile.RECORDSIZE:
            raise self._bounds.bomb()
