"""Values and expressions of the reference: what Python itself says of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from reference_layers import Refused

Shape = tuple[int, ...]
Env = dict[str, Any]


def evaluated(value: Any, env: Env) -> Any:
    """The value with `$name` and `$(…)` replaced, by Python itself."""
    if isinstance(value, list):
        return [evaluated(v, env) for v in value]
    if isinstance(value, dict):
        return {k: evaluated(v, env) for k, v in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    parts = list(split(value))
    if len(parts) == 1:
        return compute(parts[0][1], env)
    return "".join(str(compute(text, env)) if code else text for code, text in parts)


def split(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a scalar: whether each is an expression, and its text."""
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        if dollar > at:
            yield False, text[at:dollar]
        end = dollar + 1
        if text[end] == "(":
            depth = 0
            while True:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
                if depth == 0:
                    break
        else:
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
        yield True, text[dollar + 1 : end]
        at = end
    if at < len(text):
        yield False, text[at:]


def make_divisible(value: float, divisor: int) -> int:
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


FUNCTIONS = {
    "min": min, "max": max, "len": len, "abs": abs, "round": round, "sum": sum,
    "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "make_divisible": make_divisible,
    "range": lambda *ends: list(range(*ends)),
    "zip": lambda *of: [list(one) for one in zip(*of, strict=True)],
    "true": True, "false": False, "null": None,
}  # fmt: skip


def compute(text: str, env: Env) -> Any:
    """The value of an expression. Raises `Refused`."""
    try:
        return eval(text, {"__builtins__": FUNCTIONS}, env)
    except Exception as problem:
        raise Refused(f"{text}: {problem}", "no value") from None


def described(shape: Shape) -> SimpleNamespace:
    """What `input` is in an expression."""
    sizes = {"channels": shape[0], "features": shape[-1]} if shape else {}
    if len(shape) > 1:
        sizes["length"] = shape[-1]
    if len(shape) > 2:
        sizes |= {"height": shape[-2], "width": shape[-1]}
    return SimpleNamespace(**sizes)
