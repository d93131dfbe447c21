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


LEFT_OUT = """
netspec: 1
input: [4]
blocks:
  Some:
    params: {n: 2, on: false}
    layers:
      c$(i): {each: {i: $n}, Linear: 4}
      convs.$(index): {each: {k: $n}, if: $(k > 0), Linear: 4}
      more: {if: $on, Linear: 4}
      last: {Linear: 4}
    order: [last, convs, c1, more, c0]
layers: [Some: {n: N}]
"""


@pytest.mark.parametrize(
    ("n", "keys"),
    [
        (2, ["last", "convs.1", "c1", "c0"]),
        (1, ["last", "c0"]),
        (0, ["last"]),
    ],
)
def test_order_names_what_copies_and_conditions_may_leave_out(n: int, keys: list[str]) -> None:
    net = netspec.loads(LEFT_OUT.replace("{n: N}", f"{{n: {n}}}"))
    expected = [f"0.{key}.{kind}" for key in keys for kind in ("weight", "bias")]
    assert list(net.state) == expected
    assert list(net.build().state_dict()) == expected


def test_order_refuses_what_no_template_makes() -> None:
    with pytest.raises(SpecError) as caught:
        netspec.loads(LEFT_OUT.replace("{n: N}", "{n: 1}").replace("[last, ", "[lsat, "))
    assert [found.code for found in caught.value.diagnostics] == ["NS205"]
    assert caught.value.diagnostics[0].hint == "did you mean `last`?"


def test_a_block_of_one_layer_has_no_order() -> None:
    text = SPEC.replace("ORDER", "[norm, linear]").replace("body: NormAfter", "body: One")
    text = text.replace("blocks:\n", "blocks:\n  One: {layers: {NormAfter: {}}, order: [scale]}\n")
    assert next(iter(netspec.loads(text).state)) == "body.scale"
