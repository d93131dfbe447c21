"""Rules of the language at the very edge where they begin to hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import netspec
from netspec import SpecError
from netspec.compiler.sources.extend import MAX_CHAIN

HEAD = "netspec: 1\ninput: [3, 16, 16]\n"


def codes(text: str) -> list[str]:
    with pytest.raises(SpecError) as refused:
        netspec.loads(text)
    return [found.code for found in refused.value.diagnostics]


# least sizes


@pytest.mark.parametrize(("kernel", "least"), [(3, 3), (5, 5), (7, 7)])
def test_the_least_size_counts_what_a_nested_sequence_reads_of_its_blocks_input(
    kernel: int, least: int
) -> None:
    text = f"""{HEAD}
blocks:
  Wide:
    layers:
      small: {{AvgPool2d: {{kernel_size: 1}}}}
      inner:
        - ReLU
        - {{from: input, Conv2d: {{out_channels: 3, kernel_size: {kernel}}}}}
        - AdaptiveAvgPool2d: 1
layers: [Wide, Flatten, {{Linear: 2}}]
"""
    net = netspec.loads(text)
    assert net.min_input_size == least
    module = net.build().eval()
    assert module(torch.zeros(2, 3, least, least)).shape == (2, 2)
    with pytest.raises(RuntimeError):
        module(torch.zeros(2, 3, least - 1, least - 1))


def test_a_block_input_that_passes_two_walls_of_sequences_is_still_the_blocks() -> None:
    text = f"""{HEAD}
blocks:
  Deep:
    layers:
      first: {{Conv2d: {{out_channels: 5, kernel_size: 1}}}}
      outer:
        - ReLU
        - - Tanh
          - {{name: mix, from: input, Conv2d: {{out_channels: 5, kernel_size: 3, padding: 1}}}}
        - {{name: far, from: input, Conv2d: {{out_channels: 4, kernel_size: 1}}}}
layers: [Deep]
"""
    net = netspec.loads(text)
    assert net.state["0.outer.1.mix.weight"] == (5, 3, 3, 3)
    assert net.state["0.outer.far.weight"] == (4, 3, 1, 1)
    module = net.build()
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(module(x), module[0].outer.far(x))


@pytest.mark.parametrize("most", [3, 64])
@pytest.mark.parametrize("least", [1, 2, 3, 4, 5, 17, 32, 33, 63, 64])
def test_the_least_size_is_that_of_the_largest_window(least: int, most: int) -> None:
    if least <= most:
        text = f"netspec: 1\ninput: [3, {most}, {most}]\nlayers: [AvgPool2d: {least}]\n"
        assert netspec.loads(text).min_input_size == least


@pytest.mark.parametrize("size", [1, 7, 100, 600])
def test_the_least_size_may_be_the_only_one(size: int) -> None:
    """A join may be refused at sizes above the least that its windows take."""
    up, both = f"{{Upsample: {{size: {size}}}}}", "{from: [up, input], Concat: {}}"
    layers = f"layers:\n  up: {up}\n  both: {both}\n"
    net = netspec.loads(f"netspec: 1\ninput: [1, {size}, {size}]\n{layers}")
    assert net.min_input_size == size


def test_a_least_size_is_sought_where_there_is_a_size() -> None:
    assert netspec.loads("netspec: 1\ninput: [8]\nlayers: [ReLU]\n").min_input_size is None
    sequence = netspec.loads("netspec: 1\ninput: [2, 9]\nlayers: [MaxPool1d: 4]\n")
    assert sequence.min_input_size == 4


# expressions


@pytest.mark.parametrize(
    ("shape", "value"), [("[5]", None), ("[5, 7]", 7), ("[5, 7, 9]", 9), ("[2, 5, 7, 9]", 9)]
)
def test_only_a_sequence_has_a_length(shape: str, value: int | None) -> None:
    text = f"netspec: 1\ninput: {shape}\nlayers: [Flatten, {{Linear: $(input.length)}}]\n"
    if value is None:
        assert codes(text) == ["NS303"]
    else:
        assert netspec.loads(text).output_shape == (value,)


# outputs


def test_a_parameter_may_be_an_output() -> None:
    net = netspec.loads(
        f"{HEAD}layers:\n  flat: Flatten\n  logits: {{Linear: 4}}\n"
        "  token: {Parameter: {shape: [6], fill: 2.0}}\n"
        "outputs: {logits: logits, token: token}\n"
    )
    assert [(o.name, o.shape) for o in net.output_list] == [("logits", (4,)), ("token", (6,))]
    module = net.build()
    for count in (1, 3):
        out = module(torch.zeros(count, 3, 16, 16))
        assert out["logits"].shape == (count, 4)
        assert torch.equal(out["token"], torch.full((count, 6), 2.0))


# extends


def chain(folder: Path, length: int) -> Path:
    """The first of `length` specs, each of which but the last extends the next."""
    for place in range(length - 1):
        (folder / f"{place}.yaml").write_text(f"netspec: 1\nextends: {place + 1}.yaml\n")
    (folder / f"{length - 1}.yaml").write_text(f"{HEAD}layers: [ReLU]\n")
    return folder / "0.yaml"


def test_a_chain_of_specs_may_be_so_long_and_not_one_longer(tmp_path: Path) -> None:
    assert netspec.load(chain(tmp_path, MAX_CHAIN)).output_shape == (3, 16, 16)
    with pytest.raises(SpecError, match=f"more than {MAX_CHAIN} specs extend one another"):
        netspec.load(chain(tmp_path, MAX_CHAIN + 1))


# init


@pytest.mark.parametrize("rule", ["uniform_", "trunc_normal_"])
@pytest.mark.parametrize(("low", "high", "well"), [(1, 1, True), (0.5, 1, True), (1, 0.5, False)])
def test_the_bounds_of_an_initializer_may_be_equal_and_not_reversed(
    rule: str, low: float, high: float, well: bool
) -> None:
    text = (
        f"netspec: 1\ninput: [3]\nlayers: [Linear: 2]\n"
        f"init: {{Linear: {{weight: {{{rule}: {{a: {low}, b: {high}}}}}}}}}\n"
    )
    if not well:
        assert codes(text) == ["NS311"]
        return
    weight = netspec.loads(text).build()[0].weight
    assert float(weight.detach().min()) >= low
    assert float(weight.detach().max()) <= high


# memory


@pytest.mark.parametrize(
    ("optimizer", "states"),
    [
        ("SGD", 0),
        ("{SGD: {lr: 0.1, momentum: 0.9}}", 1),
        ("AdamW", 2),
        ("{AdamW: {lr: 0.1, amsgrad: true}}", 3),
        ("Adam", 2),
        ("RMSprop", 1),
        ("Adagrad", 1),
    ],
)
def test_the_memory_of_training_counts_what_the_optimizer_keeps_of_every_weight(
    optimizer: str, states: int
) -> None:
    from netspec.report.memory import training_memory

    text = f"{HEAD}layers: [Flatten, {{Linear: 4}}]\ntrain: {{optimizer: {optimizer}}}\n"
    net = netspec.loads(text)
    memory = training_memory(net, 1)
    weights = 4 * (3 * 16 * 16 * 4 + 4)
    assert (memory.weights, memory.gradients) == (weights, weights)
    assert memory.optimizer == states * weights

    recipe = net.recipe.optimizer
    module = net.build()
    theirs = getattr(torch.optim, recipe.name)(module.parameters(), **{"lr": 0.1, **recipe.args})
    nn.functional.cross_entropy(module(torch.zeros(2, 3, 16, 16)), torch.zeros(2).long()).backward()
    theirs.step()
    kept = sum(
        value.numel()
        for state in theirs.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.dim()
    )
    assert kept == states * (3 * 16 * 16 * 4 + 4)


# class weights


@pytest.mark.parametrize(
    ("loss", "well"),
    [
        ("CrossEntropyLoss: {weight: [1, 2, 3]}", True),
        ("CrossEntropyLoss: {weight: [1, 2]}", False),
        ("CrossEntropyLoss: {weight: [1]}", False),
        ("BCEWithLogitsLoss: {pos_weight: [1, 2, 3]}", True),
        ("BCEWithLogitsLoss: {pos_weight: [1, 2]}", False),
        ("BCEWithLogitsLoss: {pos_weight: [1]}", True),
    ],
)
def test_there_is_a_weight_for_each_class_or_one_for_all_that_are_alike(
    loss: str, well: bool
) -> None:
    text = f"netspec: 1\ninput: [4]\nlayers: [Linear: 3]\ntrain: {{loss: {{{loss}}}}}\n"
    if well:
        assert netspec.loads(text).output_shape == (3,)
    else:
        assert codes(text) == ["NS504"]


def test_class_weights_are_those_of_the_first_output() -> None:
    layers = "layers:\n  logits: {Linear: 3}\n  other: {from: input, Linear: 5}\n"
    for weights, well in (("[1, 1, 1]", True), ("[1, 1, 1, 1, 1]", False)):
        text = (
            f"netspec: 1\ninput: [4]\n{layers}outputs: {{logits: logits, other: other}}\n"
            f"train: {{loss: {{CrossEntropyLoss: {{weight: {weights}}}}}}}\n"
        )
        if well:
            assert len(netspec.loads(text).output_list) == 2
        else:
            assert codes(text) == ["NS504"]


# channels that come last


def test_the_first_finding_about_a_shape_says_that_channels_come_first_and_each_is_told_once() -> (
    None
):
    layers = "[{Linear: $(unknown)}, {from: input, MaxPool2d: 9}]"
    with pytest.raises(SpecError) as refused:
        netspec.loads(f"netspec: 1\ninput: [32, 48, 3]\nlayers: {layers}\n")
    first, second = refused.value.diagnostics
    assert (first.code, second.code) == ("NS301", "NS402")
    assert not any("channels come first" in note.message for note in first.notes)
    told = "the input is 32 channels of 48×3: channels come first"
    assert told in [note.message for note in second.notes]


@pytest.mark.parametrize(
    ("shape", "seems"),
    [
        ("[8, 8, 1]", True),
        ("[300, 300, 1]", True),
        ("[8, 9, 1]", False),
        ("[9, 8, 1]", False),
        ("[8, 9, 3]", True),
        ("[9, 8, 3]", True),
        ("[8, 7, 3]", False),
        ("[7, 8, 3]", False),
        ("[32, 32, 2]", False),
        ("[32, 32, 4]", False),
        ("[32, 32, 32, 3]", False),
    ],
)
def test_channels_seem_to_come_last_where_they_are_those_of_an_image(
    shape: str, seems: bool
) -> None:
    with pytest.raises(SpecError) as refused:
        netspec.loads(f"netspec: 1\ninput: {shape}\nlayers: [Linear: 2, Reshape: [77]]\n")
    (found,) = refused.value.diagnostics
    assert any("channels come first" in note.message for note in found.notes) == seems
