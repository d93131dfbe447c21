"""Text in pictures: a font that has its letters, and as much of it as fits."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from PIL import ImageFont

OTHERS: Final = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSans-Regular.ttf",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "arial.ttf",
)
"""Fonts of systems that are looked for where Pillow's own lacks a letter."""


def font_for(text: str, size: int) -> Any:
    """The first font that has every letter of `text`; that with the most of them where none has."""
    best, most = _font("", size), -1
    for name in ("", *OTHERS):
        font = _font(name, size)
        count = -1 if font is None else sum(_has(font, letter) for letter in text)
        if count == len(text):
            return font
        if count > most:
            best, most = font, count
    return best


def fitted(text: str, size: int, width: int) -> tuple[str, Any]:
    """The text cut to `width` pixels, and its font; letters that no font has are written as codes.

    Control characters and what changes a line's direction are codes, too.
    """
    text = "".join(c if c.isprintable() else _code(c) for c in text)
    font = font_for(text, size)
    if not all(_has(font, letter) for letter in text):
        text = "".join(c if _has(font, c) else _code(c) for c in text)
    if font.getlength(text) <= width:
        return text, font
    end = "…" if _has(font, "…") else "..."
    while text and font.getlength(text + end) > width:
        text = text[:-1]
    return text + end, font


def _code(letter: str) -> str:
    return f"\\u{ord(letter):04x}"


@cache
def _font(name: str, size: int) -> Any:
    if not name:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has(font: Any, letter: str) -> bool:
    """Whether a font draws this letter otherwise than one that there is none of."""
    return letter == " " or _drawn(font, letter) != _drawn(font, "\U0010fffe")


@cache
def _drawn(font: Any, letter: str) -> bytes:
    return bytes(font.getmask(letter))
