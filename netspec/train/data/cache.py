"""Decoded data sets on disk, so that each is decoded once.

An entry is a folder of `.npy` files, uint8, which are mapped into memory and not read, beside
`meta.json` with their checksums. It is written aside and renamed, so that it is whole or absent.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from netspec.train.cache_folder import cache_root, lock_path, mark_used
from netspec.train.data.arrays import Arrays, Part
from netspec.train.errors import TrainError
from netspec.train.fsync import fsync_path

FORMAT = 2
"""Counted up when what is decoded, or how, changes: old entries are then made anew."""

Labels = np.ndarray[Any, np.dtype[Any]]
Make = Callable[[Path], "Mapping[str, Labels]"]
"""Writes `<part>.images.npy` into a folder and gives each part's labels."""


def key_of(*parts: object) -> str:
    """A name for an entry, from all that decides what it holds."""
    return hashlib.sha256(repr((FORMAT, *parts)).encode()).hexdigest()[:24]


def images_path(folder: Path, part: str) -> Path:
    """Where a part's images are in an entry."""
    return folder / f"{part}.images.npy"


def cached_arrays(
    dataset: str, classes: tuple[str, ...], key: str, make: Make, origin: Path
) -> Arrays:
    """The entry `key`, made by `make` from what is in `origin` where it is absent or damaged.

    It is kept from being cleared for as long as its images are held. Raises TrainError where the
    cache cannot be written.
    """
    folder = cache_root() / "data" / key
    with locked(key):
        stored = _read(folder, dataset, origin)
        if stored is not None:
            return stored
        aside = folder.with_name(f".{key}.{os.getpid()}")
        try:
            with _writing():
                shutil.rmtree(aside, ignore_errors=True)
                aside.mkdir(parents=True)
                labels = make(aside)
                _seal(aside, classes, labels)
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        made = _read(folder, dataset, origin)
    if made is None:
        raise TrainError(
            f"what was written to `{folder}` did not come back whole",
            "check the disk, or set `NETSPEC_CACHE` to a folder on another one",
        )
    return made


@contextmanager
def locked(key: str) -> Iterator[None]:
    """Only one process at a time works on `key`; the lock goes with the process that holds it."""
    path = lock_path(key)
    with _writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    with handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except ImportError:  # no such locks on this system: both work, and one rename wins
            pass
        yield


def remembered(key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A small result, computed once and kept as JSON."""
    path = cache_root() / "facts" / f"{key}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    except (OSError, ValueError):
        pass
    result = compute()
    with _writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{key}.{os.getpid()}")
        try:
            aside.write_text(json.dumps(result))
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    return result


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TrainError(
            f"decoded images cannot be kept in `{cache_root()}`: {reason}",
            "make room there, or set `NETSPEC_CACHE` to a folder that can be written",
        ) from error


def _seal(folder: Path, classes: tuple[str, ...], labels: Mapping[str, Labels]) -> None:
    """Write labels and `meta.json`, and get everything onto the disk."""
    content = hashlib.sha256(json.dumps(classes).encode())
    checksums: dict[str, int] = {}
    for part in sorted(labels):
        np.save(folder / f"{part}.labels.npy", labels[part])
        for path in (images_path(folder, part), folder / f"{part}.labels.npy"):
            array = np.load(path, mmap_mode="r")
            content.update(f"{part} {array.shape}".encode())
            content.update(memoryview(array).cast("B"))
            checksums[path.name] = zlib.crc32(memoryview(array).cast("B"))
            del array
            fsync_path(path)
    meta = {
        "format": FORMAT,
        "classes": classes,
        "parts": sorted(labels),
        "checksums": checksums,
        "fingerprint": content.hexdigest(),
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    fsync_path(folder / "meta.json")
    fsync_path(folder)


def _read(folder: Path, dataset: str, origin: Path) -> Arrays | None:
    """The entry in `folder`, marked as used, or None where it is absent or not whole."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        if meta["format"] != FORMAT:
            return None
        parts: dict[str, Part] = {}
        for part in meta["parts"]:
            labels_path = folder / f"{part}.labels.npy"
            # Copy-on-write: torch wants memory that it could write to; the file stays as it is.
            images = np.load(images_path(folder, part), mmap_mode="c")
            labels = np.load(labels_path)
            for name, array in (
                (images_path(folder, part).name, images),
                (labels_path.name, labels),
            ):
                if zlib.crc32(memoryview(array).cast("B")) != meta["checksums"][name]:
                    return None
            used = mark_used(folder.name, dataset, origin)
            if used is not None:  # until nothing holds the images any more
                weakref.finalize(images, os.close, used)
            parts[part] = Part(torch.from_numpy(images), torch.from_numpy(labels))
        return Arrays(dataset, tuple(meta["classes"]), parts, meta["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
