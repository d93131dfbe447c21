"""The layers of Swin, for images and for video: attention in shifted windows, patch merging."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, ClassVar, Final

from netspec.json_schema import BOOL, POSITIVE, POSITIVE_NUMBER, PROBABILITY, Schema
from netspec.ops.attention import require_heads
from netspec.ops.base import Op, Saved, Shape, arg, require_dims
from netspec.ops.torch_op import require_at_least

if TYPE_CHECKING:
    from torch import nn

LAST: Final = "height, width and features"
VIDEO: Final = "depth, height, width and features"
WINDOW: Final = "height and width of the windows"
SHIFT: Final = "how far the windows are moved; 0 for not"


def extents(count: int, minimum: int) -> Schema:
    """So many numbers: height and width, or depth, height and width."""
    return {
        "type": "array",
        "items": {"type": "integer", "minimum": minimum},
        "minItems": count,
        "maxItems": count,
    }


class WindowAttention(Op, abstract=True):
    """Self attention within windows, which a shift makes overlap the windows before.

    Source of the count: the matrix products of `torchvision.models.swin_transformer`, where the
    image is padded to whole windows first.
    """

    module: ClassVar[str] = "torchvision.models.swin_transformer"
    means: ClassVar[str] = LAST
    """The dimensions of the input."""

    window_size: tuple[int, ...] = arg(extents(2, 1), WINDOW)
    shift_size: tuple[int, ...] = arg(extents(2, 0), SHIFT)
    num_heads: int = arg(POSITIVE, "how many means, each of its own part of the features")
    qkv_bias: bool = arg(BOOL, "whether queries, keys and values have biases", default=True)
    proj_bias: bool = arg(BOOL, "whether the output's projection has a bias", default=True)
    attention_dropout: float = arg(
        PROBABILITY, "the probability that a match is dropped", default=0.0
    )
    dropout: float = arg(PROBABILITY, "the probability that an output is dropped", default=0.0)

    def infer(self, *inputs: Shape) -> Shape:
        """`(height, width, features)`, or `(depth, height, width, features)`, unchanged."""
        (x,) = inputs
        require_dims(self, x, len(self.window_size) + 1, self.means)
        require_heads(x[-1], self.num_heads)
        return x

    def windows(self, x: Shape) -> tuple[int, int]:
        """How many windows the padded input has, and how many positions each of them."""
        pairs = zip(x, self.window_size, strict=False)
        return prod(-(-size // window) for size, window in pairs), prod(self.window_size)

    def projections(self, e: int) -> dict[str, Shape]:
        """The weights of the two projections of `e` features."""
        out: dict[str, Shape] = {"qkv.weight": (3 * e, e)}
        if self.qkv_bias:
            out["qkv.bias"] = (3 * e,)
        out["proj.weight"] = (e, e)
        if self.proj_bias:
            out["proj.bias"] = (e,)
        return out

    def macs(self, *inputs: Shape) -> int:
        """In each window: four projections, the matches of all pairs, and the means."""
        windows, tokens = self.windows(inputs[0])
        e = inputs[0][-1]
        return windows * (tokens * e * 4 * e + 2 * tokens * tokens * e)

    saves = "input"

    def kept(self, x: Shape, tensors: int, matches: int) -> Saved:
        """So many tensors of all windows' features, and so many of their matches."""
        windows, tokens = self.windows(x)
        dropped = 2 * (self.attention_dropout > 0)
        pairs = self.num_heads * tokens * tokens
        return Saved(windows * (tensors * tokens * x[-1] + (matches + dropped) * pairs))

    def make(self, *inputs: Shape) -> nn.Module:
        """torchvision's class of this name."""
        given = {k: list(v) if isinstance(v, tuple) else v for k, v in self.values.items()}
        theirs = getattr(import_module(self.module), type(self).__name__)
        made: nn.Module = theirs(inputs[0][-1], **given)
        return made


class ShiftedWindowAttention(WindowAttention):
    """Self attention within windows, with a learned bias for each relative position (Swin)."""

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The table of biases and the projections."""
        table = (prod(2 * size - 1 for size in self.window_size), self.num_heads)
        return {"relative_position_bias_table": table, **self.projections(inputs[0][-1])}

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """Which entry of the table each pair of positions takes."""
        return {"relative_position_index": (prod(self.window_size) ** 2,)}

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Queries, keys, values and means of all windows, and the matches of all pairs."""
        return self.kept(inputs[0], tensors=4, matches=1)


class ShiftedWindowAttention3d(ShiftedWindowAttention):
    """Self attention within windows of a video, with a learned bias for each relative position.

    In a dimension that a window fills, it is cut to the input and not moved (Video Swin).
    """

    module = "torchvision.models.video.swin_transformer"
    means = VIDEO

    window_size: tuple[int, ...] = arg(extents(3, 1), "depth, height and width of the windows")
    shift_size: tuple[int, ...] = arg(extents(3, 0), SHIFT)

    def windows(self, x: Shape) -> tuple[int, int]:
        """How many windows the padded input has, and how many positions each of them."""
        cut = tuple(map(min, x, self.window_size))
        pairs = zip(x, cut, strict=False)
        return prod(-(-size // window) for size, window in pairs), prod(cut)

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """Which entry of the table each pair of positions takes."""
        return {"relative_position_index": (prod(self.window_size),) * 2}


HIDDEN: Final = 512
"""The width of the small network that gives version 2 its biases, in torchvision."""


class ShiftedWindowAttentionV2(WindowAttention):
    """Self attention within windows by angle, with biases from a small network (Swin V2)."""

    # a window of 1 would divide by zero in torchvision, and learn from NaN
    window_size: tuple[int, ...] = arg(extents(2, 2), WINDOW)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """A scale for each head, the projections, and the network of the biases."""
        return {
            "logit_scale": (self.num_heads, 1, 1),
            **self.projections(inputs[0][-1]),
            "cpb_mlp.0.weight": (HIDDEN, 2),
            "cpb_mlp.0.bias": (HIDDEN,),
            "cpb_mlp.2.weight": (self.num_heads, HIDDEN),
        }

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        """The relative positions, and which of them each pair of positions has."""
        high, wide = self.window_size
        return {
            "relative_coords_table": (1, 2 * high - 1, 2 * wide - 1, 2),
            "relative_position_index": (prod(self.window_size) ** 2,),
        }

    def macs(self, *inputs: Shape) -> int:
        """As without the network of the biases, and that network once."""
        high, wide = self.window_size
        biases = (2 * high - 1) * (2 * wide - 1) * HIDDEN * (2 + self.num_heads)
        return super().macs(*inputs) + biases

    def extra_saved(self, *inputs: Shape) -> Saved:
        """As in the first version, and what the angles and their scale need."""
        return self.kept(inputs[0], tensors=8, matches=2)


class Merging(Op, abstract=True):
    """Each square of four neighbours joined into one position of twice the features."""

    eps: float = arg(POSITIVE_NUMBER, "what the layer norm adds to the variance", default=1e-5)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*, height, width, features)` → half of each, rounded up, and twice the features."""
        (x,) = inputs
        require_at_least(self, x, 3, LAST)
        *leading, height, width, e = x
        return (*leading, -(-height // 2), -(-width // 2), 2 * e)

    def normalised(self, e: int) -> int:
        """How many features the layer norm sees."""
        raise NotImplementedError

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`reduction`, a linear map without bias, and `norm`."""
        e = inputs[0][-1]
        norm = (self.normalised(e),)
        return {"reduction.weight": (2 * e, 4 * e), "norm.weight": norm, "norm.bias": norm}

    def macs(self, *inputs: Shape) -> int:
        """The linear map."""
        return prod(self.infer(*inputs)) * 4 * inputs[0][-1]

    saves = "nothing"

    def make(self, *inputs: Shape) -> nn.Module:
        """The class of `torchvision.models.swin_transformer` that has this name."""
        from torch import nn
        from torchvision.models import swin_transformer

        norm = partial(nn.LayerNorm, eps=self.eps)
        made: nn.Module = getattr(swin_transformer, type(self).__name__)(inputs[0][-1], norm)
        return made


class PatchMerging(Merging):
    """Four neighbours joined, normalised, and mapped to twice the features (Swin)."""

    def normalised(self, e: int) -> int:
        """All four neighbours' features."""
        return 4 * e

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The neighbours joined, and the same normalised."""
        joined = 2 * prod(self.infer(*inputs))
        return Saved(2 * joined + 2 * joined // self.normalised(inputs[0][-1]))


class PatchMergingV2(Merging):
    """Four neighbours joined, mapped to twice the features, and normalised (Swin V2)."""

    def normalised(self, e: int) -> int:
        """The output's features."""
        return 2 * e

    def extra_saved(self, *inputs: Shape) -> Saved:
        """The neighbours joined, and what they are mapped to."""
        out = prod(self.infer(*inputs))
        return Saved(3 * out + 2 * out // self.normalised(inputs[0][-1]))
