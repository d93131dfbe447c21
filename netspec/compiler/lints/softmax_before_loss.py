"""NS601: a softmax as the last layer, under a loss that applies softmax itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import Flow
from netspec.compiler.lints.recipe import loss, loss_notes
from netspec.diagnostics import Diagnostic

SOFTMAX: Final = frozenset({"Softmax", "LogSoftmax", "Softmax2d", "Softmin"})


def softmax_before_loss(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each output's last layer; `CrossEntropyLoss` is the loss where none is written.

    Silent without `train:`: a network that is not trained by its spec may well give probabilities.
    """
    name, span = loss(flow.network)
    if name != "CrossEntropyLoss" or flow.network.document.train is None:
        return
    for _, source in flow.outputs:
        at = flow.maker(source)
        if at < 0 or flow.steps[at].kind not in SOFTMAX:
            continue
        step = flow.steps[at]
        notes = loss_notes(step.layer, span)
        if step.kind == "LogSoftmax":
            effect = "this one changes nothing"
            hint = "delete it, or write `loss: NLLLoss` under `train:`"
        else:
            effect = "applied twice, it leaves hardly any gradient"
            hint = "delete it; for probabilities, apply softmax to the output after training"
        message = f"{step.kind} is the last layer, and `CrossEntropyLoss` applies softmax itself"
        yield Diagnostic("NS601", f"{message}: {effect}", step.span, notes, hint)
