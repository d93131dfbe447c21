"""A sequence while it is drawn: its entries, and the values that they give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from random_values import Scope
from reference_entries import as_sequence

from netspec.compiler.ir import Layer
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
    start: Shape | None
    """What feeds it; None where it is one of several inputs, and each entry says which."""
    mapping: bool
    from_input: bool
    """Whether it begins at its block's input."""
    outer: Sequence | None = None
    items: Items = field(default_factory=list)
    names: dict[str, Shape] = field(default_factory=dict)
    inner: dict[str, Shape] = field(default_factory=dict)
    """The values within its layers, by names with dots."""
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

    def own(self) -> dict[str, Shape]:
        """What its layers give, by their names."""
        return {n: s for n, s in self.names.items() if n not in self.training}

    def around(self) -> dict[str, Shape]:
        """What the sequences around it give, and what is within their layers."""
        if self.outer is None:
            return {}
        found = self.outer.around() | self.outer.own() | self.outer.inner
        hidden = {n.partition(".")[0] for n in (*self.names, *self.called)}
        return {n: s for n, s in found.items() if n.partition(".")[0] not in hidden}

    def take_names(self, layers: Iterable[Layer]) -> None:
        """Remember what the layers give, and what is within them."""
        for layer in layers:
            if not layer.choices:
                self.names[layer.name] = layer.output
            self.called[layer.name] = layer.inputs
            if layer.training_only:
                self.training.add(layer.name)
            else:
                self.inner |= {f"{layer.name}.{n}": s for n, s in within(layer).items()}


def within(layer: Layer) -> dict[str, Shape]:
    """The values within a layer by their names."""
    found: dict[str, Shape] = {}
    for child in layer.children:
        if not child.training_only:
            found |= {} if child.choices else {child.name: child.output}
            found |= {f"{child.name}.{n}": s for n, s in within(child).items()}
    named = zip(layer.output_names, layer.outputs, strict=True)
    return found | {name: shape for name, shape in named if name}


def stand_ins(known: dict[str, Shape]) -> dict[str, Any]:
    """Layers that give these values, by names with dots or without."""
    found: dict[str, Any] = {}
    for first in dict.fromkeys(name.partition(".")[0] for name in known):
        inner = {n[len(first) + 1 :]: s for n, s in known.items() if n.startswith(f"{first}.")}
        own = {"Parameter": list(known[first])} if first in known else {"Parameter": [1]}
        if not inner:
            found[first] = own
            continue
        ends = {"self_": own, "value_": {"from": "self_", "Identity": {}}}
        found[first] = {"Sequential": stand_ins(inner) | ends}
    return found


@dataclass
class Place:
    """Where an entry is drawn: its input, and whether it should give the same shape."""

    sequence: Sequence
    scope: Scope
    x: Shape | None
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
