"""`repeat` and `each`: what each copy sees, and the entries that stand for a child with `each`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from netspec.compiler.expanding.context import (
    MAX_LAYERS,
    AlreadyReported,
    Elaboration,
    LimitReached,
)
from netspec.compiler.ir import Scope
from netspec.compiler.language.document import Child, Entry, Loop
from netspec.compiler.language.env import extended
from netspec.compiler.language.said import said
from netspec.counted import counted
from netspec.json_schema import INTEGER, as_declared


class Filled(Protocol):
    """The container whose children are spread out."""

    context: Elaboration
    poisoned: bool

    def key(self, child: Child, scope: Scope) -> str | None:
        """The name that a child is given, empty for a number; None after a finding."""

    def holds(self, entry: Entry, scope: Scope) -> bool:
        """Whether the entry's condition is true. Raises `AlreadyReported`."""

    def fail(self) -> None:
        """Remember a failure."""


class Copy(NamedTuple):
    """One copy of a child: its entry without `each`, its key (None after a finding), its scope."""

    child: Child
    entry: Entry
    key: str | None
    scope: Scope


def copies(context: Elaboration, loop: Loop, scope: Scope) -> Iterator[Scope] | None:
    """The scope of each copy, or None after a finding. Raises `LimitReached`."""
    try:
        value = context.value(loop.values, scope)
    except AlreadyReported:
        return None
    variable = loop.variable
    if variable is not None and isinstance(value, list | tuple):
        return (_with(scope, {"index": i, variable: v}) for i, v in enumerate(value))
    span = loop.values.span
    value = as_declared(value, INTEGER)
    if isinstance(value, bool) or not isinstance(value, int):
        if variable is not None:
            what = f"`{variable}` stands for the items of a list, or counts"
            message = f"{what}, and not for {said(value)}"
            context.report("NS202", message, span)
            return None
        message = f"the number of copies is a whole number, not {said(value)}"
        hint = "for a list, name what each item is: `each: {stage: $stages}`"
        context.report("NS202", message, span, hint)
        return None
    if value < 0:
        context.report("NS204", f"the number of copies is at least 0, not {value}", span)
        return None
    if value > MAX_LAYERS:
        most = f"the {MAX_LAYERS:,} layers that a network may have"
        many = counted(value, "copy is", "copies are")
        context.report("NS307", f"{many} more than {most}", span)
        raise LimitReached
    if variable is None:
        return (_with(scope, {"index": i}) for i in range(value))
    return (_with(scope, {"index": i, variable: i}) for i in range(value))


def _with(scope: Scope, names: dict[str, Any]) -> Scope:
    return Scope(extended(scope.env, names), scope.block, scope.expanded_from)


def spread(container: Filled, child: Child, scope: Scope) -> Iterator[Copy]:
    """The copies of a child, in order; of `layers` beside `each`, the layers of every copy."""
    entry = child.entry
    if entry.each is None:
        yield Copy(child, entry, container.key(child, scope), scope)
        return
    scopes = copies(container.context, entry.each, scope)
    if scopes is None:
        container.fail()
        return
    body = replace(entry, each=None)
    fixed = child.key is not None and "$" not in child.key and not entry.spliced
    for i, inner in enumerate(scopes):
        container.context.tick(entry.span)
        if entry.spliced:
            if entry.condition is None or container.holds(entry, inner):
                for one in entry.children:
                    yield from spread(container, one, inner)
            continue
        if fixed and i > 0:
            container.context.report(
                "NS306",
                f"each copy would be called `{child.key}`",
                child.span,
                f"write a template: `{child.key}$(index)`",
            )
            container.poisoned = True
            return
        yield Copy(child, body, container.key(child, inner), inner)
