"""A learned tensor that stands in its container by its own name."""

from __future__ import annotations

from typing import Any

from netspec.json_schema import BOOL, NUMBER, POSITIVE_NUMBER, nullable
from netspec.ops.base import Op, Refusal, Shape, arg


class Parameter(Op):
    """A learned tensor, such as a class token or a layer's scale, for `Add`, `Mul` or `Concat`.

    It has no input, and is not the default input of the layer after it: name it in `from`. Its
    name in `state_dict` is the layer's own.
    """

    saves = "nothing"

    arity = (0, 0)

    shape: tuple[int, ...] = arg(
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 5},
        "the tensor's shape, without the batch",
        bare=True,
    )
    batch: bool = arg(
        BOOL, "whether torch's tensor has a leading dimension of 1, for the batch", default=False
    )
    fill: float = arg(NUMBER, "the value that it starts with", default=0.0)
    std: float | None = arg(
        nullable(POSITIVE_NUMBER),
        "the standard deviation of a normal start around `fill`",
        default=None,
    )

    def infer(self, *inputs: Shape) -> Shape:
        """The shape that was written."""
        if inputs:
            raise Refusal("NS407", "Parameter takes no input")
        return self.shape

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The tensor, whose name is the layer's own."""
        return {"": (1, *self.shape) if self.batch else self.shape}

    def make(self, *inputs: Shape) -> Any:
        """A `torch.nn.Parameter`, drawn or filled."""
        import torch

        size = (1, *self.shape) if self.batch else self.shape
        if self.std is None:
            return torch.nn.Parameter(torch.full(size, float(self.fill)))
        return torch.nn.Parameter(torch.empty(size).normal_(float(self.fill), std=self.std))
