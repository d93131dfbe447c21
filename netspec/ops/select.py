"""Layers that keep a part of their input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from netspec.counted import counted
from netspec.json_schema import INTEGER, POSITIVE, nullable
from netspec.ops.base import Ints, Op, Refusal, Shape, arg, described, text
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
    index: int | None = arg(
        nullable(INTEGER),
        "which part, from 0; a negative one counts from the end; left out, the layer gives all, "
        "as `NAME.0`, `NAME.1` and so on",
        default=None,
    )
    dim: int = arg(INTEGER, "the dimension to split, the batch being 0", default=1)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*before, size, *after)` → `(*before, ⌈size/chunks⌉ or what is left, *after)`."""
        (x,) = inputs
        if self.index is None:
            return next(iter(self.outputs(x).values()))
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

    def check(self) -> None:
        """Without `index`, the layer gives all parts."""
        self.__dict__["several"] = self.index is None

    def outputs(self, *inputs: Shape) -> dict[str, Shape]:
        """Every part, by its number."""
        (x,) = inputs
        at = dimension(self.dim, x)
        return parts(x, at, -(-x[at] // self.chunks), "chunks")

    def fixed(self, *inputs: Shape) -> tuple[Any, ...]:
        """How many parts the layer gives, where it gives all."""
        return () if self.index is not None else (len(self.outputs(*inputs)),)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that takes a part, or gives all."""
        from netspec.ops.modules import Chunk as Module
        from netspec.ops.modules import Chunks as All

        if self.index is None:
            return All(self.chunks, self.dim)
        return Module(self.chunks, self.index, self.dim)


class Split(Op):
    """The parts that a dimension is split into, as by `torch.split`: `NAME.0`, `NAME.1`, …."""

    takes = "any"
    saves = "nothing"
    several = True
    view = True

    split_size_or_sections: Ints = arg(
        {"type": ["integer", "array"], "items": POSITIVE, "minItems": 1, "minimum": 1},
        "the size of each part but perhaps the last, or the sizes of all",
        bare=True,
    )
    dim: int = arg(INTEGER, "the dimension to split, the batch being 0", default=1)

    def infer(self, *inputs: Shape) -> Shape:
        """The first part."""
        return next(iter(self.outputs(*inputs).values()))

    def outputs(self, *inputs: Shape) -> dict[str, Shape]:
        """Every part, by its number."""
        (x,) = inputs
        at = dimension(self.dim, x)
        sizes = self.split_size_or_sections
        if isinstance(sizes, int):
            return parts(x, at, sizes, "split_size_or_sections")
        if sum(sizes) != x[at]:
            raise Refusal(
                "NS409",
                f"sections of {' + '.join(map(str, sizes))} do not make the {x[at]} of "
                f"{described(x)}",
                argument="split_size_or_sections",
            )
        return {str(i): (*x[:at], size, *x[at + 1 :]) for i, size in enumerate(sizes)}

    def fixed(self, *inputs: Shape) -> tuple[Any, ...]:
        """How many parts the layer gives."""
        return (len(self.outputs(*inputs)),)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that gives all parts."""
        from netspec.ops.modules import Split as Module

        return Module(self.split_size_or_sections, self.dim)


MOST_PARTS: Final = 1_000
"""More values than these no layer gives."""


def parts(x: Shape, at: int, each: int, argument: str) -> dict[str, Shape]:
    """The shapes of the parts of size `each`, of which the last may be smaller, by number.

    Raises `Refusal` (NS409) where they are more than a layer gives.
    """
    count = -(-x[at] // each)
    if count > MOST_PARTS:
        message = f"this makes {counted(count, 'part')}, and a layer gives {MOST_PARTS:,} at most"
        raise Refusal("NS409", message, argument=argument)
    sizes = [min(each, x[at] - start) for start in range(0, x[at], each)]
    return {str(i): (*x[:at], size, *x[at + 1 :]) for i, size in enumerate(sizes)}
