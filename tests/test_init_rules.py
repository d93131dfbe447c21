"""Where an `init` rule would fail, it is told without torch; where torch would run it, not."""

from __future__ import annotations

import pytest

import netspec
from netspec import SpecError
from netspec.diagnostics import MAX_FINDINGS

VECTOR = "netspec: 1\ninput: [4]\n"
TWO_OR_MORE = [
    "kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "xavier_uniform_", "orthogonal_",
]  # fmt: skip


def codes(text: str) -> list[str]:
    try:
        netspec.loads(text)
    except SpecError as refused:
        return [found.code for found in refused.diagnostics]
    return []


@pytest.mark.parametrize(
    ("rule", "well"),
    [
        ("trunc_normal_: {b: 0}", True),
        ("trunc_normal_: {b: -2}", True),
        ("trunc_normal_: {b: -2.5}", False),
        ("trunc_normal_: {a: 2}", True),
        ("trunc_normal_: {a: 2.5}", False),
        ("uniform_: {a: 1}", True),
        ("uniform_: {a: 1.5}", False),
        ("uniform_: {b: 0}", True),
        ("uniform_: {b: -0.5}", False),
    ],
)
def test_a_bound_that_is_given_is_held_against_torchs_default_of_the_other(
    rule: str, well: bool
) -> None:
    text = f"{VECTOR}layers: [Linear: 2]\ninit: {{Linear: {{weight: {{{rule}}}}}}}\n"
    assert codes(text) == ([] if well else ["NS311"])
    if well:
        netspec.loads(text).build()


@pytest.mark.parametrize("name", ["a", "ab", "abc", "abcd"])
@pytest.mark.parametrize(("function", "well"), [("zeros_", True), ("orthogonal_", False)])
def test_a_blocks_rule_finds_its_layers_wherever_the_block_stands(
    name: str, function: str, well: bool
) -> None:
    text = f"""{VECTOR}
blocks:
  Own:
    init: {{inner: {{bias: {function}}}}}
    layers:
      inner: {{Linear: 3}}
      outer: {{Linear: 4}}
layers: {{{name}: Own}}
"""
    assert codes(text) == ([] if well else ["NS311"])
    if well:
        state = netspec.loads(text).build().state_dict()
        assert not state[f"{name}.inner.bias"].any()
        assert state[f"{name}.outer.bias"].any()


@pytest.mark.parametrize(
    ("weight", "bias", "well"),
    [
        ("orthogonal_", "zeros_", True),
        ("dirac_", "zeros_", False),
        ("zeros_", "orthogonal_", False),
    ],
)
def test_a_rule_is_held_against_its_own_parameter(weight: str, bias: str, well: bool) -> None:
    rules = f"{{Linear: {{weight: {weight}, bias: {bias}}}}}"
    found = codes(f"{VECTOR}layers: [Linear: 2]\ninit: {rules}\n")
    assert found == ([] if well else ["NS311"])


@pytest.mark.parametrize(
    ("function", "layer", "shape", "well"),
    [
        ("dirac_", "Linear: 4", "[4]", False),
        ("dirac_", "Conv1d: {out_channels: 2, kernel_size: 1}", "[4, 5]", True),
        ("dirac_", "Conv3d: {out_channels: 2, kernel_size: 1}", "[4, 5, 5, 5]", True),
        ("xavier_normal_", "Linear: 4", "[4]", True),
        ("xavier_normal_", "BatchNorm1d", "[4]", False),
        ("kaiming_uniform_", "BatchNorm1d", "[4]", False),
    ],
)
def test_a_function_needs_as_many_dimensions_as_torch_asks_for(
    function: str, layer: str, shape: str, well: bool
) -> None:
    kind = layer.partition(":")[0]
    written = f"{{{layer}}}" if ":" in layer else layer
    rule = f"{{{kind}: {{weight: {function}}}}}"
    text = f"netspec: 1\ninput: {shape}\nlayers: [{written}]\ninit: {rule}\n"
    assert codes(text) == ([] if well else ["NS311"])
    if well:
        netspec.loads(text).build()


def test_a_rule_for_a_layer_that_is_nowhere_is_told_beside_a_layer_that_is_wrong() -> None:
    rules = "{Linear: {bias: zeros_}, Conv9d: {bias: zeros_}}"
    assert sorted(codes(f"{VECTOR}layers: [Linear: $(none)]\ninit: {rules}\n")) == [
        "NS301",
        "NS311",
    ]


@pytest.mark.parametrize("function", TWO_OR_MORE)
def test_what_a_vector_is_too_small_for_is_told(function: str) -> None:
    assert codes(f"{VECTOR}layers: [Linear: 2]\ninit: {{Linear: {{weight: {function}}}}}\n") == []
    assert codes(f"{VECTOR}layers: [Linear: 2]\ninit: {{Linear: {{bias: {function}}}}}\n") == [
        "NS311"
    ]


def test_of_two_rules_for_one_tensor_the_last_is_the_one_that_runs_and_is_told() -> None:
    rules = "{'*': {weight: zeros_}, Linear: {weight: dirac_}}"
    with pytest.raises(SpecError) as refused:
        netspec.loads(f"{VECTOR}layers: [Linear: 2, Linear: 3]\ninit:\n  {rules}\n")
    (found,) = refused.value.diagnostics
    assert found.message.startswith("`dirac_` needs 3 to 5 dimensions")
    turned = "{Linear: {weight: dirac_}, '*': {weight: zeros_}}"
    assert codes(f"{VECTOR}layers: [Linear: 2, Linear: 3]\ninit:\n  {turned}\n") == []


def test_every_selector_that_selects_nothing_is_told_up_to_a_number() -> None:
    def told(count: int) -> int:
        rules = ", ".join(f"none{n}: {{bias: zeros_}}" for n in range(count))
        return len(codes(f"{VECTOR}layers: [Linear: 2]\ninit: {{{rules}}}\n"))

    assert [told(count) for count in (1, 3, MAX_FINDINGS + 5)] == [1, 3, MAX_FINDINGS]


def test_a_kind_that_is_nowhere_is_held_against_those_that_are_written() -> None:
    rules = "{Linaer: {bias: zeros_}}"
    for layers in ("[Linear: 3]", "[Linear: $(none)]"):
        with pytest.raises(SpecError) as refused:
            netspec.loads(f"{VECTOR}layers: {layers}\ninit: {rules}\n")
        (hint,) = [x.hint for x in refused.value.diagnostics if x.code == "NS311"]
        assert hint == "did you mean `Linear`?"


def told(text: str) -> list[tuple[str, str, str | None]]:
    with pytest.raises(SpecError) as refused:
        netspec.loads(text)
    return [(found.code, found.message, found.hint) for found in refused.value.diagnostics]


@pytest.mark.parametrize("within", ["out_proj", "out_*"])
def test_a_rule_of_a_block_of_one_layer_finds_what_stands_within_that_layer(within: str) -> None:
    text = f"""netspec: 1
input: [5, 4]
blocks:
  Own:
    init: {{{within}: {{bias: {{constant_: {{val: 3}}}}}}}}
    layers: {{MultiheadAttention: {{num_heads: 2}}}}
layers: [Own]
"""
    state = netspec.loads(text).build().state_dict()
    (name,) = [name for name in state if name.endswith("out_proj.bias")]
    assert state[name].tolist() == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("layer", "parameter", "value", "hint"),
    [
        ("Linear: 2", "bias", "$(fan_in)", "a vector has neither `fan_in` nor `fan_out`"),
        ("Linear: 2", "weight", "$(1 / (fan_in - 4))", None),
        ("Linear: 2", "bias", "$(1 / 0)", None),
    ],
)
def test_only_a_vector_is_told_to_have_no_fans(
    layer: str, parameter: str, value: str, hint: str | None
) -> None:
    rule = f"{{Linear: {{{parameter}: {{constant_: {{val: {value}}}}}}}}}"
    ((_, message, said),) = told(f"{VECTOR}layers: [{layer}]\ninit: {rule}\n")
    assert message.endswith(f"for `0.{parameter}`")
    assert said == hint or (hint is None and "a vector" not in str(said))


def test_the_first_tensor_that_a_rule_does_not_suit_is_told_and_no_other() -> None:
    rules = "{'*': {weight: zeros_, bias: zeros_}, Linear: {bias: orthogonal_}}"
    layers = "[Linear: 2, Linear: 3, Linear: 2]"
    ((code, message, _),) = told(f"{VECTOR}layers: {layers}\ninit: {rules}\n")
    assert (code, message.rpartition(", and ")[2]) == ("NS311", "`0.bias` is a vector of 2")


def test_a_rule_that_suits_one_shape_is_still_held_against_others() -> None:
    rule = "{Linear: {weight: {constant_: {val: $(1 / (fan_out - 3))}}}}"
    ((_, message, _),) = told(f"{VECTOR}layers: [Linear: 2, Linear: 3]\ninit: {rule}\n")
    assert message.endswith("for `1.weight`")


@pytest.mark.parametrize(
    ("path", "most"), [("a", 100), ("a" * 61, 100), ("a" * 62, 50), ("a" * 126, 33)]
)
def test_a_rule_is_held_against_each_parameter_and_64_characters_count_as_one_more(
    path: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 rules on `most` layers: against every path, then against every weight."""
    monkeypatch.setattr("netspec.compiler.analysis.init_check.MAX_HELD", 20_500)
    rules = ", ".join(f"'{'*' * n}': {{weight: zeros_}}" for n in range(1, 101))

    def within(count: int) -> bool:
        layers = ", ".join(f"{path}{n:02}: {{Linear: 4}}" for n in range(count))
        return codes(f"{VECTOR}layers: {{{layers}}}\ninit: {{{rules}}}\n") == []

    assert (within(most - 3), within(most + 3)) == (True, False)
