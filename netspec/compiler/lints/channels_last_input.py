"""NS612: an input written as height, width and channels."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.analysis.channels_last import read_so, seems_channels_last
from netspec.compiler.lints.flow import Flow
from netspec.diagnostics import Diagnostic


def channels_last_input(flow: Flow) -> Iterator[Diagnostic]:
    """Look at the input's shape alone."""
    shape = flow.network.input_shape
    if seems_channels_last(shape):
        height, width, channels = shape
        hint = f"write `input: {[channels, height, width]}`"
        span = flow.network.document.input_span
        yield Diagnostic("NS612", read_so(shape), span, (), hint)
