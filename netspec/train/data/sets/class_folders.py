"""A tree of images in one folder a class → which files there are, and what each part of it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netspec.train.data.augment.counter_rng import TEST, permutation
from netspec.train.errors import TrainError

SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

TEST_SHARE = 0.2
"""Share of a tree without parts that becomes its test set, the same whatever the seed."""

_LAYOUT = "lay them out as `train/<class>/*.jpg` and `test/<class>/*.jpg`, or as `<class>/*.jpg`"


@dataclass(frozen=True)
class Files:
    """The files of one part, relative to the root, and the class of each."""

    paths: tuple[str, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True)
class ClassFolders:
    """A class-folder tree: `parts` holds `train`, `test` and, where the tree has one, `validation`.

    `state` is a fingerprint of all names, sizes and times of change.
    """

    root: Path
    classes: tuple[str, ...]
    parts: Mapping[str, Files]
    state: str


def is_class_tree(root: Path) -> bool:
    """Whether `root` holds `train/` and `test/` or `val/`, each with folders inside."""
    return _has_folders(root / "train") and any(
        _has_folders(root / name) for name in ("test", "val", "validation")
    )


def class_folders(root: Path) -> ClassFolders:
    """Find the images below `root`.

    `root` holds `train/` and `test/` (and `val/`) with a folder a class each, or the class folders
    themselves, which are then split. Where there is no `test/`, `val/` is the test set. Raises
    TrainError for a tree of another form.
    """
    if not root.is_dir():
        raise TrainError(
            f"there is no folder `{root}`", "name the images' folder with `--data` or `data.root`"
        )
    train = root / "train" if _has_folders(root / "train") else root
    classes = tuple(_class_names(train))
    if not classes:
        raise TrainError(f"there are no class folders in `{train}`", _LAYOUT)
    state = hashlib.sha256()
    found = {"train": _files(root, train, classes, state)}
    if train is not root:
        held_out = next((n for n in ("val", "validation") if _has_folders(root / n)), None)
        for part, name in (("validation", held_out), ("test", "test")):
            if name is not None and _has_folders(root / name):
                found[part] = _files(root, root / name, classes, state, whole=False)
        if "test" not in found and "validation" in found:
            found["test"] = found.pop("validation")
    if "test" not in found:
        found["train"], found["test"] = _split(found["train"])
    return ClassFolders(root, classes, found, state.hexdigest())


def _has_folders(folder: Path) -> bool:
    return folder.is_dir() and bool(_class_names(folder))


def _class_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())


def _files(
    root: Path, folder: Path, classes: tuple[str, ...], state: hashlib._Hash, whole: bool = True
) -> Files:
    """The images below `folder`; with `whole` every class must have some."""
    names = _class_names(folder)
    for name in names:
        if name not in classes:
            raise TrainError(
                f"`{folder / name}` is of a class that the training set does not have",
                f"add `{name}` to `{root / 'train'}`, or take the folder away",
            )
    paths: list[str] = []
    labels: list[int] = []
    for name in names:
        before = len(paths)
        for path, size, changed in sorted(_images(folder / name)):
            relative = os.path.relpath(path, root)
            paths.append(relative)
            labels.append(classes.index(name))
            state.update(f"{relative}\0{size}\0{changed}\n".encode(errors="surrogateescape"))
        if whole and len(paths) == before:
            raise TrainError(
                f"there are no images in `{folder / name}`",
                f"put some of {', '.join(sorted(SUFFIXES))} there, or take the folder away",
            )
    if not paths:
        raise TrainError(f"there are no images in `{folder}`", _LAYOUT)
    return Files(tuple(paths), tuple(labels))


def _images(folder: Path) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    with os.scandir(folder) as scanned:
        entries = list(scanned)
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += _images(Path(entry.path))
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
            status = entry.stat()
            found.append((entry.path, status.st_size, status.st_mtime_ns))
    return found


def _split(files: Files) -> tuple[Files, Files]:
    """A test set out of a tree that has none: the first of a fixed order."""
    total = len(files.paths)
    held = round(total * TEST_SHARE)
    if not held:
        raise TrainError(
            f"{total} images are too few to hold out a test set", "add images, or a `test/` folder"
        )
    order = permutation(0, 0, TEST, total).tolist()
    parts = (sorted(order[held:]), sorted(order[:held]))
    train, test = (
        Files(tuple(files.paths[i] for i in part), tuple(files.labels[i] for i in part))
        for part in parts
    )
    return train, test
