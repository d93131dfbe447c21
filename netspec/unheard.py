"""Output that finds no reader any more: after `| head -1`, or when the terminal is gone."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TextIO


def mute(stream: TextIO) -> None:
    """Let what is still to be written to ``stream``, also as Python ends, go nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
