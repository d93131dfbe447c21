"""A block's own `init` runs as soon as each copy is made, the spec's once the network is."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import netspec
from netspec import SpecError

SPEC = """
netspec: 1
params: {depth: 2}
input: [8]
blocks:
  Mlp:
    params: {width: int}
    layers: {fc1: {Linear: $width}, act: GELU, fc2: {Linear: "$(input.features)"}}
    init:
      Linear: {weight: xavier_uniform_, bias: {normal_: {std: "$(1 / width)"}}}
layers:
  body: {repeat: $depth, Mlp: {width: 16}}
  fc: {Linear: 3}
"""


def test_each_copy_is_initialised_before_the_next_is_made() -> None:
    torch.manual_seed(0)
    module = netspec.loads(SPEC).build()
    torch.manual_seed(0)
    for i in range(2):
        layers = [nn.Linear(8, 16), nn.Linear(16, 8)]
        for layer in layers:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1 / 16)
        assert torch.equal(module.body[i].fc1.weight, layers[0].weight)
        assert torch.equal(module.body[i].fc2.bias, layers[1].bias)
    assert torch.equal(module.fc.weight, nn.Linear(8, 3).weight)


def test_the_specs_own_rules_come_last() -> None:
    module = netspec.loads(SPEC + "init: {Linear: {weight: ones_}}").build()
    assert all(bool((m.weight == 1).all()) for m in module.modules() if isinstance(m, nn.Linear))


def test_a_path_within_the_block_selects() -> None:
    text = SPEC.replace("Linear: {weight: xavier", "fc2: {weight: xavier")
    torch.manual_seed(0)
    module = netspec.loads(text).build()
    bound = (6 / (8 + 16)) ** 0.5  # Glorot's, wider than torch's default for this fan-in
    assert module.body[0].fc2.weight.abs().max() > 0.9 * bound


@pytest.mark.parametrize(
    ("selector", "message"),
    [("fc3", "no layer is selected by `fc3`"), ("Conv2d", "no layer is selected by `Conv2d`")],
)
def test_a_selector_that_selects_nothing_is_a_finding(selector: str, message: str) -> None:
    text = SPEC.replace("Linear: {weight: xavier", f"{selector}: {{weight: xavier")
    with pytest.raises(SpecError) as caught:
        netspec.loads(text)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("NS311", message)


def test_a_kind_that_only_another_variant_has_is_well() -> None:
    text = """
netspec: 1
params: {norm: false}
input: [8]
layers:
  - Linear: 4
  - {if: $norm, BatchNorm1d: {}}
init: {BatchNorm1d: {weight: ones_}}
"""
    assert netspec.loads(text).num_params == 36
