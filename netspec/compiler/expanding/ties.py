"""`tie: words`: a layer whose weight is an earlier layer's, one tensor under two names."""

from __future__ import annotations

from netspec.compiler.expanding.context import AlreadyReported, Elaboration, Frame
from netspec.compiler.ir import Layer, Scope, changed
from netspec.compiler.language.document import Entry
from netspec.diagnostics import Note, nearest
from netspec.ops.base import text

WEIGHT = "weight"


def tied(context: Elaboration, frame: Frame, made: Layer, entry: Entry, scope: Scope) -> Layer:
    """The layer, its weight that of the one which `tie` names.

    Without one, after a finding: there is no such layer, or the two differ in shape.
    """
    assert entry.tie is not None
    raw, span = entry.tie
    try:
        name = context.layer_name(raw, span, scope)
    except AlreadyReported:
        return made
    other = frame.layer(name)
    if other is None:
        near = nearest(name, frame.visible())
        hint = f"did you mean `{near}`?" if near else "`tie` takes an earlier layer, as `from` does"
        context.report("NS304", f"no earlier layer here is called `{name}`", span, hint)
        return made
    notes = (Note("that one is here", other.span),)
    ours, theirs = (_weight(layer) for layer in (made, other))
    if ours is None or theirs is None:
        which = made if ours is None else other
        message = f"`{which.name}` ({which.kind_name}) has no `weight` of its own to share"
        context.report("NS312", message, span, "tie layers such as `Embedding` and `Linear`", notes)
        return made
    if ours != theirs:
        message = (
            f"the weight of `{made.name}` is {text(ours)}, and that of `{name}` is {text(theirs)}"
        )
        context.report("NS312", message, span, "a shared weight has one shape", notes)
        return made
    return changed(made, tied=other.tied or other.path)


def _weight(layer: Layer) -> tuple[int, ...] | None:
    """The shape of an op's weight; None for what has none, and for a layer that is called again."""
    if layer.op is None or layer.kind == "call":
        return None
    return layer.op.parameters(*layer.inputs).get(WEIGHT)
