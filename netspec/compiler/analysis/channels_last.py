"""An input written as height, width and channels: told as a warning, or beside what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Note, Span
from netspec.ops.base import Shape, text

_LEAST: Final = 8
"""Fewer rows than these may well be channels."""


def seems_channels_last(shape: Shape) -> bool:
    """Whether an image's shape ends in a count of channels and begins with none."""
    if len(shape) != 3:
        return False
    height, width, channels = shape
    of_images = {1: height == width, 3: True}  # grey ones, if they are square, and colour
    return of_images.get(channels, False) and min(height, width) >= _LEAST


def read_so(shape: Shape) -> str:
    """How such a shape is read."""
    return f"the input is {counted(shape[0], 'channel')} of {text(shape[1:])}: channels come first"


def noted(found: list[Diagnostic], shape: Shape, span: Span) -> list[Diagnostic]:
    """The findings, of which the first about a shape says that the channels seem to come last."""
    if not seems_channels_last(shape):
        return found
    first = next((finding for finding in found if finding.code.startswith("NS4")), None)
    note = Note(read_so(shape), span)
    return [replace(x, notes=(*x.notes, note)) if x is first else x for x in found]
