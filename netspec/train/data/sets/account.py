"""What was found of a tree of images: the lines that are told before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from netspec.counted import counted
from netspec.train.data.sets.class_folders import ClassFolders

FEW: Final = 10
"""A class of fewer training images is pointed at."""
UNEVEN: Final = 10
"""A class with so many times the training images of another is pointed at."""
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
    lines = [f"data: {counted(classes, 'class', 'classes')} in `{folders.name}`, images: {parts}"]
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
            f"data: from {counted(first[least], 'image')} (`{least}`) to {first[most]:,} "
            f"(`{most}`) a class"
        )
    lines += [f"warning: {warning}" for warning in count_warnings(counts.get("train", {}))]
    notes = (*folders.unused, *folders.strays, folders.split, skipped_words(folders.skipped))
    return [*lines, *(f"note: {note}" for note in notes if note)]


def skipped_words(skipped: Sequence[tuple[str, str]]) -> str:
    """Which images are left out as they cannot be read, the first of them by name; "" for none."""
    if not skipped:
        return ""
    named = ", ".join(f"`{path}` ({reason})" for path, reason in skipped[:3])
    more = f" and {len(skipped) - 3:,} more" if len(skipped) > 3 else ""
    many = counted(len(skipped), "image is", "images are")
    return f"{many} left out, as `skip_broken` says: {named}{more}"


def count_warnings(trained: Mapping[str, int]) -> list[str]:
    """What is to be said of the numbers of training images by class: few, or far from alike."""
    found = []
    few = [name for name, count in trained.items() if count < FEW]
    if few:
        named = ", ".join(f"`{name}` ({trained[name]})" for name in few[:6])
        more = f" and {len(few) - 6} more" if len(few) > 6 else ""
        found.append(f"fewer than {FEW} training images of {named}{more}")
    least, most = (pick(trained, key=trained.__getitem__, default="") for pick in (min, max))
    if trained and trained[most] >= UNEVEN * max(trained[least], 1):
        found.append(
            f"classes are uneven: {counted(trained[most], 'training image')} of `{most}`, "
            f"{trained[least]:,} of `{least}`"
        )
    return found
