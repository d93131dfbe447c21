"""The grammar of `$name` and `$(expression)`: a small part of Python's.

Python's own parser reads it into a tree, of which only known nodes are let through; nothing is
ever compiled or run as Python.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from netspec.diagnostics import nearest
from netspec.source import MAX_NUMBER

MAX_LENGTH = 500
MAX_DIGITS = 15


class ExpressionError(Exception):
    """An expression without a value; `start` and `end` are offsets in the scalar's text."""

    def __init__(
        self, code: str, message: str, start: int, end: int, hint: str | None = None
    ) -> None:
        self.code, self.message, self.start, self.end, self.hint = code, message, start, end, hint
        super().__init__(message)


def make_divisible(value: float, divisor: int = 8, least: int | None = None) -> int:
    """The multiple of `divisor` nearest to `value`, not below 0.9 of it (MobileNet's rule)."""
    if divisor <= 0:
        raise ValueError("the divisor must be positive")
    least = divisor if least is None else least
    rounded = max(least, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _total(values: list[Any]) -> Any:
    return sum(values)


def _rounded(value: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > MAX_DIGITS:  # Python would work out 10**digits
        raise ValueError("more digits than a number has")
    return round(value, digits)


def _whole(*ends: Any) -> range:
    """`range` of one to three whole numbers; who calls it looks at how long it is."""
    if any(isinstance(end, bool) for end in ends):
        raise TypeError("a truth value is no number")
    return range(
        *(int(end) if isinstance(end, float) and end.is_integer() else end for end in ends)
    )


def _side_by_side(*lists: Any) -> list[list[Any]]:
    """`zip`, of lists of one length: an item that has no partner is a mistake."""
    if not lists or not all(isinstance(one, list | tuple) for one in lists):
        raise TypeError("lists alone stand side by side")
    return [list(items) for items in zip(*lists, strict=True)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "round": _rounded, "floor": math.floor, "ceil": math.ceil,
    "len": len, "sum": _total, "sqrt": math.sqrt, "make_divisible": make_divisible,
    "range": _whole, "zip": _side_by_side,
}  # fmt: skip
TAKES = {
    "range": "`range(stop)`, `range(start, stop)` or `range(start, stop, step)`: whole numbers",
    "zip": "`zip` takes lists, all of one length",
}
"""What a function takes, for a hint where it has no value."""

OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
SIZES = ("channels", "height", "width", "features", "length")

_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)((?:\.[a-z_][A-Za-z0-9_]*)*)")


class Dotted(ast.expr):
    """`$name.field`: a field where `name` is a mapping, or else the value with text after it."""

    _fields = ("value",)

    def __init__(self, value: ast.Name, dots: str, end: int) -> None:
        super().__init__(lineno=1, col_offset=value.col_offset, end_col_offset=end)
        self.value, self.dots = value, dots


class Piece(NamedTuple):
    """A part of a scalar: literal text, or the tree of an expression and its offset."""

    literal: str | None
    tree: ast.expr | None
    offset: int
    end: int
    steps: int = 1
    """How many nodes the tree has."""


@lru_cache(maxsize=32_768)  # more than a file has values
def pieces(text: str) -> tuple[Piece, ...]:
    """The literal parts and the expressions of a scalar. Raises `ExpressionError` (NS302)."""
    found: list[Piece] = []
    at = 0
    while at < len(text):
        dollar = text.find("$", at)
        if dollar < 0:
            found.append(Piece(text[at:], None, at, len(text)))
            break
        if dollar > at:
            found.append(Piece(text[at:dollar], None, at, dollar))
        name = _NAME.match(text, dollar)
        if name:
            tree, steps = _tree(name.group(1), dollar + 1)
            at = name.end(1)
            if name.group(2) and isinstance(tree, ast.Name):
                at = name.end()
                tree, steps = Dotted(tree, name.group(2), at), steps + name.group(2).count(".")
        elif text.startswith("$(", dollar):
            close = _closing(text, dollar + 1)
            tree, steps = _tree(text[dollar + 2 : close], dollar + 2)
            at = close + 1
        else:
            braced = re.match(r"\$\{(\w+)\}", text[dollar:])
            raise ExpressionError(
                "NS302",
                "`$` must be followed by a name or by `(`",
                dollar,
                dollar + len(braced[0] if braced else "$"),
                f"write `${braced[1]}`" if braced else "write `$name` or `$(expression)`",
            )
        found.append(Piece(None, tree, dollar, at, steps))
    return tuple(found)


def _closing(text: str, opening: int) -> int:
    depth, quote = 0, ""
    for i in range(opening, len(text)):
        c = text[i]
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth == 0:
                return i
    raise ExpressionError("NS302", "this `(` is never closed", opening, opening + 1)


def _tree(code: str, offset: int) -> tuple[ast.expr, int]:
    """The tree of an expression, and how many nodes it has."""
    end = offset + len(code)
    if len(code) > MAX_LENGTH:
        raise ExpressionError(
            "NS302", f"an expression may have {MAX_LENGTH} characters", offset, end
        )
    if not code.isascii() or "\n" in code:
        raise ExpressionError("NS302", "an expression is one line of ASCII", offset, end)
    stripped = code.strip()
    lead = len(code) - len(code.lstrip())
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of `1if x`; here it is a mistake
            tree = ast.parse(stripped, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError, Warning) as problem:
        column = getattr(problem, "offset", None)
        # Python gives 0 where the text ends too soon
        at = offset + lead + column - 1 if column else offset + len(code.rstrip()) - 1
        start = max(min(at, end - 1), offset)
        raise ExpressionError(
            "NS302", "this is not an expression", start, start + 1, "see `netspec explain NS302`"
        ) from None
    return tree, _allow(tree, offset + lead)


def _place(node: ast.expr, base: int) -> tuple[int, int]:
    return base + node.col_offset, base + (node.end_col_offset or node.col_offset + 1)


def _allow(tree: ast.expr, base: int) -> int:
    """Let the tree through, and count its nodes. Raises `ExpressionError` (NS302)."""
    todo: list[ast.expr] = [tree]
    count = 0
    while todo:
        node = todo.pop()
        count += 1
        todo.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        problem = _refused(node)
        if problem:
            raise ExpressionError("NS302", problem, *_place(node, base), _hint(node))
        node.col_offset += base  # from here on, offsets count in the whole scalar
        node.end_col_offset = (node.end_col_offset or 0) + base
        if isinstance(node, ast.Call):  # the function's name is no variable
            todo.remove(node.func)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            todo.remove(node.value)
    return count


_LANGUAGE = (
    "an expression has arithmetic, comparisons, `and`, `or`, `not`, `a if c else b`, indexing, "
    "fields of mappings, "
    "and " + ", ".join(f"`{name}`" for name in FUNCTIONS)
)


def _hint(node: ast.expr) -> str:
    """The nearest name that the language has, or all that it has."""
    near, called = None, ""
    match node:
        case ast.Attribute(value=ast.Name(id="input"), attr=attr):
            near = nearest(attr, SIZES)
        case ast.Call(func=ast.Name(id=name)):
            near, called = nearest(name, list(FUNCTIONS)), "(…)"
    return f"did you mean `{near}{called}`?" if near else _LANGUAGE


_SYMBOLS = {
    ast.Pow: "**", ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|",
    ast.BitXor: "^", ast.BitAnd: "&",
}  # fmt: skip


def _refused(node: ast.expr) -> str | None:
    match node:
        case ast.Name() | ast.IfExp() | ast.BoolOp() | ast.List() | ast.Tuple():
            return None
        case ast.Constant(value=value):
            ok = isinstance(value, bool | int | float | str) or value is None
            if ok and isinstance(value, int | float) and abs(value) > MAX_NUMBER:
                return "a number in an expression is too large"
            return None if ok else "an expression has only numbers, words and lists"
        case ast.BinOp(op=op):
            symbol = _SYMBOLS.get(type(op))
            return f"an expression has no operator `{symbol}`" if symbol else None
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not()):
            return None
        case ast.Compare(ops=ops):
            known = all(type(op) in OPERATORS for op in ops)
            return None if known else "an expression has no such comparison"
        case ast.Slice(step=step):
            return None if step is None else "a slice has no step"
        case ast.Subscript():
            return None
        case ast.Attribute(value=ast.Name(id="input"), attr=attr) if attr not in SIZES:
            return f"`input` has no `{attr}`, only " + ", ".join(f"`{s}`" for s in SIZES)
        case ast.Attribute(attr=attr):
            plain = attr[:1].islower() and not attr.endswith("__")
            return None if plain else f"`{attr}` is neither a field of a mapping nor a size"
        case ast.Call(func=ast.Name(id=name), keywords=[], args=args):
            if any(isinstance(a, ast.Starred) for a in args):
                return "an expression has no `*`"
            return None if name in FUNCTIONS else f"an expression has no function `{name}`"
        case ast.Call():
            return "an expression calls nothing but its own functions, by position"
    return "an expression has nothing of this kind"
