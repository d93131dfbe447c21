"""A survey as people read it: a bar a class, and a line for each thing found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from unicodedata import east_asian_width

from netspec.counted import counted
from netspec.escape import safe
from netspec.ops.base import text as shape_text
from netspec.train.data.survey.survey import Survey
from netspec.train.data.survey.unused_files import HIDDEN, NO_CLASS, SUFFIX

SHOWN: Final = 40
"""Up to so many classes have a row each; of more, those with the most and the fewest images."""
ENDS: Final = 8
BAR: Final = 24
NAME: Final = 28
MARKS: Final = {"train": "█", "validation": "▓", "test": "░"}
WHY: Final = {
    SUFFIX: "no image by the suffix",
    NO_CLASS: "an image in no class",
    HIDDEN: "hidden, or left by a system",
}


def survey_text(found: Survey) -> str:
    """The account, without warnings and errors at its end."""
    head = f"{found.name}: {_many(len(found.classes), 'class', 'classes')}, "
    head += _many(found.total, found.sample, f"{found.sample}s")
    lines = [head, "", *_table(found), ""]
    lines += [*(f"parts: {line}" for line in found.split), *_headers(found)]
    if found.repeated:
        lines.append(f"repeated: {_many(len(found.repeated), 'image', 'images')} within a class")
    what = "left out, unreadable" if found.skipped else "unreadable"
    for path, reason in list(found.broken.items())[:ENDS]:
        lines.append(f"{what}: `{path}`: {reason}")
    if len(found.broken) > ENDS:
        lines.append(f"{what}: {len(found.broken) - ENDS:,} more")
    for reason, paths in found.unused.items():
        lines.append(
            f"not used: {_many(len(paths), 'file', 'files')} ({WHY[reason]}): {_some(paths)}"
        )
    lines += [f"not used: {folder}" for folder in found.folders]
    return "\n".join(map(safe, [*lines, *(f"network: {line}" for line in found.seen)]))


def _table(found: Survey) -> list[str]:
    """A row a class: images of each part, and a bar of them."""
    totals = {
        name: sum(counted[name] for counted in found.counts.values()) for name in found.classes
    }
    rows = list(found.classes)
    between = 0
    if len(rows) > SHOWN:
        ranked = sorted(rows, key=lambda name: -totals[name])
        rows, between = [*ranked[:ENDS], *ranked[-ENDS:]], len(ranked) - 2 * ENDS
    width = max(cells(_short(name)) for name in rows)
    columns = {
        part: max(len(part), *(len(f"{counted[name]:,}") for name in rows))
        for part, counted in found.counts.items()
    }
    most = max(totals.values()) or 1
    heads = "  ".join(f"{part:>{size}}" for part, size in columns.items())
    legend = " ".join(f"{MARKS[part]} {part}" for part in columns)
    lines = [f"  {'':{width}}  {heads}  {legend}"]
    for place, name in enumerate(rows):
        if between and place == ENDS:
            lines.append(f"  {'…':{width}}  {counted(between, 'class', 'classes')} between")
        counts = "  ".join(f"{found.counts[part][name]:>{size},}" for part, size in columns.items())
        short = _short(name)
        lines.append(
            f"  {short}{' ' * (width - cells(short))}  {counts}  {_bar(found, name, most)}".rstrip()
        )
    return lines


def _bar(found: Survey, name: str, most: int) -> str:
    """The class's images over `most`, its parts in order, each of at least one mark if any."""
    drawn, reached, counted = "", 0, 0
    for part, counts in found.counts.items():
        counted += counts[name]
        end = round(BAR * counted / most)
        end = max(end, reached + 1) if counts[name] else reached
        drawn += MARKS[part] * (end - reached)
        reached = end
    return drawn


def _headers(found: Survey) -> list[str]:
    headers = list(found.headers.values())
    if not headers:
        return []
    sizes = Counter(header.size for header in headers)
    if len(sizes) == 1:
        size = f"all {shape_text(headers[0].size)}"
    else:
        common = " · ".join(f"{shape_text(s)} {n:,}" for s, n in sizes.most_common(3))
        heights, widths = (sorted(axis) for axis in zip(*sizes, strict=True))
        size = (
            f"{common}{_others(len(sizes) - 3)}, heights {heights[0]} to {heights[-1]}, "
            f"widths {widths[0]} to {widths[-1]}"
        )
    lines = [
        f"sizes (height×width): {size}",
        f"modes: {_counted(header.mode for header in headers)}"
        f" · files: {_counted(header.format for header in headers)}",
    ]
    for count, said in (
        (sum(h.transparent for h in headers), "with transparency, shown on white"),
        (sum(h.turned for h in headers), "turned upright as EXIF says"),
        (sum(h.deep for h in headers), "of more than 8 bits, brought to 8"),
    ):
        if count:
            lines.append(f"read: {_many(count, 'image', 'images')} {said}")
    return lines


def _counted(values: Iterable[str]) -> str:
    return " ".join(f"{value} {count:,}" for value, count in Counter(values).most_common())


def _others(count: int) -> str:
    return f" · {_many(count, 'other', 'others')}" if count > 0 else ""


def _some(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths[:3]) + (", …" if len(paths) > 3 else "")


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _short(name: str) -> str:
    """A class's name, cut to what a table takes."""
    name = safe(name)
    if cells(name) <= NAME:
        return name
    while cells(name) >= NAME:
        name = name[:-1]
    return f"{name}…"


def cells(text: str) -> int:
    """Places that a text takes on a terminal."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
