"""Mappings as parameters: their fields in expressions, whoever sets them, and written again."""

from __future__ import annotations

import json

import pytest

import netspec
from netspec import SpecError
from netspec.compiler import compile_text
from netspec.compiler.language.editor_schema import editor_schema
from netspec.compiler.sources.override import parse_overrides

SPEC = """
netspec: 1
input: [4]
params:
  head: {width: 3, act: ReLU}
  stages: [{width: 5, depth: 1}, {width: 6, depth: 2}]
blocks:
  Stage:
    params: {stage: mapping, more: {bias: true}}
    layers: {repeat: $stage.depth, Linear: {out_features: $stage.width, bias: $more.bias}}
layers:
  - {each: {stage: $stages}, Stage: {stage: $stage}}
  - {Stage: {stage: {width: $(head.width + 1), depth: 1}, more: {bias: false}}}
  - $(head.act)
  - Linear: $head.width
"""
LAYERS = ["0 Stage 5", "0.0 Linear 5", "1 Stage 6", "1.0 Linear 6", "1.1 Linear 6", "2 Stage 4",
          "2.0 Linear 4", "3 ReLU 4", "4 Linear 3"]  # fmt: skip


def tree(net: netspec.Network) -> list[str]:
    return [f"{x.path} {x.kind_name} {x.output[0]}" for x in net.layers]


def refusal(text: str) -> str:
    """The code and message of the one finding."""
    with pytest.raises(SpecError) as caught:
        netspec.loads(text)
    (finding,) = caught.value.diagnostics
    return f"{finding.code} {finding.message}"


def test_layers_take_fields_of_records() -> None:
    net = netspec.loads(SPEC)
    assert tree(net) == LAYERS
    assert "2.0.bias" not in net.state
    assert "1.0.bias" in net.state


def test_a_record_is_set_from_python_and_from_the_command_line() -> None:
    stages = [{"width": 2, "depth": 1}]
    for net in (
        netspec.loads(SPEC, stages=stages),
        compile_text(SPEC, "spec", parse_overrides(["stages=[{width: 2, depth: 1}]"], None)),
    ):
        assert net.params["stages"] == stages
        assert tree(net)[:2] == ["0 Stage 2", "0.0 Linear 2"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"head": 3}, "`head` is a mapping of fields, not `3`"),
        ({"head": {"Width": 3, "act": "ReLU"}}, "`head` has a key `Width`"),
        ({"stages": [{"width": {"if": 1}}]}, "`stages` has a key `if`"),
        ({"stages": {"width": 1}}, "`stages` is a list, not `{width: 1}`"),
    ],
)
def test_what_is_set_is_held_to_the_declaration(given: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        netspec.loads(SPEC, params=given)
    (finding,) = caught.value.diagnostics
    assert finding.code == "NS308"
    assert finding.message.startswith(message)


def test_a_resolved_spec_keeps_records() -> None:
    net = netspec.loads(SPEC, head={"width": 9, "act": "Tanh"})
    again = netspec.loads(net.resolved())
    assert again.params == net.params
    assert tree(again) == tree(net)


def test_a_copy_is_made_of_its_own_record() -> None:
    """Layers are remembered by what their expressions name; records of one form are not one."""
    text = "netspec: 1\ninput: [4]\nparams: {rows: [{w: {n: 2}}, {w: {n: 3}}, {w: {n: 2}}]}\n"
    net = netspec.loads(text + "layers:\n  - {each: {row: $rows}, Linear: $row.w.n}\n")
    assert [x.output[0] for x in net.layers] == [2, 3, 2]


def test_a_recipe_and_names_take_fields() -> None:
    text = """
netspec: 1
input: [1, 4, 4]
params: {run: {epochs: 3, optimizer: {lr: 0.5}}, at: {name: stem}}
layers: {flat: Flatten, x_$at.name: {Linear: 3}, last: {from: x_$at.name, ReLU: {}}}
train: {epochs: $run.epochs, optimizer: {SGD: {lr: $run.optimizer.lr}}, weights: $at.name.pt}
"""
    net = netspec.loads(text)
    assert [x.path for x in net.layers] == ["flat", "x_stem", "last"]
    assert net.recipe.epochs == 3
    assert net.recipe.optimizer.args["lr"] == 0.5
    assert net.recipe.weights == "stem.pt"


@pytest.mark.parametrize(
    ("params", "value", "expected"),
    [
        ("{stage: {width: 3}}", "$stage.wdth", "NS301 `{width: 3}` has no `wdth`"),
        ("{stage: {width: 3}}", "$(stage.width.more)",
         "NS303 `3` has no `more`: it is no mapping, and no input"),
        ("{stage: {width: 3}}", "$stage", "NS202 `out_features` is a whole number, not a mapping"),
        ("{stage: {width: 3}}", "$(min(stage))", "NS303 `min` takes no mapping"),
        ("{stage: {Width: 3, x: 1}}", "3", "NS208 `Width` cannot name a field"),
        ("{stage: [{a: {in: 3}}]}", "3", "NS208 `in` cannot name a field"),
        ("{stage: {width: $n}, n: 3}", "$n",
         "NS202 the default of `stage` cannot be an expression"),
        ("{stage: mapping}", "$stage.width", "NS308 the parameter `stage` has no value"),
        ("{stage: mappng}", "$stage.width",
         "NS202 `out_features` is a whole number, not `mappng.width`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_record_is_told(params: str, value: str, expected: str) -> None:
    text = f"netspec: 1\ninput: [4]\nparams: {params}\nlayers: [{{Linear: {value}}}]\n"
    assert refusal(text) == expected


def test_a_blocks_record_is_checked_where_it_is_given() -> None:
    assert refusal(SPEC.replace("{stage: $stage}", "{stage: 5}")) == (
        "NS202 `stage` is a mapping of fields, not `5`"
    )
    assert refusal(SPEC.replace("{stage: $stage}", "{stage: {Width: 3, depth: 2}}")) == (
        "NS208 `Width` cannot name a field"
    )


def test_the_schema_takes_records_and_offers_their_types() -> None:
    schema = editor_schema({"Stage": {"params": {"stage": "mapping"}, "layers": ["ReLU"]}})
    assert "mapping, Layer" in json.dumps(schema)
    assert json.dumps(schema).count("{stage: ${1:{width: 1}}}") >= 1
