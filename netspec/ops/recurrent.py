"""Recurrent layers over a sequence: `RNN`, `GRU` and `LSTM`, with torch's arguments and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from netspec.json_schema import BOOL, POSITIVE, PROBABILITY
from netspec.ops.base import Op, Refusal, Saved, Shape, arg, require_dims

if TYPE_CHECKING:
    from torch import nn


class Recurrent(Op, abstract=True):
    """A recurrence over `(length, features)`; the batch comes first, as everywhere.

    The layer's own name stands for the outputs of every step, `(length, features of the state)`;
    `NAME.last` is the state of the last layer after its last step, both directions joined.
    """

    saves = "input"
    several = True

    gates: ClassVar[int]
    """How many maps of the input, and of the state, one step has."""

    hidden_size: int = arg(POSITIVE, "the features of the state", bare=True)
    num_layers: int = arg(POSITIVE, "how many layers, each over the outputs before", default=1)
    bias: bool = arg(BOOL, "whether the maps have biases", default=True)
    dropout: float = arg(PROBABILITY, "dropout between the layers", default=0.0)
    bidirectional: bool = arg(
        BOOL, "a second recurrence from the end, its features beside the first's", default=False
    )

    @property
    def state(self) -> int:
        """The features of one direction's output."""
        return self.hidden_size

    @property
    def directions(self) -> int:
        """One, or two with the recurrence from the end."""
        return 2 if self.bidirectional else 1

    def infer(self, *inputs: Shape) -> Shape:
        """`(length, features)` → `(length, directions · state)`."""
        (x,) = inputs
        hint = "make tokens by `Flatten: {start_dim: 2}` and `Transpose: {dim0: 1, dim1: 2}`"
        require_dims(self, x, 2, "length and features", hint if len(x) == 3 else None)
        return (x[0], self.directions * self.state)

    def outputs(self, *inputs: Shape) -> dict[str, Shape]:
        """The outputs of every step, and the state after the last."""
        each = self.infer(*inputs)
        return {"": each, "last": each[1:]}

    def fixed(self, *inputs: Shape) -> tuple[Any, ...]:
        """The features of the input."""
        return (inputs[0][1],)

    def _cells(self, features: int) -> list[tuple[str, int]]:
        """The end of each cell's names, and the features that it reads."""
        ends = ("", "_reverse")[: self.directions]
        return [
            (f"_l{layer}{end}", self.directions * self.state if layer else features)
            for layer in range(self.num_layers)
            for end in ends
        ]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The maps of the input and of the state of each layer and direction, all gates in one."""
        found: dict[str, Shape] = {}
        rows = self.gates * self.hidden_size
        for end, features in self._cells(inputs[0][1]):
            found[f"weight_ih{end}"] = (rows, features)
            found[f"weight_hh{end}"] = (rows, self.state)
            if self.bias:
                found[f"bias_ih{end}"] = found[f"bias_hh{end}"] = (rows,)
            if self.state != self.hidden_size:
                found[f"weight_hr{end}"] = (self.state, self.hidden_size)
        return found

    def macs(self, *inputs: Shape) -> int:
        """All maps, once a step."""
        length, features = inputs[0]
        weights = self.parameters((length, features))
        return length * sum(s[0] * s[1] for s in weights.values() if len(s) == 2)

    def cell_saved(self, length: int) -> int:
        """Values that one cell keeps over all steps: gates, states, and what they are made of."""
        projected = self.state if self.state != self.hidden_size else 0
        return length * (7 * self.hidden_size + projected)

    def extra_saved(self, *inputs: Shape) -> Saved:
        """What the cells keep, and the outputs between layers, with dropout twice."""
        length = inputs[0][0]
        cells = self.num_layers * self.directions * self.cell_saved(length)
        between = (self.num_layers - 1) * length * self.directions * self.state
        return Saved(cells + between * (2 if self.dropout else 1))

    def make(self, *inputs: Shape) -> nn.Module:
        """torch's module of this name, giving the outputs and the last state."""
        from netspec.ops import recurrent_modules

        made: nn.Module = getattr(recurrent_modules, type(self).__name__)(
            inputs[0][1], batch_first=True, **self.values
        )
        return made


class RNN(Recurrent):
    """A recurrence with one map of the input and one of the state (Elman)."""

    gates = 1

    nonlinearity: str = arg({"enum": ["tanh", "relu"]}, "what follows the maps", default="tanh")

    def cell_saved(self, length: int) -> int:
        """The state before every step and after the last."""
        return (length + 1) * self.hidden_size


class GRU(Recurrent):
    """A recurrence whose gates reset and update the state."""

    gates = 3


class LSTM(Recurrent):
    """A recurrence with a cell that gates write, keep and read; `NAME.cell` is it at the end."""

    gates = 4

    proj_size: int = arg(
        {"type": "integer", "minimum": 0}, "map the state to so many features", default=0
    )

    @property
    def state(self) -> int:
        """The features of one direction's output, mapped where `proj_size` says so."""
        return self.proj_size or self.hidden_size

    def check(self) -> None:
        """A projection makes the state smaller, as torch has it."""
        if self.proj_size >= self.hidden_size:
            raise Refusal(
                "NS410",
                f"`proj_size: {self.proj_size}` is not less than the hidden size of "
                f"{self.hidden_size}",
                argument="proj_size",
            )

    def outputs(self, *inputs: Shape) -> dict[str, Shape]:
        """The outputs of every step, the state after the last, and the cell."""
        return {**super().outputs(*inputs), "cell": (self.directions * self.hidden_size,)}
