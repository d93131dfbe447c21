"""The attention of MViT, whose queries, keys and values are pooled over space and time."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Final

from netspec.counted import counted
from netspec.json_schema import BOOL, POSITIVE, POSITIVE_NUMBER, PROBABILITY, Schema
from netspec.ops.attention import require_heads
from netspec.ops.base import Op, Refusal, Saved, Shape, arg, require_dims, text

if TYPE_CHECKING:
    from torch import nn

THREE: Final[Schema] = {"type": "array", "items": POSITIVE, "minItems": 3, "maxItems": 3}
THREE_OR_NONE: Final[Schema] = {**THREE, "minItems": 0}
POOLS: Final = "depth, height and width of the convolution that pools the"
STRIDES: Final = "its stride in depth, height and width"


class MultiscaleAttention(Op):
    """Self attention of a class token and a video's positions, pooled by convolutions (MViT).

    The queries' pool makes the output's grid smaller, that of keys and values only the work less.
    A pool of one position, or of an empty list, is none. Source of the count: the matrix products
    and convolutions of `torchvision.models.video.mvit`.
    """

    input_size: tuple[int, int, int] = arg(THREE, "depth, height and width of the positions")
    output_dim: int = arg(POSITIVE, "the output's features")
    num_heads: int = arg(POSITIVE, "how many means, each of its own part of the features")
    kernel_q: tuple[int, ...] = arg(THREE_OR_NONE, f"{POOLS} queries; `[]` for none")
    kernel_kv: tuple[int, ...] = arg(THREE_OR_NONE, f"{POOLS} keys and values; `[]` for none")
    stride_q: tuple[int, ...] = arg(THREE_OR_NONE, f"{STRIDES}, for the queries")
    stride_kv: tuple[int, ...] = arg(THREE_OR_NONE, f"{STRIDES}, for the keys and values")
    residual_pool: bool = arg(BOOL, "whether the pooled queries are added to the means")
    residual_with_cls_embed: bool = arg(BOOL, "whether they are for the class token, too")
    rel_pos_embed: bool = arg(BOOL, "whether matches have a learned part for relative positions")
    dropout: float = arg(PROBABILITY, "the probability that an output is dropped", default=0.0)
    eps: float = arg(
        POSITIVE_NUMBER, "what the layer norms of the pools add to the variance", default=1e-5
    )

    def check(self) -> None:
        """Refuse a pool that has not three numbers for its kernel, and three for its strides."""
        for what in ("q", "kv"):
            pooled = self.pooled(what)
            for name in (f"kernel_{what}", f"stride_{what}"):
                count = len(self.values[name])
                # torchvision asks for the second stride
                unknown = count == 1 and name[0] == "s" and self.rel_pos_embed
                if unknown or (pooled and count != 3):
                    raise Refusal(
                        "NS410",
                        f"`{name}` has {counted(count, 'number')}, where a pool has three",
                        argument=name,
                        hint="write depth, height and width; without a pool, both are `[]`",
                    )

    def kernel(self, what: str) -> Shape:
        """The kernel of the pool of `q`, or of `kv`."""
        return self.kernel_q if what == "q" else self.kernel_kv

    def stride(self, what: str) -> Shape:
        """The strides of the pool of `q`, or of `kv`."""
        return self.stride_q if what == "q" else self.stride_kv

    def pooled(self, what: str) -> bool:
        """Whether `q`, or `kv`, has a convolution of its own."""
        return prod(self.kernel(what)) > 1 or prod(self.stride(what)) > 1

    def grid(self, what: str) -> Shape:
        """Depth, height and width of `q`, or of `kv`."""
        if not self.pooled(what):
            return self.input_size
        each = zip(self.input_size, self.kernel(what), self.stride(what), strict=True)
        return tuple((size + 2 * (k // 2) - k) // s + 1 for size, k, s in each)

    def infer(self, *inputs: Shape) -> Shape:
        """`(1 + positions, features)` → `(1 + pooled positions, output_dim)`."""
        (x,) = inputs
        require_dims(self, x, 2, "a class token with the positions, and features")
        if x[0] != 1 + prod(self.input_size):
            raise Refusal(
                "NS409",
                f"a class token and a grid of {text(self.input_size)} are "
                f"{counted(1 + prod(self.input_size), 'token')}, not {x[0]}",
                argument="input_size",
            )
        require_heads(self.output_dim, self.num_heads)
        if self.rel_pos_embed and self.distances()[0] < 1:
            raise Refusal(
                "NS409",
                "strides longer than height and width leave no relative positions",
                argument="input_size",
            )
        return (1 + prod(self.grid("q")), self.output_dim)

    def distances(self) -> tuple[int, int]:
        """How many distances in space and in time have learned vectors."""
        size = max(self.input_size[1:])
        strides = (self.stride_q, self.stride_kv)
        space = max(size // (stride[1] if stride else 1) for stride in strides)
        return 2 * space - 1, 2 * self.input_size[0] - 1

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """Relative positions, projections, and of each pool the convolution and its norm."""
        e, out = inputs[0][1], self.output_dim
        head = out // self.num_heads
        found: dict[str, Shape] = {}
        if self.rel_pos_embed:
            space, time = self.distances()
            found |= {f"rel_pos_{axis}": (space, head) for axis in "hw"}
            found["rel_pos_t"] = (time, head)
        found |= {"qkv.weight": (3 * out, e), "qkv.bias": (3 * out,)}
        found |= {"project.0.weight": (out, out), "project.0.bias": (out,)}
        for name, what in (("pool_q", "q"), ("pool_k", "kv"), ("pool_v", "kv")):
            if self.pooled(what):
                found[f"{name}.pool.weight"] = (head, 1, *self.kernel(what))
                found |= {f"{name}.norm_act.0.{part}": (head,) for part in ("weight", "bias")}
        return found

    def macs(self, *inputs: Shape) -> int:
        """Projections, pools, the matches of all pairs, the means, and relative positions."""
        q, k, out = self.grid("q"), self.grid("kv"), self.output_dim
        count = inputs[0][0] * inputs[0][1] * 3 * out + (1 + prod(q)) * out * out
        count += 2 * (1 + prod(q)) * (1 + prod(k)) * out
        if self.pooled("q"):
            count += prod(q) * out * prod(self.kernel_q)
        if self.pooled("kv"):
            count += 2 * prod(k) * out * prod(self.kernel_kv)
        if self.rel_pos_embed:
            # a sum over one element is no matrix product to torch, so it is not counted as one
            space = k[1] + k[2] if out > self.num_heads else 0
            count += prod(q) * out * (k[0] + space)
        return count

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Queries, keys, values and means, the matches of all pairs, and what the pools need."""
        out, heads = self.output_dim, self.num_heads
        queries, keys = 1 + prod(self.grid("q")), 1 + prod(self.grid("kv"))
        count = 2 * (queries + keys) * out + heads * queries * keys
        for what, tokens, times in (("q", queries, 1), ("kv", keys, 2)):
            if self.pooled(what):
                count += times * (prod(self.input_size) * out + tokens * (out + 2 * heads))
        if self.rel_pos_embed:
            count += 3 * (queries - 1) * out
        if self.dropout:
            count += queries * out
        return Saved(count)

    def make(self, *inputs: Shape) -> nn.Module:
        """torchvision's, which is told the grid once."""
        from torch import nn

        from netspec.ops.mvit_modules import MultiscaleAttention as Module

        given: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.values.items()
            if name not in ("input_size", "eps")
        }
        norm = partial(nn.LayerNorm, eps=self.eps)
        made: nn.Module = Module(self.input_size, inputs[0][1], norm_layer=norm, **given)
        return made
