"""`order` is how torch lists a block's layers; the order in which they run stays as written."""

from __future__ import annotations

import pytest
import torch

import netspec
from netspec import SpecError

SPEC = """
netspec: 1
input: [1, 4, 4]
blocks:
  NormAfter:
    layers:
      linear: {Linear: 16}
      norm: LayerNorm
      scale: {Parameter: {shape: [16], fill: 2.0}}
      scaled: {from: [norm, scale], Mul: {}}
    order: ORDER
layers:
  flatten: Flatten
  body: NormAfter
"""


def test_the_state_lists_the_named_layers_first_and_tensors_before_modules() -> None:
    net = netspec.loads(SPEC.replace("ORDER", "[norm, linear]"))
    keys = ["body.scale", "body.norm.weight", "body.norm.bias", "body.linear.weight",
            "body.linear.bias"]  # fmt: skip
    assert list(net.state) == keys
    assert list(net.build().state_dict()) == keys


def test_layers_run_in_the_order_written() -> None:
    module = netspec.loads(SPEC.replace("ORDER", "[norm, linear]")).build()
    x = torch.randn(3, 1, 4, 4)
    body = module.body
    assert torch.equal(module(x), body.norm(body.linear(x.flatten(1))) * 2)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("[norm1, linear]", "NS205"),
        ("norm", "NS202"),
        ("[]", "NS204"),
        ("[1.5]", "NS202"),
        ("[1]", "NS205"),
    ],
)
def test_what_order_refuses(order: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        netspec.loads(SPEC.replace("ORDER", order))
    assert [found.code for found in caught.value.diagnostics] == [code]


def test_a_block_of_one_layer_has_no_order() -> None:
    text = SPEC.replace("ORDER", "[norm, linear]").replace("body: NormAfter", "body: One")
    text = text.replace("blocks:\n", "blocks:\n  One: {layers: {NormAfter: {}}, order: [scale]}\n")
    assert next(iter(netspec.loads(text).state)) == "body.scale"
