"""What lints need to know of a network's recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.compiler.lints.flow import provenance
from netspec.diagnostics import Note, Span
from netspec.source import Mapping, Node, Scalar

if TYPE_CHECKING:
    from netspec.compiler.ir import Layer, NetworkIR


def loss(network: NetworkIR) -> tuple[str, Span | None]:
    """The name of the loss, and where it is written."""
    section = network.document.train
    written = section is not None and "loss" in section.items
    return network.recipe.loss.name, section.keys["loss"] if section and written else None


def loss_notes(layer: Layer, span: Span | None) -> tuple[Note, ...]:
    """Through which blocks a layer came, and where the loss that it meets is written."""
    chosen = () if span is None else (Note("the loss is chosen here", span),)
    return (*provenance(layer), *chosen)


def train_place(network: NetworkIR, *path: str) -> Span | None:
    """Where the deepest part of `train.PATH` that is written stands; None without `train`."""
    node: Node | None = network.document.train
    span = None
    for key in path:
        if not isinstance(node, Mapping) or key not in node.items:
            break
        place, node = node.keys[key], node.items[key]
        span = node.span if isinstance(node, Scalar) else place
    return span


def data_place(network: NetworkIR, key: str) -> Span | None:
    """Where `train.data.KEY` is written."""
    section = network.document.train
    data = section.items.get("data") if section is not None else None
    if isinstance(data, Mapping) and key in data.items:
        return data.items[key].span
    return None
