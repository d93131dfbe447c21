"""NS613: `NLLLoss` over an output that holds no log-probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import PASSING, Flow
from netspec.compiler.lints.recipe import loss, loss_notes
from netspec.diagnostics import Diagnostic
from netspec.ops.dropout import AnyDropout
from netspec.ops.pool import Pool

_LOGARITHMS: Final = ("LogSoftmax", "LogSigmoid")
_BETWEEN: Final = (
    *PASSING, "Reshape", "Permute", "Transpose", "Select", "Slice", "Mean", "Squeeze",
    "Unsqueeze",
)  # fmt: skip


def log_probabilities(flow: Flow) -> Iterator[Diagnostic]:
    """Look at what makes each output, through layers that only hand it on.

    Silent where it is a layer of the user's own, or joins several: they may well give
    log-probabilities.
    """
    name, span = loss(flow.network)
    if name != "NLLLoss":
        return
    for _, source in flow.outputs:
        at = source
        while at >= 0 and (
            flow.steps[at].kind in _BETWEEN
            or isinstance(flow.steps[at].op, AnyDropout | Pool)
            or flow.steps[at].kind.startswith("Adaptive")
        ):
            at = flow.steps[at].sources[0]
        if at < 0:
            continue
        step = flow.steps[at]
        own = not type(step.op).__module__.startswith("netspec.ops.")
        if own or step.kind in _LOGARITHMS or len(step.sources) > 1:
            continue
        notes = loss_notes(step.layer, span)
        if step.kind == "Softmax":
            message = "Softmax gives probabilities, and `NLLLoss` takes their logarithms"
            hint = "write `LogSoftmax` in its place, or delete it and use `CrossEntropyLoss`"
        else:
            message = f"{step.kind} gives no log-probabilities, which `NLLLoss` takes"
            hint = "add `LogSoftmax` after it, or write `loss: CrossEntropyLoss`"
        yield Diagnostic("NS613", message, step.span, notes, hint)
