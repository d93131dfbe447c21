"""Which folder of a tree is which part of a data set, and which are classes; nothing is guessed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image

from netspec.counted import counted
from netspec.train.absent import absent
from netspec.train.data.sets.tree_walk import is_folder, is_plain_file
from netspec.train.errors import TrainError

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "train": ("train", "training", "training_set", "train_set"),
    "validation": ("val", "valid", "validation", "dev", "validation_set", "val_set", "valid_set"),
    "test": ("test", "testing", "test_set", "eval", "evaluation", "evaluation_set"),
}
"""What a part's folder may be called, in any case, with `-` and spaces as `_`."""

LEFT_BY_OTHERS: Final = frozenset(("__macosx", "@eadir", "lost+found", "__pycache__"))
"""Folders that systems leave beside data; hidden ones are passed over as well."""

HOW: Final = "lay them out as `train/<class>/*.jpg` and `test/<class>/*.jpg`, or as `<class>/*.jpg`"
_SOME_SUFFIXES: Final = "`.jpg`, `.png`, `.webp`, `.bmp`, `.tiff`"
_DEEPEST: Final = 5


@dataclass(frozen=True)
class Layout:
    """The folders of a tree: of each class in each part, by name.

    Without `parts` that are named, the tree is one part, `all`. `unused` says of folders that are
    no part and no class why they are not, `strays` of images beside class folders.
    """

    root: Path
    parts: Mapping[str, Mapping[str, Path]]
    unused: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether the tree names its parts."""
        return "all" not in self.parts


def find_layout(root: Path) -> Layout:
    """Read the tree. Raises TrainError, naming the folder that was meant, for any other form."""
    if not root.exists():
        hint = "name the images' folder with `--data` or `data.root`"
        raise TrainError(absent(root, "folder"), hint)
    if not root.is_dir():
        raise TrainError(f"`{root}` is a file", "name the folder that it lies in, or an archive")
    folders = subfolders(root)
    by_part = _by_part(root, folders)
    if "train" in by_part:
        return _of_parts(root, by_part, folders)
    if by_part:
        return _without_train(root, by_part, folders)
    classes, unused = _classes(root)
    if not classes:
        raise _misplaced(root)
    return Layout(root, {"all": classes}, unused, _stray_images(root))


def subfolders(folder: Path) -> list[Path]:
    """The folders within that a person put there, by name."""
    with os.scandir(folder) as entries:
        found = [Path(e.path) for e in entries if is_folder(e) and visible(e.name)]
    return sorted(found)


def is_image(name: str) -> bool:
    """Whether a file's suffix is one that Pillow opens."""
    return visible(name) and os.path.splitext(name)[1].lower() in image_suffixes()


@cache
def image_suffixes() -> frozenset[str]:
    """The suffixes of the pictures that Pillow opens here."""
    Image.init()
    opened = {s for s, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    return frozenset(opened - _NO_PICTURES)


_NO_PICTURES: Final = frozenset((".pdf", ".ps", ".eps", ".mpg", ".mpeg", ".wmf", ".emf", ".hdf",
                                 ".h5", ".grib", ".bufr", ".fits", ".fit"))  # fmt: skip
"""What Pillow has a suffix for and that is no picture of one size."""


def has_images(folder: Path) -> bool:
    """Whether images lie in the folder itself."""
    with os.scandir(folder) as entries:
        return any(is_image(entry.name) and is_plain_file(entry) for entry in entries)


def visible(name: str) -> bool:
    """Whether a file or folder of this name was put there by a person."""
    return not name.startswith(".") and name.lower() not in LEFT_BY_OTHERS


def part_of(name: str) -> str | None:
    """The part that a folder of this name is, if any."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    return next((part for part, names in PARTS.items() if plain in names), None)


def _by_part(root: Path, folders: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        part = part_of(folder.name)
        if part is None:
            continue
        if part in found:
            raise TrainError(
                f"`{found[part].name}` and `{folder.name}` in `{root}` are both the {part} part",
                "keep one of them",
            )
        found[part] = folder
    return found


def _of_parts(root: Path, by_part: dict[str, Path], folders: list[Path]) -> Layout:
    parts: dict[str, dict[str, Path]] = {}
    unused: list[str] = []
    strays = list(_stray_images(root))
    for part, folder in by_part.items():
        folder = _unwrapped(folder)
        classes, left = _classes(folder)
        if not classes and part == "test" and has_images(folder):
            unused.append(f"`{folder.name}`: images without class folders have no labels")
            continue
        if not classes:
            raise _misplaced(folder)
        parts[part] = classes
        unused += left
        strays += _stray_images(folder)
    for folder in folders:
        if folder not in by_part.values():
            unused.append(f"`{folder.name}`: it is no part, and stands beside `train`")
    return Layout(root, parts, tuple(unused), tuple(strays))


def _without_train(root: Path, by_part: dict[str, Path], folders: list[Path]) -> Layout:
    """A tree with a test or a validation part alone, which can be evaluated and not trained on."""
    folder = next(iter(by_part.values()))
    others = [f for f in folders if f not in by_part.values()]
    if others and has_images(others[0]):
        raise TrainError(
            f"`{folder.name}` in `{root}` is called as a part of a data set, and "
            f"`{others[0].name}` as a class",
            "move the class folders into `train`, or call the folder otherwise if it is a class",
        )
    return _of_parts(root, by_part, folders)


def _classes(folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The class folders in a folder, and what stands beside them unused.

    A class holds images, or the one folder that all classes hold alike, such as `images`.
    """
    found = subfolders(folder)
    with_images = {f.name: f for f in found if has_images(f)}
    inner = {f.name: subfolders(f) for f in found}
    alike = {tuple(x.name for x in inside) for inside in inner.values()}
    several = len(found) > 1 or part_of(folder.name) in ("validation", "test")
    if not with_images and several and len(alike) == 1 and len(next(iter(alike))) == 1:
        with_images = {f.name: f for f in found if has_images(inner[f.name][0])}
    unused = [
        f"`{_beside(f)}`: it holds {'folders' if inner[f.name] else 'nothing'} and no images"
        for f in found
        if f.name not in with_images
    ]
    empty = [f for f in found if f.name not in with_images and not inner[f.name]]
    if with_images and empty and part_of(folder.name) in (None, "train"):
        raise TrainError(
            f"there are no images in `{empty[0]}`",
            f"put some of {_SOME_SUFFIXES} there, or take the folder away",
        )
    return with_images, tuple(unused)


def _unwrapped(part: Path) -> Path:
    """The one folder that a part's folder holds where that holds its classes, else the part's own.

    Some archives have `training_set/training_set/<class>`.
    """
    inside = subfolders(part)
    if len(inside) != 1 or has_images(part) or has_images(inside[0]):
        return part
    classes = subfolders(inside[0])
    other = part_of(inside[0].name) not in (None, part_of(part.name))
    holds = len(classes) > 1 and all(has_images(folder) for folder in classes)
    return inside[0] if holds and not other else part


def _beside(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}" if part_of(folder.parent.name) else folder.name


def _stray_images(folder: Path) -> tuple[str, ...]:
    """Images that lie beside class folders."""
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if is_plain_file(e) and visible(e.name)]
    images = [name for name in names if is_image(name)]
    if not images:
        return ()
    what = counted(len(images), "image lies", "images lie")
    return (f"`{min(images)}`: {what} beside the class folders, in no class",)


def _misplaced(folder: Path) -> TrainError:
    """What is wrong with a folder without classes, and which folder was meant."""
    if has_images(folder):
        inside = f"`{folder}` holds images and no class folders"
        if (
            any(has_images(other) for other in subfolders(folder.parent) if other != folder)
            and part_of(folder.name) is None
        ):
            return TrainError(
                f"{inside}: it is one class itself",
                f"name the folder above, `{folder.parent}`, which holds a folder for each class",
            )
        return TrainError(inside, "put the images of each class into a folder of its own")
    meant = _meant(folder)
    if meant is not None:
        return TrainError(f"`{folder}` holds no class folders; `{meant}` does", f"name `{meant}`")
    return TrainError(f"there are no class folders in `{folder}`", HOW)


def _meant(folder: Path) -> Path | None:
    """The nearest folder below that is a data set."""
    level = [folder]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in subfolders(outer)][:1_000]
        for candidate in level:
            inside = subfolders(candidate)
            if any(part_of(f.name) == "train" for f in inside) or (
                len(inside) > 1 and all(has_images(f) for f in inside)
            ):
                return candidate
    return None
