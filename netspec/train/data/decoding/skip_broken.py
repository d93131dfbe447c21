"""A tree of class folders without the images that cannot be read, where the recipe asks for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container
from dataclasses import replace

from netspec.counted import counted
from netspec.train.cache_folder import cache_root
from netspec.train.data.cache import key_of, locked, remembered
from netspec.train.data.decoding.decode_all import broken
from netspec.train.data.sets.class_folders import ClassFolders, Files
from netspec.train.errors import TrainError
from netspec.train.say import Say


def without_broken(folders: ClassFolders, say: Say) -> ClassFolders:
    """The tree without its unreadable images, which `skipped` lists; each image is decoded once.

    The rest stays in the part that it is in. Raises TrainError where a class has no training image
    left, or, of a tree that is only evaluated, no image at all is left.
    """
    paths = [path for files in folders.parts.values() for path in files.paths]
    key = key_of("broken", os.fspath(folders.root.resolve()), folders.state)

    def find() -> dict[str, list[tuple[str, str]]]:
        images = counted(len(paths), "image")
        say(f"reading {images} of `{folders.name}` for those that are broken, once")
        aside = cache_root() / "locks" / f"{key}.{os.getpid()}.job"
        return {"broken": broken(folders.root, paths, aside)}

    with locked(key):
        found = remembered(key, find)["broken"]
    if not found:
        return folders
    reasons = dict(found)
    kept = {part: _kept(files, reasons) for part, files in folders.parts.items()}
    parts = {part: files for part, files in kept.items() if files.paths}
    _require_some(folders, parts.get("train" if "train" in kept else next(iter(kept))))
    state = hashlib.sha256(repr((folders.state, sorted(reasons))).encode(errors="surrogateescape"))
    skipped = tuple(sorted(reasons.items()))
    return replace(folders, parts=parts, state=state.hexdigest(), skipped=skipped)


def _kept(files: Files, broken: Container[str]) -> Files:
    pairs = zip(files.paths, files.labels, strict=True)
    kept = [(path, label) for path, label in pairs if path not in broken]
    return Files(tuple(path for path, _ in kept), tuple(label for _, label in kept))


def _require_some(folders: ClassFolders, left: Files | None) -> None:
    """Raise TrainError unless each class that is trained on has an image left."""
    labels = set() if left is None else set(left.labels)
    needed = range(len(folders.classes)) if "train" in folders.parts else [*labels][:1]
    lost = [folders.classes[label] for label in needed if label not in labels]
    if lost or not labels:
        what = f"no training image of `{lost[0]}`" if lost else "no image"
        raise TrainError(
            f"`skip_broken` leaves {what} in `{folders.root}`: none can be read",
            "look at the files: they may be of a format that this machine cannot read",
        )
