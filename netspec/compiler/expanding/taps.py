"""`from: backbone.layer3`: a value within an earlier layer, which then gives it beside its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from netspec.compiler.expanding.context import Frame
from netspec.compiler.expanding.kinds import kinds, value_dtype
from netspec.compiler.ir import OUTPUT, Layer, changed, sibling
from netspec.ops.base import Shape
from netspec.ops.dtype import FLOAT, Dtype

Spend = Callable[[int], None]
"""Counts steps, and raises where there are too many."""


class Tapped(NamedTuple):
    """A value that was reached: its source, shape and kind, and whether only training has it."""

    source: int
    shape: Shape
    training_only: bool
    dtype: Dtype


def tap(children: list[Layer], index: int, name: str, spend: Spend) -> Tapped | None:
    """The value called `name` within the sibling at `index`, or None where it has none.

    A container through which this goes gives one value more from then on, in `children` itself;
    so do the calls of it, which run the same module. What is looked through is counted by `spend`.
    """
    spend(len(children))
    owner = children[index].target if children[index].kind == "call" else index
    places = {owner: _giving(children[owner], name, spend)}
    for i, child in enumerate(children):
        if child.kind == "call" and child.target == owner:
            places[i] = _giving(child, name, spend)
    if index not in places or None in places.values():
        return None
    for i, made in places.items():
        assert made is not None
        children[i] = made
    given = children[index]
    place = given.output_names.index(name)
    training = only_in_training(children, index + place * OUTPUT)
    dtype = given.dtypes[place] if given.dtypes else FLOAT
    return Tapped(index + place * OUTPUT, given.outputs[place], training, dtype)


def giving(layer: Layer, names: tuple[str, ...], spend: Spend) -> Layer:
    """The layer, giving what these names stand for too. Raises `KeyError` for one it has not."""
    for name in names:
        made = _giving(layer, name, spend)
        if made is None:
            raise KeyError(name)
        layer = made
    return layer


def within(layer: Layer, name: str, spend: Spend) -> tuple[Layer, int] | None:
    """The container, and the source in it of the value called `name`; None where it has none."""
    spend(len(layer.children) + len(layer.left_out))
    for known, source in layer.left_out:
        if known == name:
            return layer, source
    found = [(len(c.name), i) for i, c in enumerate(layer.children)
             if name == c.name or name.startswith(c.name + ".")]  # fmt: skip
    for length, index in sorted(found, reverse=True):
        child = layer.children[index]
        if len(name) == length:
            return None if child.choices else (layer, index)
        children = list(layer.children)
        reached = tap(children, index, name[length + 1 :], spend)
        if reached is not None:
            return changed(layer, children=tuple(children)), reached.source
    return None


def inner_names(frame: Frame, name: str) -> list[str]:
    """The names that could stand for a misspelt one with dots: of what is in its first part."""
    first, dot, _ = name.partition(".")
    layer = frame.layer(first) if dot else None
    if layer is None:
        return []
    return [f"{first}.{inner}" for inner in (*(c.name for c in layer.children), *layer.choices)]


def layer_called(children: list[Layer] | tuple[Layer, ...], name: str) -> Layer | None:
    """The layer of this name among the children, or within one of them."""
    found = [c for c in children if name == c.name or name.startswith(c.name + ".")]
    for child in sorted(found, key=lambda c: -len(c.name)):
        if len(child.name) == len(name):
            return child
        inner = layer_called(child.children, name[len(child.name) + 1 :])
        if inner is not None:
            return inner
    return None


def value_shape(layer: Layer, source: int) -> Shape:
    """The shape of a value in a container."""
    if source < 0:
        return layer.inputs[-1 - source]
    child = layer.children[sibling(source)]
    return child.outputs[source // OUTPUT] if child.outputs else child.output


def _giving(layer: Layer, name: str, spend: Spend) -> Layer | None:
    """The layer, with the value called `name` among its outputs; None where it has none."""
    spend(len(layer.output_names))
    if name in layer.output_names:
        return layer
    if layer.kind == "op" or not (layer.children or layer.left_out):
        return None
    found = within(layer, name, spend)
    if found is None or (found[1] < 0 and -1 - found[1] >= len(layer.inputs)):
        return None
    layer, source = found
    before = layer.dtypes or (FLOAT,) * (len(layer.outputs) or 1)
    return changed(
        layer,
        results=(*(layer.results or (layer.result,)), source),
        outputs=(*(layer.outputs or (layer.output,)), value_shape(layer, source)),
        output_names=(*(layer.output_names or ("",)), name),
        dtypes=kinds((*before, value_dtype(layer, source))),
    )


def only_in_training(children: Sequence[Layer], source: int) -> bool:
    """Whether what gives this value among the children runs only in training."""
    if source < 0:
        return False
    child, place = children[sibling(source)], source // OUTPUT
    inner = bool(child.results) and only_in_training(child.children, child.results[place])
    return child.training_only or inner
