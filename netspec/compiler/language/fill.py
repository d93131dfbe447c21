"""A node with its expressions replaced by their values."""

from __future__ import annotations

from typing import Any

from netspec.compiler.language.expression import ExpressionError, evaluate
from netspec.compiler.language.schema_validation import expression_span, lift
from netspec.diagnostics import Diagnostic, SpecError
from netspec.source import Mapping, Node, Scalar, Sequence


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
