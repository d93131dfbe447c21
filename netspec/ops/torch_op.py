"""A layer that torch.nn has under the same name, and the checks that such layers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.ops.base import AXES, Op, Refusal, Shape, described, require_dims, text

if TYPE_CHECKING:
    from torch import nn


class TorchOp(Op, abstract=True):
    """An op that is made by calling the class of `torch.nn` that has its name.

    `fixed` are the constructor's leading arguments.
    """

    def make(self, *inputs: Shape) -> nn.Module:
        """The layer of `torch.nn` with these arguments."""
        from torch import nn

        given = dict(self.values)
        if "inplace" in given:
            given["inplace"] = self.overwrites
        made: nn.Module = getattr(nn, type(self).__name__)(*self.fixed(*inputs), **given)
        return made


class AnyLayoutOp(TorchOp, abstract=True):
    """An op whose class of `torch.nn` wants one layout of inputs of more than three dimensions."""

    def make(self, *inputs: Shape) -> nn.Module:
        """The layer of `torch.nn`; of more than three dimensions, one that takes any layout."""
        if len(inputs[0]) <= 3:
            return super().make(*inputs)
        from netspec.ops import modules

        made: nn.Module = getattr(modules, type(self).__name__)(**self.values)
        return made


def spatial(ndim: int) -> str:
    """What the dimensions of channels and `ndim` spatial ones are called, in words."""
    names = ("channels", *AXES[ndim])
    return ", ".join(names[:-1]) + " and " + names[-1]


def require_spatial(op: Op, shape: Shape, ndim: int, for_vector: str | None = None) -> None:
    """Raise `Refusal` NS401 unless `shape` is channels and `ndim` spatial dimensions.

    `for_vector` is the layer that does the same to a vector, where there is one.
    """
    if len(shape) == ndim + 1:
        return
    hint = None
    if len(shape) == 1 and for_vector:
        hint = f"use `{for_vector}`"
    elif len(shape) == 1:
        hint = f"put it before any `Flatten`, or give the vector {spatial(ndim)} by `Reshape`"
    name = type(op).__name__
    if name.endswith(f"{ndim}d") and len(shape) - 1 in AXES:
        hint = f"use `{name.removesuffix(f'{ndim}d')}{len(shape) - 1}d`"
    require_dims(op, shape, ndim + 1, spatial(ndim), hint)


def require_at_least(op: Op, shape: Shape, dims: int, means: str) -> None:
    """Raise `Refusal` NS401 unless `shape` has `dims` dimensions or more, which end as `means`."""
    if len(shape) < dims:
        raise Refusal(
            "NS401", f"{type(op).__name__} takes {means}, or more, not {described(shape)}"
        )


def require_features(op: Op, shape: Shape) -> None:
    """Raise `Refusal` NS401 where `shape` has no dimension but the batch."""
    if not shape:
        raise Refusal(
            "NS401",
            f"{type(op).__name__} takes a vector, or more dimensions, not a scalar",
            hint="`keepdim: true` keeps a dimension of size 1",
        )


def dimension(dim: int, shape: Shape, argument: str = "dim") -> int:
    """Where `dim`, which counts the batch as 0 and may be negative, is in `shape`.

    Raises `Refusal` NS409 where there is no such dimension, or where it is the batch.
    """
    total = len(shape) + 1
    place = dim if dim >= 0 else dim + total
    if not 0 < place < total:
        what = "is the batch" if place == 0 else f"is not a dimension of {text(shape)}"
        named = (
            "there is none" if total == 1
            else "dimension 1 is the only one" if total == 2
            else f"the dimensions are 1 to {total - 1}"
        )  # fmt: skip
        raise Refusal(
            "NS409",
            f"`{argument}: {dim}` {what}",
            argument=argument,
            hint=f"{named}; 0 is the batch",
        )
    return place - 1


def new_dimension(dim: int, shape: Shape) -> int:
    """Where in `shape` a new dimension is put by `dim`, which counts the batch as 0.

    Raises `Refusal` NS409 where there is no such place, or where it is before the batch.
    """
    total = len(shape) + 2
    place = dim if dim >= 0 else dim + total
    if not 0 < place < total:
        what = "is the batch" if place == 0 else f"is no place in {text(shape)}"
        raise Refusal(
            "NS409",
            f"`dim: {dim}` {what}",
            argument="dim",
            hint=f"a new dimension can be 1 to {total - 1}; 0 is the batch"
            if total > 2
            else "a new dimension can be 1; 0 is the batch",
        )
    return place - 1
