"""Names in as many characters as there is room for."""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """``text`` in ``most`` characters; what is left out is out of its middle, as ends differ."""
    if len(text) <= most:
        return text
    tail = most // 2
    return f"{text[: most - tail - 1]}…{text[-tail:]}"
