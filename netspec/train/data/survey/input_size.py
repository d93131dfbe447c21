"""The size of input that fits images of many sizes: not larger than they are, of their shape."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

MOST: Final = 128
"""The longer side of an input for photos, in pixels: what a small network on a CPU can do."""
STEP: Final = 16
"""Sides are multiples of this where images are resized."""
LEAST: Final = 8
LYING: Final = 0.1
"""Where a larger share of images lies or stands otherwise than the rest, the input is a square."""


def input_size(sizes: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], bool]:
    """(height, width) for images of these sizes, at least one, and whether all have it as it is."""
    if len(set(sizes)) == 1 and min(sizes[0]) >= LEAST and max(sizes[0]) <= MOST:
        return sizes[0], True
    count = len(sizes)
    tall = sum(height > width for height, width in sizes) / count
    wide = sum(width > height for height, width in sizes) / count
    if min(tall, wide) > LYING:
        side = _stepped(median(min(size) for size in sizes))
        return (side, side), False
    long = _stepped(median(max(size) for size in sizes))
    ratio = median(height / width for height, width in sizes)
    if ratio >= 1:
        return (long, _stepped(long / min(ratio, 2))), False
    return (_stepped(long * max(ratio, 0.5)), long), False


def _stepped(side: float) -> int:
    """The nearest multiple of `STEP`, at least one of it and at most `MOST`."""
    return min(max(round(side / STEP), 1) * STEP, MOST)
