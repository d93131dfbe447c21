"""A tree of class folders, looked at file by file: what `netspec data` tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from netspec.counted import counted
from netspec.train.data.decoding.decode import UnreadableImage
from netspec.train.data.sets.account import class_counts, count_warnings
from netspec.train.data.sets.class_folders import ClassFolders
from netspec.train.data.survey.duplicates import duplicates
from netspec.train.data.survey.headers import Header, read_header
from netspec.train.data.survey.input_size import input_size
from netspec.train.data.survey.unused_files import unused_files

AS_FOLDERS: Final = "as the folders say"
"""How the parts came to be, where each is a folder of its own."""


@dataclass(frozen=True)
class Survey:
    """What is known of a data set before it is trained on.

    `counts` are images by part and class, `split` how the parts came to be. Of files: `headers` by
    path, `broken` with the reason, `unused` by reason, and `folders`, sentences on what else is not
    used. `between_parts`, `between_classes` and `repeated` (the rest) are groups of files of the
    same content. All paths are relative to `root`. Of a set that is not made of files, only the
    counts are known. `seen` tells how a network sees the images, with a spec; `skipped` whether
    the broken ones are left out.
    """

    name: str
    counts: Mapping[str, Mapping[str, int]]
    split: tuple[str, ...] = (AS_FOLDERS,)
    headers: Mapping[str, Header] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    skipped: bool = False
    unused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    between_parts: tuple[tuple[str, ...], ...] = ()
    between_classes: tuple[tuple[str, ...], ...] = ()
    repeated: tuple[tuple[str, ...], ...] = ()
    seen: tuple[str, ...] = ()
    sample: str = "image"

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of their labels."""
        return tuple(next(iter(self.counts.values()), {}))

    @property
    def total(self) -> int:
        """Images in all parts."""
        return sum(sum(counted.values()) for counted in self.counts.values())

    @property
    def channels(self) -> int:
        """1 where every image is grey, else 3."""
        grey = all(header.grey for header in self.headers.values())
        return 1 if grey else 3

    @property
    def mixed_channels(self) -> bool:
        """Whether some images are grey and others are not."""
        return len({header.grey for header in self.headers.values()}) > 1

    def input_size(self) -> tuple[tuple[int, int], bool]:
        """(height, width) of an input that fits the images, and whether all have it as they are."""
        return input_size([header.size for header in self.headers.values()])

    def warnings(self) -> list[str]:
        """What may go wrong in training, most telling first."""
        found = []
        if self.between_parts:
            found.append(
                f"{_groups(self.between_parts)} in several parts, so that what is tested was "
                f"trained on: {_pair(self.between_parts[0])}"
            )
        if self.between_classes:
            found.append(
                f"{_groups(self.between_classes)} in several classes: "
                f"{_pair(self.between_classes[0])}"
            )
        faint = [path for path, header in self.headers.items() if header.faint]
        if faint:
            many = counted(len(faint), "image")
            found.append(
                f"{many} of more than 8 bits, such as `{faint[0]}`, nearly of one shade in 8: the "
                "values fill little of their type's range; scale the files to all of it"
            )
        return [*found, *count_warnings(self.counts.get("train", {}))]


def survey(folders: ClassFolders) -> Survey:
    """Look at every file of the tree: at its header, and at its bytes where another is as long."""
    headers: dict[str, Header] = {}
    broken: dict[str, str] = {}
    sizes: dict[str, int] = {}
    home: dict[str, tuple[str, int]] = {}
    for part, files in folders.parts.items():
        for path, label in zip(files.paths, files.labels, strict=True):
            home[path] = (part, label)
            try:
                headers[path] = read_header(folders.root / path)
                sizes[path] = (folders.root / path).stat().st_size
            except UnreadableImage as error:
                broken[path] = str(error)
    groups = duplicates(folders.root, sizes)
    parts = [len({home[path][0] for path in group}) > 1 for group in groups]
    classes = [len({home[path][1] for path in group}) > 1 for group in groups]
    kinds = list(zip(groups, parts, classes, strict=True))
    return Survey(
        name=folders.name,
        counts=class_counts(folders),
        split=(folders.split or AS_FOLDERS,),
        headers=headers,
        broken=broken,
        unused=unused_files(folders.root, home),
        folders=folders.unused,
        between_parts=tuple(group for group, across, _ in kinds if across),
        between_classes=tuple(group for group, _, across in kinds if across),
        repeated=tuple(group for group, part, kind in kinds if not part and not kind),
    )


def _groups(groups: tuple[tuple[str, ...], ...]) -> str:
    return counted(len(groups), "image is", "images are")


def _pair(group: tuple[str, ...]) -> str:
    more = f" and {len(group) - 2} more" if len(group) > 2 else ""
    return f"`{group[0]}` is `{group[1]}`{more}"
