"""What the writing out of blocks and loops holds to: its limits, and what else is told after one
mistake."""

from __future__ import annotations

import pytest
import torch

import netspec
from netspec import SpecError
from netspec.compiler.expanding import context
from netspec.diagnostics import Diagnostic

VECTOR = "netspec: 1\ninput: [4]\n"


def findings(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(SpecError) as refused:
        netspec.loads(text)
    return refused.value.diagnostics


def codes(text: str) -> list[str]:
    return [found.code for found in findings(text)]


def at_most(limit: str, most: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that has exactly ``most`` is taken, and refused where one less is allowed."""
    monkeypatch.setattr(context, limit, most)
    netspec.loads(text)
    monkeypatch.setattr(context, limit, most - 1)
    assert codes(text) == ["NS307"]


# limits


def test_every_layer_counts_and_the_network_itself_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_most("MAX_LAYERS", 3, f"{VECTOR}layers: [ReLU, Tanh, ReLU]\n", monkeypatch)


@pytest.mark.parametrize("deep", [1, 2, 5])
def test_layers_may_be_nested_so_deep_and_no_deeper(
    deep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = "[" * deep + "ReLU" + "]" * deep
    at_most("MAX_DEPTH", deep + 1, f"{VECTOR}layers: {nested}\n", monkeypatch)
    beside = ", ".join([nested] * 3)
    at_most("MAX_DEPTH", deep + 2, f"{VECTOR}layers: [{beside}]\n", monkeypatch)


def test_weights_are_counted_over_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = "[Linear: 5, {Linear: {out_features: 3, bias: false}}]"
    at_most("MAX_PARAMS", 4 * 5 + 5 + 5 * 3, f"{VECTOR}layers: {layers}\n", monkeypatch)


def test_a_layers_values_are_counted_for_one_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "netspec: 1\ninput: [3, 8, 8]\nlayers: [ZeroPad2d: 1, AvgPool2d: 2]\n"
    at_most("MAX_ELEMENTS", 3 * 10 * 10, text, monkeypatch)


@pytest.mark.parametrize(("number", "code"), [(-1, "NS204"), (-7, "NS204"), (20_001, "NS307")])
def test_a_number_of_copies_is_neither_negative_nor_beyond_the_limit(
    number: int, code: str
) -> None:
    assert codes(f"{VECTOR}layers: [{{repeat: $(0 + {number}), ReLU: {{}}}}]\n") == [code]


def test_no_copies_at_all_pass_their_input_on() -> None:
    net = netspec.loads(f"{VECTOR}layers: [{{repeat: $(1 - 1), Linear: 3}}, Linear: 2]\n")
    assert net.output_shape == (2,)
    assert [tuple(shape) for shape in net.state.values()] == [(2, 4), (2,)]


def test_what_is_no_expression_under_a_layer_of_a_parameter_is_told_there() -> None:
    layer = "$pool: {kernel_size: 2, divisor_override: $(1e308)}"
    text = f"netspec: 1\ninput: [3, 8, 8]\nparams: {{pool: AvgPool2d}}\nlayers: [{layer}]\n"
    assert codes(text) == ["NS302"]


def test_the_least_input_is_one_of_which_every_value_is_given() -> None:
    layers = "{c: {Chunk: {chunks: 10, dim: 2}}, e: {from: c.9, ReLU: {}}}"
    assert netspec.loads(f"netspec: 1\ninput: [1, 100]\nlayers: {layers}\n").min_input_size == 10


def test_a_call_that_gives_fewer_values_is_refused() -> None:
    text = (
        "netspec: 1\ninput: [1, 100]\nlayers:\n  c: {Chunk: {chunks: 10, dim: 2}}\n"
        "  p: {from: input, MaxPool1d: 30}\n  d: {from: p, call: c}\n  e: {from: d.9, ReLU: {}}\n"
    )
    assert codes(text) == ["NS409"]


# what is told after one mistake


@pytest.mark.parametrize(
    ("shape", "layer", "batch"),
    [
        ("[1, 3, 8, 8]", "{Conv2d: {out_channels: 4, kernel_size: 3}}", True),
        ("[2, 3, 8, 8]", "{Conv2d: {out_channels: 4, kernel_size: 3}}", False),
        ("[1, 8, 8]", "{Conv1d: {out_channels: 4, kernel_size: 3}}", False),
        ("[1, 4, 4, 4]", "{MaxPool3d: 9}", False),
    ],
)
def test_a_batch_in_the_input_is_seen_where_it_is_likely(
    shape: str, layer: str, batch: bool
) -> None:
    (found,) = findings(f"netspec: 1\ninput: {shape}\nlayers: [{layer}]\n")
    assert ("leave the batch out" in (found.hint or "")) == batch


@pytest.mark.parametrize(
    "outputs",
    [
        "{a: there, b: nowhere, c: nor_here}",
        "{a: left_out, b: there, c: nowhere}",
        "{a: $(unknown), b: there, c: nowhere}",
    ],
)
def test_every_output_that_is_wrong_is_told(outputs: str) -> None:
    layers = "layers:\n  left_out: {if: $(1 > 2), ReLU: {}}\n  there: Tanh\n"
    assert len(findings(f"{VECTOR}{layers}outputs: {outputs}\n")) == 2


def test_a_layer_whose_name_is_wrong_is_not_told_again_where_it_is_read() -> None:
    text = f"""{VECTOR}layers:
  - {{each: {{i: [1]}}, name: 'a.$(i)', ReLU: {{}}}}
  - {{from: a1, Tanh: {{}}}}
  - {{from: input, Linear: 3}}
"""
    assert len(findings(text)) == 1


def test_a_layer_that_is_called_is_held_to_all_of_its_weights() -> None:
    text = f"{VECTOR}layers:\n  twice: [ReLU, {{Linear: 5}}]\n  again: {{call: twice}}\n"
    assert codes(text) == ["NS406"]


# a block and its input


def test_a_block_that_reads_its_inputs_size_is_made_anew_for_another() -> None:
    text = """netspec: 1
input: [3, 16, 16]
blocks:
  Global:
    layers:
      - {AvgPool2d: {kernel_size: $(input.height)}}
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, Global, Flatten, Linear: 2]
"""
    net = netspec.loads(text)
    assert net.min_input_size == 3
    for size in (3, 9):
        assert netspec.loads(text, input=[3, size, size]).output_shape == (2,)


def test_a_sequence_that_opens_a_block_reads_the_blocks_input_as_its_own() -> None:
    text = f"""{VECTOR}
blocks:
  Opens:
    layers:
      first:
        - {{name: inner, Linear: 4}}
        - {{from: [inner, input], Add: {{}}}}
layers: [Opens]
"""
    module = netspec.loads(text).build()
    x = torch.randn(2, 4)
    first = module[0].first
    assert torch.equal(first(x), first.inner(x) + x)
    assert torch.equal(module(x), first(x))


def test_a_call_of_a_call_runs_the_first_layer_again() -> None:
    layers = "layers:\n  one: {Linear: 4}\n  two: {call: one}\n  three: {call: two}\n"
    net = netspec.loads(VECTOR + layers)
    assert list(net.state) == ["one.weight", "one.bias"]
    module, x = net.build(), torch.randn(2, 4)
    assert torch.equal(module(x), module.one(module.one(module.one(x))))
