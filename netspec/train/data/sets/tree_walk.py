"""A walk through the folders of a tree that ends, whatever lies there; it opens no file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

DEEPEST: Final = 64
"""So many folders one in another are looked into; a tree of images has two or three."""


@dataclass(frozen=True)
class PassedOver:
    """A folder that was not looked into: `again` that a link leads to one that was already.

    `reason` says it in words.
    """

    path: str
    why: Literal["again", "deep", "unreadable"]
    reason: str


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or leads to one; a link that goes round in a circle does not."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_plain_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is, or leads to, a file of bytes: no pipe, socket or device."""
    try:
        return entry.is_file()
    except OSError:
        return False


def files_within(
    folder: str, visible: Callable[[str], bool]
) -> Iterator[os.DirEntry[str] | PassedOver]:
    """All that is no folder below `folder`, in the order of names, a folder's before those within.

    Each folder is looked into once, and a name that is not `visible` is not looked at.
    """
    return _within(folder, visible, {os.path.realpath(folder)}, DEEPEST)


def _within(
    folder: str, visible: Callable[[str], bool], seen: set[str], left: int
) -> Iterator[os.DirEntry[str] | PassedOver]:
    if not left:
        yield PassedOver(folder, "deep", f"{DEEPEST} folders one in another are the most")
        return
    try:
        with os.scandir(folder) as scanned:
            entries = sorted((e for e in scanned if visible(e.name)), key=lambda entry: entry.name)
    except OSError as error:
        yield PassedOver(folder, "unreadable", (error.strerror or str(error)).lower())
        return
    folders = [entry for entry in entries if is_folder(entry)]
    inside = {entry.name for entry in folders}
    yield from (entry for entry in entries if entry.name not in inside)
    for entry in folders:
        real = os.path.realpath(entry.path)
        if real in seen:
            yield PassedOver(entry.path, "again", "a link to a folder that was looked into already")
        else:
            seen.add(real)
            yield from _within(entry.path, visible, seen, left - 1)
