"""A network in training as one sequence of operations on values, whatever contains them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod
from typing import Any

from netspec.compiler.analysis.in_place import overwrites, sole_reader
from netspec.compiler.analysis.state import is_tensor
from netspec.compiler.interpret import interpret, returned
from netspec.compiler.ir import Layer, NetworkIR
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

    The first places are the network's inputs. A view and a layer that works in place share a
    place with their input. `outputs` are the places of the network's outputs.
    """

    operations: tuple[Operation, ...]
    sizes: tuple[int, ...]
    learning: frozenset[int]
    outputs: tuple[int, ...]


def operations(network: NetworkIR) -> Operations:
    """The operations of one training step of `network`, forward."""
    recorder = _Recorder([prod(one.shape) for one in network.inputs])
    root = network.root
    needed = {output.source for output in network.output_list}
    values = recorder.within(root, tuple(range(len(network.inputs))), needed)
    outputs = tuple(values[output.source] for output in network.output_list)
    return Operations(
        tuple(recorder.operations),
        tuple(recorder.sizes),
        frozenset(recorder.learning),
        outputs,
    )


class _Recorder:
    def __init__(self, sizes: list[int]) -> None:
        self.operations: list[Operation] = []
        self.sizes = sizes
        self.learning: set[int] = set()

    def within(
        self, layer: Layer, inputs: tuple[int, ...], needed: Collection[int]
    ) -> dict[int, int]:
        """The place of each value within a container, by its source."""
        mine = sole_reader(layer, needed)

        def call(child: Layer, given: tuple[int, ...]) -> Any:
            if child.op is not None:
                place = self.call(child, given, overwrites(child, mine))
                return (place,) * len(child.outputs) if child.outputs else place
            return returned(child, self.within(child, given, ()))

        return interpret(layer, inputs, call)

    def call(self, layer: Layer, inputs: tuple[int, ...], in_place: bool) -> int:
        """The place of the output of an op."""
        op = layer.op
        assert op is not None
        if is_tensor(layer):  # of its container: the network holds it in any case
            output = self.place(0)
            if op.num_params():
                self.learning.add(output)
            return output
        learns = bool(op.parameters(*layer.inputs)) or not self.learning.isdisjoint(inputs)
        if in_place or op.view:
            (output,) = inputs
        else:
            output = self.place(sum(map(prod, layer.outputs)) or prod(layer.output))
        if learns:
            self.learning.add(output)
        self.operations.append(Operation(op, layer.inputs, inputs, output, learns))
        return output

    def place(self, size: int) -> int:
        """A new place in memory, of so many values."""
        self.sizes.append(size)
        return len(self.sizes) - 1
