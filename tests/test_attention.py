"""Attention from one input and from several is torch's, to the bit, masks included."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import netspec
from netspec.ops import OPS
from netspec.ops.base import Refusal
from netspec.ops.dtype import BOOL, FLOAT, INT


def tensor(*shape: int) -> Tensor:
    return torch.randn(2, *shape)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("features", [(12, 12), (5, 8), (12, 8)])
def test_queries_keys_and_values_are_torchs(
    features: tuple[int, int], causal: bool, training: bool
) -> None:
    kdim, vdim = features
    torch.manual_seed(1)
    theirs = nn.MultiheadAttention(12, 3, dropout=0.5, kdim=kdim, vdim=vdim, batch_first=True)
    torch.manual_seed(1)
    op = OPS["MultiheadAttention"](num_heads=3, dropout=0.5, is_causal=causal)
    ours = op.make((7, 12), (9, kdim), (9, vdim))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    inputs = tensor(7, 12), tensor(9, kdim), tensor(9, vdim)
    mask = torch.ones(7, 9, dtype=torch.bool).triu(1) if causal else None
    for module in (ours.train(training), copy.deepcopy(ours)):
        torch.manual_seed(2)
        expected = theirs.train(training)(
            *inputs, attn_mask=mask, is_causal=causal, need_weights=False
        )[0]
        torch.manual_seed(2)
        assert module(*inputs).equal(expected)


def test_a_causal_token_is_the_same_whatever_comes_after_it() -> None:
    module = OPS["MultiheadAttention"](num_heads=3, is_causal=True).make((7, 12)).eval()
    x = tensor(7, 12)
    changed = x.clone()
    changed[:, 4:] = 9
    for mode in (torch.no_grad(), torch.enable_grad()):
        with mode:
            assert torch.allclose(module(x)[:, :4], module(changed)[:, :4], atol=1e-6)
            assert not torch.allclose(module(x)[:, 4:], module(changed)[:, 4:], atol=1e-2)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("floating", [True, False])
def test_a_key_that_is_masked_is_not_seen(floating: bool, causal: bool) -> None:
    op = OPS["MultiheadAttention"](num_heads=3, is_causal=causal)
    module = op.make((7, 12), (9, 12), (9, 12), (9,)).eval()
    hidden = torch.zeros(2, 9, dtype=torch.bool)
    hidden[:, 5:] = True
    mask = torch.zeros(2, 9).masked_fill(hidden, float("-inf")) if floating else hidden
    query, key, value = tensor(7, 12), tensor(9, 12), tensor(9, 12)
    out = module(query, key, value, mask)
    key[:, 5:], value[:, 5:] = 9, 9
    assert torch.allclose(module(query, key, value, mask), out, atol=1e-6)


def test_scaled_dot_product_attention_is_torchs() -> None:
    query, key, value = tensor(3, 7, 12), tensor(3, 9, 12), tensor(3, 9, 12)
    mask = torch.rand(2, 1, 7, 9) > 0.3
    name, shapes = "ScaledDotProductAttention", ((3, 7, 12), (3, 9, 12), (3, 9, 12))
    plain = OPS[name](scale=0.5).make(*shapes)
    expected = F.scaled_dot_product_attention(query, key, value, mask, scale=0.5)
    assert plain(query, key, value, mask).equal(expected)
    causal = OPS[name](is_causal=True, dropout_p=0.5).make(*shapes)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    assert causal.eval()(query, key, value).equal(expected)
    torch.manual_seed(3)
    expected = F.scaled_dot_product_attention(query, key, value, dropout_p=0.5, is_causal=True)
    torch.manual_seed(3)
    assert causal.train()(query, key, value).equal(expected)
    assert repr(causal) == (
        "ScaledDotProductAttention(dropout_p=0.5, is_causal=True, scale=None)"
    )  # fmt: skip


@pytest.mark.parametrize("name", ["MultiheadAttention", "ScaledDotProductAttention"])
def test_a_mask_alone_may_hold_truths(name: str) -> None:
    op = OPS[name](**({"num_heads": 3} if name == "MultiheadAttention" else {}))
    assert op.dtypes(FLOAT, FLOAT, FLOAT, BOOL) == FLOAT
    for given in ((FLOAT, FLOAT, BOOL), (FLOAT, INT, FLOAT), (FLOAT, FLOAT, FLOAT, INT)):
        with pytest.raises(Refusal) as refused:
            op.dtypes(*given)
        assert refused.value.code == "NS412"


def test_a_decoder_of_a_spec_attends_to_an_encoder() -> None:
    network = netspec.loads(
        """
netspec: 1
input: [9, 12]
layers:
  queries: {Linear: 8}
  keys: {from: input, Linear: 6}
  cross: {from: [queries, keys, input], MultiheadAttention: {num_heads: 2, is_causal: true}}
  heads: {from: cross, Unflatten: {dim: 2, unflattened_size: [2, 4]}}
  swapped: {Transpose: {dim0: 1, dim1: 2}}
  again: {from: [swapped, swapped, swapped], ScaledDotProductAttention: {}}
"""
    )
    module = network.build().eval()
    assert module(tensor(9, 12)).shape == (2, *network.output_shape)
    assert "cross.k_proj_weight" in module.state_dict()


def test_matches_of_one_head_for_the_values_of_several_are_made_once() -> None:
    op = OPS["ScaledDotProductAttention"]()
    one, six = (1, 8, 11), (6, 8, 11)
    assert op.infer(one, one, six) == six
    assert op.macs(one, one, six) == 8 * 8 * 11 + 6 * 8 * 8 * 11
