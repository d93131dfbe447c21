"""Layers of a plugin whose rules are wrong, each in another way."""

from netspec.ops import register
from netspec.ops.base import Op, Shape, arg


@register
class Halved(Op):
    """Every size divided."""

    by: int = arg({"type": "integer"}, "the divisor", bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        return tuple(size // self.by for size in inputs[0])


@register
class Uncounted(Op):
    """As it is, with multiply-adds that are no number."""

    def macs(self, *inputs: Shape) -> int:
        return None  # type: ignore[return-value]
