"""Layers that keep a part of their input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.counted import counted
from netspec.json_schema import INTEGER, POSITIVE, nullable
from netspec.ops.base import Op, Refusal, Shape, arg, text
from netspec.ops.torch_op import dimension

if TYPE_CHECKING:
    from torch import nn


class Select(Op):
    """One entry of a dimension, which goes: `dim: 1, index: 0` is the first token."""

    takes = "any"
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
        return (*x[:at], *x[at + 1 :])

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that selects."""
        from netspec.ops.modules import Select as Module

        return Module(self.dim, self.index)


class Slice(Op):
    """A stretch of a dimension, as `x[start:end:step]` in Python."""

    takes = "any"
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

    takes = "any"
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
