"""A confusion matrix as an SVG picture, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from netspec.escape import safe
from netspec.train.reporting.confused_classes import Pair, confused_groups, confused_pairs
from netspec.train.reporting.shortened import shortened

TEXT_CLASSES = 30  # with more, a cell is too small for its number
NAMED_CLASSES = 60  # with more, a row is too thin for its name, and the whole matrix for the eye
PAIRS = 24
"""How many of the most confused pairs are shown of a matrix that is too large."""
GROUPS, GROUP_SIZE = 6, 9
"""How many groups of classes that are taken for each other, and of how many at most."""
WIDTH, LEAST_WIDTH = 960, 480
LETTER = 9
"""Pixels of a letter of the title, about."""

Counts = Sequence[Sequence[int]]


def draw_confusion(classes: Sequence[str], counts: Counts, *, title: str) -> str:
    """Rows are the true classes; a cell is the darker, the more of its row it holds.

    The diagonal, which is right, is blue; everything else is orange. Of more than `NAMED_CLASSES`
    classes, the pairs most often confused are listed, and the groups of classes that are taken for
    each other are drawn as small matrices.
    """
    classes = [safe(name) for name in classes]  # control characters are no XML
    if len(classes) > NAMED_CLASSES:
        return _overview(classes, counts, title)
    size = len(classes)
    cell = max(4, min(44, 700 // max(1, size)))
    font = max(7, min(12, cell - 2))
    longest = max((len(_short(name)) for name in classes), default=0)
    left, top = (space + min(180, int(longest * font * 0.6)) for space in (44, 64))
    grid = _Grid(left, top, cell, font, numbers=size <= TEXT_CLASSES)
    side = size * cell
    middle = top + side / 2
    parts = [
        *_grid(classes, counts, grid),
        f'<text x="16" y="{middle}" text-anchor="middle" fill="#59636e" '
        f'transform="rotate(-90 16 {middle})">true class</text>'
        f'<text x="{left + side / 2}" y="{top + side + 24}" text-anchor="middle" '
        'fill="#59636e">taken for</text>',
    ]
    return _picture(left + side + 24, top + side + 44, font, title, parts)


def _overview(classes: Sequence[str], counts: Counts, title: str) -> str:
    """The most confused pairs as bars, and below them the groups."""
    pairs = confused_pairs(counts, PAIRS)
    parts = [_heading("most often taken for another, of each class's own", 58)]
    for row, pair in enumerate(pairs):
        parts += _bar(classes, pair, 74 + 22 * row)
    if not pairs:
        parts.append('<text x="24" y="90" fill="#1f2328">none was</text>')
    top = 74 + 22 * max(1, len(pairs)) + 36
    groups = confused_groups(counts, GROUPS, GROUP_SIZE)
    if groups:
        parts.append(
            _heading("classes that are taken for each other: rows true, columns taken", top)
        )
    cell, name, below = 26, 150, 0
    for place, group in enumerate(groups):
        left = 24 + (WIDTH - 24) // 2 * (place % 2) + name
        if place % 2 == 0:
            top, below = top + below + (24 if place == 0 else 36), 0
        grid = _Grid(left, top, cell, 11, numbers=True, columns=False)
        inner = [[counts[i][j] for j in group] for i in group]
        totals = [sum(counts[i]) for i in group]
        parts += _grid([classes[i] for i in group], inner, grid, totals)
        below = max(below, len(group) * cell)
    return _picture(WIDTH, top + below + 24, 12, title, parts)


@dataclass(frozen=True)
class _Grid:
    """Where a matrix is drawn, and what is written on it."""

    left: int
    top: int
    cell: int
    font: int
    numbers: bool
    columns: bool = True


def _grid(
    classes: Sequence[str], counts: Counts, at: _Grid, totals: Sequence[int] | None = None
) -> list[str]:
    """The cells of a matrix and the names beside them; a row's share is of its total."""
    parts = []
    cell, font = at.cell, at.font
    for i, row in enumerate(counts):
        total = sum(row) if totals is None else totals[i]
        y = at.top + i * cell
        for j, count in enumerate(row):
            share = count / total if total else 0.0
            x = at.left + j * cell
            told = f"{classes[i]} taken for {classes[j]}: {count:,} of {total:,}"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" '
                f'fill="{_shade(share, right=i == j)}" '
                f'stroke="#ffffff" stroke-width="{1 if cell > 8 else 0}">'
                f"<title>{escape(told)}</title></rect>"
            )
            if count and at.numbers:
                ink = "#ffffff" if share > 0.55 else "#1f2328"
                small = min(font, cell * 1.5 / max(1, len(str(count))))
                parts.append(
                    f'<text x="{x + cell / 2:.1f}" y="{y + cell / 2 + small / 3:.1f}" '
                    f'text-anchor="middle" font-size="{small:.1f}" fill="{ink}" '
                    f'pointer-events="none">{count}</text>'
                )
        parts.append(_name(classes[i], at.left - 8, y + cell / 2 + font / 3, font))
        if at.columns:
            middle = at.left + i * cell + cell / 2 + font / 3
            turned = f"rotate(-90 {middle:.1f} {at.top - 8})"
            parts.append(_name(classes[i], middle, at.top - 8, font, anchor="start", turned=turned))
    return parts


def _bar(classes: Sequence[str], pair: Pair, y: int) -> list[str]:
    """One pair: its names, and a bar as long as the share of the true class."""
    names = f"{_short(classes[pair.true])} → {_short(classes[pair.taken])}"
    width = max(2, round(330 * pair.share))
    return [
        f'<text x="470" y="{y + 14}" text-anchor="end" fill="#1f2328">{escape(names)}</text>',
        f'<rect x="482" y="{y + 3}" width="{width}" height="14" fill="{_shade(1, right=False)}"/>',
        f'<text x="{490 + width}" y="{y + 14}" fill="#59636e">'
        f"{pair.share:.1%}: {pair.wrong:,} of {pair.total:,}</text>",
    ]


def _picture(width: int, height: int, font: int, title: str, parts: Sequence[str]) -> str:
    title_shown = shortened(title, (WIDTH - 48) // LETTER)
    width = max(width, LEAST_WIDTH, 48 + LETTER * len(title_shown))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, Helvetica, Arial, DejaVu Sans, sans-serif" '
        f'font-size="{font}">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="24" y="28" font-size="16" font-weight="600" fill="#1f2328">'
        f"{escape(title_shown)}</text>",
    )
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def _heading(text: str, y: int) -> str:
    return f'<text x="24" y="{y}" font-size="13" fill="#59636e">{escape(text)}</text>'


def _shade(share: float, *, right: bool) -> str:
    full = (0, 90, 160) if right else (203, 76, 0)
    empty = (245, 246, 248)
    # A square root lifts the few wrong ones out of the background, where they matter most.
    strength = share if right else share**0.5
    mixed = (round(e + (f - e) * strength) for e, f in zip(empty, full, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _name(
    text: str, x: float, y: float, font: int, *, anchor: str = "end", turned: str = ""
) -> str:
    transform = f' transform="{turned}"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{font}" '
        f'fill="#1f2328"{transform}>{escape(_short(text))}</text>'
    )


def _short(text: str) -> str:
    return shortened(text, 26)
