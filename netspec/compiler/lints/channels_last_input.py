"""NS612: an input written as height, width and channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import Flow
from netspec.diagnostics import Diagnostic
from netspec.ops.base import Shape, text

_CHANNELS: Final = (1, 3)
"""The channels of grey and of colour images."""

_LEAST: Final = 8
"""Fewer rows than these may well be channels."""


def channels_last_input(flow: Flow) -> Iterator[Diagnostic]:
    """Look at the input's shape alone."""
    shape = flow.network.input_shape
    if seems_channels_last(shape):
        yield finding(flow.network.input_shape, flow)


def seems_channels_last(shape: Shape) -> bool:
    """Whether an image's shape ends in a count of channels and begins with none."""
    if len(shape) != 3:
        return False
    height, width, channels = shape
    square = height == width or channels == 3
    return channels in _CHANNELS and square and min(height, width) >= _LEAST


def finding(shape: Shape, flow: Flow) -> Diagnostic:
    """The warning for a shape that `seems_channels_last`."""
    height, width, channels = shape
    message = f"the input is {height} channels of {text((width, channels))}: channels come first"
    hint = f"write `input: {[channels, height, width]}`"
    return Diagnostic("NS612", message, flow.network.document.input_span, (), hint)
