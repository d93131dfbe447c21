"""A network in training as one sequence of operations on values, whatever contains them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from netspec.compiler.analysis.in_place import overwrites, sole_reader
from netspec.compiler.analysis.state import is_tensor
from netspec.compiler.ir import BLOCK_INPUT, INPUT, Layer, Network
from netspec.ops.base import Op, Shape


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of an op. `inputs` and `output` are places in memory, by number.

    `learns` says whether a gradient goes through it: to its own parameters or to those before.
    """

    op: Op
    shapes: tuple[Shape, ...]
    inputs: tuple[int, ...]
    output: int
    learns: bool


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations in the order in which they run, and how many values each place holds.

    Place 0 is the network's input. A view and a layer that works in place share a place with
    their input. `outputs` are the places of the network's outputs.
    """

    operations: tuple[Operation, ...]
    sizes: tuple[int, ...]
    learning: frozenset[int]
    outputs: tuple[int, ...]


def operations(network: Network) -> Operations:
    """The operations of one training step of `network`, forward."""
    recorder = _Recorder(prod(network.input_shape))
    root = network.root
    needed = {output.source for output in network.output_list if output.name}
    values = recorder.children(root, 0, None, needed)
    outputs = tuple(values[output.source] for output in network.output_list)
    return Operations(
        tuple(recorder.operations),
        tuple(recorder.sizes),
        frozenset(recorder.learning),
        outputs,
    )


class _Recorder:
    def __init__(self, size: int) -> None:
        self.operations: list[Operation] = []
        self.sizes = [size]
        self.learning: set[int] = set()

    def children(
        self, layer: Layer, given: int, block_input: int | None, needed: set[int]
    ) -> dict[int, int]:
        """The place of each child's output, by its index."""
        values = {INPUT: given}
        if block_input is not None:
            values[BLOCK_INPUT] = block_input
        mine = sole_reader(layer, needed)
        for index, child in enumerate(layer.children):
            inputs = tuple(values[source] for source in child.sources)
            if child.op is not None:
                values[index] = self.call(child, inputs, overwrites(child, mine))
            else:
                within = inputs[1] if len(inputs) > 1 else None
                inner = self.children(child, inputs[0], within, set())
                values[index] = inner[child.result]
        return values

    def call(self, layer: Layer, inputs: tuple[int, ...], in_place: bool) -> int:
        """The place of the output of an op."""
        op = layer.op
        assert op is not None
        if is_tensor(layer):  # a parameter: the network holds it in any case
            self.sizes.append(0)
            self.learning.add(len(self.sizes) - 1)
            return len(self.sizes) - 1
        learns = bool(op.parameters(*layer.inputs)) or not self.learning.isdisjoint(inputs)
        if in_place or op.view:
            output = inputs[0]
        else:
            self.sizes.append(prod(layer.output))
            output = len(self.sizes) - 1
        if learns:
            self.learning.add(output)
        self.operations.append(Operation(op, layer.inputs, inputs, output, learns))
        return output
