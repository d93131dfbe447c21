"""The sections beside the layers: the input's shape and the recipe, with parameters filled in."""

from __future__ import annotations

from typing import Any

from netspec.compiler.language.document import Document
from netspec.compiler.language.expression import ExpressionError, evaluate
from netspec.compiler.language.schema_validation import check, expression_span, lift
from netspec.diagnostics import Diagnostic, Span, SpecError
from netspec.ops.base import Shape
from netspec.recipe import TRAIN_SCHEMA, RecipeError, recipe_from
from netspec.source import Mapping, Node, Scalar, Sequence

_INPUT = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 4}


def fill(node: Node, env: dict[str, Any]) -> Node:
    """The node with every expression replaced by its value. Raises `SpecError`."""
    if isinstance(node, Scalar):
        if not (isinstance(node.value, str) and "$" in node.value):
            return node
        try:
            return lift(evaluate(node.value, env), node.span)
        except ExpressionError as problem:
            span = expression_span(node, problem.start, problem.end)
            found = Diagnostic(problem.code, problem.message, span, (), problem.hint)
            raise SpecError((found,)) from None
    if isinstance(node, Sequence):
        return Sequence([fill(item, env) for item in node.items], node.span)
    return Mapping({k: fill(v, env) for k, v in node.items.items()}, node.keys, node.span)


def input_shape(document: Document, params: dict[str, Any]) -> Shape:
    """The input's shape, without the batch. Raises `SpecError`."""
    node = fill(document.input, params)
    findings: list[Diagnostic] = []
    check(node, _INPUT, "`input`", findings.append)
    if findings:
        raise SpecError(tuple(findings))
    return tuple(int(item.value) for item in _scalars(node))  # type: ignore[arg-type]


def _scalars(node: Node) -> list[Scalar]:
    items = node.items if isinstance(node, Sequence) else []
    return [item for item in items if isinstance(item, Scalar)]


def recipe_section(document: Document, params: dict[str, Any]) -> dict[str, Any]:
    """`train:` as plain data, checked as a whole. Raises `SpecError` (NS501 and others)."""
    if document.train is None:
        return {}
    from netspec.source import plain

    node = fill(document.train, params)
    findings: list[Diagnostic] = []
    check(node, TRAIN_SCHEMA, "`train`", findings.append)
    if findings:
        raise SpecError(tuple(findings))
    data: dict[str, Any] = plain(node)
    try:
        recipe_from(data)
    except RecipeError as problem:
        span = _span(node, problem.key)
        raise SpecError((Diagnostic("NS501", problem.message, span, (), problem.hint),)) from None
    return data


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
