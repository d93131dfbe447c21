"""`$name` where a layer's name stands: the layer that a parameter holds, with its arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from netspec.compiler.expanding.arguments import alone_of, given_nodes
from netspec.compiler.expanding.context import AlreadyReported, Elaboration
from netspec.compiler.ir import Scope
from netspec.compiler.language.document import Entry
from netspec.compiler.language.records import is_layer
from netspec.compiler.language.said import said
from netspec.compiler.language.schema_validation import lift
from netspec.ops import OPS
from netspec.source import Mapping, Scalar


def held_layer(context: Elaboration, entry: Entry, scope: Scope) -> tuple[Entry, str]:
    """The entry with the arguments of the layer that its `$name` stands for, and that layer's name.

    Where both give one argument, the entry's own counts. Raises `AlreadyReported` after a finding.
    """
    value = context.evaluated(Scalar(entry.op, entry.span), scope)
    if not isinstance(value, dict):
        return entry, _known(context, value, entry, scope)
    if not is_layer(value):
        _refuse(context, value, entry, scope)
    ((head, given),) = value.items()
    name = _known(context, head, entry, scope)
    text = repr(given)
    context.spend(len(text) // 8, entry.span)
    key = (entry.span, name, text)
    merged = context.merged.get(key)
    if merged is None:
        merged = context.merged[key] = _merged(context, replace(entry, op=name), given)
    return replace(entry, op=name, args=merged), name


def _merged(context: Elaboration, entry: Entry, given: Any) -> Mapping:
    """The arguments that came with the layer, and the entry's own."""
    alone, message = alone_of(context, entry.op, entry.span)
    came = replace(entry, args=lift(given, entry.span))
    items = {
        **given_nodes(context, came, alone, message),
        **given_nodes(context, entry, alone, message),
    }
    own = entry.args.keys if isinstance(entry.args, Mapping) else {}
    return Mapping(items, {key: own.get(key, entry.span) for key in items}, entry.span)


def _known(context: Elaboration, value: Any, entry: Entry, scope: Scope) -> str:
    """The value as the name of an op or a block. Raises `AlreadyReported` after a finding."""
    if not isinstance(value, str):
        _refuse(context, value, entry, scope)
    if value == "Sequential":
        hint = "a block under `blocks:` may hold the layers, and a parameter name the block"
        context.report(
            "NS205", "`Sequential` needs its layers", entry.span, hint, context.provenance(scope)
        )
        raise AlreadyReported
    if value not in OPS and value not in context.document.blocks:
        from netspec.compiler.language.unknown_layer import unknown_layer

        found = unknown_layer(value, entry.span, tuple(context.document.blocks))
        context.report(found.code, found.message, found.span, found.hint, context.provenance(scope))
        raise AlreadyReported
    return value


def _refuse(context: Elaboration, value: Any, entry: Entry, scope: Scope) -> NoReturn:
    """Say that a value is no layer."""
    hint = "the parameter must hold a layer's name, such as `ReLU`"
    if isinstance(value, dict):
        hint = "a layer with its arguments is alone in its mapping, as in `{LeakyReLU: 0.2}`"
    context.report(
        "NS205", f"{said(value)} is not a layer", entry.span, hint, context.provenance(scope)
    )
    raise AlreadyReported
