"""NS608, NS609: dropout or an activation after the last layer that has weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import PASSING, Flow, FlowStep, provenance
from netspec.compiler.lints.recipe import loss, loss_notes
from netspec.compiler.lints.softmax_before_loss import SOFTMAX
from netspec.diagnostics import Diagnostic
from netspec.ops.dropout import AnyDropout

LOSSES_OF_LOGITS: Final = ("CrossEntropyLoss", "BCEWithLogitsLoss")


def dropout_at_the_end(flow: Flow) -> Iterator[Diagnostic]:
    """Report a dropout between an output and the last layer with weights."""
    seen: set[int] = set()
    for _, source in flow.outputs:
        at = source
        while at >= 0 and at not in seen:
            seen.add(at)
            step = flow.steps[at]
            if isinstance(step.op, AnyDropout):
                if step.op.p > 0:
                    hint = "delete it, or put it before the last layer"
                    message = f"{step.kind} after the last layer sets outputs to zero at random"
                    yield Diagnostic("NS608", message, step.span, provenance(step.layer), hint)
                break
            if not (step.kind in PASSING or step.kind in SOFTMAX or _is_activation(step.op)):
                break
            at = step.sources[0]


def activation_at_the_end(flow: Flow) -> Iterator[Diagnostic]:
    """Report an activation of the logits, where the loss wants logits.

    Only of a vector that a linear map made: an image out of a generator may well end in `Tanh`.
    Silent for `Sigmoid` without `train:`: a network that is not trained by its spec may well give
    probabilities.
    """
    name, span = loss(flow.network)
    if name not in LOSSES_OF_LOGITS:
        return
    before_dropout: dict[int, int] = {}
    for output, source in flow.outputs:
        at = flow.maker(source)
        if at < 0 or len(output.shape) != 1 or not _is_activation(flow.steps[at].op):
            continue
        step = flow.steps[at]
        if step.kind == "Sigmoid" and flow.network.document.train is None:
            continue
        before = flow.behind(step.sources[0], _hands_on, before_dropout)
        if before < 0 or not flow.steps[before].op.linear:
            continue
        notes = loss_notes(step.layer, span)
        message = f"{step.kind} after the last layer: `{name}` takes logits of any sign and size"
        yield Diagnostic("NS609", message, step.span, notes, "delete it")


def _hands_on(step: FlowStep) -> bool:
    return step.kind in PASSING or isinstance(step.op, AnyDropout)


def _is_activation(op: object) -> bool:
    return type(op).__module__ == "netspec.ops.activation" and type(op).__name__ != "Identity"
