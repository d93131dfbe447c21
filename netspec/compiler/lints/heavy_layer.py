"""NS611: one layer that holds most of the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import Flow, FlowStep, provenance
from netspec.counted import counted
from netspec.diagnostics import Diagnostic
from netspec.ops.linear import Linear

SHARE: Final = 0.8
LEAST: Final = 1_500_000
"""Networks with fewer parameters in all are let be: such as the usual first ones for digits."""


def heavy_layer(flow: Flow) -> Iterator[Diagnostic]:
    """Look at the largest layer of a network that has several with parameters.

    A network of fully connected layers alone is let be: its first one is the heaviest by nature.
    """
    total = flow.network.num_params
    if total < LEAST:
        return
    sizes: dict[str, tuple[int, FlowStep]] = {}
    for step in flow.steps:
        count = step.op.num_params(*step.layer.inputs)
        if count and not step.training_only:
            sizes[step.module] = (count, step)
    if len(sizes) < 2 or all(isinstance(step.op, Linear) for _, step in sizes.values()):
        return
    count, step = max(sizes.values(), key=lambda found: found[0])
    if count <= SHARE * total:
        return
    share = f"{100 * count // total} %"
    message = f"this {step.kind} holds {share} of the network's {counted(total, 'parameter')}"
    hint = None
    if isinstance(step.op, Linear):
        features = f"{counted(step.layer.inputs[0][-1], 'feature comes', 'features come')} in"
        hint = f"{features}: pool before the `Flatten`, for example with `AdaptiveAvgPool2d: 1`"
    yield Diagnostic("NS611", message, step.span, provenance(step.layer), hint)
