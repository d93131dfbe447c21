"""A node with its expressions replaced by their values."""

from __future__ import annotations

from typing import Any

from netspec.compiler.language.expression import ExpressionError, evaluate
from netspec.compiler.language.schema_validation import expression_span, lift
from netspec.compiler.language.work import MAX_WORK, TooMuchWork, Work
from netspec.diagnostics import Diagnostic, SpecError
from netspec.source import Mapping, Node, Scalar, Sequence


def fill(node: Node, env: dict[str, Any], work: Work | None = None) -> Node:
    """The node with every expression replaced by its value. Raises `SpecError`."""
    work = Work() if work is None else work
    if isinstance(node, Scalar):
        if not (isinstance(node.value, str) and "$" in node.value):
            return node
        try:
            return lift(evaluate(node.value, env, work), node.span)
        except TooMuchWork:
            message = f"expressions take more than {MAX_WORK:,} steps up to here"
            raise SpecError((Diagnostic("NS307", message, node.span),)) from None
        except ExpressionError as problem:
            span = expression_span(node, problem.start, problem.end)
            found = Diagnostic(problem.code, problem.message, span, (), problem.hint)
            raise SpecError((found,)) from None
    if isinstance(node, Sequence):
        return Sequence([fill(item, env, work) for item in node.items], node.span)
    return Mapping({k: fill(v, env, work) for k, v in node.items.items()}, node.keys, node.span)
