"""Scalars, expressions and layers to put into a spec: at a boundary, of another kind, absurd."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from spec_trees import Pairs, Tree

from netspec.compiler.language.document import MODIFIERS, PARAM_TYPES, SECTIONS
from netspec.compiler.language.grammar import FUNCTIONS
from netspec.compiler.language.init_rule import INITIALIZERS
from netspec.ops import OPS
from netspec.recipe import TRAIN_SCHEMA

ABSURD: Final = (
    "~", "true", "false", "yes", "0", "1", "-1", "2", "63", "64", "65", "99", "100", "10000",
    "10001", "20000", "20001", "2147483647", "2147483648", "4294967296", "9007199254740993",
    "1e15", "1000000000000000", "1000000000000001", "-1000000000000000", "0.0", "-0.0", "1e-320",
    "1e308", "1e400", "0.1", "0.5", "1.0", "1.5", "-1.5", ".nan", ".inf", "-.inf", "''", "' '", "a",
    "input", "index", "training", "'$'", "$$", "$", "$n", "$index", "$input", "'$()'", "'$('",
    "'${n}'", "'a$n'", "'$(1/0)'", "'$(input.height)'", "'$(index)'", "[]", "{}", "[1]", "[1, 1]",
    "[2, 2, 2]", "[0]", "[-1]", "[[1]]", "[~]", "[a, b]", "['$(1)']", "{a: 1}", "{1: 1}", "[input]",
    "ReLU", "[ReLU]", "{ReLU: {}}", "Linear", "{Linear: 3}", "2024-13-45", "0x1F", "0o7", "1_000",
    "1:30", "+1", ".5", "5.", "1e3", "1E+3", "é", "\"\\e[31m\"", "\"a\\u202eb\"", "\"a\\nb\"",
    "\"\\0\"", "\"\\ud800\"", "\"\\U000e0041\"", "!!int 3", "!x y", "&a b", "*a", "'123'", "'1.0'",
    "same", "valid", "zeros", "reflect", "circular", "mean", "[3, 32, 32]", "[1, 1, 1, 1, 1]",
    "[0, 0, 0]", "[1000000000000, 1]", "../a.yaml", "/etc/passwd", "spec.yaml", "base.yaml",
)  # fmt: skip
"""Values at a boundary, of another kind, or of no sense at all, as YAML writes them."""


@cache
def keys() -> tuple[str, ...]:
    """Every key that means something somewhere."""
    found = [*MODIFIERS, *SECTIONS, "order", "layer", "Sequential", *INITIALIZERS, *PARAM_TYPES]
    found += OPS
    todo: list[Any] = [op.schema() for op in OPS.values()] + [TRAIN_SCHEMA]
    while todo:
        fragment = todo.pop()
        if isinstance(fragment, dict):
            found += fragment.get("properties") or ()
            found += [v for v in fragment.get("enum") or () if isinstance(v, str)]
            todo += fragment.values()
        elif isinstance(fragment, list):
            todo += fragment
    return tuple(dict.fromkeys(found))


def number(draw: random.Random) -> str:
    """A number, small in most draws."""
    return str(draw.choice((0, 1, 1, 2, 2, 3, 4, 5, 7, 8, 16, 32, 64, -1, draw.randint(0, 40),
                            10 ** draw.randint(1, 16), 1.5, 0.5)))  # fmt: skip


def expression(draw: random.Random, names: Sequence[str], deep: int = 3) -> str:
    """An expression of the language, or nearly."""

    def inner() -> str:
        return expression(draw, names, deep - 1)

    match draw.randrange(12) if deep else 0:
        case 0 | 1:
            return draw.choice((number(draw), number(draw), *names, "index", "input.height",
                                "input.channels", "input.width", "input.length", "input.features",
                                "fan_in", "True", "None", "'a'", "[]", "input", "x.y",
                                "1e308"))  # fmt: skip
        case 2 | 3 | 4:
            operator = draw.choice(("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=",
                                    ">", ">=", " and ", " or ", " in ", " not in ", " is ", "<<",
                                    "&", "@"))  # fmt: skip
            return f"{inner()}{operator}{inner()}"
        case 5:
            return f"({inner()})"
        case 6:
            items = ", ".join(inner() for _ in range(draw.randint(0, 3)))
            return f"{draw.choice((*FUNCTIONS, 'int', 'print'))}({items})"
        case 7:
            return f"[{', '.join(inner() for _ in range(draw.randint(0, 3)))}]"
        case 8:
            return f"{inner()}[{inner()}]"
        case 9:
            return f"{inner()} if {inner()} else {inner()}"
        case 10:
            return draw.choice(("-", "+", "not ", "~")) + inner()
        case _:
            return f"{inner()}[{draw.choice(('1:', ':', '::2', '-1'))}]"


def templated(draw: random.Random, names: Sequence[str]) -> str:
    """A scalar that holds an expression."""
    text = f"$({expression(draw, names)})"
    if draw.random() < 0.2:
        text = draw.choice(
            (f"a{text}", f"{text}{text}", f"${draw.choice(names)}{text}", f"${text}")
        )
    return json.dumps(text)


def layer(draw: random.Random) -> Tree:
    """A layer with arguments that fit in most draws."""
    name = draw.choice(tuple(OPS))
    schema = OPS[name].schema()
    properties, needed = schema.get("properties", {}), schema.get("required", ())
    given = [key for key in properties if key in needed or draw.random() < 0.2]
    if not given and draw.random() < 0.5:
        return name
    arguments = Pairs([[key, argument(properties[key], draw)] for key in given])
    return Pairs([[name, arguments]])


def argument(fragment: dict[str, Any], draw: random.Random) -> Tree:
    if draw.random() < 0.1:
        return draw.choice(ABSURD)
    if fragment.get("enum"):
        return json.dumps(draw.choice(fragment["enum"]))
    kinds = fragment.get("type", "string")
    match draw.choice(kinds if isinstance(kinds, list) else [kinds]):
        case "integer":
            return number(draw)
        case "number":
            return draw.choice(("0", "0.1", "0.5", "1", "1e-5", "2.0", "-1"))
        case "boolean":
            return draw.choice(("true", "false"))
        case "array":
            least = fragment.get("minItems", 0)
            return [number(draw) for _ in range(draw.randint(least, least + 2))]
        case "null":
            return "~"
        case _:
            return draw.choice(fragment.get("examples") or ABSURD)
