"""Activations along one dimension: softmax and its kin, and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netspec.json_schema import INTEGER, nullable
from netspec.ops.base import Refusal, Shape, arg, require_dims, text
from netspec.ops.torch_op import TorchOp, dimension, require_features

if TYPE_CHECKING:
    from torch import nn

DIM: Final = (
    "the dimension that adds up to 1, the batch being 0; by default the features of a vector "
    "or the channels of an image"
)


class AlongDim(TorchOp, abstract=True):
    """A softmax; torch's own guess for a missing `dim` is taken where it is not the batch."""

    saves = "output"

    dim: int | None = arg(nullable(INTEGER), DIM, default=None, bare=True)

    def place(self, x: Shape) -> int:
        """The dimension, the batch being 0."""
        if self.dim is not None:
            return dimension(self.dim, x) + 1
        require_features(self, x)
        # torch guesses 0, the batch, for a tensor of three dimensions, and warns of all guesses
        if len(x) == 2:
            raise Refusal(
                "NS409",
                f"{type(self).__name__} needs its `dim` for {text(x)}",
                hint="write `dim: -1` for the last dimension",
            )
        return 1

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, unchanged."""
        self.place(inputs[0])
        return inputs[0]

    def fixed(self, *inputs: Shape) -> tuple[int]:
        """`dim`."""
        return (self.place(inputs[0]) if self.dim is None else self.dim,)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.Softmax`, `LogSoftmax` or `Softmin`."""
        from torch import nn

        (dim,) = self.fixed(*inputs)
        made: nn.Module = getattr(nn, type(self).__name__)(dim=dim)
        return made


class Softmax(AlongDim):
    """Exponentials that add up to 1: probabilities."""


class LogSoftmax(AlongDim):
    """The logarithm of `Softmax`."""


class Softmin(AlongDim):
    """`Softmax` of the negated input."""


class Softmax2d(TorchOp):
    """`Softmax` over the channels at each position of an image."""

    saves = "output"

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, height, width)`, unchanged."""
        require_dims(self, inputs[0], 3, "channels, height and width", "use `Softmax`")
        return inputs[0]


class GLU(TorchOp):
    """One half of the input, gated by the sigmoid of the other half."""

    saves = "input"

    dim: int = arg(INTEGER, "the dimension to halve, the batch being 0", default=-1, bare=True)

    def infer(self, *inputs: Shape) -> Shape:
        """Any shape, with one dimension halved."""
        (x,) = inputs
        at = dimension(self.dim, x)
        if x[at] % 2:
            raise Refusal(
                "NS409",
                f"GLU halves dimension {at + 1}, whose size is {x[at]}",
                argument="dim",
                hint="the size must be even",
            )
        return (*x[:at], x[at] // 2, *x[at + 1 :])
