"""Names with dots: `convs.0` is called `0` within `convs`, a holder that names and never runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netspec.compiler.expanding.context import (
    MAX_DEPTH,
    AlreadyReported,
    Elaboration,
    Site,
    Wire,
)
from netspec.compiler.ir import Layer
from netspec.compiler.language.document import Entry
from netspec.diagnostics import Note, Span

Holders = dict[str, tuple[str, Span]]
"""The holders of a container, each with the first layer within it and its place."""


class Names(Protocol):
    """A container while it is filled, as far as its names are concerned."""

    context: Elaboration
    names: dict[str, Wire]
    aliases: set[str]
    holders: Holders


def named_so(name: str) -> tuple[str, ...]:
    """The name and those of its holders, the outermost first: `a`, `a.b` and `a.b.c`."""
    if "." not in name:
        return (name,)
    return (*(name[:i] for i, letter in enumerate(name) if letter == "."), name)


def hold(container: Names, name: str, span: Span) -> None:
    """Take a layer's name, of which a part may name a holder.

    Raises `AlreadyReported` after a finding where a layer and a holder have one name, and
    `LimitReached` where holders stand in too many others.
    """
    if container.context.depth + name.count(".") > MAX_DEPTH:
        container.context.too_deep(span)
    if name in container.holders:
        other, first = container.holders[name]
        _clash(container.context, name, other, span, first)
    for holder in named_so(name)[:-1]:
        layer = container.names.get(holder)
        if layer is not None and holder not in container.aliases:
            _clash(container.context, holder, name, span, layer.span)
        container.holders.setdefault(holder, (name, span))


def _clash(context: Elaboration, holder: str, held: str, span: Span, first: Span | None) -> None:
    message = f"`{holder}` is a layer, and cannot hold `{held}`"
    notes = (Note("the other one is here", first),) if first and first != span else ()
    context.report("NS306", message, span, "rename one of them", notes)
    raise AlreadyReported


def within_holders(
    context: Elaboration,
    name: str,
    expand: Callable[[Entry, Site], Layer | None],
    entry: Entry,
    site: Site,
) -> Layer | None:
    """Expand an entry, each of its holders counted as a level of layers within layers."""
    levels = name.count(".")
    context.depth += levels
    try:
        return expand(entry, site)
    finally:
        context.depth -= levels
