"""Files with the same content, wherever they lie."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

_AT_ONCE = 1 << 20


def duplicates(root: Path, sizes: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Groups of files below `root` of the same bytes, each sorted, the groups by their first.

    `sizes` are the bytes of each file: only those of one size are read. A file that is gone is
    passed over.
    """
    by_size: dict[int, list[str]] = defaultdict(list)
    for path, size in sizes.items():
        by_size[size].append(path)
    by_content: dict[bytes, list[str]] = defaultdict(list)
    for paths in by_size.values():
        for path in paths if len(paths) > 1 else ():
            content = _content(root / path)
            if content is not None:
                by_content[content].append(path)
    return sorted(tuple(sorted(paths)) for paths in by_content.values() if len(paths) > 1)


def _content(path: Path) -> bytes | None:
    hashed = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(_AT_ONCE):
                hashed.update(block)
    except OSError:
        return None
    return hashed.digest()
