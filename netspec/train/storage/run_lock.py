"""Only one process at a time trains in a run's folder."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netspec.train.errors import TrainError
from netspec.train.storage.atomic_write import write_failed


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes from training in ``folder``; the lock goes with this process.

    It is the process's own: a data worker that outlives it does not hold it. Where a file system
    has no locks, nothing is kept from it.

    Raises:
        TrainError: another process trains there, or nothing can be written there.
    """
    path = folder / ".lock"
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        yield
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise TrainError(f"`{path}` is a link, and no lock of a run", "take it away") from None
        raise write_failed(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TrainError(f"`{path}` is no plain file, and no lock of a run", "take it away")
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise _taken(folder, handle) from None
        _say(handle, b"%d\n" % os.getpid())
        try:
            yield
        finally:
            _say(handle, b"")
    finally:
        os.close(handle)


def _say(handle: int, text: bytes) -> None:
    """Who holds the lock, which is only told to others."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, text, 0)


def _taken(folder: Path, handle: int) -> TrainError:
    said = os.pread(handle, 20, 0).strip()
    who = f"process {int(said)}" if said.isdigit() else "another process"
    return TrainError(
        f"{who} is training in `{folder}`",
        "wait until it is done, stop it, or start a new run",
    )
