"""NS610: batch norm where training gives it one value per channel."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from netspec.compiler.lints.flow import Flow, provenance
from netspec.diagnostics import Diagnostic, Note
from netspec.ops.norm import BatchNorm


def single_value_norm(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each batch norm at the recipe's batch size; torch refuses a single value."""
    network = flow.network
    if network.recipe.batch_size > 1:
        return
    section = network.document.train
    notes: tuple[Note, ...] = ()
    if section is not None and "batch_size" in section.items:
        notes = (Note("the batch size is set here", section.items["batch_size"].span),)
    for at, step in enumerate(flow.steps):
        if at not in flow.live:  # nothing uses it, which NS604 tells
            continue
        if isinstance(step.op, BatchNorm) and prod(step.layer.inputs[0][1:]) == 1:
            message = (
                f"{step.kind} has one value per channel at a batch size of 1: it has no variance"
            )
            hint = "use a larger `batch_size`, or `GroupNorm` or `LayerNorm`"
            yield Diagnostic("NS610", message, step.span, (*provenance(step.layer), *notes), hint)
