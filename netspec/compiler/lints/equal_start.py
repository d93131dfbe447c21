"""NS614: weights that all start at one value, so that the units of a layer stay alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from netspec.compiler.ir import Layer, owners
from netspec.compiler.language.init_rule import Rule, matches
from netspec.compiler.lints.flow import Flow
from netspec.diagnostics import Diagnostic

_CONSTANT: Final = ("zeros_", "ones_", "constant_")


def equal_start(flow: Flow) -> Iterator[Diagnostic]:
    """Look at networks in which every linear map's weights start at one value.

    Silent for a single linear map, which learns from zero as well, and where some of several start
    at random: the last of a residual branch is well set to zero. Rules of blocks are not looked at.
    """
    rules = flow.network.document.init
    if not any(rule.function in _CONSTANT and rule.parameter == "weight" for rule in rules):
        return
    found: dict[int, Rule] = {}
    count = 0
    for layer in owners(flow.network.root):
        if layer.op is None or not layer.op.linear:
            continue
        rule = _rule(layer, rules)
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


def _rule(layer: Layer, rules: tuple[Rule, ...]) -> Rule | None:
    """The rule that sets a layer's weights: the last one that takes it."""
    kinds = (type(layer.op).__name__,)
    mine = [r for r in rules if r.parameter == "weight" and matches(r.selector, layer.path, kinds)]
    return mine[-1] if mine else None
