"""Layers that make one number of all along some dimensions, such as their mean."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final

from netspec.counted import counted
from netspec.json_schema import BOOL, INTEGER, NUMBER, Schema
from netspec.ops.base import Ints, Op, Refusal, Saved, Shape, arg, described
from netspec.ops.torch_op import dimension

if TYPE_CHECKING:
    from torch import nn

DIMS: Final[Schema] = {
    "type": ["integer", "array"], "items": {"type": "integer"}, "minItems": 1, "maxItems": 64,
}  # fmt: skip
"""One dimension or several."""

NOT_NEGATIVE: Final[Schema] = {**NUMBER, "minimum": 0}
KEEPDIM: Final = "whether they stay, with size 1"


def places(dim: Ints, x: Shape) -> list[int]:
    """Where the dimensions `dim` are in `x`.

    Raises `Refusal` NS409 for one that is not there, and NS410 for one that is named twice.
    """
    found = [dimension(d, x) for d in ((dim,) if isinstance(dim, int) else dim)]
    if len(set(found)) < len(found):
        raise Refusal("NS410", "a dimension is named twice", argument="dim")
    return found


class Reduction(Op, abstract=True):
    """One number out of all along some dimensions."""

    dim: Ints
    keepdim: bool

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, without the dimensions or with size 1 there."""
        (x,) = inputs
        at = places(self.dim, x)
        if self.keepdim:
            return tuple(1 if i in at else s for i, s in enumerate(x))
        return tuple(s for i, s in enumerate(x) if i not in at)

    def make(self, *inputs: Shape) -> nn.Module:
        """The module of this name in `netspec.ops.reduction_modules`."""
        from netspec.ops import reduction_modules

        made: nn.Module = getattr(reduction_modules, type(self).__name__)(**self.values)
        return made


class Mean(Reduction):
    """The mean over one dimension or several; `dim: [2, 3]` is an image's global mean."""

    saves = "nothing"

    dim: Ints = arg(DIMS, "the dimensions to take the mean over, the batch being 0", bare=True)
    keepdim: bool = arg(BOOL, KEEPDIM, default=False)


class Sum(Reduction):
    """The sum over one dimension or several."""

    saves = "nothing"

    dim: Ints = arg(DIMS, "the dimensions to add up, the batch being 0", bare=True)
    keepdim: bool = arg(BOOL, KEEPDIM, default=False)


class Amax(Reduction):
    """The largest number along one dimension or several; gradients go to all that are equal."""

    saves = "both"

    dim: Ints = arg(DIMS, "the dimensions to look along, the batch being 0", bare=True)
    keepdim: bool = arg(BOOL, KEEPDIM, default=False)


class Amin(Reduction):
    """The smallest number along one dimension or several; gradients go to all that are equal."""

    saves = "both"

    dim: Ints = arg(DIMS, "the dimensions to look along, the batch being 0", bare=True)
    keepdim: bool = arg(BOOL, KEEPDIM, default=False)


class Var(Reduction):
    """The variance over one dimension or several, by default divided by one less than there are."""

    saves = "input"

    dim: Ints = arg(DIMS, "the dimensions to take it over, the batch being 0", bare=True)
    keepdim: bool = arg(BOOL, KEEPDIM, default=False)
    correction: int = arg(
        {"type": "integer", "minimum": 0},
        "how much less than their number the squares are divided by: 0 for a whole population",
        default=1,
    )

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, without the dimensions or with size 1 there."""
        out = super().infer(*inputs)
        count = prod(inputs[0][i] for i in places(self.dim, inputs[0]))
        if count <= self.correction:
            raise Refusal(
                "NS409",
                f"`correction: {self.correction}` leaves no variance of "
                f"{counted(count, 'number')} of {described(inputs[0])}",
                argument="dim",
                hint="`correction: 0` divides by their number"
                if self.correction
                else None,
            )  # fmt: skip
        return out


class Norm(Reduction):
    """The norm over one dimension or several: by default the length of a vector.

    Source: `torch.linalg.vector_norm`, `(Σ |x|^p)^(1/p)`; for `p: 0`, how many are not zero.
    """

    saves = "both"

    dim: Ints = arg(DIMS, "the dimensions of the vectors, the batch being 0", bare=True)
    p: float = arg(NOT_NEGATIVE, "the power: 2 for the length, 1 for the sum of sizes", default=2.0)
    keepdim: bool = arg(BOOL, KEEPDIM, default=False)


class Normalize(Op):
    """Vectors divided by their norm, so that they have length 1.

    Source: `torch.nn.functional.normalize`, `x / max(‖x‖, eps)`.
    """

    saves = "input"

    dim: Ints = arg(DIMS, "the dimensions of the vectors, the batch being 0", default=1, bare=True)
    p: float = arg(NOT_NEGATIVE, "the power of the norm", default=2.0)
    eps: float = arg(NOT_NEGATIVE, "the least that is divided by", default=1e-12)

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, unchanged."""
        places(self.dim, inputs[0])
        return inputs[0]

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The norms, and the divisors that they become."""
        (x,) = inputs
        at = places(self.dim, x)
        return Saved(2 * prod(s for i, s in enumerate(x) if i not in at))

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that normalizes."""
        from netspec.ops.reduction_modules import Normalize as Module

        return Module(self.p, self.dim, self.eps)


class CumSum(Op):
    """The sums of all numbers up to each one, along a dimension."""

    saves = "nothing"

    dim: int = arg(INTEGER, "the dimension to add up along, the batch being 0", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, unchanged."""
        dimension(self.dim, inputs[0])
        return inputs[0]

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that adds up."""
        from netspec.ops.reduction_modules import CumSum as Module

        return Module(self.dim)
