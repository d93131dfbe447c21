"""`$name` and `$(expression)`: their values over the parameters of a block.

The trees that `grammar` lets through are walked node by node.
"""

from __future__ import annotations

import ast
from typing import Any, Protocol

from netspec.compiler.language.env import Env
from netspec.compiler.language.fields import dotted, field
from netspec.compiler.language.grammar import (
    FUNCTIONS,
    OPERATORS,
    SIZES,
    TAKES,
    Dotted,
    ExpressionError,
    pieces,
)
from netspec.compiler.language.said import flow, written
from netspec.compiler.language.work import TooMuchWork, Work, weight
from netspec.counted import counted
from netspec.diagnostics import nearest
from netspec.source import MAX_NUMBER

__all__ = [
    "ANY_SIZE", "FUNCTIONS", "MAX_ITEMS", "SIBLINGS", "ExpressionError", "InputShape", "evaluate",
    "names", "pieces", "size_of",
]  # fmt: skip

MAX_ITEMS = 10_000


class InputShape:
    """What `input` is in an expression, and which of its sizes were asked for."""

    __slots__ = ("asked", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.asked: dict[str, Any] = {}


ANY_SIZE = "*"
"""Asked for where a size follows from the whole shape of an input."""

SIBLINGS = ""
"""The key under which a table of names holds what knows the shapes of layers."""


class Siblings(Protocol):
    """The shapes of layers by their names."""

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of what a layer of this name gives, None where there is none."""


def size_of(shape: tuple[int, ...], attr: str) -> Any:
    """The size that `input.attr` stands for, or None where the shape has no such dimension.

    All of them for `ANY_SIZE`.
    """
    if attr == ANY_SIZE:
        return shape
    if len(shape) < {"channels": 1, "features": 1, "length": 2}.get(attr, 3):
        return None
    if attr == "channels":
        return shape[0]
    return shape[-2] if attr == "height" else shape[-1]


_MOST_TOLD = 12
_NUMBERS = (int, float)
_HOLDS = (list, tuple, dict)
_CONSTANTS = {"true": True, "false": False, "null": None}


def evaluate(text: str, env: Env, work: Work | None = None) -> Any:
    """The value of a scalar that holds `$`: of the expression, or a string with it filled in.

    Raises `ExpressionError` (NS301 for an unknown name, NS302, NS303 for no value), and
    `TooMuchWork` where that takes more steps than `work` has left.
    """
    parts = pieces(text)
    if work is None:
        work = Work()
    if len(parts) == 1 and parts[0].tree is not None:
        tree = parts[0].tree
        work.left -= parts[0].steps
        if work.left < 0:
            raise TooMuchWork
        return _lookup(tree, tree.id, env) if type(tree) is ast.Name else _value(tree, env, work)
    out = []
    for part in parts:
        work.spend(part.steps)
        if part.tree is None:
            out.append(part.literal or "")
        else:
            value = _value(part.tree, env, work)
            if isinstance(value, _HOLDS) or value is None:
                what = "a mapping" if isinstance(value, dict) else "a list"
                raise ExpressionError(
                    "NS303", f"{what} cannot stand in a name", part.offset, part.end
                )
            out.append(value if isinstance(value, str) else flow(value))
    filled = "".join(out)
    work.spend(weight(filled))
    if len(filled) > MAX_ITEMS:
        raise ExpressionError("NS303", "the result is too long", 0, len(text))
    return filled


def names(text: str) -> set[str]:
    """The names that the expressions of a scalar mention. Raises `ExpressionError`."""
    found: set[str] = set()
    for part in pieces(text):
        nodes = [] if part.tree is None else list(ast.walk(part.tree))
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        found |= {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in called}
    return found


def _value(tree: ast.expr, env: Env, work: Work) -> Any:
    try:
        return _walk(tree, env, work)
    except RecursionError:
        raise ExpressionError("NS303", "the expression is nested too deep", 0, 1) from None


def _fail(node: ast.expr, message: str, hint: str | None = None) -> ExpressionError:
    return ExpressionError("NS303", message, node.col_offset, node.end_col_offset or 0, hint)


def _walk(node: ast.expr, env: Env, work: Work) -> Any:  # noqa: C901 - flat: a case for each kind of node
    kind = type(node)  # the commonest kinds first: a network has thousands of expressions
    if kind is ast.Name:
        return _lookup(node, node.id, env)  # type: ignore[attr-defined]
    if kind is ast.Constant:
        return node.value  # type: ignore[attr-defined]
    if kind is ast.BinOp:
        a = _walk(node.left, env, work)  # type: ignore[attr-defined]
        b = _walk(node.right, env, work)  # type: ignore[attr-defined]
        return _binary(node, type(node.op), a, b, work)  # type: ignore[attr-defined]
    if kind is ast.Attribute:
        return _attribute(node, env, work)  # type: ignore[arg-type]
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            a = _walk(left, env, work)
            for compare, other in zip(ops, others, strict=True):
                b = _walk(other, env, work)
                if not _binary(node, type(compare), a, b, work):
                    return False
                a = b
            return True
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _walk(body if _walk(test, env, work) else orelse, env, work)
        case ast.BoolOp(op=op, values=values):
            stop = isinstance(op, ast.Or)
            result: Any = None
            for operand in values:
                result = _walk(operand, env, work)
                if bool(result) is stop:
                    break
            return result
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _walk(operand, env, work)
        case ast.UnaryOp(op=op, operand=operand):
            number = _walk(operand, env, work)
            if not isinstance(number, int | float):
                raise _fail(node, f"`{written(number)}` is not a number")
            return -number if isinstance(op, ast.USub) else number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return _capped(node, [_walk(item, env, work) for item in items], work)
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper)):
            ends = [None if end is None else _walk(end, env, work) for end in (lower, upper)]
            return _slice(node, _walk(value, env, work), ends[0], ends[1], work)
        case ast.Subscript(value=value, slice=index):
            return _index(node, _walk(value, env, work), _walk(index, env, work))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(node, name, [_walk(a, env, work) for a in args], work)
        case Dotted(value=owner, dots=dots):
            if dots[1:] in SIZES and owner.id not in env:
                return _sibling(node, owner.id, dots[1:], env)
            if isinstance(env.get(owner.id), InputShape) and dots[1:] in SIZES:
                return _size(node, owner.id, dots[1:], env)
            return _capped(node, dotted(node, _walk(owner, env, work), dots), work)
    raise _fail(node, "this is not an expression")


def _attribute(node: ast.Attribute, env: Env, work: Work) -> Any:
    """A size of an input or of an earlier layer, or a field of a mapping."""
    owner, attr = node.value, node.attr
    if type(owner) is not ast.Name:
        path = _path(owner) if attr in SIZES else None
        if path is not None and path.partition(".")[0] not in env:
            return _sibling(node, path, attr, env)
        return field(node, _walk(owner, env, work), attr)
    name = owner.id
    value = env.get(name)
    if value is None and attr in SIZES and name not in env:
        return _sibling(node, name, attr, env)
    if value.__class__ is InputShape or (attr in SIZES and not isinstance(value, dict)):
        return _size(node, name, attr, env)
    end = node.col_offset + len(name)
    root = ast.Name(name, col_offset=node.col_offset, end_col_offset=end)
    return field(node, _lookup(root, name, env), attr)


def _lookup(node: ast.expr, name: str, env: Env) -> Any:
    if name in env:
        value = env[name]
        if isinstance(value, InputShape):
            raise _fail(node, f"`{name}` has sizes, and is none itself", f"write `{name}.channels`")
        return value
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    hidden = ("input", SIBLINGS)
    known = [n for n, value in env.items() if n not in hidden and not isinstance(value, InputShape)]
    near = nearest(name, known)
    hint = f"did you mean `{near}`?" if near else None
    if name == "index":
        hint = "`index` counts the copies of `repeat` and `each`, in their arguments"
    elif not hint and known:
        more = ", …" if len(known) > _MOST_TOLD else ""
        hint = "known here: " + ", ".join(f"`{n}`" for n in known[:_MOST_TOLD]) + more
    elif not hint:
        hint = "declare it under `params:`"
    raise ExpressionError(
        "NS301", f"nothing here is called `{name}`", node.col_offset, node.end_col_offset or 0, hint
    )


def _path(node: ast.expr) -> str | None:
    """`a.b` as a name with dots, None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    inner = _path(node.value) if isinstance(node, ast.Attribute) else None
    return None if inner is None or not isinstance(node, ast.Attribute) else f"{inner}.{node.attr}"


def _sibling(node: ast.expr, name: str, attr: str, env: Env) -> int:
    """The size of an earlier layer."""
    siblings: Siblings | None = env.get(SIBLINGS)
    shape = None if siblings is None else siblings.shape(name)
    if shape is None:
        return _size(node, name, attr, env)  # which says what is known
    size: int | None = size_of(shape, attr)
    if size is None:
        raise _fail(node, f"`{name}` is {'×'.join(map(str, shape))}, and has no {attr}")
    return size


def _size(node: ast.expr, name: str, attr: str, env: Env) -> int:
    bound = env.get(name)
    if not isinstance(bound, InputShape):
        if bound is not None:
            raise _fail(node, f"`{name}` is no input, and has no {attr}")
        inputs = [n for n, value in env.items() if isinstance(value, InputShape)]
        if name == "input" and not inputs:
            raise _fail(node, "the input's shape is not known here")
        near = nearest(name, inputs) or (inputs[0] if len(inputs) == 1 else None)
        hint = f"did you mean `{near}.{attr}`?" if near else (
            f"the inputs here are {', '.join(f'`{n}`' for n in inputs)}" if inputs else None
        )  # fmt: skip
        raise _fail(node, f"no input or earlier layer here is called `{name}`", hint)
    size: int | None = size_of(bound.shape, attr)
    if size is None:
        raise _fail(node, f"an input of {'×'.join(map(str, bound.shape))} has no {attr}")
    bound.asked[attr] = size
    return size


def _binary(node: ast.expr, op: type[ast.AST], a: Any, b: Any, work: Work) -> Any:
    if not (isinstance(a, _NUMBERS) and isinstance(b, _NUMBERS)):
        comparing = op in (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
        joining = op is ast.Add and type(a) is type(b) and isinstance(a, list | str)
        if not (comparing or joining):
            raise _fail(node, f"`{written(a)}` and `{written(b)}` are not two numbers")
        work.spend(weight(a) + weight(b))
    if op in (ast.In, ast.NotIn) and not isinstance(b, list | tuple):
        raise _fail(node, f"`{written(b)}` is not a list")
    try:
        result = OPERATORS[op](a, b)
    except ZeroDivisionError:
        raise _fail(node, "a division by zero") from None
    except OverflowError:
        raise _fail(node, "the result is too large") from None
    return _capped(node, result, work)


def _index(node: ast.expr, value: Any, index: Any) -> Any:
    if not isinstance(value, list | tuple):
        hint = None
        if isinstance(value, dict) and isinstance(index, str):
            hint = f"a field of a mapping follows a dot: `.{index}`"
        raise _fail(node, f"`{written(value)}` is not a list", hint)
    if isinstance(index, bool) or not isinstance(index, int):
        raise _fail(node, f"`{written(index)}` is not a whole number")
    if not -len(value) <= index < len(value):
        raise _fail(node, f"the list has {counted(len(value), 'item')}, and no item {index}")
    return value[index]


def _slice(node: ast.expr, value: Any, start: Any, stop: Any, work: Work) -> Any:
    if not isinstance(value, list | tuple):
        raise _fail(node, f"`{written(value)}` is not a list")
    for end in (start, stop):
        if end is not None and (isinstance(end, bool) or not isinstance(end, int)):
            raise _fail(node, f"`{written(end)}` is not a whole number")
    return _capped(node, value[start:stop], work)


def _call(node: ast.expr, name: str, args: list[Any], work: Work) -> Any:
    work.spend(sum(map(weight, args)))
    if dict in [arg.__class__ for arg in args]:
        raise _fail(node, f"`{name}` takes no mapping", "name a field of it, as in `stage.width`")
    try:
        value = FUNCTIONS[name](*args)
        if isinstance(value, range):
            if len(value) > MAX_ITEMS:
                raise _fail(node, "the result is too long")
            value = list(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        given = ", ".join(f"`{written(a)}`" for a in args) or "nothing"
        raise _fail(node, f"`{name}` has no value for {given}", TAKES.get(name)) from None
    return _capped(node, value, work)


def _capped(node: ast.expr, value: Any, work: Work) -> Any:
    if isinstance(value, _NUMBERS):
        if not abs(value) <= MAX_NUMBER:  # NaN too
            raise _fail(node, "the result is too large")
    elif isinstance(value, str):
        if len(value) > MAX_ITEMS:
            raise _fail(node, "the result is too long")
    elif isinstance(value, list):
        items = weight(value)
        work.spend(items)
        if items > MAX_ITEMS:
            raise _fail(node, "the result is too long")
    return value
