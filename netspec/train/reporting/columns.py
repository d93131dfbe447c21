"""A table as text, whose columns hold whatever stands in them on however narrow a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.escape import safe

GAP = "  "
CELL = 32
"""A cell of more characters goes on in the next line."""
KEY = 48
"""The same for the first column, whose cells name their rows."""
BREAKS = " ./,:[-"


def columns(rows: Sequence[Sequence[str]], width: int | None = None, *, key: int = KEY) -> str:
    """``rows``, the first of them the head: the first column to the left, the others to the right.

    Columns that do not fit in ``width`` characters follow below, the first one again before them;
    ``key`` characters of the first column stand in one line.
    """
    most_of_key = max(1, key) if width is None else min(key, max(12, width // 2))
    most = CELL if width is None else min(CELL, max(8, width - most_of_key - len(GAP)))
    cells = [
        [_wrapped(safe(cell), most if place else most_of_key) for place, cell in enumerate(row)]
        for row in rows
    ]
    widths = [
        max(len(line) for row in cells for line in row[place]) for place in range(len(rows[0]))
    ]
    parts = []
    for chosen in _that_fit(widths, width):
        lines: list[str] = []
        for row in cells:
            lines += _lines([row[place] for place in chosen], [widths[place] for place in chosen])
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _that_fit(widths: Sequence[int], width: int | None) -> list[list[int]]:
    """The columns of each part of the table: the first, and as many others as there is room for."""
    parts, used = [[0]], widths[0]
    for place, own in enumerate(widths[1:], 1):
        if width is not None and used + len(GAP) + own > width and len(parts[-1]) > 1:
            parts.append([0])
            used = widths[0]
        parts[-1].append(place)
        used += len(GAP) + own
    return parts


def _lines(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    lines = []
    for place in range(max(map(len, cells))):
        words = [cell[place] if place < len(cell) else "" for cell in cells]
        first = f"{words[0]:{widths[0]}}"
        rest = (f"{word:>{width}}" for word, width in zip(words[1:], widths[1:], strict=True))
        lines.append(GAP.join((first, *rest)).rstrip())
    return lines


def _wrapped(text: str, most: int) -> list[str]:
    """``text`` in lines of at most ``most`` characters, broken after a word where there is one."""
    lines = []
    while len(text) > most:
        # A part of at least a half, or none would be worth a line of its own.
        cut = max(text.rfind(mark, most // 2, most - 1) for mark in BREAKS) + 1 or most
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]
