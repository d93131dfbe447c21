"""Numbers as people read them: counts, and sizes in memory."""

from __future__ import annotations


def figure(number: float) -> str:
    """A count with thousands separated, or in M and G where that reads better."""
    if number >= 1e9:
        return f"{number / 1e9:.3f} G"
    if number >= 1e6:
        return f"{number / 1e6:.2f} M"
    return f"{number:,.0f}"


def size(count: float) -> str:
    """Bytes in kB, MB or GB, of 1000."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.2f} {unit}"
    return f"{count:.0f} B"
