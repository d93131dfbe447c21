"""A sequence while it is drawn: its entries, and the values that they give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from random_values import Scope
from reference_entries import as_sequence

from netspec.ops.base import Shape

KEPT = 0.3
"""How often an entry that netspec refuses is kept."""
KEPT_LAYER = 0.05
"""The same of a single layer, of which more are drawn."""

Items = list[tuple[str, Any]]


@dataclass
class Sequence:
    """A sequence while it is drawn: its entries, and what they give in the loop's first copy."""

    scope: Scope
    start: Shape
    mapping: bool
    from_input: bool
    """Whether it begins at its block's input."""
    items: Items = field(default_factory=list)
    names: dict[str, Shape] = field(default_factory=dict)
    called: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    training: set[str] = field(default_factory=set)
    count: int = 0
    drawn: int = 0

    def __post_init__(self) -> None:
        self.previous = self.start

    def data(self, items: Items | None = None) -> Any:
        """As a spec has it."""
        items = self.items if items is None else items
        return dict(items) if self.mapping else [entry for _, entry in items]


@dataclass
class Place:
    """Where an entry is drawn: its input, and whether it should give the same shape."""

    sequence: Sequence
    scope: Scope
    x: Shape
    keep: bool = False


def plain_sequence(entry: Any) -> bool:
    """Whether an entry is a sequence without a word for it."""
    return as_sequence(entry) is entry


def as_mapping(entry: Any) -> dict[str, Any]:
    """An entry as a mapping that modifiers can stand in."""
    if isinstance(entry, str):
        return {entry: None}
    found: dict[str, Any] = {"Sequential": entry} if plain_sequence(entry) else entry
    return found
