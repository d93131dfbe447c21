"""What was found of a tree of images: the lines that are told before anything is trained."""

from __future__ import annotations

from collections import Counter
from typing import Final

from netspec.train.data.sets.class_folders import ClassFolders

FEW: Final = 10
"""A class of fewer training images is pointed at."""
NAMED: Final = 12
"""So many classes are told with their numbers one by one."""
PARTS: Final = ("train", "validation", "test")


def class_counts(folders: ClassFolders) -> dict[str, dict[str, int]]:
    """How many images of each class each part has."""
    return {
        part: {name: counted[label] for label, name in enumerate(folders.classes)}
        for part in PARTS
        if part in folders.parts
        for counted in [Counter(folders.parts[part].labels)]
    }


def account(folders: ClassFolders) -> list[str]:
    """A line of parts, one of classes, and one for all that is not used or was held out."""
    counts = class_counts(folders)
    parts = " · ".join(f"{part} {sum(counted.values()):,}" for part, counted in counts.items())
    classes = len(folders.classes)
    lines = [f"data: {classes} classes in `{folders.root}`, images: {parts}"]
    first = next(iter(counts.values()))
    if classes <= NAMED:
        each = " · ".join(
            f"{name} {'/'.join(f'{counted[name]:,}' for counted in counts.values())}"
            for name in folders.classes
        )
        lines.append(f"data: {each}")
    else:
        least, most = (pick(first, key=lambda name: first[name]) for pick in (min, max))
        lines.append(
            f"data: from {first[least]:,} images (`{least}`) to {first[most]:,} (`{most}`) a class"
        )
    few = [name for name in folders.classes if first[name] < FEW]
    if few and "train" in counts:
        named = ", ".join(f"`{name}` ({first[name]})" for name in few[:6])
        more = f" and {len(few) - 6} more" if len(few) > 6 else ""
        lines.append(f"warning: fewer than {FEW} training images of {named}{more}")
    return [*lines, *(f"note: {note}" for note in folders.notes)]
