"""NS607: two linear maps with nothing between, which one of them could do."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.lints.flow import Flow, provenance
from netspec.diagnostics import Diagnostic, Note
from netspec.ops.base import Op, ntuple
from netspec.ops.conv import Conv
from netspec.ops.linear import Linear


def linear_pair(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each convolution or fully connected layer that is fed by another, and alone.

    A pair on purpose is left alone: a depthwise or otherwise grouped convolution beside a
    pointwise one, and a window factored into a tall and a wide one.
    """
    for step in flow.steps:
        if not isinstance(step.op, Conv | Linear):
            continue
        at = flow.maker(step.sources[0])
        if at < 0:
            continue
        first = flow.steps[at]
        if not isinstance(first.op, Conv | Linear) or _alone_on_purpose(first.op, step.op):
            continue
        direct = step.sources[0]
        if len(flow.users[at]) > 1 or len(flow.users[direct]) > 1:
            continue
        if {at, direct} & flow.is_output:
            continue
        yield Diagnostic(
            "NS607",
            f"{step.kind} follows {first.kind} with no activation between: "
            "two linear maps are one linear map",
            step.span,
            (Note(f"the {first.kind} is here", first.span), *provenance(step.layer)),
            "put an activation such as `ReLU` between them, or keep one of them",
        )


def _alone_on_purpose(first: Op, second: Op) -> bool:
    if getattr(first, "groups", 1) > 1 or getattr(second, "groups", 1) > 1:
        return True
    if isinstance(first, Conv) and isinstance(second, Conv) and first.ndim == second.ndim:
        pairs = list(zip(ntuple(first.kernel_size, first.ndim),
                         ntuple(second.kernel_size, second.ndim), strict=True))  # fmt: skip
        return any(a > b for a, b in pairs) and any(a < b for a, b in pairs)
    return False
