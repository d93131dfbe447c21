"""Self attention over all tokens of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.counted import counted
from netspec.json_schema import BOOL, POSITIVE, PROBABILITY
from netspec.ops.base import Op, Refusal, Saved, Shape, arg, require_dims

if TYPE_CHECKING:
    from torch import nn


def require_heads(features: int, num_heads: int) -> None:
    """Raise `Refusal` NS404 unless the heads divide the features."""
    if features % num_heads:
        raise Refusal(
            "NS404",
            f"{counted(num_heads, 'head does', 'heads do')} not divide "
            f"{counted(features, 'feature')}",
            argument="num_heads",
            hint="the features must be a multiple of `num_heads`",
        )


class MultiheadAttention(Op):
    """Self attention: each token becomes a mean of all, weighted by how well they match.

    The weights are named as in `torch.nn.MultiheadAttention`, with `batch_first=True`.
    """

    num_heads: int = arg(POSITIVE, "how many means, each of its own part", bare=True)
    dropout: float = arg(PROBABILITY, "the probability that a match is dropped", default=0.0)
    bias: bool = arg(BOOL, "whether the projections have biases", default=True)

    def infer(self, *inputs: Shape) -> Shape:
        """`(length, features)`, unchanged."""
        (x,) = inputs
        hint = "make tokens by `Flatten: {start_dim: 2}` and `Transpose: {dim0: 1, dim1: 2}`"
        require_dims(self, x, 2, "length and features", hint if len(x) == 3 else None)
        require_heads(x[1], self.num_heads)
        return x

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The projections to queries, keys and values in one, and of the output."""
        e = inputs[0][1]
        if not self.bias:
            return {"in_proj_weight": (3 * e, e), "out_proj.weight": (e, e)}
        return {
            "in_proj_weight": (3 * e, e),
            "in_proj_bias": (3 * e,),
            "out_proj.weight": (e, e),
            "out_proj.bias": (e,),
        }

    def macs(self, *inputs: Shape) -> int:
        """Four projections, the matches of all pairs, and the means."""
        length, e = inputs[0]
        return length * e * 4 * e + 2 * length * length * e

    saves = "input"

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Queries, keys, values and means, and with dropout also the matches of all pairs.

        Without dropout, torch's fused attention keeps one number for each token and head in their
        place; some devices have it with dropout, too.
        """
        length, e = inputs[0]
        if not self.dropout:
            return Saved(4 * length * e + self.num_heads * length)
        return Saved(6 * length * e + 3 * self.num_heads * length * length)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.MultiheadAttention`, giving the tensor alone."""
        from netspec.ops.modules import SelfAttention

        return SelfAttention(inputs[0][1], self.num_heads, self.dropout, self.bias)
