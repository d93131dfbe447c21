"""What stands around the layers of a spec: input, outputs, `init`, and what it extends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from drawn_sequence import KEPT, Items, Sequence
from random_values import Scope, dressed, dressed_name

from netspec.ops.base import Shape

if TYPE_CHECKING:
    from random_graphs import Graphs


def input_shape(g: Graphs) -> Shape:
    """An input of one to four dimensions."""
    dims = g.pick(1, 2, 3, 3, 3, 4)
    channels = g.pick(1, 2, 3, 4, 6) if dims > 1 else g.draw.randint(2, 16)
    most = {1: 1, 2: 24, 3: 16, 4: 7}[dims]
    sizes = [g.draw.randint(3, most) for _ in range(dims - 1)]
    return (channels, *([sizes[0]] * len(sizes) if sizes and g.chance(0.4) else sizes))


def tail(g: Graphs, top: Sequence) -> None:
    """How a network often ends."""
    ends: Items = []
    if g.chance(0.3) and 1 < len(top.previous) < 5:
        ends.append(("pool_", {f"AdaptiveAvgPool{len(top.previous) - 1}d": g.pick(1, 1, 2)}))
    if g.chance(0.6):
        classes = dressed(g.draw, g.draw.randint(1, 9), top.scope)
        ends += [("flatten_", "Flatten"), ("fc_", {"Linear": classes})]
    for key, entry in ends:
        g.take(top, [(key if top.mapping else "", entry)], keep=KEPT)


def outputs(g: Graphs, top: Sequence) -> dict[str, str]:
    """The names of some layers, the logits first."""
    names = [n for n in top.names if n not in top.training and n in top.called]
    chosen = [g.pick(*names) for _ in range(g.draw.randint(1, 2))] if names else []
    tensors = [n for n in names if not top.called[n]]  # parameters
    chosen += [g.pick(*tensors)] if tensors and g.chance(0.8) else []
    chosen += [g.pick(*top.inner)] if top.inner and g.chance(0.4) else []
    chosen += sorted(top.training)
    if not chosen or g.chance(0.03):
        chosen = ["nowhere"]
    keys = ("logits", "aux", "third", "more", "last", "even")
    of_no_size = Scope((), top.scope.params)
    written = [dressed_name(g.draw, n, of_no_size) for n in chosen]
    return dict(zip(keys, written, strict=False))


def rules(g: Graphs, layers: Any, scope: Scope) -> dict[str, Any]:
    """Rules for kinds of layers and for paths, of what is there."""
    found: dict[str, dict[str, Any]] = {}
    text = json.dumps([layers, g.blocks])
    kinds = [k for k in ("Conv2d", "Conv1d", "Linear", "BatchNorm2d", "LayerNorm") if
             f'"{k}": ' in text]  # fmt: skip
    for kind in kinds[: g.draw.randint(0, 2)]:
        vector = kind.endswith(("Norm", "Norm2d"))
        found[kind] = {
            "weight": g.pick("ones_", {"constant_": 0.5}, {"normal_": {"std": 0.5}})
            if vector
            else g.pick(
                {"kaiming_normal_": {"mode": "fan_out"}}, {"constant_": 0.25}, "zeros_",
                {"uniform_": {"a": "$(-1 / sqrt(fan_in))", "b": 1}},
                {"trunc_normal_": {"std": dressed(g.draw, 0.5, scope)}},
            )
        }  # fmt: skip
        if g.chance(0.5):
            found[kind]["bias"] = g.pick("zeros_", {"constant_": {"val": 0.125}})
    if g.chance(0.5) and isinstance(layers, dict | list):
        found["*"] = {"bias": g.pick("zeros_", {"constant_": 1.5})}
    return found


def extending(g: Graphs, spec: dict[str, Any]) -> dict[str, Any]:
    """The spec in two: one with other values, and one that extends it with these."""
    child: dict[str, Any] = {"netspec": 1}
    base = dict(spec)
    for section in ("input", "init", "params"):
        if section in spec and g.chance(0.7):
            child[section] = base.pop(section)
    if "params" in child:  # of which the other spec has some already
        base["params"] = dict(child["params"])
        names = sorted(base["params"])
        base["params"][names[0]] = child["params"][names[0]]
        child["params"] = {n: child["params"][n] for n in names[: g.draw.randint(1, 9)]}
    if "input" in child:
        base["input"] = [size + 1 for size in child["input"]]
    return {**child, "extends": base}
