"""An archive of a class-folder tree → a folder, unless the archive reaches outside of it."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from netspec.train.cache_folder import cache_root, mark_used
from netspec.train.data.cache import key_of, locked
from netspec.train.data.sets.layout import part_of, subfolders
from netspec.train.errors import TrainError
from netspec.train.say import Say

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")

_MOST_MEMBERS = 20_000_000
_HINT = "take archives from where you trust them, or unpack it by hand and name the folder"


def is_archive(path: Path) -> bool:
    """Whether `path` is a file with the name of an archive."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def unpacked(archive: Path, say: Say) -> Path:
    """The folder with what `archive` holds, in the cache; unpacked once.

    Every member is looked at before any is written. Raises TrainError for links, devices, and
    absolute or `..` names, for archives larger than the disk, and for damaged ones.
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
            except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
                raise TrainError(f"`{archive}` is damaged: {error}", "fetch it again") from error
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise TrainError(
                    f"`{archive}` could not be unpacked to `{target}`: {reason}",
                    "make room there, or set `NETSPEC_CACHE` to a folder that can be written",
                ) from error
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        mark_used(key, "folder", archive)  # as long as this process lives: it reads the files
    return _lone_folder(target)


def _unpack(archive: Path, target: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
            _check_room(archive, target, len(infos), sum(info.file_size for info in infos))
            for info in infos:
                kind = info.external_attr >> 28
                _check_member(archive, info.filename, plain=kind in (0, 0o4, 0o10))
            for info in infos:
                if not info.is_dir():
                    with opened.open(info) as source:
                        _write(target / info.filename, source)
        return
    with tarfile.open(archive) as opened:
        size = count = 0
        for member in opened:
            count, size = count + 1, size + member.size
            _check_member(archive, member.name, plain=member.isreg() or member.isdir())
            _check_room(archive, target, count, size)
        for member in opened.getmembers():
            content = opened.extractfile(member) if member.isreg() else None
            if content is not None:
                with content:
                    _write(target / member.name, content)


def _write(path: Path, source: IO[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        shutil.copyfileobj(source, out)


def _check_member(archive: Path, name: str, *, plain: bool) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    shown = name.encode("unicode_escape").decode()[:200]
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        raise TrainError(f"`{archive}` holds `{shown}`, which would lie outside of it", _HINT)
    if not plain:
        raise TrainError(f"`{archive}` holds `{shown}`, which is no plain file", _HINT)


def _check_room(archive: Path, target: Path, count: int, size: int) -> None:
    if count > _MOST_MEMBERS or size > shutil.disk_usage(target).free:
        raise TrainError(
            f"`{archive}` holds more than the disk of `{target.parent}` has room for",
            "make room there, or set `NETSPEC_CACHE` to a folder on another disk",
        )


def _lone_folder(folder: Path) -> Path:
    """The only folder inside, where an archive wraps its tree in one; else `folder`."""
    inner = subfolders(folder)
    wraps = len(inner) == 1 and part_of(inner[0].name) is None and bool(subfolders(inner[0]))
    return inner[0] if wraps else folder
