"""The fields of a mapping in an expression: `$stage.width` and `$(stage.width * 2)`."""

from __future__ import annotations

import ast
from typing import Any

from netspec.compiler.language.grammar import Dotted, ExpressionError
from netspec.compiler.language.said import flow, written
from netspec.diagnostics import nearest

_MOST_TOLD = 12


def field(node: ast.Attribute, value: Any, name: str) -> Any:
    """The field of a value. Raises `ExpressionError` (NS301 for one that is not there, NS303)."""
    if not isinstance(value, dict):
        message = f"`{written(value)}` has no `{name}`: it is no mapping, and no input"
        raise ExpressionError("NS303", message, node.col_offset, node.end_col_offset or 0)
    end = node.end_col_offset or 0
    return _of(value, name, end - len(name), end)


def dotted(node: Dotted, value: Any, dots: str) -> Any:
    """What `$name` with dots after it stands for: fields, as long as they are of mappings.

    What follows a value that is no mapping is text, as in `$name.pt`. Raises `ExpressionError`.
    """
    names = dots[1:].split(".")
    at = (node.end_col_offset or 0) - len(dots)
    while names and isinstance(value, dict):
        name = names.pop(0)
        value = _of(value, name, at + 1, at + 1 + len(name))
        at += 1 + len(name)
    if not names:
        return value
    if isinstance(value, list | tuple) or value is None:
        raise ExpressionError("NS303", "a list cannot stand in a name", node.col_offset - 1, at)
    text = value if isinstance(value, str) else flow(value)
    return ".".join([text, *names])


def _of(value: dict[str, Any], name: str, start: int, end: int) -> Any:
    """A field that is there. Raises `ExpressionError` (NS301)."""
    if name in value:
        return value[name]
    near = nearest(name, list(value))
    more = ", …" if len(value) > _MOST_TOLD else ""
    known = ", ".join(f"`{key}`" for key in list(value)[:_MOST_TOLD])
    hint = (
        f"did you mean `{near}`?" if near else f"it has {known}{more}" if value else "it is empty"
    )
    raise ExpressionError("NS301", f"`{written(value)}` has no `{name}`", start, end, hint)
