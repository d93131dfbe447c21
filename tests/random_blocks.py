"""Blocks: declared as they are drawn, and used again with other arguments."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from drawn_sequence import Items, Place
from random_entries import reading
from random_layers import ACTIVATIONS
from random_values import Scope, dressed, dressed_name
from reference_layers import Refused
from reference_values import evaluated

from netspec.ops.base import Shape

if TYPE_CHECKING:
    from random_graphs import Graphs

TYPES = ("int", "float", "bool", "str", "list")


def use(g: Graphs, place: Place) -> tuple[Any, None] | None:
    """A block: a new one, or one that is there with arguments of its own."""
    known = [n for n in g.blocks if n not in g.gives]
    if known and g.chance(0.7):
        name = g.pick(*known)
        args = varied(g, g.given[name])
        truths = conditions(g, name, args, place.x)
        g.tally["a condition of one block, true and false"] += truths != g.truths[name]
    else:
        name = block(g, place.x)
        if name is None:
            return None
        args = dict(g.given[name])
    params = g.blocks[name].get("params", {})
    required = [n for n, v in params.items() if isinstance(v, str) and v in TYPES]
    args = {n: v for n, v in args.items() if n in required or g.chance(0.5)}
    values = dressed(g.draw, args, place.scope)
    if not values:
        return g.pick(name, {name: {}}) if not required else None, None
    bare = required if len(required) == 1 else list(params) if len(params) == 1 else []
    if list(values) == bare and not isinstance(values[bare[0]], dict) and g.chance(0.5):
        return {name: values[bare[0]]}, None
    return {name: values}, None


def varied(g: Graphs, given: dict[str, Any]) -> dict[str, Any]:
    """Other arguments of the same kinds."""
    out = dict(given)
    for name, value in given.items():
        if g.chance(0.5):
            continue
        if isinstance(value, bool):
            out[name] = not value
        elif isinstance(value, int):
            out[name] = g.pick(1, 2, 3, 4, 6)
        elif value in ACTIVATIONS:
            out[name] = g.pick(*ACTIVATIONS)
    return out


def wide_block(g: Graphs, place: Place) -> Items | None:
    """A block of several inputs or outputs, and mostly a layer that takes one of what it gives."""
    seq = place.sequence
    pool = g.pool(seq)
    taken = [g.pick(*pool) for _ in range(g.draw.randint(1, 3))]
    inputs = dict(zip(("fine", "coarse", "third"), (pool[n] for n in taken), strict=False))
    name = block(g, pool[taken[0]], inputs if len(taken) > 1 or g.chance(0.3) else {})
    if name is None:
        return None
    seq.drawn += 1
    called, reader = f"wide{seq.drawn}", f"of{seq.drawn}"
    given = g.gives[name]
    named = {f"{called}.{n}" if n else called: s for n, s in given.items()}
    args = dict(g.given[name]) if g.chance(0.5) else {}
    params = g.blocks[name].get("params", {})
    args |= {n: g.given[name][n] for n, v in params.items() if isinstance(v, str) and v in TYPES}
    entry = {"from": taken, name: dressed(g.draw, args, place.scope)}
    if len(taken) > 1 and "" in given and g.chance(0.2):
        entry = {"repeat": 2, **entry}
    made = [(called, entry), (reader, reading(g, place, named))]
    return made if seq.mapping else [("", {"name": key, **entry}) for key, entry in made]


def block(g: Graphs, x: Shape, inputs: dict[str, Shape] | None = None) -> str | None:
    """Declare a block, drawn for an input of this shape, or for several."""
    scope = Scope(x, {}, within_block=True, inputs=inputs or {})
    g.depth += 1
    body = g.nested(scope, None if len(scope.given) > 1 else x, g.draw.randint(1, 4))
    g.depth -= 1
    if not body.items or (inputs is not None and body.previous is None):
        return None
    block: dict[str, Any] = {"layers": body.data()}
    if inputs is None and not body.mapping and len(body.items) == 1 and g.chance(0.5):
        block["layers"] = body.items[0][1]
    name = f"Block{'ABCDEFGHIJ'[len(g.blocks) % 10]}{len(g.blocks) // 10 or ''}"
    known = [n for n in body.names if n in body.called]
    if inputs is not None and body.previous is not None:
        g.gives[name] = {"": body.previous}
        values = body.own() | body.inner | scope.given
        if g.chance(0.6):
            chosen = [g.pick(*values) for _ in range(g.draw.randint(1, 3))]
            outputs = dict(zip(("sum", "next", "low"), chosen, strict=False))
            block["outputs"] = outputs
            g.gives[name] = {n: values[target] for n, target in outputs.items()}
        if inputs:
            block["inputs"] = [*inputs]
    if known and not g.wrong and g.chance(0.3):
        g.draw.shuffle(known)
        block["order"] = [dressed_name(g.draw, n, scope) for n in known[: g.draw.randint(1, 3)]]
    if g.chance(0.15):
        block["init"] = {"*": {"weight": g.pick("zeros_", {"constant_": 0.5})}}
    params = {}
    for key, value in scope.params.items():
        kind = {bool: "bool", int: "int", float: "float", str: "str", list: "list"}[type(value)]
        params[key] = kind if g.chance(0.4) else value
    if params:
        block["params"] = params
    g.blocks[name], g.given[name] = block, dict(scope.params)
    if not inputs:
        g.truths[name] = conditions(g, name, scope.params, x)
    return name


def conditions(g: Graphs, name: str, params: dict[str, Any], x: Shape) -> list[bool]:
    """How the conditions of a block's own entries turn out for an input."""
    body = g.blocks[name]["layers"]
    env = Scope(x, params).env
    found = []
    for entry in body.values() if isinstance(body, dict) else body:
        if isinstance(entry, dict) and "if" in entry:
            with suppress(Refused):  # of a loop
                found.append(bool(evaluated(entry["if"], env)))
    return found
