# scale.py
"""A layer of one's own: what a spec may write as `- Scale` once this file is named by --plugin."""

from netspec.ops import register
from netspec.ops.base import Op, Shape, arg


@register
class Scale(Op):
    """The input times a learned number for each channel."""

    start: float = arg({"type": "number"}, "what the numbers start as", default=1.0, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """The shape stays; it never includes the batch."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """One number a channel, under the name that `state_dict` gives it."""
        return {"weight": (inputs[0][0], *(1 for _ in inputs[0][1:]))}

    def make(self, *inputs: Shape):
        """Torch is imported here, so that checking a spec does not wait for it."""
        import torch

        class ScaleModule(torch.nn.Module):
            def __init__(self, shape: Shape, start: float) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(torch.full(shape, start))

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x * self.weight

        return ScaleModule(self.parameters(*inputs)["weight"], self.start)
