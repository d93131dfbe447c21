"""What a training step holds of one sample, found from the layers alone.

Forward, torch keeps for each operation the tensors that its derivative is made of; every op says
which (:attr:`netspec.ops.base.Op.saves`). Backward, the operations run in reverse: each makes the
gradients of its inputs beside all that is still kept, and then lets go of what only it needed.
"""

from __future__ import annotations

from typing import NamedTuple

from netspec.compiler.analysis.operations import Operation, Operations, operations
from netspec.compiler.ir import NetworkIR
from netspec.ops.base import Saved


class StepMemory(NamedTuple):
    """Memory for one sample, as values in the precision of training and bytes of other kinds.

    `saved` is what the forward pass leaves for the backward pass; `peak` is the most that is held
    at once, with gradients, anywhere in the step.
    """

    saved: Saved
    peak: Saved


def step_memory(network: NetworkIR) -> StepMemory:
    """The memory of one training step for each sample of the batch; weights are not counted."""
    recorded = operations(network)
    first: dict[int, int] = {}  # the first operation that keeps a place is the last to let it go
    beside: list[Saved] = []
    for number, operation in enumerate(recorded.operations):
        for place in _keeps(operation, recorded.learning):
            first.setdefault(place, number)
        learns = operation.learns
        beside.append(operation.op.extra_saved(*operation.shapes) if learns else Saved(0))
    for place in recorded.outputs:  # the loss needs them, and keeps as much again
        first.setdefault(place, len(recorded.operations))
    logits = sum(recorded.sizes[place] for place in recorded.outputs)
    kept = Saved(
        sum(recorded.sizes[place] for place in first) + sum(x.values for x in beside) + logits,
        sum(x.other_bytes for x in beside),
    )
    return StepMemory(kept, _peak(recorded, first, beside, kept, logits))


def _keeps(operation: Operation, learning: frozenset[int]) -> set[int]:
    if not operation.learns:
        return set()
    saving = operation.op.saving(*operation.shapes)
    inputs = operation.inputs
    places = set(inputs) if saving in ("input", "both") else set()
    if saving == "input" and len(inputs) > 1:
        given = tuple(x in learning for x in inputs)
        kept = operation.op.kept_inputs(given, *operation.shapes)
        places = {inputs[i] for i in kept}
    if saving in ("output", "both"):
        places.add(operation.output)
    return places


def _peak(
    recorded: Operations, first: dict[int, int], beside: list[Saved], saved: Saved, logits: int
) -> Saved:
    """The most that is held at once in the backward pass."""
    freed: dict[int, list[int]] = {}
    for place, number in first.items():
        freed.setdefault(number, []).append(place)
    values, other = saved
    gradients = set(recorded.outputs)
    held = values + sum(recorded.sizes[place] for place in gradients)
    most = Saved(held, other)
    held -= logits + sum(recorded.sizes[x] for x in freed.get(len(recorded.operations), ()))
    for number, operation in reversed([*enumerate(recorded.operations)]):
        if operation.learns:
            for place in recorded.learning.intersection(operation.inputs) - gradients:
                gradients.add(place)
                held += recorded.sizes[place]
            most = max(most, Saved(held, other), key=Saved.bytes)
            if operation.output in gradients and operation.output not in operation.inputs:
                gradients.remove(operation.output)
                held -= recorded.sizes[operation.output]
        held -= beside[number].values + sum(recorded.sizes[x] for x in freed.get(number, ()))
        other -= beside[number].other_bytes
    return most
