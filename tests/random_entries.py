"""What stands as an entry: a layer, a sequence, a join, branches, a call, and the like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drawn_sequence import KEPT, KEPT_LAYER, Items, Place, as_mapping, plain_sequence
from random_layers import ACTIVATIONS, INPUTLESS, Layer, any_layer, inferred, usual_layer
from random_ops import args_for
from random_values import Scope, condition, dressed, dressed_name

import netspec
from netspec.ops.base import Shape

if TYPE_CHECKING:
    from random_graphs import Graphs


def layer(g: Graphs, place: Place) -> tuple[Any, Layer] | None:
    """A layer, its arguments written in any way."""
    draw, x, scope = g.draw, place.x, place.scope
    if x and (g.usual or g.chance(0.45)):
        channels = x[0] if place.keep else g.channels(scope, x)
        layer = usual_layer(draw, x, channels)
    else:
        layer = any_layer(draw, x)
    if layer.output is None and not g.chance(KEPT_LAYER):
        return None
    if place.keep and layer.output != x and g.chance(0.97):
        return None
    return written(g, layer, scope), layer


def written(g: Graphs, layer: Layer, scope: Scope) -> Any:
    """A layer as an entry: bare, with one argument, with all, or named by a parameter."""
    name, args, _ = layer
    op = netspec.ops.OPS[name]
    head = f"${scope.declare(name)}" if g.chance(0.06) else name
    values = dressed(g.draw, args, scope)
    if not values:
        return head if g.chance(0.7) else {head: {}}
    if set(values) == {op.bare} and g.chance(0.5):
        return {head: values[op.bare]}
    return {head: values}


def sequence(g: Graphs, place: Place) -> tuple[Any, None] | None:
    """Layers within a sequence of their own."""
    inner = g.nested(place.scope, place.x, g.draw.randint(1, 3), place.sequence)
    if not inner.items or (place.keep and inner.previous != place.x and not g.wrong):
        return None
    data = inner.data()
    return g.pick(data, {"Sequential": data}, {"layers": data}), None


def join(g: Graphs, place: Place) -> tuple[Any, None] | None:
    """Several earlier values joined by name."""
    seq = place.sequence
    pool = g.pool(seq)
    for _ in range(12):
        name = g.pick(*g.joins)
        names = [g.pick(*pool)]
        alike = [n for n, s in pool.items() if s == pool[names[0]]]
        least, most = netspec.ops.OPS[name].arity
        for _ in range(g.draw.randint(max(least, 1), most or 3) - 1):
            names.append(g.pick(*(alike if g.chance(0.8) else pool)))
        shapes = [pool[n] for n in names]
        args = args_for(g.draw, name, shapes[0], fitting=0.9)
        out = inferred(name, args, *shapes)
        if out is not None or g.chance(KEPT_LAYER):
            names = [dressed_name(g.draw, n, seq.scope, 0.05) for n in names]
            entry = written(g, Layer(name, args, out), place.scope)
            entry = {entry: None} if isinstance(entry, str) else entry
            again = not g.usual and out == shapes[0] and len(names) > 1 and g.chance(0.15)
            return {"from": names, **({"repeat": 2} if again else {}), **entry}, None
    return None


def branches(g: Graphs, place: Place) -> tuple[Any, None] | None:
    """Layers that are each fed the input, and joined."""
    name = g.pick(*g.joins)
    least, most = netspec.ops.OPS[name].arity
    entries = []
    for _ in range(g.draw.randint(max(least, 2), most or 3)):
        inner = Place(place.sequence, place.scope, place.x, keep=name != "Concat")
        made = None
        for _ in range(4):
            made = sequence(g, inner) if g.chance(0.3) else layer(g, inner)
            if made is not None:
                break
        entry = made[0] if made is not None else g.pick(*ACTIVATIONS)
        if g.chance(0.08) and not isinstance(entry, list):
            entry = {entry: None} if isinstance(entry, str) else entry
            if not plain_sequence(entry):
                entry = {"if": condition(g.draw, place.scope, g.chance(0.5)), **entry}
        spreads = not isinstance(entry, list) and "layers" not in as_mapping(entry)
        if g.chance(0.06) and spreads and most is None:
            entry = {"each": 2, **as_mapping(entry)}
        entries.append(entry)
    keys = ["left", "right", "third", "more", "last"]
    listed: Any = entries
    if g.chance(0.5):
        listed = {
            f"{key}$(index)" if isinstance(e, dict) and "each" in e else key: e
            for key, e in zip(keys, entries, strict=False)
        }
    join = written(g, Layer(name, args_for(g.draw, name, place.x, 0.95), None), place.scope)
    join = {join: None} if isinstance(join, str) else join
    return {"branches": listed, **join}, None


def called(g: Graphs, place: Place) -> tuple[Any, None] | None:
    """An earlier layer once more, mostly on an input as it had."""
    seq = place.sequence
    targets = list(seq.called) or [""]
    target = g.pick(*targets)
    shapes = seq.called.get(target, ())
    name = dressed_name(g.draw, target or "nothing", seq.scope)
    if (place.x,) == shapes or not target:
        return ({"call": name}, None) if target or g.chance(KEPT) else None
    pool = g.pool(seq)
    sources = []
    for shape in shapes:
        alike = [n for n, s in pool.items() if s == shape]
        near = [n for n, s in pool.items() if len(s) == len(shape) and s[0] == shape[0]]
        chosen = near if near and (not alike or g.chance(0.4)) else alike
        if not chosen:
            return None
        sources.append(g.pick(*chosen))
    return ({"from": sources, "call": name}, None) if sources else None


def parameter(g: Graphs, place: Place) -> Items | None:
    """A learned tensor, and mostly a join that reads it."""
    seq, x = place.sequence, place.x
    kind = g.pick(*INPUTLESS)
    args = args_for(g.draw, kind, x)
    args["shape"] = [g.pick(s, s, 1) for s in x][:5] or [1]
    seq.drawn += 1
    name, joined = f"token{seq.drawn}", f"with{seq.drawn}"
    tensor = {kind: dressed(g.draw, args, place.scope)}
    if set(args) == {"shape"} and g.chance(0.5):
        tensor = {kind: args["shape"]}
    before = [*seq.own()] or [*seq.scope.given]
    join = {"from": [g.pick(*before[-2:]), name], g.pick("Add", "Mul", "Concat"): {}}
    if g.chance(0.5):
        join["from"].reverse()
    made = [(name, tensor), (joined, join)][: 2 if g.chance(0.8) else 1]
    if seq.mapping:
        return made
    return [("", {"name": key, **entry}) for key, entry in made]


def parts(g: Graphs, place: Place) -> Items | None:
    """A layer of several values, and one that takes a part of it, or joins two."""
    seq, x = place.sequence, place.x
    if not x:
        return None
    kind = g.pick("Chunk", "Split", *(RECURRENT if len(x) == 2 else ()))
    args = args_for(g.draw, kind, x, 0.95)
    args.pop("index", None)
    if inferred(kind, args, x) is None:
        return None
    found = netspec.ops.OPS[kind](**args).outputs(x)
    seq.drawn += 1
    name, reader = f"several{seq.drawn}", f"part{seq.drawn}"
    named = {f"{name}.{part}" if part else name: shape for part, shape in found.items()}
    several = as_mapping(written(g, Layer(kind, args, None), place.scope))
    made = [(name, several), (reader, reading(g, place, named))]
    return made if seq.mapping else [("", {"name": key, **entry}) for key, entry in made]


def reading(g: Graphs, place: Place, named: dict[str, Shape]) -> dict[str, Any]:
    """An entry that takes one of several values, or joins them."""
    first = g.pick(*named)
    alike = [n for n, s in named.items() if s == named[first]]
    if len(alike) > 1 and g.chance(0.4):
        return {"from": alike, g.pick("Add", "Mul", "Concat"): {}}
    made = layer(g, replace(place, x=named[first]))
    return {"from": first, **as_mapping("Tanh" if made is None else made[0])}


RECURRENT = ("RNN", "GRU", "LSTM")


def spliced(g: Graphs, place: Place) -> Items | None:
    """`each` with `layers`: several layers a copy, which stand in the sequence around."""
    seq = place.sequence
    written, inner = g.loop(seq.scope)
    body = g.nested(seq.scope.inside(inner), place.x, g.draw.randint(1, 2), seq)
    if not body.items:
        return None
    if body.mapping:
        seq.drawn += 1
        body.items = [
            (f"{key}s{seq.drawn}_$(index)" if "$" not in key else key, entry)
            for key, entry in body.items
        ]
    entry: dict[str, Any] = {"each": written, "layers": body.data()}
    if g.chance(0.2):
        holds = g.chance(0.5)
        entry["if"] = condition(g.draw, seq.scope.inside(inner), holds)
    return [("", entry)]


def either(g: Graphs, place: Place) -> Items | None:
    """Two layers of one name, of which a condition takes one."""
    seq = place.sequence
    first, second = layer(g, place), layer(g, place)
    if first is None or second is None or seq.mapping:
        return None
    seq.drawn += 1
    flag = condition(g.draw, seq.scope, g.chance(0.5))
    other = not flag if isinstance(flag, bool) else f"$(not ({flag[2:-1]}))"
    return [
        ("", {"name": f"one{seq.drawn}", "if": truth, **as_mapping(made[0])})
        for truth, made in ((flag, first), (other, second))
    ]
