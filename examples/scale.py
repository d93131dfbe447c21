# scale.py
"""A layer of one's own: with `--plugin scale.py`, a spec may write `- LearnedScale: 0.5`."""

import torch
from torch import nn

from netspec.ops import register
from netspec.ops.base import Op, Shape, arg


class ScaleModule(nn.Module):
    """The layer as torch runs it."""

    def __init__(self, shape: Shape, start: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full(shape, start))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


@register
class LearnedScale(Op):
    """The input times a learned number for each channel."""

    start: float = arg({"type": "number"}, "what the numbers start as", default=1.0, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """The output has the input's shape; the batch is never part of a shape."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """One number a channel, under the name that `state_dict` gives it."""
        return {"weight": (inputs[0][0], *(1 for _ in inputs[0][1:]))}

    def make(self, *inputs: Shape) -> nn.Module:
        """The module for these input shapes."""
        return ScaleModule(self.parameters(*inputs)["weight"], self.start)
