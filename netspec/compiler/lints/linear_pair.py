"""NS607: two linear maps with nothing between, which one of them could do."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from netspec.compiler.lints.flow import Flow, FlowStep, provenance
from netspec.diagnostics import Diagnostic, Note
from netspec.ops.base import Op, ntuple
from netspec.ops.conv import Conv
from netspec.ops.linear import Linear


def linear_pair(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each convolution or fully connected layer that is fed by another, and alone.

    A pair on purpose is left alone: a depthwise or otherwise grouped convolution beside a
    pointwise one, a window factored into a tall and a wide one, and a narrow middle between two
    wide ends, a map of low rank.
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
        if _narrow_middle(first, step):
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


def _narrow_middle(first: FlowStep, second: FlowStep) -> bool:
    """Whether less goes between two maps than comes in and than goes out."""
    if type(first.op) is not type(second.op):
        return False
    axis = -1 if isinstance(first.op, Linear) else 0
    before, between = first.layer.inputs[0][axis], first.layer.output[axis]
    if isinstance(first.op, Conv) and prod(first.layer.output) >= prod(first.layer.inputs[0]):
        return False
    return between < before and between < second.layer.output[axis]


def _alone_on_purpose(first: Op, second: Op) -> bool:
    if getattr(first, "groups", 1) > 1 or getattr(second, "groups", 1) > 1:
        return True
    if isinstance(first, Conv) and isinstance(second, Conv) and first.ndim == second.ndim:
        pairs = list(zip(ntuple(first.kernel_size, first.ndim),
                         ntuple(second.kernel_size, second.ndim), strict=True))  # fmt: skip
        return any(a > b for a, b in pairs) and any(a < b for a, b in pairs)
    return False
