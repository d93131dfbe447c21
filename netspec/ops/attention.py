"""Attention: means of tokens, weighted by how well they match."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Final

from netspec.counted import counted
from netspec.json_schema import BOOL, POSITIVE, POSITIVE_NUMBER, PROBABILITY, nullable
from netspec.ops.base import Op, Refusal, Saved, Saves, Shape, arg, require_dims, text
from netspec.ops.dtype import FLOAT, INT, Dtype
from netspec.ops.join import broadcast
from netspec.ops.torch_op import require_at_least

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


CAUSAL: Final = "whether a token sees only those before it and itself"


def mask_dtypes(op: Op, given: tuple[Dtype, ...]) -> Dtype:
    """The output's kind of numbers, of an op whose fourth input is a mask.

    Raises `Refusal` NS412 for integers, and for a truth that is no mask.
    """
    for place, dtype in enumerate(given):
        if dtype.name == INT.name or (place < 3 and dtype.name != FLOAT.name):
            raise op.not_these(dtype)
    return FLOAT


class MultiheadAttention(Op):
    """Attention: each token becomes a mean of all, weighted by how well they match.

    From one input, tokens attend to one another. From `[query, key, value]`, each query becomes a
    mean of the values, whose keys it matches; keys and values may have features of other sizes. A
    fourth input is torch's `key_padding_mask` of `(length of the keys,)`: true for a key that no
    query sees, or a number that is added to its matches. The weights are named as in
    `torch.nn.MultiheadAttention`, with `batch_first=True`.
    """

    takes = "own"
    saves = "input"
    arity: ClassVar[tuple[int, int | None]] = (1, 4)

    num_heads: int = arg(POSITIVE, "how many means, each of its own part", bare=True)
    dropout: float = arg(PROBABILITY, "the probability that a match is dropped", default=0.0)
    bias: bool = arg(BOOL, "whether the projections have biases", default=True)
    is_causal: bool = arg(BOOL, CAUSAL, default=False)

    def dtypes(self, *given: Dtype) -> Dtype:
        """Floating-point; a mask may hold truths."""
        return mask_dtypes(self, given)

    def sizes(self, inputs: tuple[Shape, ...]) -> tuple[int, int, int, int, int]:
        """The lengths of queries and keys, and the features of queries, keys and values."""
        query, key, value = inputs[:3] if len(inputs) > 1 else inputs * 3
        return query[0], key[0], query[1], key[1], value[1]

    def infer(self, *inputs: Shape) -> Shape:
        """`(length, features)`, that of the queries, unchanged."""
        if len(inputs) == 2:
            raise Refusal(
                "NS407",
                "MultiheadAttention takes one input, or three: query, key and value; not 2",
                hint="name the second one twice where it is both key and value",
            )
        for x in inputs[:3]:
            hint = "make tokens by `Flatten: {start_dim: 2}` and `Transpose: {dim0: 1, dim1: 2}`"
            require_dims(self, x, 2, "length and features", hint if len(x) == 3 else None)
        require_heads(inputs[0][1], self.num_heads)
        if len(inputs) > 2 and inputs[1][0] != inputs[2][0]:
            raise Refusal(
                "NS403",
                f"{counted(inputs[1][0], 'key')} and {counted(inputs[2][0], 'value')}",
                hint="each key has its value: the lengths must agree",
            )
        if len(inputs) == 4 and inputs[3] != inputs[1][:1]:
            raise Refusal(
                "NS403",
                f"a mask of {text(inputs[3])} for {counted(inputs[1][0], 'key')}",
                hint="a `key_padding_mask` has one entry for each key",
            )
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """The projections to queries, keys and values, in one where sizes agree, and the output."""
        _, _, e, of_keys, of_values = self.sizes(inputs)
        found: dict[str, Shape] = {"in_proj_weight": (3 * e, e)}
        if (of_keys, of_values) != (e, e):
            found = {
                "q_proj_weight": (e, e),
                "k_proj_weight": (e, of_keys),
                "v_proj_weight": (e, of_values),
            }
        if self.bias:
            found["in_proj_bias"] = (3 * e,)
        found["out_proj.weight"] = (e, e)
        if self.bias:
            found["out_proj.bias"] = (e,)
        return found

    def fixed(self, *inputs: Shape) -> tuple[int, int, int]:
        """`embed_dim`, `kdim` and `vdim`."""
        return self.sizes(inputs)[2:]

    def macs(self, *inputs: Shape) -> int:
        """Projections of queries, keys, values and means, the matches of all pairs, and the means.

        With L queries and S keys of e features, L·e·e + S·e·kdim + S·e·vdim + L·e·e + 2·L·S·e, a
        causal mask or not, as torch's own counter counts.
        """
        queries, keys, e, of_keys, of_values = self.sizes(inputs)
        return 2 * queries * e * e + keys * e * (of_keys + of_values) + 2 * queries * keys * e

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """All that is projected."""
        return tuple(range(min(3, len(inputs))))

    def extra_saved(self, *inputs: Shape) -> Saved:
        """Queries, keys, values and means, and with dropout also the matches of all pairs.

        Without dropout, torch's fused attention keeps one number for each token and head in their
        place; some devices have it with dropout, too. It keeps a mask, for each head.
        """
        queries, keys, e, _, _ = self.sizes(inputs)
        if not self.dropout:
            masked = self.num_heads * keys * (queries if self.is_causal else 1)
            seen = masked if len(inputs) == 4 else 0
            return Saved(2 * (queries + keys) * e + self.num_heads * queries + seen)
        return Saved(3 * (queries + keys) * e + 3 * self.num_heads * queries * keys)

    def make(self, *inputs: Shape) -> nn.Module:
        """`torch.nn.MultiheadAttention`, giving the tensor alone."""
        from netspec.ops.attention_modules import Attention

        e, of_keys, of_values = self.fixed(*inputs)
        return Attention(
            e, self.num_heads, self.dropout, self.bias, of_keys, of_values, self.is_causal
        )


class ScaledDotProductAttention(Op):
    """Attention without weights: for each query, the mean of values whose keys it matches.

    Of `[query, key, value]`: `softmax(query · keyᵀ · scale) · value`. A fourth input is torch's
    `attn_mask`: true for a pair that counts, or a number that is added to its match. Source:
    `torch.nn.functional.scaled_dot_product_attention`. Heads are a dimension before the length.
    """

    takes = "own"
    arity: ClassVar[tuple[int, int | None]] = (3, 4)

    dropout_p: float = arg(PROBABILITY, "the probability that a match is dropped", default=0.0)
    is_causal: bool = arg(BOOL, CAUSAL, default=False)
    scale: float | None = arg(
        nullable(POSITIVE_NUMBER),
        "what matches are multiplied by; by default 1 / √(features of a key)",
        default=None,
    )

    def dtypes(self, *given: Dtype) -> Dtype:
        """Floating-point; a mask may hold truths."""
        return mask_dtypes(self, given)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*heads, L, e)`, `(*heads, S, e)` and `(*heads, S, v)` → `(*heads, L, v)`."""
        query, key, value = inputs[:3]
        for x in inputs[:3]:
            require_at_least(self, x, 2, "length and features")
        lead: Shape | None = query[:-2]
        for x in inputs[1:]:
            same = lead is not None and len(x) == len(query)
            lead = broadcast(lead or (), x[:-2]) if same else None
        if lead is None:
            raise Refusal(
                "NS403",
                "ScaledDotProductAttention joins inputs that agree in all but the last two "
                "dimensions, not " + " and ".join(map(text, inputs)),
            )
        if query[-1] != key[-1]:
            raise Refusal(
                "NS403",
                f"queries of {counted(query[-1], 'feature')} and keys of {key[-1]}",
                hint="a query matches keys of as many features",
            )
        if key[-2] != value[-2]:
            raise Refusal(
                "NS403",
                f"{counted(key[-2], 'key')} and {counted(value[-2], 'value')}",
                hint="each key has its value: the lengths must agree",
            )
        if len(inputs) == 4:
            self.check_mask(inputs[3], query[-2], key[-2])
        return (*lead, query[-2], value[-1])

    def check_mask(self, mask: Shape, queries: int, keys: int) -> None:
        """Raise `Refusal` NS403 for a mask of other pairs, NS410 for one beside `is_causal`."""
        if mask[-2] not in (1, queries) or mask[-1] not in (1, keys):
            raise Refusal(
                "NS403",
                f"a mask of {text(mask)} for {text((queries, keys))} pairs of a query and a key",
            )
        if self.is_causal:
            raise Refusal(
                "NS410",
                "`is_causal` is a mask of its own, and a mask comes in",
                argument="is_causal",
                hint="leave one of them out",
            )

    def macs(self, *inputs: Shape) -> int:
        """Matches of all pairs and means of values: heads · L · S · (e + v), causal or not.

        Matches of queries and keys that are spread over the values' heads are made once.
        """
        *lead, queries, of_values = self.infer(*inputs)
        query, key = inputs[:2]
        matched = broadcast(query[:-2], key[:-2]) or ()
        pairs = queries * key[-2]
        return pairs * (prod(matched) * key[-1] + prod(lead) * of_values)

    def fused(self, inputs: tuple[Shape, ...]) -> bool:
        """Whether one kernel of torch does it all: heads of equal sizes, and no dropout."""
        query, key, value = inputs[:3]
        alike = query[:-2] == key[:-2] == value[:-2] and key[-1] == value[-1]
        return alike and len(query) < 4 and not self.dropout_p

    def saving(self, *inputs: Shape) -> Saves:
        """All of one kernel; of several steps the values."""
        return "both" if self.fused(inputs) else "input"

    def kept_inputs(self, learning: tuple[bool, ...], *inputs: Shape) -> tuple[int, ...]:
        """The values, where several steps are taken."""
        return (2,)

    def extra_saved(self, *inputs: Shape) -> Saved:
        """A number for each query; of several steps scaled queries and keys, and their matches."""
        query, key = inputs[:2]
        *lead, queries, _ = self.infer(*inputs)
        if self.fused(inputs):
            return Saved(prod(lead) * queries)
        pairs = prod(lead) * queries * key[-2]
        dropped = 2 * pairs if self.dropout_p else 0
        return Saved(prod(query) + prod(key) + pairs + dropped)

    def make(self, *inputs: Shape) -> nn.Module:
        """A module that attends."""
        from netspec.ops.attention_modules import ScaledDotProductAttention as Module

        return Module(self.dropout_p, self.is_causal, self.scale)
