"""NS602: a bias that the batch norm after it takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.lints.flow import Flow, provenance
from netspec.diagnostics import Diagnostic, Note
from netspec.ops.linear import Linear
from netspec.ops.norm import BatchNorm


def bias_before_norm(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each linear map whose every use is a batch norm over the bias's own channels.

    A norm that is made and never used takes nothing away: it is NS604's.
    """
    for runs in flow.modules.values():
        first = flow.steps[runs[0]]
        if not (first.op.linear and getattr(first.op, "bias", False)):
            continue
        # a linear map's bias is along the last dimension, a batch norm's channels are the first
        if isinstance(first.op, Linear) and len(first.layer.output) > 1:
            continue
        users = [flow.steps[u] for run in runs for u in flow.users[run] if u in flow.live]
        if flow.is_output.intersection(runs) or not users:
            continue
        if all(isinstance(user.op, BatchNorm) for user in users):
            norm = users[0]
            yield Diagnostic(
                "NS602",
                f"the bias of this {first.kind} is removed by the {norm.kind} after it",
                flow.place(first.layer, "bias"),
                (*provenance(first.layer), Note(f"the {norm.kind} is here", norm.span)),
                "add `bias: false`" if flow.place(first.layer, "bias") == first.span
                else "write `bias: false`",
            )  # fmt: skip
