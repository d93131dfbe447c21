"""Losses and shares as they are shown: in six characters wherever six are enough."""

from __future__ import annotations

import math

WIDTH = 6
"""Characters of a loss or an accuracy; only a negative power of ten below -9 needs more."""

SHARES = ("accuracy", "top5")
"""The metrics that are shares, written in percent."""


def metric_text(metric: str, value: float | None) -> str:
    """A metric's value, or a dash where there is none."""
    if value is None:
        return "–"
    return share_text(value) if metric in SHARES else loss_text(value)


def loss_text(value: float) -> str:
    """``0.1234``, ``12.345``, ``123457``, ``1.2e29``, ``1.2e-9``, ``nan``, ``inf``, ``-inf``."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.4f}" if value == 0 else str(value)
    room = WIDTH - (value < 0)
    size = abs(value)
    if 1e-3 <= size < 10**room - 0.5:
        for digits in range(4, -1, -1):
            text = f"{value:.{digits}f}"
            if len(text) <= WIDTH:
                return text
    for digits in (2, 1, 0):
        mantissa, _, power = f"{value:.{digits}e}".partition("e")
        text = f"{mantissa}e{int(power)}"
        if len(text) <= WIDTH:
            return text
    return text


def share_text(value: float) -> str:
    """A share from 0 to 1 in percent: ``98.76%``, ``9.87%``, ``100.0%``, ``nan``."""
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.2%}"
    return f"{value:.1%}" if len(text) > WIDTH else text
