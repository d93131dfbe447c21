"""NS504: weights of the classes that are not as many as the network's outputs."""

from __future__ import annotations

from typing import Final

from netspec.compiler.ir import Output
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Span
from netspec.ops.base import text
from netspec.recipe import Recipe
from netspec.source import Mapping, Node, Sequence

_OVER_EACH: Final = {"BCEWithLogitsLoss"}
"""Losses over each of the outputs, which take one weight alone for all of them."""


def class_weights(
    recipe: Recipe, train: Mapping | None, outputs: tuple[Output, ...]
) -> list[Diagnostic]:
    """The finding for a `weight` or `pos_weight` that torch would refuse in the first step."""
    found: list[Diagnostic] = []
    for name in ("weight", "pos_weight"):
        weights = recipe.loss.args.get(name)
        if not isinstance(weights, tuple) or not outputs or not outputs[0].shape:
            continue
        classes = outputs[0].shape[0]
        if len(weights) in ({classes, 1} if recipe.loss.name in _OVER_EACH else {classes}):
            continue
        span = _place(train, ("loss", recipe.loss.name, name))
        if span is not None:
            shape = outputs[0].shape
            made = counted(classes, "output") if len(shape) == 1 else f"outputs of {text(shape)}"
            message = f"{counted(len(weights), 'class weight')}, and the network has {made}"
            hint = f"give {classes}, one for each class in the order of their names"
            found.append(Diagnostic("NS504", message, span, (), hint))
    return found


def _place(node: Node | None, path: tuple[str, ...]) -> Span | None:
    for key in path:
        if not isinstance(node, Mapping) or key not in node.items:
            return None
        node = node.items[key]
    return node.span if isinstance(node, Sequence) else None
