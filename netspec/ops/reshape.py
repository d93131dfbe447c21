"""Layers that change the shape and keep the elements."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final

from netspec.counted import counted
from netspec.json_schema import INTEGER, Schema
from netspec.ops.base import Ints, Op, Refusal, Shape, arg, described, text
from netspec.ops.reduction import DIMS, places
from netspec.ops.torch_op import TorchOp, dimension, new_dimension

if TYPE_CHECKING:
    from torch import nn

TARGET: Final[Schema] = {
    "type": "array",
    "items": {"type": "integer", "minimum": -1},
    "minItems": 1,
    "maxItems": 63,
}
"""Sizes, of which one may be -1: whatever is left."""


def filled(target: Shape, total: int, what: str, argument: str) -> Shape:
    """`target` with its -1 replaced, so that it holds `total` elements.

    Raises `Refusal` NS405 where it cannot; `what` names what is reshaped.
    """
    known = prod(s for s in target if s != -1)
    if -1 in target and known > 0 and total % known == 0:
        return tuple(total // known if s == -1 else s for s in target)
    if known == total and -1 not in target:
        return target
    holds = f"a multiple of {known}" if -1 in target else str(known)
    raise Refusal(
        "NS405",
        f"{what} has {counted(total, 'element')}, and "
        f"`{argument}: [{', '.join(map(str, target))}]` takes {holds}",
        argument=argument,
        hint="write one size as -1 to have it worked out" if -1 not in target and known else None,
    )


def check_target(target: Shape, argument: str) -> None:
    """Raise `Refusal` NS410 where more than one size is -1."""
    if target.count(-1) > 1:
        raise Refusal("NS410", "only one size can be -1", argument=argument)


class Flatten(TorchOp):
    """Join several dimensions into one: by default all but the batch."""

    takes = "any"
    view = True
    saves = "nothing"

    start_dim: int = arg(INTEGER, "the first dimension to join, the batch being 0", default=1)
    end_dim: int = arg(INTEGER, "the last dimension to join", default=-1)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, a, b, …, *after)` → `(*before, a·b·…, *after)`."""
        (x,) = inputs
        start, end = (
            dimension(self.start_dim, x, "start_dim"),
            dimension(self.end_dim, x, "end_dim"),
        )
        if start > end:
            raise Refusal(
                "NS410",
                f"`start_dim: {self.start_dim}` comes after `end_dim: {self.end_dim}`",
                argument="start_dim",
            )
        return (*x[:start], prod(x[start : end + 1]), *x[end + 1 :])


class Unflatten(TorchOp):
    """Split one dimension into several."""

    takes = "any"
    view = True
    saves = "nothing"

    dim: int = arg(INTEGER, "the dimension to split, the batch being 0")
    unflattened_size: Shape = arg(TARGET, "the sizes to split it into; one may be -1")

    def check(self) -> None:
        """Refuse more than one -1."""
        check_target(self.unflattened_size, "unflattened_size")

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, a·b·…, *after)` → `(*before, a, b, …, *after)`."""
        (x,) = inputs
        at = dimension(self.dim, x)
        parts = filled(self.unflattened_size, x[at], f"dimension {at + 1}", "unflattened_size")
        return (*x[:at], *parts, *x[at + 1 :])


class Reshape(Op):
    """The same elements in another shape; the batch is kept, and not written."""

    takes = "any"
    view = True
    saves = "nothing"

    shape: Shape = arg(TARGET, "the sizes without the batch; one may be -1", bare=True)

    def check(self) -> None:
        """Refuse more than one -1."""
        check_target(self.shape, "shape")

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape → `shape`."""
        return filled(self.shape, prod(inputs[0]), f"an input of {text(inputs[0])}", "shape")

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that reshapes."""
        from netspec.ops.modules import Reshape as Module

        return Module(self.shape)


class Permute(Op):
    """The dimensions in another order; the batch, which is 0, stays first."""

    takes = "any"
    view = True
    saves = "nothing"

    dims: Shape = arg(
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 64},
        "every dimension in its new order, as `[0, 2, 3, 1]` for channels last", bare=True,
    )  # fmt: skip

    def check(self) -> None:
        """Refuse an order that moves the batch."""
        if self.dims[0] not in (0, -len(self.dims)):
            raise Refusal(
                "NS410",
                "the batch, dimension 0, must stay first",
                argument="dims",
                hint=f"begin with 0: `dims: [0, {', '.join(map(str, self.dims))}]`"
                if 0 not in self.dims
                else None,
            )

    def order(self, x: Shape) -> tuple[int, ...]:
        """The new order of the dimensions of `x`, without the batch."""
        total = len(x) + 1
        order = tuple(d + total if d < 0 else d for d in self.dims)
        if sorted(order) != list(range(total)):
            raise Refusal(
                "NS409",
                f"`dims: [{', '.join(map(str, self.dims))}]` does not name every dimension of "
                f"{text(x)} once",
                argument="dims",
                hint=f"the dimensions are 0, which is the batch, to {total - 1}",
            )
        return tuple(d - 1 for d in order[1:])

    def infer(self, *inputs: Shape) -> Shape:
        """The sizes in their new order."""
        return tuple(inputs[0][d] for d in self.order(inputs[0]))

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that permutes."""
        from netspec.ops.modules import Permute as Module

        return Module(self.dims)


class Transpose(Op):
    """Two dimensions, swapped."""

    takes = "any"
    view = True
    saves = "nothing"

    dim0: int = arg(INTEGER, "one dimension, the batch being 0")
    dim1: int = arg(INTEGER, "the other dimension")

    def infer(self, *inputs: Shape) -> Shape:
        """The same sizes, two of them swapped."""
        out = list(inputs[0])
        a, b = dimension(self.dim0, inputs[0], "dim0"), dimension(self.dim1, inputs[0], "dim1")
        out[a], out[b] = out[b], out[a]
        return tuple(out)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that transposes."""
        from netspec.ops.modules import Transpose as Module

        return Module(self.dim0, self.dim1)


class Unsqueeze(Op):
    """A new dimension of size 1."""

    takes = "any"
    view = True
    saves = "nothing"

    dim: int = arg(INTEGER, "where it is put, the batch being 0", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, *after)` → `(*before, 1, *after)`."""
        (x,) = inputs
        at = new_dimension(self.dim, x)
        return (*x[:at], 1, *x[at:])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that adds a dimension."""
        from netspec.ops.modules import Unsqueeze as Module

        return Module(self.dim)


class Squeeze(Op):
    """Dimensions of size 1, left out; torch leaves others alone without a word, and a spec not."""

    takes = "any"
    view = True
    saves = "nothing"

    dim: Ints = arg(DIMS, "the dimensions to leave out, the batch being 0", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, without the dimensions."""
        (x,) = inputs
        at = places(self.dim, x)
        large = [i for i in at if x[i] != 1]
        if large:
            raise Refusal(
                "NS409",
                f"dimension {large[0] + 1} of {text(x)} is {x[large[0]]}, and Squeeze leaves out "
                "what is 1",
                argument="dim",
                hint="`Select` takes one entry of it, `Flatten` joins it with another",
            )
        return tuple(s for i, s in enumerate(x) if i not in at)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that leaves dimensions out."""
        from netspec.ops.modules import Squeeze as Module

        return Module(self.dim)


class Expand(Op):
    """Sizes of 1 repeated, without taking memory; the batch is kept, and not written."""

    takes = "any"
    view = True
    saves = "nothing"

    shape: Shape = arg(TARGET, "the sizes without the batch; -1 keeps a size as it is", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """As many sizes, each equal or repeated where it is 1."""
        (x,) = inputs
        fits = len(self.shape) == len(x) and all(
            wanted in (-1, size) or (size == 1 and wanted > 0)
            for wanted, size in zip(self.shape, x, strict=True)
        )
        if not fits:
            few = len(self.shape) > len(x)
            raise Refusal(
                "NS409",
                f"`shape: [{', '.join(map(str, self.shape))}]` does not repeat {described(x)}",
                argument="shape",
                hint="`Unsqueeze` adds a dimension of 1" if few else "only a size of 1 is repeated",
            )
        return tuple(
            size if wanted == -1 else wanted for wanted, size in zip(self.shape, x, strict=True)
        )

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that repeats."""
        from netspec.ops.modules import Expand as Module

        return Module(self.shape)
