"""A tree of images in one folder a class → which files there are, and what each part of it is."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netspec.counted import counted
from netspec.train.data.sets.found_images import Beside, found_images
from netspec.train.data.sets.held_out import held_out
from netspec.train.data.sets.layout import Layout, find_layout, part_of, subfolders
from netspec.train.errors import TrainError


@dataclass(frozen=True)
class Files:
    """The files of one part, relative to the root, and the class of each."""

    paths: tuple[str, ...]
    labels: tuple[int, ...]

    @property
    def digest(self) -> str:
        """A hash of which files these are, and of which classes."""
        found = hashlib.sha256("\0".join(self.paths).encode(errors="surrogateescape"))
        found.update(repr(self.labels).encode())
        return found.hexdigest()


@dataclass(frozen=True)
class ClassFolders:
    """A class-folder tree: `parts` holds `train` and what else there is, `validation` and `test`.

    `state` is a fingerprint of all names, sizes and times of change. `unused` tells of folders that
    are not used, `strays` of files, and `split` what was held out, if anything. `skipped` lists the
    images that are left out as they cannot be read, with the reason. `archive` is the file that the
    tree was unpacked from.
    """

    root: Path
    classes: tuple[str, ...]
    parts: Mapping[str, Files]
    state: str
    unused: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    split: str = ""
    skipped: tuple[tuple[str, str], ...] = ()
    archive: Path | None = None

    @property
    def name(self) -> str:
        """What the tree is called to a person: its root, or the archive."""
        return str(self.archive or self.root)


def is_class_tree(root: Path) -> bool:
    """Whether `root` names its parts, with folders inside, as a tree of class folders does."""
    if not root.is_dir():
        return False
    parts = {part_of(folder.name) for folder in subfolders(root) if subfolders(folder)}
    return "train" in parts and bool(parts & {"test", "validation"})


def class_folders(root: Path) -> ClassFolders:
    """Find the images below `root` that a network is to be trained on.

    `root` holds a folder for each part with a folder a class each, or the class folders themselves.
    Where there is neither a test nor a validation part, a share of each class is held out as the
    test set. Raises TrainError for a tree of another form.
    """
    layout = find_layout(root)
    if layout.named and "train" not in layout.parts:
        have = " and ".join(f"`{_folder_name(layout, part)}`" for part in layout.parts)
        raise TrainError(
            f"`{root}` has {have} and nothing to train on", "add a `train` folder beside it"
        )
    part = "train" if layout.named else "all"
    classes = tuple(layout.parts[part])
    _require_several(layout, part, classes)
    state, strays, split = hashlib.sha256(), list(layout.strays), ""
    found: dict[str, Files] = {}
    for name, folders in layout.parts.items():
        _require_known(root, name, folders, classes)
        files, left = _files(root, folders, classes, state)
        found["train" if name == "all" else name] = files
        strays += left
    if not found.keys() & {"test", "validation"}:
        found["train"], found["test"] = _split(found["train"], len(classes))
        held = len(found["test"].paths)
        split = (
            f"no test part: {counted(held, 'image')}, a fifth of each class, "
            f"{'is' if held == 1 else 'are'} held out as one; a `test` folder chooses them itself"
        )
    return ClassFolders(
        root, classes, found, state.hexdigest(), layout.unused, tuple(strays), split
    )


def labelled_folder(root: Path, classes: tuple[str, ...], split: str) -> ClassFolders:
    """Find the images below `root` that a network with these `classes` is to be evaluated on.

    Of a tree that names its parts, the part `split`; of one that does not, all of it. Classes are
    matched by name, however their letters are composed. Raises TrainError for others.
    """
    layout = find_layout(root)
    part = split if layout.named else "all"
    if part not in layout.parts:
        have = " and ".join(layout.parts)
        raise TrainError(f"`{root}` has no {split} part, but {have}", "name another `--split`")
    by_name = {_composed(name): name for name in classes}
    folders = {by_name.get(_composed(n), n): folder for n, folder in layout.parts[part].items()}
    for name, folder in folders.items():
        if name not in classes:
            raise TrainError(
                f"`{folder}` is of a class that the network was not trained on",
                f"its classes are {_few(classes)}",
            )
    state = hashlib.sha256()
    files, left = _files(root, folders, classes, state)
    missing = tuple(name for name in classes if name not in folders)
    notes = [f"no images of {_few(missing)}"] * bool(missing)
    return ClassFolders(
        root,
        classes,
        {split: files},
        state.hexdigest(),
        (*layout.unused, *notes),
        (*layout.strays, *left),
    )


def _composed(name: str) -> str:
    """A name as most systems write it: macOS keeps an accent apart from its letter."""
    return unicodedata.normalize("NFC", name)


def _few(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return shown + (", …" if len(names) > 12 else "")


def _folder_name(layout: Layout, part: str) -> str:
    return next(iter(layout.parts[part].values())).parent.name


def _require_several(layout: Layout, part: str, classes: tuple[str, ...]) -> None:
    if len(classes) < 2:
        folder = next(iter(layout.parts[part].values()))
        raise TrainError(
            f"`{folder.parent}` has one class folder, `{folder.name}`",
            "there must be two or more to tell apart, each with images of its own",
        )


def _require_known(
    root: Path, part: str, folders: Mapping[str, Path], classes: tuple[str, ...]
) -> None:
    for name, folder in folders.items():
        if name not in classes:
            raise TrainError(
                f"`{folder}` is of a class that the training set does not have",
                f"add `{name}` to the training part of `{root}`, or take the folder away",
            )


def _files(
    root: Path, folders: Mapping[str, Path], classes: tuple[str, ...], state: hashlib._Hash
) -> tuple[Files, list[str]]:
    """The images in class folders, and what is told of all else there."""
    paths: list[str] = []
    labels: list[int] = []
    beside = Beside()
    known = {name: label for label, name in enumerate(classes)}
    for name in sorted(folders, key=known.__getitem__):
        inside = os.path.relpath(folders[name], root)
        start = len(os.path.join(folders[name], ""))
        for path, size, changed in sorted(found_images(folders[name], beside)):
            relative = os.path.join(inside, path[start:])
            paths.append(relative)
            labels.append(known[name])
            state.update(f"{relative}\0{size}\0{changed}\n".encode(errors="surrogateescape"))
    return Files(tuple(paths), tuple(labels)), beside.told(root)


def _split(files: Files, classes: int) -> tuple[Files, Files]:
    """A test set out of a tree that has none: of each class the first of a fixed order."""
    total = len(files.paths)
    test = held_out(files.labels, classes)
    if not test:
        raise TrainError(
            f"{counted(total, 'image is', 'images are')} too few to hold out a test set",
            "add images, or a `test/` folder",
        )
    held = set(test)
    parts = ([i for i in range(total) if i not in held], sorted(held))
    train, tested = (
        Files(tuple(files.paths[i] for i in part), tuple(files.labels[i] for i in part))
        for part in parts
    )
    return train, tested
