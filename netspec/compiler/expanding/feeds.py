"""What feeds an entry: the names in `from`, and the value that `else` passes on instead."""

from __future__ import annotations

from typing import Any, Protocol

from netspec.compiler.expanding.context import AlreadyReported, Elaboration, Wire
from netspec.compiler.ir import Scope
from netspec.compiler.language.document import Entry
from netspec.compiler.language.said import flow, said
from netspec.diagnostics import Span
from netspec.source import Node, Scalar

Names = tuple[tuple[str, Span], ...]
"""Names of values, each with the place that says it."""


class Fed(Protocol):
    """The container whose values are named."""

    context: Elaboration

    def sources(self, entry: Entry, scope: Scope) -> tuple[Wire, ...]:
        """The values that feed the entry."""

    def source(self, name: str, span: Span, entry: Entry) -> Wire:
        """The value of one name."""

    def visible(self) -> list[str]:
        """Every name that a value has here."""

    def holds(self, entry: Entry, scope: Scope) -> bool:
        """Whether the entry's condition is true."""


def source_names(context: Elaboration, entry: Entry, node: Node, scope: Scope) -> Names:
    """The names in the entry's `from` (`node`, as written): expressions, or one that gives a list.

    Raises `AlreadyReported` after a finding.
    """
    if isinstance(node, Scalar):
        value = context.evaluated(node, scope)
        if isinstance(value, list | tuple):
            return _listed(context, list(value), node, scope)
        return ((_name(context, value, node.span, "`from` takes names", scope), node.span),)
    more = "a list is the whole of `from`, as in `from: $sources`; `$(a + b)` joins two"
    return tuple([
        (_name(context, context.evaluated(Scalar(raw, span), scope), span,
               "an item of `from` is one name", scope, more) if "$" in raw else raw, span)
        for raw, span in entry.sources or ()
    ])  # fmt: skip


def _listed(context: Elaboration, names: list[Any], node: Scalar, scope: Scope) -> Names:
    """The items of a list that an expression gave."""
    context.spend(len(names), node.span)
    if not names:
        hint = "without `from`, a layer takes what the layer before it gives"
        context.report("NS204", "`from` has 1 or more items, not 0", node.span, hint,
                       context.provenance(scope))  # fmt: skip
        raise AlreadyReported
    for name in names:
        if isinstance(name, bool) or not isinstance(name, str | int):
            message = f"`from` takes a list of names, and {said(name)} is none"
            context.report("NS202", message, node.span, None, context.provenance(scope))
            raise AlreadyReported
    return tuple([(str(name), node.span) for name in names])


def _name(
    context: Elaboration, value: Any, span: Span, takes: str, scope: Scope, hint: str | None = None
) -> str:
    """The value as a name. Raises `AlreadyReported` after the finding that it is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | dict):
        context.report("NS202", f"{takes}, not {said(value)}", span, hint,
                       context.provenance(scope))  # fmt: skip
        raise AlreadyReported
    return flow(value)


def either(container: Fed, entry: Entry, scope: Scope) -> tuple[Wire, ...]:
    """What feeds an entry with `else`: its own inputs, or, where `if` is false, the other value.

    A name that is not there is told whichever way it goes; only what is taken is read.
    Raises `AlreadyReported` after a finding.
    """
    assert entry.otherwise is not None
    context = container.context
    raw, span = entry.otherwise
    value = context.evaluated(Scalar(raw, span), scope) if "$" in raw else raw
    other = _name(context, value, span, "`else` names one value", scope)
    if container.holds(entry, scope):
        _require(container, ((other, span),), entry)
        return container.sources(entry, scope)
    names = entry.sources or ()
    if entry.sources_node is not None:
        names = source_names(context, entry, entry.sources_node, scope)
    _require(container, names, entry)
    context.add_edges(1, span)
    return (container.source(other, span, entry),)


def _require(container: Fed, names: Names, entry: Entry) -> None:
    """Tell of names that are not there, but for those of values within layers."""
    known = set(container.visible())
    for name, span in names:
        if name not in known and "." not in name:
            container.source(name, span, entry)
