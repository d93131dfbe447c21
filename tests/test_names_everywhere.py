"""Whatever names a layer can stand wherever a layer is named; no name is dropped in silence."""

from __future__ import annotations

import pytest

import netspec
from netspec import SpecError

EVERYWHERE = """
netspec: 1
input: [3, 8, 8]
blocks:
  Unit:
    params: {more: false}
    order: [1a, 0, extra]
    layers:
      - {name: extra, if: $more, BatchNorm2d: {}}
      - {name: 0, Conv2d: {out_channels: 3, kernel_size: 1}}
      - {name: 1a, from: 0, Conv2d: {out_channels: 3, kernel_size: 1}}
      - {name: x_y-1, from: [1a, 0], Add: {}}
layers:
  - Unit
  - Unit: {more: true}
  - {from: 1, call: 0}
  - {name: 2b, ReLU: {}}
  - {name: 77, from: 2b, Flatten: {}}
  - {name: 10, Linear: 10}
outputs: {logits: 10, features: 77}
"""


def test_a_name_that_a_layer_can_have_stands_in_from_order_call_and_outputs() -> None:
    net = netspec.loads(EVERYWHERE)
    assert net.output_names == ("logits", "features")
    keys = [key for key in net.state if key.endswith("weight")]
    assert keys == [
        "0.1a.weight",
        "0.0.weight",
        "1.1a.weight",
        "1.0.weight",
        "1.extra.weight",
        "10.weight",
    ]
    assert list(net.build().state_dict()) == list(net.state)


TEMPLATES = """
netspec: 1
input: [3, 8, 8]
params: {last: 1}
blocks:
  Unit:
    params: {first: 1}
    order: [conv$first]
    layers:
      conv$(index):
        each: 2
        Conv2d: {out_channels: 3, kernel_size: 1}
      again: {from: conv$(first - 1), call: conv$first}
layers:
  unit: Unit
  out$(index): {each: 2, ReLU: {}}
outputs: {logits: out$last, early: $('unit')}
"""


def test_an_expression_names_a_layer_wherever_one_is_named() -> None:
    net = netspec.loads(TEMPLATES)
    assert [key for key in net.state if "weight" in key] == [
        "unit.conv1.weight",
        "unit.conv0.weight",
    ]
    assert net.output_names == ("logits", "early")
    with pytest.raises(SpecError, match="there is no layer `out7`"):
        netspec.loads(TEMPLATES, last=7)
    with pytest.raises(SpecError, match="nothing here is called `lost`"):
        netspec.loads(TEMPLATES.replace("out$last", "out$lost"))


def findings(layers: str) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as refused:
        netspec.loads(f"netspec: 1\ninput: [3, 8, 8]\nlayers:\n{layers}")
    return [(found.code, found.message) for found in refused.value.diagnostics]


def test_a_layer_that_if_leaves_out_cannot_be_called() -> None:
    code, message = findings("  a: {if: false, ReLU: {}}\n  b: {call: a}")[0]
    assert (code, "leaves the layer `a` out" in message) == ("NS309", True)


@pytest.mark.parametrize(
    "entry",
    [
        "stage$(index): {each: 2, layers: [ReLU, ReLU]}",
        "stage: {each: 2, layers: [ReLU]}",
        "- {name: stage$(index), each: 2, layers: [ReLU]}",
    ],
)
def test_layers_beside_each_stand_in_the_sequence_around_and_have_no_name_together(
    entry: str,
) -> None:
    ((code, message),) = findings(f"  {entry}")
    assert code == "NS206"
    assert message.endswith("names nothing: `layers` beside `each` stand in the sequence around")


@pytest.mark.parametrize("key", ["from: input", "when: training"])
def test_no_modifier_beside_each_and_layers_is_dropped(key: str) -> None:
    ((code, message),) = findings(f"  - {{each: 2, {key}, layers: [ReLU]}}\n  - Flatten")
    assert code == "NS206"
    assert f"without `{key.partition(':')[0]}`" in message


def test_each_of_the_layers_beside_each_is_named_by_a_template() -> None:
    layers = (
        "- {each: {c: [4, 5]}, layers: {conv$(c): {Conv2d: {out_channels: $c, kernel_size: 1}}}}"
    )
    net = netspec.loads(f"netspec: 1\ninput: [3, 8, 8]\nlayers:\n  {layers}")
    assert [layer.name for layer in net.layers] == ["conv4", "conv5"]
