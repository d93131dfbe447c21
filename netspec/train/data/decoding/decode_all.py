"""Class folders → decoded arrays, on all cores, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from netspec.counted import counted
from netspec.train.data.arrays import Arrays
from netspec.train.data.cache import Labels, cached_arrays, images_path, key_of, remembered
from netspec.train.data.decoding import decode
from netspec.train.data.sets.class_folders import ClassFolders, Files
from netspec.train.errors import TrainError
from netspec.train.say import Say

_ALONE = 512
"""Up to so many images are decoded here: starting processes would take longer."""


@dataclass(frozen=True)
class Storing:
    """How images are kept: `size` is (height, width); with `resize` they are brought to it."""

    channels: int
    size: tuple[int, int]
    resize: bool


class _Mixed(Exception):
    """Images of several sizes; the message names one."""


def storing(folders: ClassFolders, channels: int | None, resize: tuple[int, int] | None) -> Storing:
    """How to keep the images, judging by the first: at their own size, unless that is larger.

    Raises TrainError where the first image cannot be read.
    """
    first = next(iter(folders.parts.values())).paths[0]
    try:
        found, size = decode.image_kind(folders.root / first)
    except decode.UnreadableImage as error:
        raise _unreadable([{"path": first, "reason": str(error)}], folders.root) from error
    if resize is not None and size[0] * size[1] > resize[0] * resize[1]:
        return Storing(channels or found, resize, resize=True)
    return Storing(channels or found, size, resize=False)


def decoded(
    folders: ClassFolders, chosen: Storing, resize: tuple[int, int] | None, say: Say
) -> Arrays:
    """All images of a tree, from the cache where they are there.

    Raises TrainError for images that cannot be read, each named, and for images of several sizes
    where no `resize` says which to bring them to.
    """
    if resize is None:
        try:
            return _decoded(folders, chosen, say)
        except _Mixed as mixed:
            raise TrainError(
                str(mixed), "add `resize: [height, width]` to `data`, which brings all to one size"
            ) from None
    if chosen.resize or not _are_mixed(folders, chosen, say):
        return _decoded(folders, chosen, say)
    return _decoded(folders, Storing(chosen.channels, resize, resize=True), say)


def _are_mixed(folders: ClassFolders, chosen: Storing, say: Say) -> bool:
    """Whether images are of several sizes, found by decoding them as `chosen` and remembered."""

    def find() -> dict[str, bool]:
        try:
            _decoded(folders, chosen, say)
        except _Mixed:
            say(f"images of `{folders.name}` are of several sizes, and brought to one")
            return {"mixed": True}
        return {"mixed": False}

    key = key_of("mixed", os.fspath(folders.root.resolve()), folders.state, chosen)
    return bool(remembered(key, find)["mixed"])


def _decoded(folders: ClassFolders, chosen: Storing, say: Say) -> Arrays:
    # One folder may be divided into parts for training, and be one part that is evaluated.
    parts = [(part, files.digest) for part, files in sorted(folders.parts.items())]
    key = key_of("folder", os.fspath(folders.root.resolve()), folders.state, chosen, parts)

    def make(target: Path) -> Mapping[str, Labels]:
        total = sum(len(files.paths) for files in folders.parts.values())
        say(f"decoding {counted(total, 'image')} of `{folders.name}`, once")
        for part, files in folders.parts.items():
            _decode_part(folders.root, files, chosen, images_path(target, part))
        return {
            part: np.array(files.labels, dtype=np.int64) for part, files in folders.parts.items()
        }

    return cached_arrays("folder", folders.classes, key, make, folders.root)


def _decode_part(root: Path, files: Files, chosen: Storing, target: Path) -> None:
    count = len(files.paths)
    shape = (count, chosen.channels, *chosen.size)
    out = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=shape)
    _take_room(target)
    job = {
        "root": os.fspath(root.resolve()),
        "files": files.paths,
        "channels": chosen.channels,
        "size": chosen.size,
        "resize": chosen.resize,
        "out": os.fspath(target.resolve()),
    }
    problems = _run(job, out, count, target.with_suffix(".job"))
    _refuse(problems, root, chosen)
    out.flush()


def broken(root: Path, files: Sequence[str], aside: Path) -> list[tuple[str, str]]:
    """Those of `files` that cannot be read, with the reason; each is decoded.

    `aside` is a path where a file may be written for as long as this runs.
    """
    job = {
        "root": os.fspath(root.resolve()),
        "files": list(files),
        "channels": 3,
        "resize": False,
        "out": None,
    }
    return [(found["path"], found["reason"]) for found in _run(job, None, len(files), aside)]


def _run(
    job: dict[str, Any], out: decode.Array | None, count: int, path: Path
) -> list[dict[str, Any]]:
    """Do a job, on every core where it is large; `path` is where its description may lie."""
    if count <= _ALONE:
        return decode.decode_range(job, out, 0, count)
    return _in_processes(job, count, path)


def _take_room(path: Path) -> None:
    """Have the disk set the file's bytes aside; raises OSError where it is full.

    A mapped file is written page by page as it is filled, and a page that finds no room would end
    the process without a word.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _in_processes(job: dict[str, Any], count: int, path: Path) -> list[dict[str, Any]]:
    """Run `decode.py` on every core, each with its share of the files."""
    path.write_text(json.dumps(job))
    cores = min(cores_available(), -(-count // _ALONE))
    bounds = [count * place // cores for place in range(cores + 1)]
    # -P keeps this folder's modules from being found in the place of the standard library's.
    program = [sys.executable, "-P", os.fspath(decode.__file__), os.fspath(path)]
    running = [
        subprocess.Popen(
            [*program, str(first), str(last)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first, last in pairwise(bounds)
    ]
    problems: list[dict[str, Any]] = []
    try:
        for process in running:
            told, complaint = process.communicate()
            problems += [json.loads(line) for line in told.splitlines()]
            if process.returncode:
                raise _ended(process.returncode, complaint)
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        path.unlink(missing_ok=True)
    return problems


def cores_available() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system says
        return os.cpu_count() or 1


def _ended(code: int, complaint: str) -> TrainError:
    if code < 0:
        name = signal.Signals(-code).name
        return TrainError(
            f"a process that decodes images was ended by {name}",
            "often there is too little memory: close other programs, or take a smaller `resize`",
        )
    last = complaint.strip().splitlines()[-1] if complaint.strip() else f"exit code {code}"
    return TrainError(f"a process that decodes images failed: {last}", "see the message above")


def _refuse(problems: list[dict[str, Any]], root: Path, chosen: Storing) -> None:
    odd = next((problem for problem in problems if "size" in problem), None)
    broken = [problem for problem in problems if "reason" in problem]
    if broken and odd is None:
        raise _unreadable(broken, root)
    if odd is not None:
        found, first = ("×".join(map(str, size)) for size in (odd["size"], chosen.size))
        raise _Mixed(f"`{root / odd['path']}` is {found} while other images are {first}")


def _unreadable(problems: list[dict[str, Any]], root: Path) -> TrainError:
    first, *others = problems
    more = "; nor are " + ", ".join(f"`{root / other['path']}`" for other in others)
    return TrainError(
        f"`{root / first['path']}` is no image that can be read: {first['reason']}"
        + (more if others else ""),
        "mend it, take it away, or add `skip_broken: true` to `data`, which leaves such images out",
    )
