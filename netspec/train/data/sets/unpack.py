"""An archive of a class-folder tree → a folder, unless the archive reaches outside of it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import IO, Any, Final, cast

from netspec.train.cache_folder import cache_root, mark_used
from netspec.train.data.cache import key_of, locked
from netspec.train.data.sets.archive_bounds import HINT, BoundedStream, Bounds
from netspec.train.data.sets.layout import part_of, subfolders
from netspec.train.errors import TrainError, first_line
from netspec.train.say import Say

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")

_ENCRYPTED: Final = 1
"""The bit of a zip's member that says so."""


def is_archive(path: Path) -> bool:
    """Whether `path` is a file with the name of an archive."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def unpacked(archive: Path, say: Say) -> Path:
    """The folder with what `archive` holds, in the cache; unpacked once.

    Every member is looked at before any is written. Raises TrainError for links, devices, absolute
    or `..` names, for archives that are encrypted, damaged, larger than the disk, or hold far more
    than their size lets expect; nothing is left of one that was refused.
    """
    status = archive.stat()
    key = key_of("archive", os.fspath(archive.resolve()), status.st_size, status.st_mtime_ns)
    target = cache_root() / "unpacked" / key
    with locked(key):
        if not target.is_dir():
            say(f"unpacking `{archive}`, once")
            aside = target.with_name(f".{key}.{os.getpid()}")
            try:
                aside.mkdir(parents=True)
                _unpack(archive, aside)
                os.rename(aside, target)
            except TrainError:
                raise
            except OSError as error:
                if error.errno is None:  # of a decompressor, over what it reads
                    raise _damaged(archive, error) from error
                reason = (error.strerror or str(error)).lower()
                raise TrainError(
                    f"`{archive}` could not be unpacked to `{target}`: {reason}",
                    "make room there, or set `NETSPEC_CACHE` to a folder that can be written",
                ) from error
            except Exception as error:  # what reads archives raises almost anything
                raise _damaged(archive, error) from error
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        mark_used(key, "folder", archive)  # as long as this process lives: it reads the files
    return _lone_folder(target)


def _damaged(archive: Path, error: Exception) -> TrainError:
    return TrainError(f"`{archive}` is damaged: {first_line(error).lower()}", "fetch it again")


def _unpack(archive: Path, target: Path) -> None:
    """Write all that the archive holds, once each member has been looked at."""
    bounds = Bounds(archive, target)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            _unpack_zip(opened, bounds)
        return
    with _decompressed(archive) as stream:
        bounded: Any = BoundedStream(stream, bounds)
        with tarfile.open(fileobj=bounded, mode="r:") as tar:
            for member in tar:
                bounds.add(member.name, member.size, plain=member.isreg() or member.isdir())
            while bounded.read(65_536):
                pass  # a checksum stands at the very end
            for member in tar.getmembers():
                content = tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    with content:
                        _write(bounds, member.name, content)


def _unpack_zip(opened: zipfile.ZipFile, bounds: Bounds) -> None:
    infos = opened.infolist()
    for info in infos:
        bounds.add(info.filename, info.file_size, plain=info.external_attr >> 28 in (0, 0o4, 0o10))
        if info.flag_bits & _ENCRYPTED:
            hint = "unpack it with its password, and name the folder"
            raise TrainError(f"`{bounds.archive}` is encrypted", hint)
    for info in infos:
        if info.is_dir():
            continue
        try:
            source = opened.open(info)
        except NotImplementedError:
            raise TrainError(
                f"`{bounds.archive}` packs `{info.filename}` in a way that is not read here",
                "unpack it with the program that packed it, and name the folder",
            ) from None
        # Of these, Python unpacks at once all that it has read.
        careful = info.compress_type in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        with source:
            _write(bounds, info.filename, source, 4_096 if careful else 65_536)


def _decompressed(archive: Path) -> IO[bytes]:
    with archive.open("rb") as file:
        start = file.read(6)
    openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
    opener: Any = next((found for magic, found in openers.items() if start.startswith(magic)), open)
    return cast("IO[bytes]", opener(archive, "rb"))


def _write(bounds: Bounds, name: str, source: IO[bytes], at_once: int = 65_536) -> None:
    path = bounds.target / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.open("xb")
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        message = f"`{bounds.archive}` holds `{name}` twice, or as a file and as a folder"
        raise TrainError(message, HINT) from None
    with out:
        shutil.copyfileobj(source, out, at_once)
    # Unpacked once more, it is the same set of files: a run knows them by their times too.
    changed = bounds.archive.stat().st_mtime_ns
    os.utime(path, ns=(changed, changed))


def _lone_folder(folder: Path) -> Path:
    """The only folder inside, where an archive wraps its tree in one; else `folder`."""
    inner = subfolders(folder)
    wraps = len(inner) == 1 and part_of(inner[0].name) is None and bool(subfolders(inner[0]))
    return inner[0] if wraps else folder
