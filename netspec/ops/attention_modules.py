"""Torch modules of attention. This file imports torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Attention(nn.MultiheadAttention):
    """`nn.MultiheadAttention` of its argument with itself or with others, giving the tensor alone.

    With `is_causal`, query `i` sees the keys up to `i`.
    """

    def __init__(
        self,
        features: int,
        num_heads: int,
        dropout: float,
        bias: bool,
        kdim: int,
        vdim: int,
        is_causal: bool,
    ) -> None:
        super().__init__(
            features, num_heads, dropout=dropout, bias=bias, kdim=kdim, vdim=vdim, batch_first=True
        )
        self.is_causal = is_causal

    def forward(  # type: ignore[override]
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """`(batch, length, features)`, `(batch, keys, kdim)`, `(batch, keys, vdim)` → the first's.

        `key_padding_mask` is `(batch, keys)`: true, or minus infinity, for a key that is not seen.
        """
        key = query if key is None else key
        value = query if value is None else value
        mask: Tensor | None = None
        if self.is_causal:
            pairs = (query.shape[1], key.shape[1])
            mask = torch.ones(pairs, dtype=torch.bool, device=query.device).triu(1)
            if key_padding_mask is not None and key_padding_mask.dtype != torch.bool:
                mask = torch.zeros_like(mask, dtype=query.dtype).masked_fill(mask, float("-inf"))
        out: Tensor = super().forward(
            query,
            key,
            value,
            key_padding_mask=key_padding_mask,
            need_weights=False,
            attn_mask=mask,
            is_causal=self.is_causal,
        )[0]
        return out


class ScaledDotProductAttention(nn.Module):
    """Means of the third argument, weighted by how well the second matches the first."""

    def __init__(self, dropout_p: float, is_causal: bool, scale: float | None) -> None:
        super().__init__()
        self.dropout_p, self.is_causal, self.scale = dropout_p, is_causal, scale

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None
    ) -> Tensor:
        """`(batch, *, L, e)`, `(batch, *, S, e)`, `(batch, *, S, v)` → `(batch, *, L, v)`."""
        return nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask,
            self.dropout_p if self.training else 0.0,
            self.is_causal,
            scale=self.scale,
        )

    def extra_repr(self) -> str:
        """How matches become weights."""
        return f"dropout_p={self.dropout_p}, is_causal={self.is_causal}, scale={self.scale}"
