"""Files, folders and patterns as a user names them → the images that they stand for."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netspec.train.absent import nowhere
from netspec.train.data.sets.layout import is_image, visible
from netspec.train.data.sets.tree_walk import PassedOver, files_within, is_plain_file

STDIN = "-"
"""The word for an image on standard input."""


@dataclass(frozen=True)
class Unread:
    """What was named and gave no image, and why."""

    image: str
    reason: str


def named_images(words: Sequence[str]) -> Iterator[str | Unread]:
    """The paths that `words` stand for, one by one, in the order of their names.

    A folder stands for all images within, at any depth: what Pillow opens, by its suffix, without
    what is hidden or left behind by other systems. A pattern stands for what it matches, where no
    file is called so. `-` stands for itself.
    """
    for word in words:
        path = os.path.expanduser(word)
        if word == STDIN or os.path.isfile(path):
            yield path
        elif os.path.isdir(path):
            yield from _within(path)
        elif glob.has_magic(path):
            yield from _matching(word, path)
        else:
            yield Unread(word, why_absent(path))


def _matching(word: str, pattern: str) -> Iterator[str | Unread]:
    given = re.split(r"[/\\]", pattern)
    found = [
        path
        for path in sorted(glob.glob(pattern, recursive=True))
        if all(visible(name) or name in given for name in path.split(os.sep) if name)
    ]
    if not found:
        yield Unread(word, "there is nothing of such a name")
    for path in found:
        if os.path.isdir(path):
            if "**" not in pattern:  # which matches the files within as well
                yield from _within(path)
        else:
            yield path if os.path.isfile(path) else Unread(path, why_absent(path))


def why_absent(path: str) -> str:
    """Why a path is neither a file nor a folder."""
    if os.path.exists(path):
        return "it is neither a file nor a folder"
    if os.path.islink(path):
        return f"it is a link to `{os.readlink(path)}`, {nowhere(path)}"
    return "there is no such file"


def _within(folder: str) -> Iterator[str | Unread]:
    """The images in a folder and then in those within; a folder met again is passed over."""
    found = False
    for entry in files_within(folder, visible):
        if isinstance(entry, PassedOver):
            if entry.why != "again":
                found = True
                yield Unread(entry.path, entry.reason)
        elif is_image(entry.name):
            found = True
            plain = is_plain_file(entry)
            yield entry.path if plain else Unread(entry.path, why_absent(entry.path))
    if not found:
        yield Unread(folder, "there are no images in this folder")
