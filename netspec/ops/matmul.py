"""The product of two inputs that are matrices, alone or with a vector added."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from netspec.counted import counted
from netspec.ops.base import Op, Refusal, Saved, Shape, text
from netspec.ops.join import broadcast
from netspec.ops.torch_op import require_at_least

if TYPE_CHECKING:
    from torch import nn


class MatMul(Op):
    """The matrix product of two inputs, over their last two dimensions, as `torch.matmul`.

    Neither is learned; a map with weights of its own is `Linear`.
    """

    arity = (2, 2)
    saves = "input"

    def leading(self, a: Shape, b: Shape) -> Shape:
        """The sizes before the matrices, sizes of 1 spread. Raises `Refusal` NS403."""
        lead = broadcast(a[:-2], b[:-2]) if len(a) == len(b) else None
        if lead is None:
            raise Refusal(
                "NS403",
                f"MatMul joins inputs that agree in all but the last two dimensions, not {text(a)} "
                f"and {text(b)}",
            )
        return lead

    def infer(self, *inputs: Shape) -> Shape:
        """`(*leading, m, k)` and `(*leading, k, n)` → `(*leading, m, n)`."""
        a, b = inputs
        for x in inputs:
            require_at_least(self, x, 2, "rows and columns")
        lead = self.leading(a, b)
        if a[-1] != b[-2]:
            raise Refusal(
                "NS403",
                f"{text(a)} has {counted(a[-1], 'column')}, and {text(b)} {counted(b[-2], 'row')}",
                hint="`Transpose: {dim0: -2, dim1: -1}` makes the rows of an input its columns"
                if a[-1] == b[-1]
                else None,
            )
        return (*lead, a[-2], b[-1])

    def macs(self, *inputs: Shape) -> int:
        """One product of a row and a column for every number of the output."""
        return prod(self.infer(*inputs)) * inputs[0][-1]

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """Each factor that is not spread, for the other one's gradient."""
        lead = self.leading(*inputs)
        return tuple(i for i in (0, 1) if learning[1 - i] and inputs[i][:-2] == lead)

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Copies of what is spread."""
        lead = self.leading(*inputs)
        spread = [x for x in inputs if x[:-2] != lead]
        return Saved(sum(prod(lead) * prod(x[-2:]) for x in spread))

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that multiplies two matrices."""
        from netspec.ops.join_modules import MatMul as Module

        return Module()


class AddMM(Op):
    """A vector, and the product of the second input with a matrix: `from: [bias, input, weight]`.

    Bias and weight are a `Parameter`, or values of the sample; the last dimension is mapped, as by
    `Linear` with its weight transposed. Source: `torch.addmm`.
    """

    arity = (3, 3)
    saves = "input"

    def infer(self, *inputs: Shape) -> Shape:
        """`(out,)`, `(*, in)` and `(in, out)` → `(*, out)`."""
        bias, x, weight = inputs
        if not x or len(weight) != 2 or x[-1] != weight[0]:
            raise Refusal("NS403", f"AddMM cannot map {text(x)} by a matrix of {text(weight)}")
        if bias != weight[1:]:
            raise Refusal("NS403", f"AddMM adds a vector of {weight[1]}, not {text(bias)}")
        return (*x[:-1], weight[1])

    def macs(self, *inputs: Shape) -> int:
        """A product of matrices: every number of the input with a row of the weight."""
        return prod(inputs[1]) * inputs[2][1]

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """Each factor, for the other one's gradient."""
        return tuple(i for i in (1, 2) if learning[3 - i])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that multiplies and adds."""
        from netspec.ops.join_modules import AddMM as Module

        return Module()
