"""Ops that join several inputs into one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

from netspec.json_schema import INTEGER
from netspec.ops.base import Op, Refusal, Saved, Shape, Unbatched, arg, text
from netspec.ops.torch_op import dimension, new_dimension

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


def hint(*inputs: Shape, but: int | None = None) -> str | None:
    """How to make inputs alike that differ in one respect only, besides the dimension `but`."""
    if len({len(x) for x in inputs}) > 1 or len(inputs[0]) < 2:
        return None
    sizes = [len(set(s)) > 1 for s in zip(*inputs, strict=True)]
    differ = [i for i, differs in enumerate(sizes) if differs and i != but]
    if differ == [0]:
        return "a convolution with `kernel_size: 1` changes the channels"
    if 0 not in differ:
        return "the same strides and paddings on every way give the same size"
    return None


class Elementwise(Op, abstract=True):
    """An elementwise operation on two inputs or more."""

    arity: ClassVar[tuple[int, int | None]] = (2, None)

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
                    hint=hint(*inputs),
                )
            out = joined
        return out


def aligned(op: Op, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shapes as each sample sees them: what all share gets sizes of 1 before its own.

    So torch broadcasts a tensor without a batch; a value that has one begins with it, and is never
    given a dimension. Other layers take a tensor of their container as every sample's own.
    """
    dims = max((len(x) for x in shapes if not isinstance(x, Unbatched)), default=0)
    if not isinstance(op, Elementwise):
        dims = 0
    return tuple((*(1,) * (dims - len(x)), *x) if isinstance(x, Unbatched) else x for x in shapes)


class Add(Elementwise):
    """Sum of two inputs or more, elementwise: a residual shortcut."""

    saves = "nothing"

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that adds its arguments."""
        from netspec.ops.join_modules import Add as AddModule

        return AddModule()


class Mul(Elementwise):
    """Product of two inputs or more, elementwise: a gate."""

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The products of some of them, from left to right."""
        return Saved((len(inputs) - 2) * prod(self.infer(*inputs)))

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that multiplies its arguments."""
        from netspec.ops.join_modules import Mul as MulModule

        return MulModule()


class Sub(Elementwise):
    """The first input less the second, elementwise."""

    arity = (2, 2)
    saves = "nothing"

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that subtracts its second argument."""
        from netspec.ops.join_modules import Sub as SubModule

        return SubModule()


class Div(Elementwise):
    """The first input divided by the second, elementwise."""

    arity = (2, 2)
    saves = "input"

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """The divisor, and for its own gradient what is divided."""
        return (0, 1) if learning[1] else (1,)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that divides by its second argument."""
        from netspec.ops.join_modules import Div as DivModule

        return DivModule()


class Extremum(Elementwise, abstract=True):
    """The largest or the smallest of the inputs; equal ones share their gradient."""

    saves = "input"

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """All, which are compared again."""
        return tuple(range(len(learning)))

    def extra_saved(self, *inputs: Shape) -> Saved:
        """What was found of some of them, from left to right."""
        return Saved((len(inputs) - 2) * prod(self.infer(*inputs)))


class Maximum(Extremum):
    """The largest of two inputs or more, elementwise."""

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that takes the largest of its arguments."""
        from netspec.ops.join_modules import Maximum as MaximumModule

        return MaximumModule()


class Minimum(Extremum):
    """The smallest of two inputs or more, elementwise."""

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that takes the smallest of its arguments."""
        from netspec.ops.join_modules import Minimum as MinimumModule

        return MinimumModule()


class Stack(Op):
    """Inputs of one shape, side by side along a new dimension."""

    takes = "any"

    saves = "nothing"

    arity = (1, None)

    dim: int = arg(INTEGER, "where the new dimension is, the batch being 0", default=1, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """Inputs of one shape `(*before, *after)` → `(*before, count, *after)`."""
        first = inputs[0]
        at = new_dimension(self.dim, first)
        if any(x != first for x in inputs):
            raise Refusal(
                "NS403",
                "Stack joins inputs of one shape, not " + " and ".join(map(text, inputs)),
                hint=hint(*inputs),
            )
        return (*first[:at], len(inputs), *first[at:])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that stacks its arguments."""
        from netspec.ops.join_modules import Stack as StackModule

        return StackModule(self.dim)


class Concat(Op):
    """Concatenation of inputs along one dimension; `dim: 1` is the channels, as in torch."""

    takes = "any"

    saves = "nothing"

    arity = (1, None)

    dim: int = arg(INTEGER, "dimension to join along, the batch being 0", default=1, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """Inputs that agree in every other dimension."""
        first = inputs[0]
        dim = dimension(self.dim, first)
        for x in inputs[1:]:
            same = len(x) == len(first) and all(
                a == b for i, (a, b) in enumerate(zip(first, x, strict=True)) if i != dim
            )
            if not same:
                raise Refusal(
                    "NS403",
                    f"Concat along dimension {self.dim} joins inputs that agree in every other, "
                    "not " + " and ".join(map(text, inputs)),
                    hint=hint(*inputs, but=dim),
                )
        return (*first[:dim], sum(x[dim] for x in inputs), *first[dim + 1 :])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that concatenates its arguments."""
        from netspec.ops.join_modules import Concat as ConcatModule

        return ConcatModule(self.dim)
