"""NS504: weights of the classes that are not as many as the network's outputs."""

from __future__ import annotations

from netspec.compiler.ir import Output
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Span
from netspec.ops.base import text
from netspec.recipe import Recipe
from netspec.source import Mapping, Node, Sequence


def class_weights(
    recipe: Recipe, train: Mapping | None, outputs: tuple[Output, ...]
) -> list[Diagnostic]:
    """The finding for a `weight` or `pos_weight` that torch would refuse in the first step.

    One weight alone is taken for all outputs by losses over each of them.
    """
    found: list[Diagnostic] = []
    for name in ("weight", "pos_weight"):
        weights = recipe.loss.args.get(name)
        if not isinstance(weights, tuple) or not outputs or not outputs[0].shape:
            continue
        classes = outputs[0].shape[0]
        alike = recipe.loss.name == "BCEWithLogitsLoss" and len(weights) == 1
        if len(weights) == classes or alike:
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
