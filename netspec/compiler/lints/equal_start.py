"""NS614: weights that all start at one value, so that the units of a layer stay alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from netspec.compiler.ir import Layer
from netspec.compiler.language.document import Document
from netspec.compiler.language.init_rule import Rule, matches
from netspec.compiler.lints.flow import Flow
from netspec.diagnostics import Diagnostic

_CONSTANT: Final = ("zeros_", "ones_", "constant_")


class Applied(NamedTuple):
    """Rules of `init:`, and how much of a layer's path stands before what they name."""

    start: int
    rules: tuple[Rule, ...]


def equal_start(flow: Flow) -> Iterator[Diagnostic]:
    """Look at networks in which every linear map's weights start at one value.

    Silent for a single linear map, which learns from zero as well, and where some of several start
    at random: the last of a residual branch is well set to zero.
    """
    document = flow.network.document
    written = (document.init, *(block.init for block in document.blocks.values()))
    if not any(
        r.function in _CONSTANT and r.parameter == "weight" for rules in written for r in rules
    ):
        return
    found: dict[int, Rule] = {}
    count = 0
    for layer, applied in _linear_maps(flow.network.root, document):
        rule = _rule(layer, applied)
        if rule is None or rule.function not in _CONSTANT:
            return
        count += 1
        found[id(rule)] = rule
    if count < 2:
        return
    for rule in found.values():
        value: Any = {"zeros_": 0, "ones_": 1}.get(rule.function, rule.args.get("val"))
        message = f"all weights start at {value}: units of a layer learn the same, or nothing"
        hint = "write `kaiming_normal_`, or delete the rule: torch's own start is random"
        yield Diagnostic("NS614", message, rule.span, (), hint)
        return


def _linear_maps(root: Layer, document: Document) -> Iterator[tuple[Layer, tuple[Applied, ...]]]:
    """The linear maps that own weights, each with the rules over it, the spec's own first.

    A block's rules run when it is made, so those of what stands around it win.
    """
    todo: list[tuple[Layer, tuple[Applied, ...]]] = [(root, (Applied(0, document.init),))]
    while todo:
        layer, over = todo.pop()
        start = len(layer.path) + 1 if layer.path else 0
        over += tuple(Applied(start, document.blocks[b].init) for b, _ in reversed(layer.inits))
        if layer.op is not None and layer.op.linear and layer.kind != "call":
            yield layer, over
        todo += [(child, over) for child in layer.children if layer.kind != "call"]


def _rule(layer: Layer, over: tuple[Applied, ...]) -> Rule | None:
    """The rule that sets a layer's weights: the last one that takes it, of the outermost."""
    kinds = (type(layer.op).__name__,)
    for start, rules in over:
        mine = [
            rule
            for rule in rules
            if rule.parameter == "weight" and matches(rule.selector, layer.path[start:], kinds)
        ]
        if mine:
            return mine[-1]
    return None
