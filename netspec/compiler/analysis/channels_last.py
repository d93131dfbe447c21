"""An input written as height, width and channels: told as a warning, or beside what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Note, Span
from netspec.ops.base import Shape, text

_CHANNELS: Final = (1, 3)
"""The channels of grey and of colour images."""

_LEAST: Final = 8
"""Fewer rows than these may well be channels."""


def seems_channels_last(shape: Shape) -> bool:
    """Whether an image's shape ends in a count of channels and begins with none."""
    if len(shape) != 3:
        return False
    height, width, channels = shape
    square = height == width or channels == 3
    return channels in _CHANNELS and square and min(height, width) >= _LEAST


def read_so(shape: Shape) -> str:
    """How such a shape is read."""
    return f"the input is {counted(shape[0], 'channel')} of {text(shape[1:])}: channels come first"


def noted(found: list[Diagnostic], shape: Shape, span: Span) -> list[Diagnostic]:
    """The findings, of which the first about a shape says that the channels seem to come last."""
    if not seems_channels_last(shape):
        return found
    at = next((i for i, finding in enumerate(found) if finding.code.startswith("NS4")), None)
    if at is None:
        return found
    note = Note(read_so(shape), span)
    first = replace(found[at], notes=(*found[at].notes, note))
    return [*found[:at], first, *found[at + 1 :]]
