"""A spec as the checker has accepted it: every entry known to be one layer, or a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from netspec.compiler.language.init_rule import Rule
from netspec.diagnostics import Diagnostic, Span
from netspec.source import Mapping, Node, Source

MODIFIERS: Final = (
    "name", "from", "branches", "if", "else", "repeat", "each", "call", "when", "tie",
    "parametrize", "layers",
)  # fmt: skip
MARKS: Final = frozenset(MODIFIERS) - {"else", "parametrize"}
"""The modifiers that make a mapping one layer. `else` does not stand without `if`, nor
`parametrize` without a layer: where none of these does, each is the name of a child, as any other
word is."""

PARAM_TYPES: Final = ("int", "float", "bool", "str", "list", "mapping", "Layer")

SECTIONS: Final = (
    "netspec", "extends", "name", "description", "params", "input", "inputs", "blocks", "layers",
    "outputs", "init", "train",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: its type's name (None where any value fits) and its default."""

    name: str
    type: str | None
    default: Any
    required: bool
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One position in the layer graph.

    `kind` tells what runs: `op` (a layer or block called `op`, with `args`), `sequence` (its
    `children`), or `call` (the layer `op` once more).
    """

    kind: Literal["op", "sequence", "call"]
    span: Span
    op: str = ""
    args: Node | None = None
    children: tuple[Child, ...] = ()
    spliced: bool = False
    """Whether the children stand in the enclosing sequence (`each` with `layers`)."""
    name: str | None = None
    sources: tuple[tuple[str, Span], ...] | None = None
    sources_node: Node | None = None
    """`from` as it is written, where expressions stand in it."""
    branches: tuple[Child, ...] | None = None
    condition: Node | None = None
    otherwise: tuple[str, Span] | None = None
    """The name of the value that passes where the condition is false."""
    repeat: Loop | None = None
    each: Loop | None = None
    training_only: bool = False
    tie: tuple[str, Span] | None = None
    """The name of the layer whose weight this one shares."""
    parametrize: Node | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """An entry with the key it stands under (None in a list)."""

    key: str | None
    span: Span
    entry: Entry


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """How often `repeat` or `each` copies: a number, or the items that `variable` stands for."""

    variable: str | None
    values: Node
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A declared block."""

    name: str
    span: Span
    params: dict[str, Param]
    body: Entry
    init: tuple[Rule, ...] = ()
    order: tuple[tuple[str, Span], ...] = ()
    """Names of children in the order in which torch lists them, where they run in another."""
    inputs: tuple[str, ...] = ("input",)
    outputs: tuple[tuple[str, str, Span], ...] = ()
    """What each output is called, the value that it is, and where that is written."""


@dataclass(frozen=True, slots=True, eq=False)
class InputEntry:
    """One input of the network as written; the one of `input:` is called so."""

    name: str
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A whole spec, after `extends`."""

    source: Source
    root: Mapping
    name: str
    params: dict[str, Param]
    inputs: tuple[InputEntry, ...]
    blocks: dict[str, Block]
    layers: Entry
    outputs: Mapping | None
    init: tuple[Rule, ...]
    train: Mapping | None
    """The section as written, None where its form is wrong."""
    sources: tuple[Source, ...]

    @property
    def input_span(self) -> Span:
        """Where the first input is written."""
        return self.inputs[0].node.span

    findings: tuple[Diagnostic, ...] = ()
    """Mistakes beside the layers, which keep no shape from being inferred."""
