"""`call`: an earlier layer once more, its weights shared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from netspec.compiler.analysis.propagate import rerun
from netspec.compiler.expanding.context import AlreadyReported, Scope, Wire
from netspec.compiler.ir import Layer, leaves
from netspec.compiler.language.document import Entry
from netspec.diagnostics import Note, nearest
from netspec.ops.base import Refusal, text
from netspec.source import Scalar

if TYPE_CHECKING:
    from netspec.compiler.expanding.container import Builder


def called(
    builder: Builder, entry: Entry, name: str, inputs: tuple[Wire, ...], scope: Scope
) -> Layer | None:
    """The layer `entry.op` once more: same weights, so the same parameter shapes."""
    target = entry.op
    if "$" in target:
        target = str(builder.expander.evaluated(Scalar(target, entry.span), scope))
    index = builder.indices.get(target)
    if index is None:
        near = nearest(target, [c.name for c in builder.children])
        hint = f"did you mean `{near}`?" if near else (
            "`call` takes an earlier layer of the same sequence"
        )  # fmt: skip
        if not builder.poisoned:
            message = f"no earlier layer here is called `{target}`"
            builder.expander.report("NS309", message, entry.span, hint)
        raise AlreadyReported
    first = builder.children[index]
    if first.kind == "call":
        index = first.target
        first = builder.children[index]
    if first.training_only and not entry.training_only:
        message = f"`{first.name}` runs only in training, and this layer always"
        builder.expander.report(
            "NS309", message, entry.span, "give this layer `when: training` too"
        )
        raise AlreadyReported
    again = _again(builder, first, inputs, entry)
    sources = tuple(v.source for v in inputs)
    path = f"{builder.path}.{name}" if builder.path else name
    return replace(again, name=name, path=path, kind="call", target=index, sources=sources,
                   span=entry.span, takes_block_input=False)  # fmt: skip


def _again(builder: Builder, first: Layer, inputs: tuple[Wire, ...], entry: Entry) -> Layer:
    shapes = tuple(v.shape for v in inputs if v.shape is not None)
    if len(shapes) < len(inputs):
        raise AlreadyReported
    if first.takes_block_input or len(shapes) != len(first.inputs):
        message = f"`{first.name}` takes {len(first.inputs)} inputs, not {len(shapes)}"
        if first.takes_block_input:
            message = f"`{first.name}` uses its block's `input`, and cannot be called again"
        builder.expander.report("NS309", message, entry.span)
        raise AlreadyReported
    builder.expander.tick(entry.span)
    if shapes == first.inputs:
        return first
    try:
        again = rerun(first, shapes)
    except Refusal as refusal:
        builder.expander.refused(refusal, entry, entry.op, inputs, builder.scope)
        raise AlreadyReported from None
    for a, b in zip(leaves(first), leaves(again), strict=True):
        if a.op is None:
            continue
        before, after = a.op.parameters(*a.inputs), a.op.parameters(*b.inputs)
        if before != after:
            made, now = (text(x[0]) for x in (a.inputs, b.inputs))
            builder.expander.report(
                "NS406",
                f"`{first.name}` has weights for {made}, and cannot be called on {now}",
                entry.span,
                "write a layer of its own instead of `call`",
                (Note("it is made here", first.span),),
            )
            raise AlreadyReported
    return again
