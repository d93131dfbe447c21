"""Files that are either whole or not there: written aside, synced, renamed.

The order is the usual one for POSIX file systems: write to a name of its own, ``fsync`` the file,
``rename`` it over the old one (atomic), ``fsync`` the folder so that the rename itself lasts.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from netspec.train.errors import TrainError

ASIDE = ".aside"  # files that end so are leftovers of a write that was cut off


def atomic_write(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Replace ``path`` with ``chunks``; whatever happens, ``path`` is the old or the new file.

    Raises:
        TrainError: the disk is full, or the file cannot be written; ``path`` is untouched.
    """
    aside = path.with_name(path.name + ASIDE)
    try:
        with _left_out(aside):
            # Made anew: what lies there may be a link to somewhere else.
            with aside.open("xb") as file:
                for chunk in chunks:
                    _write(file.fileno(), chunk)
                _fsync(file.fileno())
            _replace(aside, path)
            sync_folder(path.parent)
    except OSError as error:
        raise write_failed(path, error) from error


def atomic_copy(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source``: a second name where the file system has them.

    A second name costs no bytes; since files here are replaced and never written in place,
    replacing one of the names leaves the other as it was.

    Raises:
        TrainError: the disk is full, or the file cannot be written; ``target`` is untouched.
    """
    aside = target.with_name(target.name + ASIDE)
    try:
        with _left_out(aside):
            try:
                _link(source, aside)
            except OSError:
                shutil.copyfile(source, aside)
                with aside.open("rb") as file:
                    _fsync(file.fileno())
            _replace(aside, target)
            # Renaming one name of a file over another name of the same file does nothing at all.
            aside.unlink(missing_ok=True)
            sync_folder(target.parent)
    except OSError as error:
        raise write_failed(target, error) from error


@contextlib.contextmanager
def _left_out(aside: Path) -> Iterator[None]:
    """Nothing is at ``aside`` before; nor after, if what is done there fails or is broken off."""
    aside.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        _fsync(handle)
    finally:
        os.close(handle)


def write_failed(path: Path, error: OSError) -> TrainError:
    """The sentence for a write that did not work, with the file's name."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TrainError(
            f"no space left on the disk while writing `{path}`",
            "free some space and go on with `--resume`; the last checkpoint is whole",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not path.parent.is_dir():
        return TrainError(
            f"cannot write `{path}`: there is no such folder",
            "where it was moved to, `--resume` goes on",
        )
    reason = error.strerror or str(error)
    return TrainError(
        f"cannot write `{path}`: {reason.lower()}",
        "mend it and go on with `--resume`, or choose another place with `--run-dir`",
    )


# The four calls that can fail, each by itself so that a test can make each one fail.


def _write(handle: int, chunk: bytes | memoryview) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(handle, view) :]


def _fsync(handle: int) -> None:
    os.fsync(handle)


def _replace(source: Path, target: Path) -> None:
    os.replace(source, target)


def _link(source: Path, target: Path) -> None:
    os.link(source, target)
