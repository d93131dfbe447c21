"""Random specs of whole networks, most of them right: every construct of the language, mixed.

A spec is drawn entry by entry: what stands as an entry is a row of `CORES`, what stands beside one
is added by `Graphs.around`, and layers come from the registry. Each entry is held against netspec
as it is drawn: one that it refuses is mostly drawn anew, and now and then kept as a mistake, for
the reference to judge.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import Any

from graph_reference import Refused, as_sequence, evaluated
from random_layers import (
    ACTIVATIONS,
    INPUTLESS,
    JOINS,
    MOST,
    SINGLE,
    Layer,
    any_layer,
    inferred,
    usual_layer,
)
from random_ops import args_for, shape_for
from random_values import Scope, condition, dressed, dressed_name

import netspec
from netspec.compiler.ir import Layer as Found
from netspec.compiler.ir import walk
from netspec.ops.base import Shape

KEPT = 0.3
"""How often an entry that netspec refuses is kept."""
KEPT_LAYER = 0.05
"""The same of a single layer, of which more are drawn."""

Items = list[tuple[str, Any]]


@dataclass
class Sequence:
    """A sequence while it is drawn: its entries, and what they give in the loop's first copy."""

    scope: Scope
    start: Shape
    mapping: bool
    from_input: bool
    """Whether it begins at its block's input."""
    items: Items = field(default_factory=list)
    names: dict[str, Shape] = field(default_factory=dict)
    called: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    training: set[str] = field(default_factory=set)
    count: int = 0
    drawn: int = 0

    def __post_init__(self) -> None:
        self.previous = self.start

    def data(self, items: Items | None = None) -> Any:
        """As a spec has it."""
        items = self.items if items is None else items
        return dict(items) if self.mapping else [entry for _, entry in items]


@dataclass
class Place:
    """Where an entry is drawn: its input, and whether it should give the same shape."""

    sequence: Sequence
    scope: Scope
    x: Shape
    keep: bool = False


class Graphs:
    """Draws one spec as data."""

    def __init__(self, draw: Random, first: str = "", usual: bool = False) -> None:
        """`first` is a layer with which the network begins, if it can be.

        With `usual` there are only layers that networks often have.
        """
        self.draw, self.first, self.usual = draw, first, usual
        self.joins = ("Add", "Mul", "Concat") if usual else JOINS
        self.blocks: dict[str, Any] = {}
        self.given: dict[str, dict[str, Any]] = {}
        self.depth = 0
        self.wrong = False
        self.tally: Counter[str] = Counter()
        """What the data does not show: conditions by their truth."""
        self.truths: dict[str, list[bool]] = {}

    # small choices

    def chance(self, probability: float) -> bool:
        return self.draw.random() < probability

    def pick(self, *choices: Any) -> Any:
        return self.draw.choice(choices)

    def channels(self, scope: Scope, x: Shape) -> int:
        """Channels that a layer may give, often those that a name in scope stands for."""
        held = []
        for value in scope.env.values():
            held += [value] if type(value) is int else value if isinstance(value, list) else []
        held = [v for v in held if type(v) is int and 1 < v < 9]
        return self.pick(*held) if held and self.chance(0.4) else self.pick(2, 4, 6, *x[:1])

    # whole specs

    def spec(self) -> dict[str, Any]:
        """A whole spec; under `extends`, where it is there, stands the other spec itself."""
        first = self.beginning()
        shape = self.input() if first is None else first[0]
        scope = Scope(shape, self.pick({}, {"width": 4}, {"sizes": [2, 4, 6], "wide": True}))
        top = Sequence(scope, shape, self.chance(0.6), True)
        if first is not None:
            entry = self.written(first[1], scope)
            self.take(top, [("first" if top.mapping else "", entry)], first[1])
        self.grow(top, self.draw.randint(2, 7))
        if not self.wrong or self.chance(0.5):
            self.tail(top)
        spec: dict[str, Any] = {"netspec": 1, "input": list(shape)}
        if self.blocks:
            used = [n for n in self.blocks if f'"{n}"' in json.dumps([top.data(), self.blocks])]
            spec["blocks"] = {n: self.blocks[n] for n in used}
        layers = top.data()
        if not top.mapping and len(layers) == 1 and self.chance(0.5):
            layers = layers[0]
        spec["layers"] = layers
        if top.names and not self.usual and self.chance(0.3):
            spec["outputs"] = self.outputs(top)
        if self.chance(0.25):
            rules = self.init(spec["layers"], scope)
            spec |= {"init": rules} if rules else {}
        if scope.params:
            spec["params"] = scope.params
        return self.extending(spec) if not self.usual and self.chance(0.12) else spec

    def beginning(self) -> tuple[Shape, Layer] | None:
        """An input and the layer that was asked for, which takes it."""
        for _ in range(40 if self.first else 0):
            shape = shape_for(self.draw, self.first)
            if self.first == "RelativePositionalMultiHeadAttention" and len(shape) == 3:
                shape = (shape[0], 4, shape[2])
            if self.first == "MultiscaleAttention" and len(shape) == 2:
                shape = (self.draw.choice((9, 13)), shape[1])
            args = args_for(self.draw, self.first, shape, 0.9)
            out = inferred(self.first, args, shape) if len(shape) < 5 else None
            if out is not None:
                return shape, Layer(self.first, args, out)
        return None

    def input(self) -> Shape:
        """An input of one to four dimensions."""
        dims = self.pick(1, 2, 3, 3, 3, 4)
        channels = self.pick(1, 2, 3, 4, 6) if dims > 1 else self.draw.randint(2, 16)
        most = {1: 1, 2: 24, 3: 16, 4: 7}[dims]
        sizes = [self.draw.randint(3, most) for _ in range(dims - 1)]
        return (channels, *([sizes[0]] * len(sizes) if sizes and self.chance(0.4) else sizes))

    def tail(self, top: Sequence) -> None:
        """How a network often ends."""
        ends: Items = []
        if self.chance(0.3) and 1 < len(top.previous) < 5:
            ends.append(("pool_", {f"AdaptiveAvgPool{len(top.previous) - 1}d": self.pick(1, 1, 2)}))
        if self.chance(0.6):
            classes = dressed(self.draw, self.draw.randint(1, 9), top.scope)
            ends += [("flatten_", "Flatten"), ("fc_", {"Linear": classes})]
        for key, entry in ends:
            self.take(top, [(key if top.mapping else "", entry)], keep=KEPT)

    def outputs(self, top: Sequence) -> dict[str, str]:
        """The names of some layers, the logits first."""
        names = [n for n in top.names if n not in top.training and n in top.called]
        chosen = [self.pick(*names) for _ in range(self.draw.randint(1, 2))] if names else []
        tensors = [n for n in names if not top.called[n]]  # parameters
        chosen += [self.pick(*tensors)] if tensors and self.chance(0.8) else []
        chosen += sorted(top.training)
        if not chosen or self.chance(0.03):
            chosen = ["nowhere"]
        keys = ("logits", "aux", "third", "more", "last", "even")
        of_no_size = Scope((), top.scope.params)
        written = [dressed_name(self.draw, n, of_no_size) for n in chosen]
        return dict(zip(keys, written, strict=False))

    def init(self, layers: Any, scope: Scope) -> dict[str, Any]:
        """Rules for kinds of layers and for paths, of what is there."""
        found: dict[str, dict[str, Any]] = {}
        text = json.dumps([layers, self.blocks])
        kinds = [k for k in ("Conv2d", "Conv1d", "Linear", "BatchNorm2d", "LayerNorm") if
                 f'"{k}": ' in text]  # fmt: skip
        for kind in kinds[: self.draw.randint(0, 2)]:
            vector = kind.endswith(("Norm", "Norm2d"))
            found[kind] = {
                "weight": self.pick("ones_", {"constant_": 0.5}, {"normal_": {"std": 0.5}})
                if vector
                else self.pick(
                    {"kaiming_normal_": {"mode": "fan_out"}}, {"constant_": 0.25}, "zeros_",
                    {"uniform_": {"a": "$(-1 / sqrt(fan_in))", "b": 1}},
                    {"trunc_normal_": {"std": dressed(self.draw, 0.5, scope)}},
                )
            }  # fmt: skip
            if self.chance(0.5):
                found[kind]["bias"] = self.pick("zeros_", {"constant_": {"val": 0.125}})
        if self.chance(0.5) and isinstance(layers, dict | list):
            found["*"] = {"bias": self.pick("zeros_", {"constant_": 1.5})}
        return found

    def extending(self, spec: dict[str, Any]) -> dict[str, Any]:
        """The spec in two: one with other values, and one that extends it with these."""
        child: dict[str, Any] = {"netspec": 1}
        base = dict(spec)
        for section in ("input", "init", "params"):
            if section in spec and self.chance(0.7):
                child[section] = base.pop(section)
        if "params" in child:  # of which the other spec has some already
            base["params"] = dict(child["params"])
            names = sorted(base["params"])
            base["params"][names[0]] = child["params"][names[0]]
            child["params"] = {n: child["params"][n] for n in names[: self.draw.randint(1, 9)]}
        if "input" in child:
            base["input"] = [size + 1 for size in child["input"]]
        return {**child, "extends": base}

    # sequences

    def grow(self, seq: Sequence, count: int) -> None:
        """Add entries until there are `count` more, or a mistake is kept."""
        for _ in range(count):
            for _ in range(6):
                if self.wrong:
                    return
                before = len(seq.scope.params)
                made = self.entry(seq)
                if made is not None and self.take(seq, *made):
                    break
                for name in [*seq.scope.params][before:]:  # declared for what is not kept
                    seq.scope.params.pop(name) if not self.wrong else None

    def nested(self, scope: Scope, x: Shape, count: int, from_input: bool = False) -> Sequence:
        """A sequence within another."""
        seq = Sequence(scope, x, self.chance(0.5), from_input)
        self.depth += 1
        self.grow(seq, count)
        self.depth -= 1
        return seq

    def take(
        self, seq: Sequence, items: Items, layer: Layer | None = None, keep: float = KEPT
    ) -> bool:
        """Add entries to a sequence if netspec takes them, or as a mistake; whether they are."""
        if layer is not None and layer.output is not None:
            ((key, entry),) = items
            named = entry.get("name") if isinstance(entry, dict) else None
            plain = not (named and "$" in named) and "$" not in key
            if plain:
                name = named or key or str(seq.count)
                if name in seq.names:
                    return False
                source = seq.previous
                if isinstance(entry, dict) and "from" in entry:
                    plain = False
                else:
                    seq.items += items
                    seq.names[name], seq.called[name] = layer.output, (source,)
                    seq.previous = layer.output
                    seq.count += 1
                    return True
        found = None if self.wrong else self.found(seq, [*seq.items, *items])
        if found is None:
            if not self.wrong and not self.chance(keep):
                return False
            self.wrong = True
            seq.items += items
            return True
        if any(prod(one.output) > MOST for one in walk(found)):
            return False
        seq.items += items
        seq.previous = found.output
        seq.count = len(found.children)
        for child in found.children:
            seq.names[child.name] = child.output
            seq.called[child.name] = child.inputs
            if child.training_only:
                seq.training.add(child.name)
        return True

    def found(self, seq: Sequence, items: Items) -> Found | None:
        """What netspec makes of a sequence in its first copy; None where it refuses."""
        entry: dict[str, Any] = {"Sequential": seq.data(items)}
        for loop in reversed(seq.scope.loops):
            ((name, value),) = [(n, v) for n, v in loop.items() if n != "index"] or [("", None)]
            count = {name: [value]} if name else 1
            entry = {"repeat": count, "Sequential": [entry]}
        layers: dict[str, Any] = {"y": entry}
        if not seq.from_input:
            if len(seq.start) > 5:
                return None
            layers = {"x": {"Parameter": list(seq.start)}, "y": {"from": "x", **entry}}
        spec = {
            "netspec": 1, "input": list(seq.scope.input), "params": seq.scope.params,
            "blocks": self.blocks, "layers": layers,
        }  # fmt: skip
        try:
            net = netspec.loads(json.dumps(spec))
        except netspec.SpecError:
            return None
        layer = net.root.children[-1]
        for _ in seq.scope.loops:
            layer = layer.children[0].children[0]
        return layer

    # entries

    def entry(self, seq: Sequence) -> tuple[Items, Layer | None] | None:
        """An entry or several with their keys; and the layer, where it is one alone."""
        names = [n for n in seq.names if n not in seq.training]
        source = self.pick(*names, "input") if names and self.chance(0.15) else ""
        x = seq.names.get(source, seq.scope.input) if source else seq.previous
        loop, scope = None, seq.scope
        if self.depth < 3 and self.chance(0.16):
            kind = self.pick("repeat", "each")
            written, inner = self.loop(scope)
            loop, scope = (kind, written), scope.inside(inner)
        place = Place(seq, scope, x, keep=loop is not None and self.chance(0.8))
        kinds = [k for k, core in CORES.items() if self.fits(k, seq, loop, source)]
        kind = self.draw.choices(kinds, [CORES[k][0] for k in kinds])[0]
        made = CORES[kind][1](self, place)
        if made is None:
            return None
        if isinstance(made, list):
            return made, None
        entry, layer = made
        return self.around(seq, entry, layer, source, loop, kind)

    def fits(self, kind: str, seq: Sequence, loop: Any, source: str) -> bool:
        """Whether a kind of entry can stand here."""
        if kind in ("sequence", "branches", "block") and self.depth > 2:
            return False
        if kind in ALONE and (loop or source):
            return False
        if kind == "spliced" and seq.mapping:  # its layers have no name together
            return False
        return not (kind == "branches" and source) and not (
            kind == "call" and loop is not None and loop[0] == "repeat"
        )

    def around(
        self, seq: Sequence, entry: Any, layer: Layer | None, source: str, loop: Any, kind: str
    ) -> tuple[Items, Layer | None]:
        """The entry with its key and its modifiers."""
        stem = self.pick("a", "conv", "x", "layer-", "b_")
        seq.drawn += 1
        name = f"{stem}{seq.drawn}" if seq.mapping or self.chance(0.4) else ""
        modifiers: dict[str, Any] = {}
        if source:
            modifiers["from"] = self.pick(dressed_name(self.draw, source, seq.scope), [source])
        if self.chance(0.3 if seq.scope.within_block else 0.12):
            inner = seq.scope if loop is None or loop[0] == "repeat" else seq.scope.inside(
                {"index": 0}
            )  # fmt: skip
            holds = self.chance(0.5)
            modifiers["if"] = condition(self.draw, inner, holds)
            others = [n for n in seq.names if n not in seq.training]
            if others and self.chance(0.2):
                modifiers["else"] = dressed_name(self.draw, self.pick(*others, "input"), seq.scope)
            self.tally[f"if {str(holds).lower()}"] += 1
        if self.chance(0.04) and kind != "call":
            modifiers["when"] = "training"
        if loop is not None:
            modifiers[loop[0]] = loop[1]
            if loop[0] == "each" and name:
                name += self.pick("_$(index)", "x$(index + 1)", "_$(3 - index)")
        if name and "$" not in name:
            name = dressed_name(self.draw, name, seq.scope, 0.06)
        key = name if seq.mapping and not name.startswith("$") else ""
        if seq.mapping and not key:
            key = f"k{seq.drawn}"
        if name and (not seq.mapping or name.startswith("$") or self.chance(0.05)):
            pascal = self.chance(0.2) and name[:1].isalpha()
            modifiers["name"] = name[:1].upper() + name[1:] if pascal else name
        if modifiers:
            layer = layer if modifiers.keys() <= {"name"} else None
            entry = entry if isinstance(entry, dict) and not plain_sequence(entry) else (
                {entry: None} if isinstance(entry, str) else {"Sequential": entry}
            )  # fmt: skip
            entry = {**modifiers, **entry}
        return [(key, entry)], layer

    def loop(self, scope: Scope) -> tuple[Any, dict[str, Any]]:
        """What `repeat` and `each` take, and what the first copy sees."""
        count = self.draw.randint(1, 3) if self.chance(0.97) else 0
        kind = self.pick("number", "number", "list", "lists", "parameter", "count", "range", "zip")
        if kind == "number" or not count:
            return dressed(self.draw, count, scope), {"index": 0}
        name = self.pick("item", "stage", "w")
        if kind == "count":
            return {name: dressed(self.draw, count, scope)}, {"index": 0, name: 0}
        if kind == "range":
            first = self.draw.randint(1, 3)
            return {name: f"$(range({first}, {first + count}))"}, {"index": 0, name: first}
        items: list[Any] = [self.pick(2, 4, 6) for _ in range(count)]
        if kind == "zip":
            ones = [self.pick(1, 2) for _ in items]
            return {name: f"$(zip({items}, {ones}))"}, {"index": 0, name: [items[0], ones[0]]}
        if kind == "lists":
            items = [[item, self.pick(1, 1, 2)] for item in items]
        if kind == "parameter":
            return {name: f"${scope.declare(items)}"}, {"index": 0, name: items[0]}
        return {name: dressed(self.draw, items, scope)}, {"index": 0, name: items[0]}

    # what an entry may be

    def layer(self, place: Place) -> tuple[Any, Layer] | None:
        """A layer, its arguments written in any way."""
        draw, x, scope = self.draw, place.x, place.scope
        if x and (self.usual or self.chance(0.45)):
            channels = x[0] if place.keep else self.channels(scope, x)
            layer = usual_layer(draw, x, channels)
        else:
            layer = any_layer(draw, x)
        if layer.output is None and not self.chance(KEPT_LAYER):
            return None
        if place.keep and layer.output != x and self.chance(0.97):
            return None
        return self.written(layer, scope), layer

    def written(self, layer: Layer, scope: Scope) -> Any:
        """A layer as an entry: bare, with one argument, with all, or named by a parameter."""
        name, args, _ = layer
        op = netspec.ops.OPS[name]
        head = f"${scope.declare(name)}" if self.chance(0.06) else name
        values = dressed(self.draw, args, scope)
        if not values:
            return head if self.chance(0.7) else {head: {}}
        if set(values) == {op.bare} and self.chance(0.5):
            return {head: values[op.bare]}
        return {head: values}

    def sequence(self, place: Place) -> tuple[Any, None] | None:
        """Layers within a sequence of their own."""
        inner = self.nested(place.scope, place.x, self.draw.randint(1, 3))
        if not inner.items or (place.keep and inner.previous != place.x and not self.wrong):
            return None
        data = inner.data()
        return self.pick(data, {"Sequential": data}, {"layers": data}), None

    def join(self, place: Place) -> tuple[Any, None] | None:
        """Several earlier values joined by name."""
        seq = place.sequence
        pool = {n: s for n, s in seq.names.items() if n not in seq.training}
        pool["input"] = seq.scope.input
        for _ in range(12):
            name = self.pick(*self.joins)
            names = [self.pick(*pool)]
            alike = [n for n, s in pool.items() if s == pool[names[0]]]
            least, most = netspec.ops.OPS[name].arity
            for _ in range(self.draw.randint(max(least, 1), most or 3) - 1):
                names.append(self.pick(*(alike if self.chance(0.8) else pool)))
            shapes = [pool[n] for n in names]
            args = args_for(self.draw, name, shapes[0], fitting=0.9)
            out = inferred(name, args, *shapes)
            if out is not None or self.chance(KEPT_LAYER):
                names = [dressed_name(self.draw, n, seq.scope, 0.05) for n in names]
                entry = self.written(Layer(name, args, out), place.scope)
                entry = {entry: None} if isinstance(entry, str) else entry
                return {"from": names, **entry}, None
        return None

    def branches(self, place: Place) -> tuple[Any, None] | None:
        """Layers that are each fed the input, and joined."""
        name = self.pick(*self.joins)
        least, most = netspec.ops.OPS[name].arity
        entries = []
        for _ in range(self.draw.randint(max(least, 2), most or 3)):
            inner = Place(place.sequence, place.scope, place.x, keep=name != "Concat")
            made = None
            for _ in range(4):
                made = self.sequence(inner) if self.chance(0.3) else self.layer(inner)
                if made is not None:
                    break
            entry = made[0] if made is not None else self.pick(*ACTIVATIONS)
            if self.chance(0.08) and not isinstance(entry, list):
                entry = {entry: None} if isinstance(entry, str) else entry
                if not plain_sequence(entry):
                    entry = {"if": condition(self.draw, place.scope, self.chance(0.5)), **entry}
            spreads = not isinstance(entry, list) and "layers" not in as_mapping(entry)
            if self.chance(0.06) and spreads and most is None:
                entry = {"each": 2, **as_mapping(entry)}
            entries.append(entry)
        keys = ["left", "right", "third", "more", "last"]
        listed: Any = entries
        if self.chance(0.5):
            listed = {
                f"{key}$(index)" if isinstance(e, dict) and "each" in e else key: e
                for key, e in zip(keys, entries, strict=False)
            }
        join = self.written(
            Layer(name, args_for(self.draw, name, place.x, 0.95), None), place.scope
        )
        join = {join: None} if isinstance(join, str) else join
        return {"branches": listed, **join}, None

    def call(self, place: Place) -> tuple[Any, None] | None:
        """An earlier layer once more, mostly on an input as it had."""
        seq = place.sequence
        targets = list(seq.called) or [""]
        target = self.pick(*targets)
        shapes = seq.called.get(target, ())
        name = dressed_name(self.draw, target or "nothing", seq.scope)
        if (place.x,) == shapes or not target:
            return ({"call": name}, None) if target or self.chance(KEPT) else None
        pool = {n: s for n, s in seq.names.items() if n not in seq.training}
        pool["input"] = seq.scope.input
        sources = []
        for shape in shapes:
            alike = [n for n, s in pool.items() if s == shape]
            near = [n for n, s in pool.items() if len(s) == len(shape) and s[0] == shape[0]]
            chosen = near if near and (not alike or self.chance(0.4)) else alike
            if not chosen:
                return None
            sources.append(self.pick(*chosen))
        return ({"from": sources, "call": name}, None) if sources else None

    def parameter(self, place: Place) -> Items | None:
        """A learned tensor, and mostly a join that reads it."""
        seq, x = place.sequence, place.x
        kind = self.pick(*INPUTLESS)
        args = args_for(self.draw, kind, x)
        args["shape"] = [self.pick(s, s, 1) for s in x][:5] or [1]
        seq.drawn += 1
        name, joined = f"token{seq.drawn}", f"with{seq.drawn}"
        tensor = {kind: dressed(self.draw, args, place.scope)}
        if set(args) == {"shape"} and self.chance(0.5):
            tensor = {kind: args["shape"]}
        before = [n for n in seq.names if n not in seq.training] or ["input"]
        join = {"from": [self.pick(*before[-2:]), name], self.pick("Add", "Mul", "Concat"): {}}
        if self.chance(0.5):
            join["from"].reverse()
        made = [(name, tensor), (joined, join)][: 2 if self.chance(0.8) else 1]
        if seq.mapping:
            return made
        return [("", {"name": key, **entry}) for key, entry in made]

    def spliced(self, place: Place) -> Items | None:
        """`each` with `layers`: several layers a copy, which stand in the sequence around."""
        seq = place.sequence
        written, inner = self.loop(seq.scope)
        body = self.nested(seq.scope.inside(inner), place.x, self.draw.randint(1, 2))
        if not body.items:
            return None
        if body.mapping:
            seq.drawn += 1
            body.items = [
                (f"{key}s{seq.drawn}_$(index)" if "$" not in key else key, entry)
                for key, entry in body.items
            ]
        entry: dict[str, Any] = {"each": written, "layers": body.data()}
        if self.chance(0.2):
            holds = self.chance(0.5)
            entry["if"] = condition(self.draw, seq.scope.inside(inner), holds)
        return [("", entry)]

    def either(self, place: Place) -> Items | None:
        """Two layers of one name, of which a condition takes one."""
        seq = place.sequence
        first, second = self.layer(place), self.layer(place)
        if first is None or second is None or seq.mapping:
            return None
        seq.drawn += 1
        flag = condition(self.draw, seq.scope, self.chance(0.5))
        other = not flag if isinstance(flag, bool) else f"$(not ({flag[2:-1]}))"
        return [
            ("", {"name": f"one{seq.drawn}", "if": truth, **as_mapping(made[0])})
            for truth, made in ((flag, first), (other, second))
        ]

    # blocks

    def use(self, place: Place) -> tuple[Any, None] | None:
        """A block: a new one, or one that is there with arguments of its own."""
        if self.blocks and self.chance(0.7):
            name = self.pick(*self.blocks)
            args = self.varied(self.given[name])
            truths = self.conditions(name, args, place.x)
            self.tally["a condition of one block, true and false"] += truths != self.truths[name]
        else:
            name = self.block(place.x)
            if name is None:
                return None
            args = dict(self.given[name])
        params = self.blocks[name].get("params", {})
        required = [n for n, v in params.items() if isinstance(v, str) and v in TYPES]
        args = {n: v for n, v in args.items() if n in required or self.chance(0.5)}
        values = dressed(self.draw, args, place.scope)
        if not values:
            return self.pick(name, {name: {}}) if not required else None, None
        bare = required if len(required) == 1 else list(params) if len(params) == 1 else []
        if list(values) == bare and not isinstance(values[bare[0]], dict) and self.chance(0.5):
            return {name: values[bare[0]]}, None
        return {name: values}, None

    def varied(self, given: dict[str, Any]) -> dict[str, Any]:
        """Other arguments of the same kinds."""
        out = dict(given)
        for name, value in given.items():
            if self.chance(0.5):
                continue
            if isinstance(value, bool):
                out[name] = not value
            elif isinstance(value, int):
                out[name] = self.pick(1, 2, 3, 4, 6)
            elif value in ACTIVATIONS:
                out[name] = self.pick(*ACTIVATIONS)
        return out

    def block(self, x: Shape) -> str | None:
        """Declare a block, drawn for an input of this shape."""
        scope = Scope(x, {}, within_block=True)
        self.depth += 1
        body = self.nested(scope, x, self.draw.randint(1, 4), from_input=True)
        self.depth -= 1
        if not body.items:
            return None
        block: dict[str, Any] = {"layers": body.data()}
        if not body.mapping and len(body.items) == 1 and self.chance(0.5):
            block["layers"] = body.items[0][1]
        name = f"Block{'ABCDEFGHIJ'[len(self.blocks) % 10]}{len(self.blocks) // 10 or ''}"
        known = [n for n in body.names if n in body.called]
        if known and not self.wrong and self.chance(0.3):
            self.draw.shuffle(known)
            block["order"] = [
                dressed_name(self.draw, n, scope) for n in known[: self.draw.randint(1, 3)]
            ]
        if self.chance(0.15):
            block["init"] = {"*": {"weight": self.pick("zeros_", {"constant_": 0.5})}}
        params = {}
        for key, value in scope.params.items():
            kind = {bool: "bool", int: "int", float: "float", str: "str", list: "list"}[type(value)]
            params[key] = kind if self.chance(0.4) else value
        if params:
            block["params"] = params
        self.blocks[name], self.given[name] = block, dict(scope.params)
        self.truths[name] = self.conditions(name, scope.params, x)
        return name

    def conditions(self, name: str, params: dict[str, Any], x: Shape) -> list[bool]:
        """How the conditions of a block's own entries turn out for an input."""
        body = self.blocks[name]["layers"]
        env = Scope(x, params).env
        found = []
        for entry in body.values() if isinstance(body, dict) else body:
            if isinstance(entry, dict) and "if" in entry:
                with suppress(Refused):  # of a loop
                    found.append(bool(evaluated(entry["if"], env)))
        return found


def graph(seed: object, number: int) -> Graphs:
    """The generator of a number's spec: of two, one begins with a layer of the registry in turn."""
    first = SINGLE[number // 2 % len(SINGLE)] if number % 2 == 0 else ""
    return Graphs(Random(f"{seed}-{number}"), first)


TYPES = ("int", "float", "bool", "str", "list")


def plain_sequence(entry: Any) -> bool:
    """Whether an entry is a sequence without a word for it."""
    return as_sequence(entry) is entry


def as_mapping(entry: Any) -> dict[str, Any]:
    """An entry as a mapping that modifiers can stand in."""
    if isinstance(entry, str):
        return {entry: None}
    found: dict[str, Any] = {"Sequential": entry} if plain_sequence(entry) else entry
    return found


CORES: dict[str, tuple[int, Any]] = {
    "layer": (50, Graphs.layer),
    "sequence": (8, Graphs.sequence),
    "branches": (8, Graphs.branches),
    "block": (14, Graphs.use),
    "join": (10, Graphs.join),
    "call": (8, Graphs.call),
    "parameter": (4, Graphs.parameter),
    "spliced": (5, Graphs.spliced),
    "either": (2, Graphs.either),
}
"""What may be an entry: how often, and how it is drawn."""

ALONE = ("join", "parameter", "spliced", "either", "call")
"""What says itself where its input comes from, or stands in no loop."""
