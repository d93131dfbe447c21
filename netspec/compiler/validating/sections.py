"""The sections beside the layers: the input's shape and the recipe, with parameters filled in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from netspec.compiler.ir import Input
from netspec.compiler.language.document import Document
from netspec.compiler.language.fill import fill
from netspec.compiler.language.schema_validation import check
from netspec.diagnostics import Diagnostic, Span, SpecError
from netspec.ops.base import Shape
from netspec.ops.dtype import DTYPES, FLOAT, INT, Dtype, said
from netspec.recipe import TRAIN_SCHEMA, Recipe, RecipeError, recipe_from
from netspec.source import Mapping, Node, Scalar, Sequence, plain

_SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 4}
_INPUT = {
    **_SHAPE,
    "type": ["array", "object"],
    "minItems": 1,
    "properties": {
        "shape": _SHAPE,
        "dtype": {"enum": list(DTYPES)},
        "below": {"type": "integer", "minimum": 1},
    },
}


def network_inputs(document: Document, params: dict[str, Any]) -> tuple[Input, ...]:
    """The inputs, their shapes without the batch. Raises `SpecError`."""
    findings: list[Diagnostic] = []
    found: list[Input] = []
    for entry in document.inputs:
        node = fill(entry.node, params)
        before = len(findings)
        check(node, _INPUT, f"`{entry.name}`", findings.append)
        if len(findings) == before:
            found.append(_input(entry.name, node, findings.append))
    if findings:
        raise SpecError(tuple(findings))
    return tuple(found)


def _input(name: str, node: Node, report: Callable[[Diagnostic], None]) -> Input:
    if not isinstance(node, Mapping):
        return Input(name, _sizes(node))
    given = {key: item.value for key, item in node.items.items() if isinstance(item, Scalar)}
    dtype = str(given.get("dtype", FLOAT.name))
    below = given.get("below")
    if below is not None and dtype != INT.name:
        message = f"`below` bounds integers, and `{name}` holds {said(Dtype(dtype))}"
        hint = "add `dtype: int64`" if "dtype" not in given else "leave it out"
        report(Diagnostic("NS410", message, node.keys["below"], (), hint))
    bound = None if below is None else int(below)
    return Input(name, _sizes(node.items["shape"]), Dtype(dtype, bound))


def _sizes(node: Node) -> Shape:
    return tuple(int(item.value) for item in _scalars(node))  # type: ignore[arg-type]


def _scalars(node: Node) -> list[Scalar]:
    items = node.items if isinstance(node, Sequence) else []
    return [item for item in items if isinstance(item, Scalar)]


def recipe_section(document: Document, params: dict[str, Any]) -> Recipe:
    """The recipe of `train:`, the default one where there is none.

    Raises `SpecError` (NS501, NS503 and others).
    """
    if document.train is None:
        return Recipe()
    node = fill(document.train, params)
    findings: list[Diagnostic] = []
    check(node, TRAIN_SCHEMA, "`train`", findings.append)
    if findings:
        raise SpecError(tuple(findings))
    try:
        recipe = recipe_from(plain(node))
    except RecipeError as problem:
        span = _span(node, problem.key)
        raise SpecError(
            (Diagnostic(problem.code, problem.message, span, (), problem.hint),)
        ) from None
    root = _folder(document, node, ("data", "root"))
    return replace(
        recipe,
        data=replace(recipe.data, root_folder=root),
        weights_folder=_folder(document, node, ("weights",)),
    )


def _folder(document: Document, node: Node, key: tuple[str, ...]) -> str:
    """The folder of the file that says `key`; empty where none does."""
    for part in key:
        if not isinstance(node, Mapping) or part not in node.items:
            return ""
        node = node.items[part]
    files = {source.name for source in document.sources}
    return os.path.dirname(node.span.file) if node.span.file in files else ""


def _span(node: Node, key: tuple[str | int, ...]) -> Span:
    """The place of the deepest part of `key` that is written."""
    span = node.span
    for part in key:
        if isinstance(node, Mapping) and part in node.items:
            span, node = node.keys[str(part)], node.items[str(part)]
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            span = node.span
        else:
            break
    return node.span if isinstance(node, Scalar) else span
