"""A contact sheet: pictures of each class, drawn into one PNG of bounded size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from netspec.train.data.survey.headers import LEVELS
from netspec.train.data.survey.lettering import fitted

MOST_BYTES: Final = 2_000_000
ROWS: Final = 12
"""Up to so many classes have a row each; more stand side by side, their names above."""
EDGES: Final = (96, 80, 64, 48, 32)
"""Sizes of a picture's place in pixels, tried in this order until the file is small enough."""
GAP: Final = 4
MARGIN: Final = 12
LINE: Final = 16
LABEL: Final = 150
"""Most pixels that a class's name takes beside its row."""
PAPER, PLACE, INK, FAINT, RED = "#f0f2f5", "#d9dde2", "#1b1f24", "#5b6470", "#c62828"


@dataclass(frozen=True)
class Block:
    """The pictures of a class, in the order of the columns; None where there is none to show."""

    label: str
    pictures: tuple[Image.Image | None, ...]


@dataclass(frozen=True)
class Sheet:
    """`head` are lines above; `columns` name the pictures of a block, repeated as they fit."""

    head: tuple[str, ...]
    columns: tuple[str, ...]
    blocks: tuple[Block, ...]


def sheet_png(sheet: Sheet) -> bytes:
    """The sheet as a PNG of at most `MOST_BYTES`.

    A picture that is smaller than its place is enlarged by a whole factor, so that its pixels are
    seen; one of hardly any contrast has a red frame.
    """
    for edge in EDGES:
        out = io.BytesIO()
        drawn = _rows(sheet, edge) if len(sheet.blocks) <= ROWS else _grid(sheet, edge)
        drawn.save(out, "png", optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    out = io.BytesIO()
    drawn.quantize(256).save(out, "png", optimize=True)
    return out.getvalue()


def _rows(sheet: Sheet, edge: int) -> Image.Image:
    """A row a class, its name on the left."""
    count = max(len(block.pictures) for block in sheet.blocks)
    group = len(sheet.columns)
    label = min(LABEL, max(_length(block.label) for block in sheet.blocks) + 3 * GAP)
    lefts = [
        MARGIN + label + place * (edge + GAP) + (place // group) * (2 * GAP if group > 1 else 0)
        for place in range(count)
    ]
    top = MARGIN + LINE * (len(sheet.head) + 2)
    width = max(lefts[-1] + edge + MARGIN, _needed(sheet))
    page = Image.new("RGB", (width, top + len(sheet.blocks) * (edge + GAP) + MARGIN), PAPER)
    _write_head(page, sheet)
    for place, left in enumerate(lefts):
        _write(page, (left, top - LINE), sheet.columns[place % group], edge, FAINT)
    for number, block in enumerate(sheet.blocks):
        y = top + number * (edge + GAP)
        _write(page, (MARGIN, y + edge // 2 - LINE // 2), block.label, label - GAP, INK)
        for left, picture in zip(lefts, block.pictures, strict=False):
            _place(page, picture, (left, y), edge)
    return page


def _grid(sheet: Sheet, edge: int) -> Image.Image:
    """Classes side by side, the name of each above its pictures."""
    count = max(len(block.pictures) for block in sheet.blocks)
    wide = count * (edge + GAP) + 2 * GAP
    across = max(1, min(len(sheet.blocks), 1400 // wide))
    down = -(-len(sheet.blocks) // across)
    top = MARGIN + LINE * (len(sheet.head) + 2)
    tall = LINE + edge + 2 * GAP
    width = max(2 * MARGIN + across * wide, _needed(sheet))
    page = Image.new("RGB", (width, top + down * tall + MARGIN), PAPER)
    names = f"of each class: {', '.join(sheet.columns)}" if len(sheet.columns) > 1 else ""
    _write_head(page, Sheet((*sheet.head, names), (), ()))
    for number, block in enumerate(sheet.blocks):
        left, y = MARGIN + number % across * wide, top + number // across * tall
        _write(page, (left, y), block.label, wide - 2 * GAP, INK)
        for place, picture in enumerate(block.pictures):
            _place(page, picture, (left + place * (edge + GAP), y + LINE), edge)
    return page


def _needed(sheet: Sheet) -> int:
    """Pixels that the longest line above takes, within reason."""
    return min(max(map(_length, sheet.head), default=0) + 2 * MARGIN, 1400)


def _length(text: str) -> int:
    text, font = fitted(text, 12, 1400)
    return int(font.getlength(text)) + 1


def _write_head(page: Image.Image, sheet: Sheet) -> None:
    for number, line in enumerate(sheet.head):
        ink = FAINT if number else INK
        _write(page, (MARGIN, MARGIN + number * LINE), line, page.width - 2 * MARGIN, ink)


def _write(page: Image.Image, at: tuple[int, int], text: str, width: int, ink: str) -> None:
    text, font = fitted(text, 12, width)
    ImageDraw.Draw(page).text(at, text, fill=ink, font=font)


def _place(page: Image.Image, picture: Image.Image | None, at: tuple[int, int], edge: int) -> None:
    """Put a picture into the middle of its place."""
    draw = ImageDraw.Draw(page)
    if picture is None:
        draw.rectangle((*at, at[0] + edge - 1, at[1] + edge - 1), outline=RED)
        _write(page, (at[0] + GAP, at[1] + edge // 2 - LINE // 2), "unreadable", edge - GAP, RED)
        return
    draw.rectangle((*at, at[0] + edge - 1, at[1] + edge - 1), fill=PLACE)
    shown = _sized(picture.convert("RGB"), edge)
    left, top = at[0] + (edge - shown.width) // 2, at[1] + (edge - shown.height) // 2
    page.paste(shown, (left, top))
    if all(high - low < LEVELS for low, high in _extremes(shown)):
        box = (left, top, left + shown.width - 1, top + shown.height - 1)
        draw.rectangle(box, outline=RED, width=3)


def _extremes(picture: Image.Image) -> Sequence[tuple[int, int]]:
    return [band.getextrema() for band in picture.split()]  # type: ignore[misc]


def _sized(picture: Image.Image, edge: int) -> Image.Image:
    longest = max(picture.size)
    if longest > edge:
        size = tuple(max(1, round(side * edge / longest)) for side in picture.size)
        return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    factor = edge // longest
    return picture.resize((picture.width * factor, picture.height * factor), 0)
