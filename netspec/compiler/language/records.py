"""Mappings as values of parameters: records with fields, and layers with their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from keyword import iskeyword
from typing import Any, Final

from netspec.compiler.language.names import BLOCK_NAME
from netspec.diagnostics import Diagnostic
from netspec.source import Mapping, Node, Scalar

FIELD: Final = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
"""The name of a record's field."""


def is_field(name: Any) -> bool:
    """Whether an expression could mention a field of this name."""
    return isinstance(name, str) and FIELD.match(name) is not None and not iskeyword(name)


def is_layer(value: Any) -> bool:
    """Whether a value names a layer: a word, or a mapping of one to its arguments."""
    if isinstance(value, dict):
        return len(value) == 1 and is_layer(next(iter(value)))
    return isinstance(value, str) and BLOCK_NAME.match(value) is not None


def unfit_key(value: Any) -> str | None:
    """The first key within plain data that names neither a field nor a layer, or None."""
    todo = [value]
    while todo:
        found = todo.pop()
        if isinstance(found, list | tuple):
            todo += found
        elif isinstance(found, dict):
            if not is_layer(found):
                wrong = next((key for key in found if not is_field(key)), None)
                if wrong is not None:
                    return str(wrong)
            todo += found.values()
    return None


def unfit_fields(node: Node) -> Iterator[Diagnostic]:
    """NS208 for each key of a value that names neither a field nor a layer."""
    if isinstance(node, Scalar):
        return
    if isinstance(node, Mapping) and not is_layer(dict.fromkeys(node.items)):
        for key, span in node.keys.items():
            if not is_field(key):
                hint = "a record's fields have lower_snake names"
                if iskeyword(key):
                    hint = f"`{key}` is a word of expressions: call it `{key}_`, or something else"
                elif BLOCK_NAME.match(key):
                    hint += "; a layer with its arguments is alone in its mapping"
                yield Diagnostic("NS208", f"`{key}` cannot name a field", span, (), hint)
    for item in node.items.values() if isinstance(node, Mapping) else node.items:
        yield from unfit_fields(item)


def layers_within(node: Node) -> Iterator[Mapping]:
    """The mappings within a value that are a layer with its arguments."""
    if isinstance(node, Scalar):
        return
    if isinstance(node, Mapping) and is_layer(dict.fromkeys(node.items)):
        yield node
        return
    for item in node.items.values() if isinstance(node, Mapping) else node.items:
        yield from layers_within(item)
