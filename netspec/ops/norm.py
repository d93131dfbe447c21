"""Normalisation by the statistics of a batch, a sample, a group or a position."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Final

from netspec.counted import counted
from netspec.json_schema import (
    BOOL,
    NUMBER,
    POSITIVE,
    POSITIVE_NUMBER,
    PROBABILITY,
    Schema,
    nullable,
)
from netspec.ops.base import Ints, Op, Refusal, Saved, Shape, arg, described, require_dims, text
from netspec.ops.torch_op import (
    AnyLayoutOp,
    TorchOp,
    require_at_least,
    require_features,
    require_spatial,
    spatial,
)

if TYPE_CHECKING:
    from torch import nn

EPS: Final = "what is added to the variance, so that nothing is divided by zero"
AFFINE: Final = "whether each channel has a weight and a bias"
TRACK: Final = "whether running statistics are kept for use after training"
MOMENTUM: Final = "how much a batch counts in the running statistics"


class TrackingNorm(TorchOp, abstract=True):
    """A normalisation of each channel that may keep running statistics."""

    saves = "input"

    ndim: ClassVar[int]

    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool

    def fixed(self, *inputs: Shape) -> tuple[int]:
        """`num_features`."""
        return (inputs[0][0],)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` and `bias` of `(channels,)`, where `affine`."""
        channels = (inputs[0][0],)
        return {"weight": channels, "bias": channels} if self.affine else {}

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """The running mean and variance, and how many batches they have seen."""
        if not self.track_running_stats:
            return {}
        channels = (inputs[0][0],)
        return {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}


class BatchNorm(TrackingNorm, abstract=True):
    """Normalisation of each channel over the batch."""

    eps: float = arg(POSITIVE_NUMBER, EPS, default=1e-5)
    momentum: float | None = arg(
        nullable(PROBABILITY), f"{MOMENTUM}; null takes their plain mean", default=0.1
    )
    affine: bool = arg(BOOL, AFFINE, default=True)
    track_running_stats: bool = arg(BOOL, TRACK, default=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)`, unchanged."""
        require_spatial(self, inputs[0], self.ndim, for_vector="BatchNorm1d")
        self.require_variance(inputs[0])
        return inputs[0]

    def require_variance(self, x: Shape) -> None:
        """Refuse what no single sample could be evaluated with: its own variance of one value."""
        if not self.track_running_stats and prod(x[1:]) == 1:
            raise Refusal(
                "NS409",
                f"{type(self).__name__} without running statistics cannot evaluate one sample: "
                f"{described(x)} has one value for each channel",
                argument="track_running_stats",
                hint="leave `track_running_stats` out",
            )


class BatchNorm1d(BatchNorm):
    """Normalisation of each feature or channel over the batch, of a vector or a sequence."""

    ndim = 1

    def infer(self, *inputs: Shape) -> Shape:
        """`(features,)` or `(channels, length)`, unchanged."""
        (x,) = inputs
        if len(x) not in (1, 2):
            raise Refusal(
                "NS401",
                f"BatchNorm1d takes a vector of features, or channels and length, not "
                f"{described(x)}",
                hint=f"use `BatchNorm{len(x) - 1}d`" if len(x) in (3, 4) else None,
            )
        self.require_variance(x)
        return x


class BatchNorm2d(BatchNorm):
    """Normalisation of each channel over the batch and the image."""

    ndim = 2


class BatchNorm3d(BatchNorm):
    """Normalisation of each channel over the batch and the volume."""

    ndim = 3


class InstanceNorm(TrackingNorm, abstract=True):
    """Normalisation of each channel of each sample."""

    eps: float = arg(POSITIVE_NUMBER, EPS, default=1e-5)
    momentum: float | None = arg(PROBABILITY, MOMENTUM, default=0.1)
    affine: bool = arg(BOOL, AFFINE, default=False)
    track_running_stats: bool = arg(BOOL, TRACK, default=False)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)`, unchanged; one value per channel has no variance."""
        (x,) = inputs
        require_spatial(self, x, self.ndim)
        if prod(x[1:]) == 1:
            raise Refusal(
                "NS409",
                f"{type(self).__name__} needs more than one value in each channel, not {text(x)}",
                hint="remove it here, or use `GroupNorm`, which joins channels",
            )
        return x

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Mean and deviation of each channel, and its weight and running ones for each sample."""
        channels = inputs[0][0]
        return Saved(channels * (2 + self.affine + 2 * self.track_running_stats))


class InstanceNorm1d(InstanceNorm):
    """Normalisation of each channel of each sample, over a sequence."""

    ndim = 1


class InstanceNorm2d(InstanceNorm):
    """Normalisation of each channel of each sample, over an image."""

    ndim = 2


class InstanceNorm3d(InstanceNorm):
    """Normalisation of each channel of each sample, over a volume."""

    ndim = 3


class GroupNorm(TorchOp):
    """Normalisation of groups of channels of each sample."""

    saves = "input"

    num_groups: int = arg(POSITIVE, "how many groups the channels make", bare=True)
    eps: float = arg(POSITIVE_NUMBER, EPS, default=1e-5)
    affine: bool = arg(BOOL, AFFINE, default=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *any)`, unchanged."""
        (x,) = inputs
        require_features(self, x)
        if x[0] % self.num_groups:
            raise Refusal(
                "NS404",
                f"{counted(self.num_groups, 'group does', 'groups do')} not divide "
                f"{counted(x[0], 'channel')}",
                argument="num_groups",
                hint="the channels must be a multiple of `num_groups`",
            )
        if prod(x) == self.num_groups:
            fewer = next((n for n in range(x[0] // 2, 0, -1) if x[0] % n == 0), None)
            raise Refusal(
                "NS409",
                f"{counted(self.num_groups, 'group')} of {described(x)} have one value each, "
                "which has no variance",
                argument="num_groups",
                hint=f"use `num_groups: {fewer}`" if fewer else None,
            )
        return x

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` and `bias` of `(channels,)`, where `affine`."""
        channels = (inputs[0][0],)
        return {"weight": channels, "bias": channels} if self.affine else {}

    def fixed(self, *inputs: Shape) -> tuple[int]:
        """`num_channels`."""
        return (inputs[0][0],)

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Mean and deviation of each group."""
        return Saved(2 * self.num_groups)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.GroupNorm`."""
        from torch import nn

        return nn.GroupNorm(self.num_groups, *self.fixed(*inputs), eps=self.eps, affine=self.affine)


TRAILING: Final[Schema] = {
    "type": ["integer", "array", "null"],
    "minimum": 1,
    "items": {"type": "integer", "minimum": 1},
    "minItems": 1,
    "maxItems": 63,
}


class TrailingNorm(TorchOp, abstract=True):
    """A normalisation of each position over its last dimensions."""

    saves = "input"

    normalized_shape: Ints | None = arg(
        TRAILING, "sizes of the last dimensions, which are normalised; by default the last one's",
        default=None, bare=True,
    )  # fmt: skip

    elementwise_affine: bool

    def trailing(self, x: Shape) -> Shape:
        """The sizes of the dimensions that are normalised together."""
        given = self.normalized_shape
        if given is None:
            return x[-1:]
        return (given,) if isinstance(given, int) else given

    def infer(self, *inputs: Shape) -> Shape:
        """`(*leading, *normalized_shape)`, unchanged."""
        (x,) = inputs
        require_features(self, x)
        trailing = self.trailing(x)
        # the batch is never normalised, so at most all of `x`
        if x[-len(trailing) :] != trailing:
            raise Refusal(
                "NS409",
                f"`normalized_shape: [{', '.join(map(str, trailing))}]` is not how {text(x)} ends",
                argument="normalized_shape",
                hint="leave it out to normalise the last dimension",
            )
        return x

    def fixed(self, *inputs: Shape) -> tuple[Shape]:
        """`normalized_shape`."""
        return (self.trailing(inputs[0]),)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.LayerNorm` or `torch.nn.RMSNorm`."""
        from torch import nn

        given = {**self.values, "normalized_shape": self.trailing(inputs[0])}
        made: nn.Module = getattr(nn, type(self).__name__)(**given)
        return made


class LayerNorm(TrailingNorm):
    """Normalisation of each position over its features."""

    eps: float = arg(POSITIVE_NUMBER, EPS, default=1e-5)
    elementwise_affine: bool = arg(BOOL, "whether each element has a weight", default=True)
    bias: bool = arg(BOOL, "whether each element has a bias beside its weight", default=True)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` and `bias` of `normalized_shape`, where `elementwise_affine`."""
        shape = self.trailing(inputs[0])
        if not self.elementwise_affine:
            return {}
        return {"weight": shape, "bias": shape} if self.bias else {"weight": shape}

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Mean and deviation of each position."""
        return Saved(2 * prod(inputs[0]) // prod(self.trailing(inputs[0])))


class RMSNorm(TrailingNorm):
    """Division of each position by the root mean square of its features."""

    eps: float | None = arg(
        nullable(POSITIVE_NUMBER), "what is added to the mean square; by default the least number "
        "that changes 1", default=None,
    )  # fmt: skip
    elementwise_affine: bool = arg(BOOL, "whether each element has a weight", default=True)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` of `normalized_shape`, where `elementwise_affine`."""
        return {"weight": self.trailing(inputs[0])} if self.elementwise_affine else {}

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The input divided by the root mean squares, and these."""
        values = prod(inputs[0])
        return Saved(values + values // prod(self.trailing(inputs[0])))


class LayerNorm2d(Op):
    """Normalisation of each position of an image over its channels, as ConvNeXt has it."""

    eps: float = arg(POSITIVE_NUMBER, EPS, default=1e-5)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, height, width)`, unchanged."""
        require_dims(self, inputs[0], 3, "channels, height and width", "use `LayerNorm`")
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` and `bias` of `(channels,)`."""
        return {"weight": inputs[0][:1], "bias": inputs[0][:1]}

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Mean and deviation of each position."""
        return Saved(2 * prod(inputs[0][1:]))

    def make(self, *inputs: Shape) -> nn.Module:
        """`torchvision.models.convnext.LayerNorm2d`."""
        from torchvision.models.convnext import LayerNorm2d as ConvNextLayerNorm2d

        made: nn.Module = ConvNextLayerNorm2d(inputs[0][0], eps=self.eps)
        return made


class LocalResponseNorm(AnyLayoutOp):
    """Division of each value by the squares of its neighbours in nearby channels."""

    size: int = arg(POSITIVE, "how many neighbouring channels count", bare=True)
    alpha: float = arg(NUMBER, "factor of the mean of squares", default=1e-4)
    beta: float = arg(NUMBER, "power of the divisor", default=0.75)
    k: float = arg(NUMBER, "what is added to the scaled mean of squares", default=1.0)

    def infer(self, *inputs: Shape) -> Shape:
        """`(channels, *spatial)`, unchanged."""
        require_at_least(self, inputs[0], 2, spatial(1))
        return inputs[0]

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The squares with zeros about them, their scaled means, and powers of these."""
        channels, rest = inputs[0][0], prod(inputs[0][1:])
        return Saved((channels + self.size - 1) * rest + 2 * channels * rest)
