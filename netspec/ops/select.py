"""Layers that keep a part of their input, or its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.counted import counted
from netspec.json_schema import BOOL, INTEGER, POSITIVE, nullable
from netspec.ops.base import Ints, Op, Refusal, Shape, arg, described, text
from netspec.ops.torch_op import dimension

if TYPE_CHECKING:
    from torch import nn


def require_some(out: Shape, op: Op, x: Shape, hint: str) -> Shape:
    """`out`; raises `Refusal` NS409, with the hint, where it has no dimension left."""
    if not out:
        raise Refusal(
            "NS409",
            f"{type(op).__name__} leaves no dimension of {described(x)}",
            argument="dim",
            hint=hint,
        )
    return out


class Select(Op):
    """One entry of a dimension, which goes: `dim: 1, index: 0` is the first token."""

    view = True
    saves = "nothing"

    dim: int = arg(INTEGER, "the dimension, the batch being 0")
    index: int = arg(INTEGER, "the entry; a negative one counts from the end")

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, size, *after)` → `(*before, *after)`."""
        (x,) = inputs
        at = dimension(self.dim, x)
        if not -x[at] <= self.index < x[at]:
            raise Refusal(
                "NS409",
                f"dimension {at + 1} of {text(x)} has no entry {self.index}",
                argument="index",
                hint=f"entries count from 0; the last one is {x[at] - 1}",
            )
        hint = "`Slice` keeps the dimension"
        return require_some((*x[:at], *x[at + 1 :]), self, x, hint)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that selects."""
        from netspec.ops.modules import Select as Module

        return Module(self.dim, self.index)


class Slice(Op):
    """A stretch of a dimension, as `x[start:end:step]` in Python."""

    view = True
    saves = "nothing"

    dim: int = arg(INTEGER, "the dimension, the batch being 0", default=1)
    start: int = arg(INTEGER, "the first entry; a negative one counts from the end", default=0)
    end: int | None = arg(nullable(INTEGER), "where to stop, exclusive", default=None)
    step: int = arg(POSITIVE, "the distance between entries", default=1)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, size, *after)` → `(*before, part, *after)`."""
        (x,) = inputs
        at = dimension(self.dim, x)
        part = len(range(*slice(self.start, self.end, self.step).indices(x[at])))
        if not part:
            end = "" if self.end is None else self.end
            raise Refusal(
                "NS409",
                f"`{self.start}:{end}` holds nothing of dimension {at + 1}, whose size is {x[at]}",
                argument="start",
                hint=f"entries count from 0; the last one is {x[at] - 1}",
            )
        return (*x[:at], part, *x[at + 1 :])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that slices."""
        from netspec.ops.modules import Slice as Module

        return Module(self.dim, self.start, self.end, self.step)


class Chunk(Op):
    """One of the equal parts that a dimension is split into, as by `torch.chunk`."""

    view = True
    saves = "nothing"

    chunks: int = arg(POSITIVE, "how many parts")
    index: int = arg(INTEGER, "which part, from 0; a negative one counts from the end")
    dim: int = arg(INTEGER, "the dimension to split, the batch being 0", default=1)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, size, *after)` → `(*before, ⌈size/chunks⌉ or what is left, *after)`."""
        (x,) = inputs
        at = dimension(self.dim, x)
        each = -(-x[at] // self.chunks)
        count = -(-x[at] // each)
        if not -count <= self.index < count:
            parts = (
                f"makes only {counted(count, 'part')}, so it has" if count < self.chunks else "has"
            )
            raise Refusal(
                "NS409",
                f"a size of {x[at]} split into {self.chunks} {parts} no part {self.index}",
                argument="index",
                hint=f"parts count from 0; the last one is {count - 1}",
            )
        place = self.index % count
        return (*x[:at], min(each, x[at] - place * each), *x[at + 1 :])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that takes a part."""
        from netspec.ops.modules import Chunk as Module

        return Module(self.chunks, self.index, self.dim)


class Mean(Op):
    """The mean over one dimension or several; `dim: [2, 3]` is an image's global mean."""

    saves = "nothing"

    dim: Ints = arg(
        {"type": ["integer", "array"], "items": {"type": "integer"}, "minItems": 1, "maxItems": 64},
        "the dimensions to take the mean over, the batch being 0",
        bare=True,
    )
    keepdim: bool = arg(BOOL, "whether they stay, with size 1", default=False)

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, without the dimensions or with size 1 there."""
        (x,) = inputs
        dims = (self.dim,) if isinstance(self.dim, int) else self.dim
        places = [dimension(d, x) for d in dims]
        if len(set(places)) < len(places):
            raise Refusal("NS410", "a dimension is named twice", argument="dim")
        if self.keepdim:
            return tuple(1 if i in places else s for i, s in enumerate(x))
        left = tuple(s for i, s in enumerate(x) if i not in places)
        return require_some(left, self, x, "`keepdim: true` keeps the dimension")

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that takes the mean."""
        from netspec.ops.modules import Mean as Module

        return Module(self.dim, self.keepdim)
