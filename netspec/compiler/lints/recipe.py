"""What lints need to know of a network's recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics import Span
from netspec.recipe import Recipe, recipe_from
from netspec.source import Mapping

if TYPE_CHECKING:
    from netspec.compiler.ir import Network


def recipe(network: Network) -> Recipe:
    """The network's recipe, or the default one."""
    return recipe_from(network.train)


def loss(network: Network) -> tuple[str, Span | None]:
    """The name of the loss, and where it is written."""
    given: Any = network.train.get("loss")
    section = network.document.train
    span = None
    if section is not None and "loss" in section.items:
        span = section.keys["loss"]
    if given is None:
        return Recipe.loss.name, None
    return (given if isinstance(given, str) else next(iter(given))), span


def data_place(network: Network, key: str) -> Span | None:
    """Where `train.data.KEY` is written."""
    section = network.document.train
    data = section.items.get("data") if section is not None else None
    if isinstance(data, Mapping) and key in data.items:
        return data.items[key].span
    return None
