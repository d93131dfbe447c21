"""Layers written as Python: `nn.Conv2d(3, 16, 3)` and whole `nn.Sequential(…)` texts, as entries.

The text is parsed and never run.
"""

from __future__ import annotations

import ast
import math
import warnings
from typing import Any, Final

from netspec.compiler.language.schema_validation import lift
from netspec.compiler.language.translation import layer_entries, layer_names
from netspec.diagnostics import Span
from netspec.ops import OPS

LONGEST: Final = 1_000
"""Characters that are looked at: longer texts are told without a translation."""

_SIZED: Final = ("Conv", "Linear", "BatchNorm", "InstanceNorm", "MultiheadAttention")
"""torch's classes whose first argument follows from the layer before."""


def entries_of_code(text: str, ndim: int) -> tuple[str, ...] | None:
    """The entries for Python's calls of layers; None where one of them has no counterpart."""
    if len(text) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():  # of escapes in a string, say
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip().removesuffix(","), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    found: list[str] = []
    for node in tree.elts if isinstance(tree, ast.Tuple | ast.List) else [tree]:
        entries = _entries(node, ndim)
        if entries is None:
            return None
        found += entries
    return tuple(found) or None


def _entries(node: ast.expr, ndim: int) -> list[str] | None:
    if not isinstance(node, ast.Call):
        name = _name(node)
        return _layer(name, [], {}, ndim) if name else None
    name = _name(node.func)
    if name is None:
        return None
    if name in ("Sequential", "ModuleList"):
        inner = node.args
        if len(inner) == 1 and isinstance(inner[0], ast.List | ast.Tuple):
            inner = inner[0].elts
        found: list[str] = []
        for child in inner:
            entries = _entries(child, ndim)
            if entries is None:
                return None
            found += entries
        return found
    try:
        args = [ast.literal_eval(arg) for arg in node.args]
        named = {kw.arg: ast.literal_eval(kw.value) for kw in node.keywords if kw.arg is not None}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return _layer(name, args, named, ndim)


def _name(node: ast.expr) -> str | None:
    """`Conv2d` of `torch.nn.Conv2d`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _layer(name: str, args: list[Any], named: dict[str, Any], ndim: int) -> list[str] | None:
    """The entries of one call, its arguments named as torch and Keras order them."""
    own = name in OPS
    names = layer_names(name, ndim)
    if names is None or names[0].partition(":")[0] not in OPS:
        return None
    order = list(OPS[names[0].partition(":")[0]].args)
    if own and name.startswith(_SIZED):
        args = args[1:]
    elif name == "GroupNorm":
        args = args[:1] + args[2:]
    if len(args) > len(order):
        return None
    given = {**dict(zip(order, args, strict=False)), **named}
    if not all(_plain(value) for value in given.values()):
        return None
    entries = layer_entries(name, lift(given, _NOWHERE) if given else None, ndim)
    return None if entries is None else list(entries)


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)


_NOWHERE: Final = Span("", 0, 0, 0, 0)
