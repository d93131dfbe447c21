"""`parametrize:` beside a layer: its parametrizations, evaluated and held against its tensors."""

from __future__ import annotations

from typing import Any

from netspec.compiler.expanding.context import AlreadyReported, Elaboration
from netspec.compiler.ir import Scope
from netspec.compiler.language.document import Entry
from netspec.compiler.language.schema import PARAMETRIZE
from netspec.compiler.language.schema_validation import check_value
from netspec.diagnostics import Diagnostic
from netspec.json_schema import as_declared
from netspec.ops.base import Op, Shape
from netspec.ops.parametrize import PARAMETRIZATIONS, Chosen, misfit, parametrized


def with_parametrizations(
    context: Elaboration, entry: Entry, op: Op, shapes: tuple[Shape, ...], scope: Scope
) -> Op:
    """The op as `parametrize` changes it. Raises `AlreadyReported` after a finding."""
    node = entry.parametrize
    assert node is not None
    value = context.value(node, scope)
    key = ("parametrize", id(node), id(op), shapes, repr(value))
    made = context.made.get(key)
    if made is None:
        if key in context.made:
            raise AlreadyReported
        context.made[key] = None
        chosen = _chosen(context, entry, value, scope)
        _check(context, entry, op, chosen, shapes, scope)
        made = context.made[key] = parametrized(op, chosen) if chosen else op
    return made


def _chosen(context: Elaboration, entry: Entry, value: Any, scope: Scope) -> tuple[Chosen, ...]:
    """The parametrizations of a value that the schema takes."""
    assert entry.parametrize is not None
    span = entry.parametrize.span
    problems: list[Diagnostic] = []
    check_value(value, PARAMETRIZE, "`parametrize`", span, problems.append)
    for found in problems:
        context.report_at(found, scope)
    if problems:
        raise AlreadyReported
    listed = [] if value is None else value if isinstance(value, list) else [value]
    chosen: list[Chosen] = []
    for one in listed:
        ((function, args),) = one.items() if isinstance(one, dict) else [(one, None)]
        known = {"properties": PARAMETRIZATIONS[function].args}
        chosen.append(Chosen(function, tuple(as_declared(args or {}, known).items())))
    return tuple(chosen)


def _check(
    context: Elaboration,
    entry: Entry,
    op: Op,
    chosen: tuple[Chosen, ...],
    shapes: tuple[Shape, ...],
    scope: Scope,
) -> None:
    """Hold parametrizations against an op's tensors. Raises `AlreadyReported` after a finding."""
    assert entry.parametrize is not None
    tensors = op.parameters(*shapes)
    seen: set[str] = set()
    for one in chosen:
        problem = misfit(op, one, tensors)
        if one.tensor in seen:
            problem = f"`{one.tensor}` is parametrized twice", "keep one of them"
        if problem is not None:
            message, hint = problem
            found = Diagnostic("NS313", message, entry.parametrize.span, (), hint)
            context.report_at(found, scope)
            raise AlreadyReported
        seen.add(one.tensor)
