"""Changes of a spec as a tree: its form stays YAML, and what it says becomes odd."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from mutated_bytes import ODD
from spec_trees import Pairs, Slot, Tree, copied, mappings, scalars, slots
from tree_values import ABSURD, argument, expression, keys, layer, number, templated

from netspec.compiler.language.document import MODIFIERS, PARAM_TYPES
from netspec.compiler.language.init_rule import INITIALIZERS
from netspec.recipe import TRAIN_SCHEMA

_NAMES: Final = ("a", "b", "x", "n", "conv", "0", "1", "stem", "head", "input", "index", "A", "B")


Change = Callable[[list[Any], random.Random, Sequence[Tree]], None]


def _any(root: list[Any], draw: random.Random) -> Slot:
    return draw.choice(slots(root))


def _name(root: list[Any], draw: random.Random) -> str:
    """A name that stands in the spec, or that might."""
    found = [key for pairs in mappings(root) for key, _ in pairs if isinstance(key, str)]
    return draw.choice(found) if found and draw.random() < 0.8 else draw.choice(_NAMES)


def _parameters(root: list[Any]) -> list[str]:
    """The names that are declared in `params`."""
    found = [
        str(name)
        for pairs in mappings(root)
        for key, value in pairs
        if key == "params" and isinstance(value, Pairs)
        for name, _ in value
    ]
    return found or ["n"]


def _two_swapped(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    (a, i), (b, j) = _any(root, draw), _any(root, draw)
    one, other = copied(a[i]), copied(b[j])
    a[i] = other
    b[j] = one


def _absurd(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    holder, place = draw.choice(scalars(root) or slots(root))
    holder[place] = draw.choice(ABSURD)


def _absurd_subtree(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    holder, place = _any(root, draw)
    holder[place] = draw.choice(ABSURD)


def _number_near(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [(h, p) for h, p in scalars(root) if h[p].lstrip("-").isdecimal() and len(h[p]) < 18]
    if found:
        holder, place = draw.choice(found)
        value = int(holder[place])
        holder[place] = str(draw.choice((value + 1, value - 1, value * 2, -value, value * 1000,
                                         value // 2, value + 0.5, float(value))))  # fmt: skip


def _key(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [pairs for pairs in mappings(root) if pairs]
    if found:
        pair = draw.choice(draw.choice(found))
        pair[0] = draw.choice((draw.choice(keys()), _name(root, draw), draw.choice(ABSURD)))


def _twice(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [h[p] for h, p in slots(root) if isinstance(h[p], list) and h[p]]
    if not found:
        return
    tree = draw.choice(found)
    item = draw.choice(tree)
    for copy in range(draw.choice((1, 1, 1, 2, 5, 40))):
        if isinstance(tree, Pairs):
            key = item[0] if draw.random() < 0.2 else f"{item[0]}{copy}"
            tree.insert(draw.randrange(len(tree) + 1), [key, copied(item[1])])
        else:
            tree.insert(draw.randrange(len(tree) + 1), copied(item))


def _gone(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [h[p] for h, p in slots(root) if isinstance(h[p], list) and h[p]]
    if found:
        tree = draw.choice(found)
        del tree[draw.randrange(len(tree))]


def _wrapped(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    holder, place = _any(root, draw)
    inner = holder[place]
    few = draw.choice(("0", "1", "2", "3", "50", "20000", "$n", "{x: [1, 2, 3]}", "{x: $n}"))
    sources: Tree = [_name(root, draw) for _ in range(draw.randint(0, 3))]
    condition = draw.choice(("true", "false", templated(draw, _parameters(root))))
    around: Tree = draw.choice((
        Pairs([["repeat", few], ["layers", inner]]),
        Pairs([["each", few], ["layers", inner]]),
        Pairs([["each", few], ["Sequential", inner]]),
        Pairs([["layers", inner]]),
        Pairs([["Sequential", inner]]),
        Pairs([["branches", [inner, "Identity"]], [draw.choice(("Add", "Concat", "Mul")), "{}"]]),
        Pairs([["branches", inner], ["Concat", "1"]]),
        Pairs([["if", condition], ["layers", inner]]),
        Pairs([["when", "training"], ["layers", inner]]),
        Pairs([["from", sources], ["layers", inner]]),
        Pairs([["name", _name(root, draw)], ["layers", inner]]),
        [inner], [inner, inner], Pairs([[_name(root, draw), inner]]),
    ))  # fmt: skip
    holder[place] = around


def _modified(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    """A modifier is added beside what a layer says."""
    found = mappings(root)
    if found:
        value = draw.choice((_name(root, draw), draw.choice(ABSURD),
                             templated(draw, _parameters(root)),
                             [_name(root, draw), _name(root, draw)]))  # fmt: skip
        draw.choice(found).append([draw.choice((*MODIFIERS, "order")), value])


def _made_a_block(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    holder, place = _any(root, draw)
    name = draw.choice(("A", "B", "Block", "ReLU", "a"))
    body = Pairs([["layers", copied(holder[place])]])
    if draw.random() < 0.5:
        kind = draw.choice((*PARAM_TYPES, *ABSURD))
        body.insert(0, ["params", Pairs([[draw.choice(_parameters(root)), kind]])])
    holder[place] = draw.choice((name, Pairs([[name, "{}"]]), Pairs([[name, "3"]])))
    _section(root, "blocks").append([name, body])


def _section(root: list[Any], name: str) -> Pairs:
    """A section of the spec, made where it is not there."""
    if not isinstance(root[0], Pairs):
        return Pairs()
    for key, value in root[0]:
        if key == name and isinstance(value, Pairs):
            return value
    made = Pairs()
    root[0].append([name, made])
    return made


def _nested(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    holder, place = _any(root, draw)
    tree, form = holder[place], draw.randrange(4)
    for _ in range(draw.choice((2, 5, 20, 44, 60))):
        tree = (
            [tree], Pairs([["a", tree]]), Pairs([["branches", [tree]], ["Add", "~"]]),
            Pairs([["repeat", "1"], ["layers", tree]]),
        )[form]  # fmt: skip
    holder[place] = tree


def _expressed(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = scalars(root)
    asking = [(h, p) for h, p in found if "$" in h[p]]
    holder, place = draw.choice(asking if asking and draw.random() < 0.6 else found or slots(root))
    old = holder[place] if isinstance(holder[place], str) else "1"
    names = _parameters(root)
    if "$(" in old and draw.random() < 0.5:
        inner = old.strip("\"'").removeprefix("$(").removesuffix(")")
        operator = draw.choice((" + ", " * ", " // ", " or ", ", ", " if index else ", "["))
        holder[place] = json.dumps(f"$({inner}{operator}{expression(draw, names, 2)})")
    else:
        holder[place] = templated(draw, names)


def _reference(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [pair for pairs in mappings(root) for pair in pairs
             if pair[0] in ("from", "call", "order", "name")]  # fmt: skip
    outs = _section(root, "outputs") if draw.random() < 0.1 else Pairs()
    pair = draw.choice([*found, *outs] or [["from", "a"]])
    several: Tree = [_name(root, draw) for _ in range(draw.choice((1, 2, 2, 3, 40)))]
    pair[1] = _name(root, draw) if draw.random() < 0.6 else several


def _grafted(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    other = draw.choice(others)
    part = copied(draw.choice(slots([other])))
    tree = copied(part[0][part[1]])
    if isinstance(other, Pairs) and other and draw.random() < 0.5 and isinstance(root[0], Pairs):
        key, value = draw.choice(other)
        root[0][:] = [pair for pair in root[0] if pair[0] != key]
        root[0].append([key, copied(value)])
        return
    holder, place = _any(root, draw)
    if isinstance(holder[place], list) and draw.random() < 0.5:
        into = holder[place]
        at = draw.randrange(len(into) + 1)
        into.insert(at, [_name(root, draw), tree] if isinstance(into, Pairs) else tree)
    else:
        holder[place] = tree


def _layer_added(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [h[p] for h, p in slots(root) if isinstance(h[p], list)]
    if found:
        into, tree = draw.choice(found), layer(draw)
        at = draw.randrange(len(into) + 1)
        into.insert(at, [_name(root, draw), tree] if isinstance(into, Pairs) else tree)


def _recipe(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    train = _section(root, "train")
    properties = TRAIN_SCHEMA["properties"]
    name = draw.choice(tuple(properties))
    value = argument(properties[name], draw)
    choice = draw.choice(keys())
    train.append([name, draw.choice((value, choice, Pairs([[choice, value]]),
                                     Pairs([[choice, draw.choice(ABSURD)]])))])  # fmt: skip


def _initialised(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    rule: Tree = draw.choice(tuple(INITIALIZERS))
    arguments = INITIALIZERS[rule]
    if arguments and draw.random() < 0.7:
        values = (*ABSURD, "$(1 / fan_in)", "$(fan_out)", templated(draw, ["fan_in", "fan_out"]))
        rule = Pairs([[rule, Pairs([[draw.choice(tuple(arguments)), draw.choice(values)]])]])
    selector = draw.choice(("'*'", "'**'", "'*.0'", "Linear", "Conv2d", _name(root, draw),
                            f"'{_name(root, draw)}*'", "'[a-z]?'"))  # fmt: skip
    body = Pairs([[draw.choice(("weight", "bias", "'*'", "a")), rule]])
    _section(root, "init").append([selector, body])


def _ordered(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    found = [h[p] for h, p in slots(root) if isinstance(h[p], list) and len(h[p]) > 1]
    if found:
        draw.shuffle(draw.choice(found))


def _odd_name(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    odd = "".join(draw.choice((*ODD, "a", "-", ".")) for _ in range(draw.choice((1, 2, 200))))
    text = json.dumps(f"a{odd}")  # in escapes, so that the reader lets it pass
    found = [pairs for pairs in mappings(root) if pairs]
    if found and draw.random() < 0.6:
        draw.choice(draw.choice(found))[0] = text
    else:
        holder, place = _any(root, draw)
        holder[place] = text


def _long_scalar(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    length = draw.choice((60, 100, 200, 500, 1_000, 4_000, 8_192))
    text = (draw.choice(("a", "n0", "w.", "$n", "9", "漢")) * length)[:length]
    holder, place = draw.choice(scalars(root) or slots(root))
    if len(holder) == 2 and isinstance(holder[0], str) and draw.random() < 0.3:
        place = 0
    holder[place] = text


def _input(root: list[Any], draw: random.Random, others: Sequence[Tree]) -> None:
    if isinstance(root[0], Pairs):
        root[0][:] = [pair for pair in root[0] if pair[0] != "input"]
        sizes = [draw.choice(("1", "2", "3", "32", "33", "224", number(draw), "$n"))
                 for _ in range(draw.randint(1, 5))]  # fmt: skip
        root[0].insert(0, ["input", sizes])


CHANGES: Final[tuple[Change, ...]] = (
    _two_swapped, _absurd, _absurd, _absurd_subtree, _number_near, _number_near, _key, _twice,
    _gone,
    _wrapped, _wrapped, _modified, _made_a_block, _nested, _expressed, _expressed, _reference,
    _reference, _grafted, _layer_added, _layer_added, _recipe, _initialised, _ordered, _odd_name,
    _long_scalar, _input,
)  # fmt: skip
MOST: Final = 6_000
"""Places of a tree that grows no further."""


def changed_tree(tree: Tree, draw: random.Random, others: Sequence[Tree]) -> Tree:
    """A tree of its own with one to eight changes; `others` are those to take parts from."""
    root = [copied(tree)]
    for _ in range(draw.choice((1, 1, 1, 1, 2, 2, 3, 6))):
        if len(slots(root)) < MOST:
            draw.choice(CHANGES)(root, draw, others)
    return root[0]
