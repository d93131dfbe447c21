"""The folder of the cache: what is in it, who uses it, and how it is cleared. Needs no torch.

`data/` holds decoded data sets and `unpacked/` what archives held, a folder an entry; `facts/`
small results; `locks/` files that stay empty. `uses/` has a file an entry, which says what it is
of: its time is when the entry was last used, and whoever uses the entry holds a shared lock on it.
What is locked is not cleared.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KINDS: Final = {"data": "decoded", "unpacked": "unpacked"}
"""The folders that hold entries, and what their entries are."""


def cache_root() -> Path:
    """`$NETSPEC_CACHE`, or `~/.cache/netspec`."""
    given = os.environ.get("NETSPEC_CACHE")
    if given:
        return Path(given).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "netspec"


@dataclass(frozen=True)
class Entry:
    """A decoded data set, an unpacked archive, or what a process that was killed left of one.

    `size` is in bytes, `used` in seconds since 1970; `dataset` and `origin` are empty where an
    older netspec made it.
    """

    key: str
    kind: str
    path: Path
    dataset: str
    origin: str
    size: int
    used: float
    in_use: bool


def lock_path(key: str) -> Path:
    """The file whose lock is held by the one process that makes or reads an entry."""
    return cache_root() / "locks" / key


def mark_used(key: str, dataset: str, origin: Path) -> int | None:
    """Say that an entry is used now, and keep it from being cleared until the handle is closed.

    The caller holds the lock of `key`. None where no mark can be made: an entry can be read from
    where nothing can be written.
    """
    path = _use_path(key)
    text = json.dumps({"dataset": dataset, "origin": os.fspath(origin.absolute())}).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
    with suppress(OSError):
        os.write(handle, text)
        os.ftruncate(handle, len(text))
        os.utime(path)
    _try_lock(handle, shared=True)
    return handle


def entries() -> list[Entry]:
    """Everything that takes room, the least recently used first."""
    found = []
    for name, kind in KINDS.items():
        with suppress(OSError):
            for path in (cache_root() / name).iterdir():
                if path.is_dir():
                    found.append(_entry(path, kind))
    return sorted(found, key=lambda entry: entry.used)


def facts_size() -> tuple[int, int]:
    """How many small results there are, and their size in bytes."""
    paths = _facts()
    return len(paths), sum(map(_size, paths))


def clear(chosen: Sequence[Entry]) -> list[Entry]:
    """Delete entries, and give those that stay because a process uses them. Raises OSError.

    An entry leaves its place in one step before its files go, so that none is ever seen in part.
    """
    kept = []
    for entry in chosen:
        with _alone(entry.key) as free:
            if not free:
                kept.append(entry)
                continue
            aside = entry.path.with_name(f".{entry.key}.{os.getpid()}.cleared")
            os.rename(entry.path, aside)
            shutil.rmtree(aside)
            if entry.kind != "unfinished":
                _use_path(entry.key).unlink(missing_ok=True)
    return kept


def clear_facts(older_than: float = 0.0) -> None:
    """Delete the small results that were made longer ago than so many seconds. Raises OSError."""
    for path in _facts():
        if age(path.stat().st_mtime) >= older_than:
            path.unlink(missing_ok=True)


def age(used: float) -> float:
    """Seconds since then; 0 for what a clock that was set back says is yet to come."""
    return max(0.0, time.time() - used)


def _facts() -> list[Path]:
    return sorted((cache_root() / "facts").glob("*.json"))


def _use_path(key: str) -> Path:
    return cache_root() / "uses" / key


def _entry(path: Path, kind: str) -> Entry:
    unfinished = path.name.startswith(".")
    key = path.name[1:].partition(".")[0] if unfinished else path.name
    said: dict[str, str] = {}
    used = 0.0
    with suppress(OSError, ValueError):
        used = path.stat().st_mtime
        use = _use_path(key)
        used = max(used, use.stat().st_mtime)
        said = json.loads(use.read_text())
    with _alone(key) as free:
        return Entry(
            key=key,
            kind="unfinished" if unfinished else kind,
            path=path,
            dataset=str(said.get("dataset", "")),
            origin=str(said.get("origin", "")),
            size=sum(_size(file) for file in path.rglob("*")),
            used=used,
            in_use=not free,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # gone in the meantime
        return 0


@contextmanager
def _alone(key: str) -> Iterator[bool]:
    """Whether no process makes, reads or uses the entry; if so none begins to until the end."""
    handles = []
    try:
        free = True
        for path in (lock_path(key), _use_path(key)):
            if free and path.exists():
                handles.append(os.open(path, os.O_RDWR))
                free = _try_lock(handles[-1], shared=False)
        yield free
    finally:
        for handle in handles:
            os.close(handle)


def _try_lock(handle: int, *, shared: bool) -> bool:
    """Lock a file, unless another has; where a system has no such locks, all is free."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
