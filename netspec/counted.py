"""A number with its noun, for sentences."""

from __future__ import annotations


def counted(count: float, noun: str, plural: str | None = None) -> str:
    """`1 epoch`, `1,024 images`, `2.5 epochs`; a plural that needs more than an `s` is given."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {noun if count == 1 else plural or f'{noun}s'}"
