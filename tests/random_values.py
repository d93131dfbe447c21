"""Values of a random spec written as expressions of the language, each form in a table.

A value is drawn first; then a form is found that gives it where it stands. So the generator knows
every value, and a new form is one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from reference_layers import Refused
from reference_values import compute, described

Shape = tuple[int, ...]

SIZES = ("channels", "features", "length", "height", "width")


@dataclass
class Scope:
    """What expressions see at one place: parameters, the block's input, the names of loops.

    Of a loop it is the first copy. A parameter may be declared where a value is written.
    """

    input: Shape
    params: dict[str, Any] = field(default_factory=dict)
    loops: tuple[dict[str, Any], ...] = ()
    within_block: bool = False
    inputs: dict[str, Shape] = field(default_factory=dict)
    """The inputs by their names, where there are several."""

    @property
    def given(self) -> dict[str, Shape]:
        """Every input by its name."""
        return self.inputs or {"input": self.input}

    @property
    def env(self) -> dict[str, Any]:
        """Every name with its value."""
        names = dict(self.params)
        for loop in self.loops:
            names |= loop
        return names | {name: described(shape) for name, shape in self.given.items()}

    def inside(self, loop: dict[str, Any]) -> Scope:
        """The scope of a loop's first copy."""
        return replace(self, loops=(*self.loops, loop))

    def declare(self, value: Any) -> str:
        """A new parameter, or an old one of the same value."""
        for name, known in self.params.items():
            if type(known) is type(value) and known == value:
                return name
        name = f"p{len(self.params)}"
        self.params[name] = value
        return name


def atom(draw: Random, value: int, scope: Scope) -> str:
    """A whole number, or something in scope that has its value."""
    known = [str(value)] if value >= 0 else [f"({value})"]
    for name, held in scope.env.items():
        if type(held) is int and held == value:
            known += [name, name]
        elif isinstance(held, list):
            places = [i for i, one in enumerate(held) if type(one) is int and one == value]
            known += [f"{name}[{draw.choice((i, i - len(held)))}]" for i in places]
    for given, shape in scope.given.items():
        sizes = vars(described(shape))
        known += [f"{given}.{name}" for name, size in sizes.items() if size == value]
    return draw.choice(known)


Form = Callable[[Random, int, Callable[[int], str]], str]

FORMS: dict[str, Form] = {
    "+": lambda d, v, a: (lambda k: f"{a(v - k)} + {a(k)}")(d.randint(0, 3)),
    "-": lambda d, v, a: (lambda k: f"{a(v + k)} - {a(k)}")(d.randint(0, 3)),
    "*": lambda d, v, a: (
        lambda k: f"{a(k)} * {a(v // k)}"
    )(d.choice([k for k in (1, 2, 3) if v % k == 0])),
    "//": lambda d, v, a: (lambda k: f"{a(v * k)} // {a(k)}")(d.randint(1, 3)),
    "%": lambda d, v, a: f"{v + 7 * (abs(v) + 1)} % {7 * (abs(v) + 1)}" if v >= 0 else str(v),
    "min": lambda d, v, a: f"min({a(v)}, {v + d.randint(0, 4)})",
    "max": lambda d, v, a: f"max({v - d.randint(0, 4)}, {a(v)})",
    "abs": lambda d, v, a: f"abs({a(v)})" if v >= 0 else f"-abs({-v})",
    "round": lambda d, v, a: f"round({v} + {d.choice((0.25, 0.0))})",
    "floor": lambda d, v, a: f"floor({v} + {d.choice((0.5, 0.75))})",
    "ceil": lambda d, v, a: f"ceil({v} - {d.choice((0.5, 0.75))})",
    "sqrt": lambda d, v, a: f"floor(sqrt({v * v}))" if v >= 0 else str(v),
    "len": lambda d, v, a: f"len([{', '.join('0' * v)}])" if 0 <= v < 9 else a(v),
    "sum": lambda d, v, a: f"sum([{a(v - 1)}, 1])",
    "make_divisible": lambda d, v, a: f"make_divisible({a(v)}, 1)" if v > 0 else a(v),
    "if else": lambda d, v, a: f"{a(v)} if {a(v)} < {v + 1} else {v + 9}",
    "index": lambda d, v, a: f"[{v - 1}, {a(v)}][{d.choice((1, -1))}]",
    "slice": lambda d, v, a: f"[{v + 1}, {a(v)}, 0][1:][0]",
    "/": lambda d, v, a: f"floor({2 * v} / 2)",
}  # fmt: skip
"""The forms of a whole number; the last argument writes a number as an atom."""


def number(draw: Random, value: int, scope: Scope) -> str:
    """An expression, with its `$`, that gives a whole number."""
    form = FORMS[draw.choice(sorted(FORMS))]
    text = form(draw, value, lambda v: atom(draw, v, scope))
    return f"$({text})"


def condition(draw: Random, scope: Scope, truth: bool) -> Any:
    """A condition that has this truth here, of one of the forms in `CONDITIONS`."""
    env = scope.env
    for _ in range(8):
        text = CONDITIONS[draw.choice(sorted(CONDITIONS))](draw, scope)
        if text is None:
            continue
        try:
            holds = bool(compute(text, env))
        except Refused:
            continue
        return f"$({text if holds is truth else f'not ({text})'})"
    return truth


def some_size(draw: Random, scope: Scope) -> tuple[str, int]:
    """A size of the block's input, and its value."""
    given = draw.choice(list(scope.given))
    sizes = vars(described(scope.given[given]))
    if not sizes:
        return "1", 1
    name = draw.choice(sorted(sizes))
    return f"{given}.{name}", sizes[name]


def compared(draw: Random, scope: Scope) -> str:
    name, size = some_size(draw, scope)
    return f"{name} {draw.choice(('<', '<=', '>', '>=', '==', '!='))} {size + draw.randint(-2, 2)}"


def of_loop(draw: Random, scope: Scope) -> str | None:
    if not scope.loops:
        return None
    return draw.choice(("index == 0", "index > 0", "index % 2 == 0", "index < 2"))


CONDITIONS: dict[str, Callable[[Random, Scope], str | None]] = {
    "size": compared,
    "chained": lambda d, s: (
        lambda n: f"{n[1] - d.randint(0, 2)} < {n[0]} <= {n[1] + d.randint(0, 3)}"
    )(some_size(d, s)),
    "in": lambda d, s: (
        lambda n: f"{n[0]} {d.choice(('in', 'not in'))} [{n[1]}, {n[1] + 2}]"
    )(some_size(d, s)),
    "and": lambda d, s: f"{compared(d, s)} and {compared(d, s)}",
    "or": lambda d, s: f"{compared(d, s)} or {compared(d, s)}",
    "flag": lambda d, s: s.declare(d.random() < 0.5),
    "parameter": lambda d, s: f"{s.declare(d.randint(1, 6))} > {d.randint(1, 6)}",
    "index": of_loop,
    "index, more often": of_loop,
}  # fmt: skip
"""The forms of a condition; None where one makes no sense in the scope."""


def dressed(draw: Random, value: Any, scope: Scope, often: float = 0.25) -> Any:
    """The value as it is, or as an expression that gives it."""
    if isinstance(value, list):
        if draw.random() < often / 3 and value:
            return f"${scope.declare(value)}"
        return [dressed(draw, v, scope, often / 2) for v in value]
    if isinstance(value, dict):
        return {k: dressed(draw, v, scope, often) for k, v in value.items()}
    if draw.random() >= often or value is None:
        return value
    if isinstance(value, bool):
        return condition(draw, scope, value)
    if isinstance(value, int):
        if draw.random() < 0.3:
            return f"${scope.declare(value)}"
        return number(draw, value, scope)
    return f"${scope.declare(value)}"


def dressed_name(draw: Random, name: str, scope: Scope, often: float = 0.1) -> str:
    """A name as it is, or with its number or all of it as an expression."""
    if draw.random() >= often:
        return name
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    if digits and (digits == "0" or digits[0] != "0"):
        return stem + number(draw, int(digits), scope)
    return f"${scope.declare(name)}"
