"""Dropout: random zeros in training, nothing afterwards."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Final

from netspec.json_schema import BOOL, PROBABILITY, one_of
from netspec.ops.base import Op, Saved, Shape, arg
from netspec.ops.torch_op import TorchOp, require_features, require_spatial

if TYPE_CHECKING:
    from torch import nn

P: Final = "the probability of a zero"
INPLACE: Final = "whether the input's memory is used for the output"


class AnyDropout(TorchOp, abstract=True):
    """A dropout of torch.nn."""

    saves = "nothing"

    p: float = arg(PROBABILITY, P, default=0.5, bare=True)
    inplace: bool = arg(BOOL, INPLACE, default=False)


class Dropout(AnyDropout):
    """Random zeros in training, the rest scaled up to keep the mean; nothing afterwards."""

    def extra_saved(self, *inputs: Shape) -> Saved:
        """What each value was multiplied by."""
        return Saved(prod(inputs[0]) if self.p else 0)


class AlphaDropout(AnyDropout):
    """Dropout that keeps mean and variance, for networks of `SELU`."""

    def extra_saved(self, *inputs: Shape) -> Saved:
        """What each value was multiplied by."""
        return Saved(prod(inputs[0]) if self.p else 0)


class ChannelDropout(AnyDropout, abstract=True):
    """Dropout of whole channels."""

    ndim: ClassVar[int]

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)`, unchanged."""
        require_spatial(self, inputs[0], self.ndim, for_vector="Dropout")
        return inputs[0]


class Dropout1d(ChannelDropout):
    """Dropout of whole channels of a sequence, `(channels, length)`."""

    ndim = 1


class Dropout2d(ChannelDropout):
    """Dropout of whole channels of an image, `(channels, height, width)`."""

    ndim = 2


class Dropout3d(ChannelDropout):
    """Dropout of whole channels of a volume, `(channels, depth, height, width)`."""

    ndim = 3


class FeatureAlphaDropout(AnyDropout):
    """Dropout of whole channels that keeps mean and variance, for networks of `SELU`."""

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *any)`, unchanged."""
        require_features(self, inputs[0])
        return inputs[0]

    def extra_saved(self, *inputs: Shape) -> Saved:
        """What each value was multiplied by."""
        return Saved(prod(inputs[0]) if self.p else 0)


class StochasticDepth(Op):
    """Random removal of a residual branch in training, for whole samples or the whole batch."""

    saves = "nothing"

    p: float = arg(PROBABILITY, "the probability that the branch is removed", bare=True)
    mode: str = arg(
        one_of("row", "batch"), "`row` decides for each sample, `batch` for all", default="row"
    )

    def make(self, *inputs: Shape) -> nn.Module:
        """`torchvision.ops.StochasticDepth`."""
        from torchvision.ops import StochasticDepth as Module

        made: nn.Module = Module(self.p, self.mode)
        return made
