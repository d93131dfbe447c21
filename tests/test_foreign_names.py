"""The tables of other tools' names: each leads to what there is, and none hides what there is."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.compiler import compile_text
from netspec.compiler.language import foreign_names as foreign
from netspec.compiler.language.document import MODIFIERS, SECTIONS
from netspec.compiler.language.python_code import entries_of_code
from netspec.diagnostics import SpecError
from netspec.ops import OPS
from netspec.recipe import TRAIN_SCHEMA
from netspec.source import parse_value, plain

RECIPE = TRAIN_SCHEMA["properties"]
CHOICES = {
    "optimizer": foreign.OPTIMIZERS,
    "scheduler": foreign.SCHEDULERS,
    "loss": foreign.LOSSES,
}


def hint(layer: str, *, input: str = "[3, 32, 32]") -> str | None:
    """The hint of the one finding for a network of one layer."""
    with pytest.raises(SpecError) as refused:
        compile_text(f"netspec: 1\ninput: {input}\nlayers:\n  - {layer}\n")
    (finding,) = refused.value.diagnostics
    return finding.hint


def recipe_hint(train: str) -> str | None:
    text = f"netspec: 1\ninput: [3, 32, 32]\nlayers: [Flatten, Linear: 10]\ntrain: {{{train}}}\n"
    with pytest.raises(SpecError) as refused:
        compile_text(text)
    (finding,) = refused.value.diagnostics
    return finding.hint


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_every_layer_of_the_table_is_one(ndim: int) -> None:
    for name, entry in {**foreign.LAYERS, **foreign.ACTIVATIONS}.items():
        for part in filter(None, entry.replace("*", str(ndim)).split(" + ")):
            assert part.partition(":")[0] in OPS, name


def test_no_name_of_the_table_is_a_layer_here() -> None:
    own = {foreign.folded(name) for name in OPS}
    tables = (foreign.LAYERS, foreign.ABSENT, foreign.BESIDE, foreign.COMPOSED)
    assert not own.intersection(*map(set, tables))
    for table in tables:
        assert not [n for n in table for d in "123" if n.replace("*", d) in own]


def test_every_argument_of_the_table_is_one_of_some_layer_or_choice() -> None:
    known = {name for op in OPS.values() for name in op.args}
    for key in ("optimizer", "scheduler", "loss"):
        for choice in RECIPE[key]["properties"].values():
            known |= set(choice["properties"])
    for choice in RECIPE["augment"]["items"]["properties"].values():
        known |= set(choice["properties"])
    for name, others in foreign.ARGUMENTS.items():
        assert set(others) <= known, name


@pytest.mark.parametrize("key", CHOICES)
def test_every_choice_of_the_table_is_offered_with_its_arguments(key: str) -> None:
    for name, entry in CHOICES[key].items():
        written: Any = plain(parse_value(entry, "")) if entry else None
        if isinstance(written, dict):
            ((choice, arguments),) = written.items()
            assert set(arguments) <= set(RECIPE[key]["properties"][choice]["properties"]), name
        elif written is not None:
            assert written in RECIPE[key]["properties"], name


def test_every_augmentation_of_the_table_is_offered() -> None:
    offered = RECIPE["augment"]["items"]["properties"]
    assert {name for name in foreign.AUGMENTATIONS.values() if name} <= set(offered)


def test_every_key_of_the_tables_is_one() -> None:
    assert set(foreign.SETTINGS.values()) <= set(RECIPE)
    assert set(foreign.INSIDE) <= set(RECIPE)
    assert set(foreign.DATA.values()) <= set(RECIPE["data"]["properties"])
    assert set(foreign.SECTIONS.values()) <= set(SECTIONS)
    assert set(foreign.MODIFIERS.values()) <= set(MODIFIERS)


@pytest.mark.parametrize(
    ("layer", "input", "meant"),
    [
        ("Conv: {out_channels: 8, kernel_size: 3}", "[3, 32, 32]", "Conv2d"),
        ("Conv: {out_channels: 8, kernel_size: 3}", "[3, 32]", "Conv1d"),
        ("BatchNorm", "[3, 8, 32, 32]", "BatchNorm3d"),
        ("SyncBatchNorm", "[3, 32, 32]", "BatchNorm2d"),
        ("AvgPool: 2", "[3, 32, 32]", "AvgPool2d"),
        ("Swish", "[3, 32, 32]", "SiLU"),
        ("DropPath: 0.1", "[3, 32, 32]", "StochasticDepth"),
        ("Dense: 10", "[3, 32, 32]", "Linear"),
        ("Multiply", "[3, 32, 32]", "Mul"),
        ("MaxPol: 2", "[3, 32, 32]", "MaxPool2d"),  # a slip, and no other tool's name
        ("MaxPol: 2", "[3, 8, 32, 32]", "MaxPool3d"),
    ],
)
def test_a_name_leads_to_the_layer_for_the_input_s_dimensions(
    layer: str, input: str, meant: str
) -> None:
    assert hint(layer, input=input) == f"did you mean `{meant}`?"


@pytest.mark.parametrize("layer", ["ConvLSTM2D: 5", "GaussianNoise: 0.1", "Lambda"])
def test_a_layer_that_is_not_offered_is_said_to_be_for_a_plugin(layer: str) -> None:
    said = hint(layer)
    assert said is not None
    assert said.endswith("are not offered: write one in Python, and give it with `--plugin`")


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        ("Bidirectional", "`LSTM: {hidden_size: …, bidirectional: true}`"),
        ("SpectralNorm", "`parametrize: spectral_norm` beside the layer"),
    ],
)
def test_what_wraps_a_layer_elsewhere_is_said_beside_it_here(layer: str, written: str) -> None:
    assert hint(layer) == f"write {written}"


@pytest.mark.parametrize("layer", ["C2f: 64", "SqueezeExcite", "SeparableConv2D: {filters: 8}"])
def test_a_layer_of_layers_is_said_to_be_for_a_block(layer: str) -> None:
    said = hint(layer)
    assert said is not None
    assert said.startswith("declare a block of it under `blocks:`: ")


@pytest.mark.parametrize(
    ("train", "offered"),
    [
        ("loss: FocalLoss", "CrossEntropyLoss"),
        ("optimizer: Lion", "SGD"),
        ("scheduler: LambdaLR", "StepLR"),
        ("augment: [TrivialAugmentWide]", "RandomCrop"),
        ("augment: [RandomPerspective]", "RandomCrop"),
        ("augment: [RandomGrayscale]", "RandomCrop"),
    ],
)
def test_a_choice_that_is_not_offered_is_said_to_be_none(train: str, offered: str) -> None:
    said = recipe_hint(train)
    assert said is not None
    assert said.startswith("it is not offered; ")
    assert f"`{offered}`" in said


def test_a_block_of_one_s_own_is_meant_before_another_tool_s_layer() -> None:
    text = """\
netspec: 1
input: [3, 32, 32]
blocks:
  DENSE: {layers: [ReLU]}
layers: [Dense]
"""
    with pytest.raises(SpecError) as refused:
        compile_text(text)
    (finding,) = refused.value.diagnostics
    assert finding.hint == "did you mean `DENSE`?"


@pytest.mark.parametrize(
    "text",
    [
        "nn.Conv2d(3, 16",
        "nn.Conv2d(*sizes)",
        "nn.Conv2d(3, width, 3)",
        "nn.LeakyReLU(1e999)",
        "nn.Linear(3, '\\d')",
        "(" * 900,
        "-" * 900 + "1",
        "nn.ReLU(" * 120,
        "lambda: nn.ReLU()",
        "__import__('os').system('true')",
        "nn.Conv2d(3, 8, 3).cuda()",
        "nn.Linear(" + "9" * 800 + ")",
    ],
)
def test_code_without_a_counterpart_has_none(text: str) -> None:
    assert entries_of_code(text, 2) is None
