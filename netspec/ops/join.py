"""Ops that join several inputs into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.ops.base import INTEGER, Op, Refusal, Shape, arg, text

if TYPE_CHECKING:
    from torch import nn


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """The shape of an elementwise operation under torch's broadcasting, or None."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    padded = (1,) * (len(longer) - len(shorter)) + shorter
    out = []
    for x, y in zip(longer, padded, strict=True):
        if x != y and x != 1 and y != 1:
            return None
        out.append(y if x == 1 else x)
    return tuple(out)


class Elementwise(Op, abstract=True):
    """An elementwise operation on two inputs or more."""

    arity = (2, None)

    def infer(self, *inputs: Shape) -> Shape:
        """Inputs of one number of dimensions, whose sizes are equal or 1."""
        out = inputs[0]
        for x in inputs[1:]:
            joined = broadcast(out, x) if len(out) == len(x) else None
            if joined is None:
                raise Refusal(
                    "NS403",
                    f"{type(self).__name__} joins inputs of one shape, not "
                    + " and ".join(map(text, inputs)),
                )
            out = joined
        return out


class Add(Elementwise):
    """Sum of two inputs or more, elementwise: a residual shortcut."""

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that adds its arguments."""
        from netspec.ops.modules import Add as AddModule

        return AddModule()


class Mul(Elementwise):
    """Product of two inputs or more, elementwise: a gate."""

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that multiplies its arguments."""
        from netspec.ops.modules import Mul as MulModule

        return MulModule()


class Concat(Op):
    """Concatenation of inputs along one dimension; `dim: 1` is the channels, as in torch."""

    arity = (1, None)

    dim: int = arg(INTEGER, "dimension to join along, the batch being 0", default=1, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """Inputs that agree in every other dimension."""
        first = inputs[0]
        dim = self.dim - 1 if self.dim > 0 else len(first) + self.dim
        if self.dim == 0 or not 0 <= dim < len(first):
            raise Refusal(
                "NS409",
                f"`dim: {self.dim}` is not a dimension of {text(first)} that can be joined",
                argument="dim",
                hint=f"the dimensions are 1 to {len(first)}; 0 is the batch",
            )
        for x in inputs[1:]:
            same = len(x) == len(first) and all(
                a == b for i, (a, b) in enumerate(zip(first, x, strict=True)) if i != dim
            )
            if not same:
                raise Refusal(
                    "NS403",
                    f"Concat along dimension {self.dim} joins inputs that agree in every other, "
                    "not " + " and ".join(map(text, inputs)),
                )
        return (*first[:dim], sum(x[dim] for x in inputs), *first[dim + 1 :])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that concatenates its arguments."""
        from netspec.ops.modules import Concat as ConcatModule

        return ConcatModule(self.dim)
