"""`$name` and `$(expression)`: arithmetic over the parameters of a block, and nothing else.

The grammar is a small part of Python's, so Python's own parser reads it into a tree, which this
file walks node by node; nothing is ever compiled or run as Python.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from netspec.diagnostics import nearest
from netspec.source import MAX_NUMBER

MAX_LENGTH = 500
MAX_ITEMS = 10_000
MAX_DIGITS = 15

Env = Mapping[str, Any]


class ExpressionError(Exception):
    """An expression without a value; `start` and `end` are offsets in the scalar's text."""

    def __init__(
        self, code: str, message: str, start: int, end: int, hint: str | None = None
    ) -> None:
        self.code, self.message, self.start, self.end, self.hint = code, message, start, end, hint
        super().__init__(message)


class InputShape:
    """What `input` is in an expression, and which of its sizes were asked for."""

    __slots__ = ("asked", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.asked: dict[str, int] = {}


def size_of(shape: tuple[int, ...], attr: str) -> int | None:
    """The size that `input.attr` stands for, or None where the shape has no such dimension."""
    if len(shape) < {"channels": 1, "features": 1, "length": 2}.get(attr, 3):
        return None
    if attr == "channels":
        return shape[0]
    return shape[-2] if attr == "height" else shape[-1]


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


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "round": _rounded, "floor": math.floor, "ceil": math.ceil,
    "len": len, "sum": _total, "sqrt": math.sqrt, "make_divisible": make_divisible,
}  # fmt: skip

_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
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
_SIZES = ("channels", "height", "width", "features", "length")
_CONSTANTS = {"true": True, "false": False, "null": None}

_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


class Piece(NamedTuple):
    """A part of a scalar: literal text, or the tree of an expression and its offset."""

    literal: str | None
    tree: ast.expr | None
    offset: int
    end: int


@lru_cache(maxsize=4096)
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
            tree = _tree(name.group(1), dollar + 1)
            at = name.end()
        elif text.startswith("$(", dollar):
            close = _closing(text, dollar + 1)
            tree = _tree(text[dollar + 2 : close], dollar + 2)
            at = close + 1
        else:
            raise ExpressionError(
                "NS302",
                "`$` must be followed by a name or by `(`",
                dollar,
                dollar + 1,
                "write `$name` or `$(expression)`",
            )
        found.append(Piece(None, tree, dollar, at))
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


def _tree(code: str, offset: int) -> ast.expr:
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
    _allow(tree, offset + lead)
    return tree


def _place(node: ast.expr, base: int) -> tuple[int, int]:
    return base + node.col_offset, base + (node.end_col_offset or node.col_offset + 1)


def _allow(tree: ast.expr, base: int) -> None:
    todo: list[ast.expr] = [tree]
    while todo:
        node = todo.pop()
        todo.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        problem = _refused(node)
        if problem:
            raise ExpressionError("NS302", problem, *_place(node, base), _hint(node))
        node.col_offset += base  # from here on, offsets count in the whole scalar
        node.end_col_offset = (node.end_col_offset or 0) + base
        if isinstance(node, ast.Call):  # the function's name is no variable
            todo.remove(node.func)
        if isinstance(node, ast.Attribute):
            todo.remove(node.value)


_LANGUAGE = (
    "an expression has arithmetic, comparisons, `and`, `or`, `not`, `a if c else b`, indexing, "
    "and " + ", ".join(f"`{name}`" for name in FUNCTIONS)
)


def _hint(node: ast.expr) -> str:
    """The nearest name that the language has, or all that it has."""
    near, called = None, ""
    match node:
        case ast.Attribute(value=ast.Name(id="input"), attr=attr):
            near = nearest(attr, _SIZES)
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
            known = all(type(op) in _OPERATORS for op in ops)
            return None if known else "an expression has no such comparison"
        case ast.Slice(step=step):
            return None if step is None else "a slice has no step"
        case ast.Subscript():
            return None
        case ast.Attribute(value=ast.Name(id="input"), attr=attr):
            if attr in _SIZES:
                return None
            return f"`input` has no `{attr}`, only " + ", ".join(f"`{s}`" for s in _SIZES)
        case ast.Attribute():
            return "an expression has no attributes but those of `input`"
        case ast.Call(func=ast.Name(id=name), keywords=[], args=args):
            if any(isinstance(a, ast.Starred) for a in args):
                return "an expression has no `*`"
            return None if name in FUNCTIONS else f"an expression has no function `{name}`"
        case ast.Call():
            return "an expression calls nothing but its own functions, by position"
    return "an expression has nothing of this kind"


def evaluate(text: str, env: Env) -> Any:
    """The value of a scalar that holds `$`: of the expression, or a string with it filled in.

    Raises `ExpressionError` (NS301 for an unknown name, NS302, NS303 for no value).
    """
    parts = pieces(text)
    if len(parts) == 1 and parts[0].tree is not None:
        return _value(parts[0].tree, env)
    out = []
    for part in parts:
        if part.tree is None:
            out.append(part.literal or "")
        else:
            value = _value(part.tree, env)
            if isinstance(value, list | tuple) or value is None:
                raise ExpressionError(
                    "NS303", "a list cannot stand in a name", part.offset, part.end
                )
            out.append(str(value))
    filled = "".join(out)
    if len(filled) > MAX_ITEMS:
        raise ExpressionError("NS303", "the result is too long", 0, len(text))
    return filled


def names(text: str) -> set[str]:
    """The names that the expressions of a scalar mention. Raises `ExpressionError`."""
    return {
        node.id
        for part in pieces(text)
        if part.tree is not None
        for node in ast.walk(part.tree)
        if isinstance(node, ast.Name) and node.id not in FUNCTIONS
    }


def _value(tree: ast.expr, env: Env) -> Any:
    try:
        return _walk(tree, env)
    except RecursionError:
        raise ExpressionError("NS303", "the expression is nested too deep", 0, 1) from None


def _fail(node: ast.expr, message: str, hint: str | None = None) -> ExpressionError:
    return ExpressionError("NS303", message, node.col_offset, node.end_col_offset or 0, hint)


def _walk(node: ast.expr, env: Env) -> Any:
    kind = type(node)  # the commonest kinds first: a network has thousands of expressions
    if kind is ast.Name:
        return _lookup(node, node.id, env)  # type: ignore[attr-defined]
    if kind is ast.Constant:
        return node.value  # type: ignore[attr-defined]
    match node:
        case ast.Attribute(attr=attr):
            return _size(node, attr, env)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _walk(body if _walk(test, env) else orelse, env)
        case ast.BoolOp(op=op, values=values):
            stop = isinstance(op, ast.Or)
            result: Any = None
            for operand in values:
                result = _walk(operand, env)
                if bool(result) is stop:
                    break
            return result
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _walk(operand, env)
        case ast.UnaryOp(op=op, operand=operand):
            number = _walk(operand, env)
            if not isinstance(number, int | float):
                raise _fail(node, f"`{_said(number)}` is not a number")
            return -number if isinstance(op, ast.USub) else number
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(node, type(op), _walk(left, env), _walk(right, env))
        case ast.Compare(left=left, ops=ops, comparators=others):
            a = _walk(left, env)
            for compare, other in zip(ops, others, strict=True):
                b = _walk(other, env)
                if not _binary(node, type(compare), a, b):
                    return False
                a = b
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return _capped(node, [_walk(item, env) for item in items])
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper)):
            ends = [None if end is None else _walk(end, env) for end in (lower, upper)]
            return _slice(node, _walk(value, env), *ends)
        case ast.Subscript(value=value, slice=index):
            return _index(node, _walk(value, env), _walk(index, env))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(node, name, [_walk(a, env) for a in args])
    raise _fail(node, "this is not an expression")


def _lookup(node: ast.expr, name: str, env: Env) -> Any:
    if name in env:
        value = env[name]
        if isinstance(value, InputShape):
            raise _fail(node, "`input` has sizes, and is none itself", "write `input.channels`")
        return value
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    known = [n for n in env if n != "input"]
    near = nearest(name, known)
    hint = f"did you mean `{near}`?" if near else None
    if name == "index":
        hint = "`index` counts the copies of `repeat` and `each`, in their arguments"
    elif not hint and known:
        hint = "known here: " + ", ".join(f"`{n}`" for n in known)
    elif not hint:
        hint = "declare it under `params:`"
    raise ExpressionError(
        "NS301", f"nothing here is called `{name}`", node.col_offset, node.end_col_offset or 0, hint
    )


def _size(node: ast.expr, attr: str, env: Env) -> int:
    bound = env.get("input")
    if not isinstance(bound, InputShape):
        raise _fail(node, "the input's shape is not known here")
    size = size_of(bound.shape, attr)
    if size is None:
        raise _fail(node, f"an input of {'×'.join(map(str, bound.shape))} has no {attr}")
    bound.asked[attr] = size
    return size


def _binary(node: ast.expr, op: type[ast.AST], a: Any, b: Any) -> Any:
    scalar = isinstance(a, int | float) and isinstance(b, int | float)
    comparing = op in (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
    joining = op is ast.Add and type(a) is type(b) and isinstance(a, list | str)
    if not (scalar or comparing or joining):
        raise _fail(node, f"`{_said(a)}` and `{_said(b)}` are not two numbers")
    if op in (ast.In, ast.NotIn) and not isinstance(b, list | tuple):
        raise _fail(node, f"`{_said(b)}` is not a list")
    try:
        result = _OPERATORS[op](a, b)
    except ZeroDivisionError:
        raise _fail(node, "a division by zero") from None
    except OverflowError:
        raise _fail(node, "the result is too large") from None
    return _capped(node, result)


def _index(node: ast.expr, value: Any, index: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise _fail(node, f"`{_said(value)}` is not a list")
    if isinstance(index, bool) or not isinstance(index, int):
        raise _fail(node, f"`{_said(index)}` is not a whole number")
    if not -len(value) <= index < len(value):
        raise _fail(node, f"the list has {len(value)} items, and no item {index}")
    return value[index]


def _slice(node: ast.expr, value: Any, start: Any, stop: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise _fail(node, f"`{_said(value)}` is not a list")
    for end in (start, stop):
        if end is not None and (isinstance(end, bool) or not isinstance(end, int)):
            raise _fail(node, f"`{_said(end)}` is not a whole number")
    return value[start:stop]


def _call(node: ast.expr, name: str, args: list[Any]) -> Any:
    try:
        return _capped(node, FUNCTIONS[name](*args))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        given = ", ".join(f"`{_said(a)}`" for a in args) or "nothing"
        raise _fail(node, f"`{name}` has no value for {given}") from None


def _capped(node: ast.expr, value: Any) -> Any:
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:  # NaN too
        raise _fail(node, "the result is too large")
    if isinstance(value, list | str) and _too_long(value):
        raise _fail(node, "the result is too long")
    return value


def _too_long(value: list[Any] | str) -> bool:
    """Whether a word, or a list with all that is in its lists, has more than `MAX_ITEMS`."""
    if isinstance(value, str):
        return len(value) > MAX_ITEMS
    count, todo = 0, [value]
    while todo and count <= MAX_ITEMS:
        items = todo.pop()
        count += len(items) + 1
        todo += [item for item in items if isinstance(item, list)]
    return count > MAX_ITEMS


def _said(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)[:40]
