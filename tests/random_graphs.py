"""Random specs of whole networks, most of them right: every construct of the language, mixed.

A spec is drawn entry by entry: what stands as an entry is a row of `CORES`, what stands beside one
is added by `Graphs.around`, and layers come from the registry. Each entry is held against netspec
as it is drawn: one that it refuses is mostly drawn anew, and now and then kept as a mistake, for
the reference to judge.
"""

from __future__ import annotations

import json
from collections import Counter
from math import prod
from random import Random
from typing import Any

from drawn_sequence import KEPT, Items, Place, Sequence, plain_sequence, stand_ins
from random_blocks import use, wide_block
from random_entries import (
    branches,
    called,
    either,
    join,
    layer,
    parameter,
    parts,
    sequence,
    spliced,
    written,
)
from random_layers import JOINS, MOST, SINGLE, Layer, inferred
from random_ops import args_for, shape_for
from random_sections import extending, input_shape, outputs, rules, tail
from random_values import Scope, condition, dressed, dressed_name

import netspec
from netspec.compiler.ir import Layer as Found
from netspec.compiler.ir import walk
from netspec.ops.base import Shape


class Graphs:
    """Draws one spec as data."""

    def __init__(self, draw: Random, first: str = "", usual: bool = False) -> None:
        """`first` is a layer with which the network begins, if it can be.

        With `usual` there are only layers that networks often have.
        """
        self.draw, self.first, self.usual = draw, first, usual
        self.joins = ("Add", "Mul", "Concat") if usual else JOINS
        self.blocks: dict[str, Any] = {}
        self.gives: dict[str, dict[str, Shape]] = {}
        """Of blocks of several inputs or outputs, what they give; `""` is a block's own value."""
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
        shape = input_shape(self) if first is None else first[0]
        scope = Scope(shape, self.pick({}, {"width": 4}, {"sizes": [2, 4, 6], "wide": True}))
        top = Sequence(scope, shape, self.chance(0.6), True)
        if first is not None:
            entry = written(self, first[1], scope)
            self.take(top, [("first" if top.mapping else "", entry)], first[1])
        self.grow(top, self.draw.randint(2, 7))
        if not self.wrong or self.chance(0.5):
            tail(self, top)
        spec: dict[str, Any] = {"netspec": 1, "input": list(shape)}
        if self.blocks:
            used = [n for n in self.blocks if f'"{n}"' in json.dumps([top.data(), self.blocks])]
            spec["blocks"] = {n: self.blocks[n] for n in used}
        if not top.items:
            top.items.append(("only" if top.mapping else "", "Identity"))
        layers = top.data()
        if not top.mapping and len(layers) == 1 and self.chance(0.5):
            layers = layers[0]
        spec["layers"] = layers
        if top.names and not self.usual and self.chance(0.3):
            spec["outputs"] = outputs(self, top)
        if self.chance(0.25):
            starts = rules(self, spec["layers"], scope)
            spec |= {"init": starts} if starts else {}
        if scope.params:
            spec["params"] = scope.params
        return extending(self, spec) if not self.usual and self.chance(0.12) else spec

    def beginning(self) -> tuple[Shape, Layer] | None:
        """An input and the layer that was asked for, which takes it."""
        for _ in range(40 if self.first else 0):
            shape = shape_for(self.draw, self.first)
            if self.first == "RelativePositionalMultiHeadAttention" and len(shape) == 3:
                shape = (shape[0], 4, shape[2])
            if self.first == "MultiscaleAttention" and len(shape) == 2:
                shape = (self.draw.choice((9, 13)), shape[1])
            args = args_for(self.draw, self.first, shape, 0.9)
            out = inferred(self.first, args, shape) if 0 < len(shape) < 5 else None
            if out is not None:
                return shape, Layer(self.first, args, out)
        return None

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

    def nested(
        self, scope: Scope, x: Shape | None, count: int, outer: Sequence | None = None
    ) -> Sequence:
        """A sequence within another, or the body of a block."""
        seq = Sequence(scope, x, self.chance(0.5), outer is None, outer)
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
                if name in seq.called:
                    return False
                source = seq.previous
                if source is not None and not (isinstance(entry, dict) and "from" in entry):
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
        read = [n for _, e in items if isinstance(e, dict) for n in as_names(e.get("from"))]
        self.tally["a name of a sequence around"] += bool({*read} & {*seq.around()})
        seq.items += items
        seq.previous = found.output
        seq.count = len(found.children)
        seq.take_names(found.children)
        return True

    def found(self, seq: Sequence, items: Items) -> Found | None:
        """What netspec makes of a sequence in its first copy; None where it refuses."""
        entry: dict[str, Any] = {"Sequential": seq.data(items)}
        text = json.dumps(entry)
        for loop in reversed(seq.scope.loops):
            ((name, value),) = [(n, v) for n, v in loop.items() if n != "index"] or [("", None)]
            count = {name: [value]} if name else 1
            entry = {"repeat": count, "Sequential": [entry]}
        layers: dict[str, Any] = {"body_": entry}
        if not seq.from_input:
            if seq.start is None or len(seq.start) > 5:
                return None
            known = {n: s for n, s in seq.around().items() if f'"{n}"' in text}
            layers = {"start_": {"Parameter": list(seq.start)}, **stand_ins(known)}
            layers["body_"] = {"from": "start_", **entry}
        inputs = {name: list(shape) for name, shape in seq.scope.given.items()}
        spec = {
            "netspec": 1, **({"inputs": inputs} if seq.scope.inputs else inputs),
            "params": seq.scope.params, "blocks": self.blocks, "layers": layers,
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
        asked = seq.previous is None or (bool(seq.names) and self.chance(0.15))
        source, x = self.value(seq) if asked else ("", seq.previous)
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
        if isinstance(entry, dict) and "from" in entry:
            source = ""
        return self.around(seq, entry, layer, source, loop, kind)

    def value(self, seq: Sequence) -> tuple[str, Shape]:
        """The name of a value that an entry can take, and its shape."""
        pools = [p for p in (seq.inner, seq.around()) if p and not self.usual]
        pool = seq.own() | seq.scope.given
        if pools and self.chance(0.4):
            pool = self.pick(*pools)
        return self.pick(*pool.items())

    def pool(self, seq: Sequence) -> dict[str, Shape]:
        """The values that a join can take, by their names."""
        pool = seq.own() | seq.scope.given
        if not self.usual:
            pool |= seq.inner if self.chance(0.3) else {}
            pool |= {n: s for n, s in seq.around().items() if n not in pool and self.chance(0.3)}
        return pool

    def fits(self, kind: str, seq: Sequence, loop: Any, source: str) -> bool:
        """Whether a kind of entry can stand here."""
        if kind in ("sequence", "branches", "block", "wide") and self.depth > 2:
            return False
        asked = bool(source) and not (seq.previous is None and kind in ("join", "call"))
        if kind in ALONE and (loop or asked):
            return False
        if self.usual and kind in ("parts", "wide"):
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
            if seq.own() and self.chance(0.2):
                modifiers["else"] = dressed_name(self.draw, self.value(seq)[0], seq.scope)
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


def as_names(written: Any) -> list[str]:
    """The names in `from`, where it is a list or one."""
    return written if isinstance(written, list) else [str(written)]


def graph(seed: object, number: int) -> Graphs:
    """The generator of a number's spec: of two, one begins with a layer of the registry in turn."""
    first = SINGLE[number // 2 % len(SINGLE)] if number % 2 == 0 else ""
    return Graphs(Random(f"{seed}-{number}"), first)


CORES: dict[str, tuple[int, Any]] = {
    "layer": (50, layer),
    "sequence": (8, sequence),
    "branches": (8, branches),
    "block": (14, use),
    "join": (10, join),
    "call": (8, called),
    "parameter": (4, parameter),
    "spliced": (5, spliced),
    "either": (2, either),
    "parts": (4, parts),
    "wide": (5, wide_block),
}
"""What may be an entry: how often, and how it is drawn."""

ALONE = ("join", "parameter", "spliced", "either", "call", "parts", "wide")
"""What says itself where its input comes from, or stands in no loop."""
