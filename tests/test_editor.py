"""Writing a spec in an editor: the real yaml-language-server, with the schema that we print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from language_server import LanguageServer, Unavailable

from netspec.compiler.language.editor_schema import editor_schema
from netspec.compiler.language.schema import spec_schema
from netspec.compiler.sources.extend import read
from netspec.ops import OPS
from netspec.source import plain

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
MODELINE = "# yaml-language-server: $schema=schema.json\n"
HEAD = "netspec: 1\ninput: [3, 8, 8]\n"
BLOCKS = {
    "Stem": {"description": "where it begins", "layers": ["ReLU"]},
    "Stage": {"params": {"width": "int", "stride": 2}, "layers": ["ReLU"]},
    "Linea": {"layers": ["ReLU"]},
}
OWN = MODELINE.replace("schema.json", "own.json") + HEAD


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """A server in a folder with the schema beside the documents."""
    folder = tmp_path_factory.mktemp("editor")
    (folder / "schema.json").write_text(json.dumps(editor_schema()), encoding="utf-8")
    (folder / "own.json").write_text(json.dumps(editor_schema(BLOCKS)), encoding="utf-8")
    try:
        running = LanguageServer(folder)
    except Unavailable as why:
        pytest.skip(str(why))
    with running:
        yield running


def marked(server: LanguageServer, text: str) -> list[tuple[str, str]]:
    """What is marked in a spec's text, and what is said of it."""
    lines = (MODELINE + HEAD + text).split("\n")
    found = []
    for mark in server.diagnostics("\n".join(lines)):
        start, end = mark["range"]["start"], mark["range"]["end"]
        assert start["line"] == end["line"]
        place = lines[start["line"]][start["character"] : end["character"]]
        found.append((place, mark["message"]))
    return found


def offered(server: LanguageServer, text: str) -> dict[str, dict[str, Any]]:
    return server.completions(MODELINE + HEAD + text)


# completion


@pytest.mark.parametrize(
    "text",
    [
        "layers:\n  - |\n",
        "layers:\n  - ReLU\n  - |\n",
        "layers:\n  features:\n    - C|\n",
        "layers:\n  conv1:\n    |\n",
        "layers:\n  conv1: {C|}\n",
        "blocks:\n  Stage:\n    layers:\n      - |\n",
        "layers:\n  - branches:\n      - |\n",
    ],
)
def test_layers_are_offered_with_what_they_do(server: LanguageServer, text: str) -> None:
    items = offered(server, text)
    assert [name for name in OPS if name not in items] == []
    assert items["Conv2d"]["documentation"] == OPS["Conv2d"].summary()
    assert "earlier siblings" in items["from"]["documentation"]


def test_a_layer_brings_the_arguments_that_it_needs_and_no_others(server: LanguageServer) -> None:
    for text in ("layers:\n  - |\n", "layers:\n  conv1: {|}\n"):
        inserted = offered(server, text)["Conv2d"]["insertText"]
        assert inserted == "Conv2d: {out_channels: ${1:64}, kernel_size: ${2:3}}"


def test_layers_that_need_nothing_are_offered_as_words(server: LanguageServer) -> None:
    items = offered(server, "layers:\n  act: |\n")
    assert items["ReLU"]["insertText"] == "ReLU"
    assert OPS["ReLU"].summary() in items["ReLU"]["documentation"]["value"]
    assert "Conv2d" not in items


def test_after_the_name_of_a_layer_no_layers_are_offered(server: LanguageServer) -> None:
    assert "ReLU" not in offered(server, "layers:\n  - Linear: |\n")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("layers:\n  - {|}\n", {"Conv2d", "ReLU", "from", "repeat"}),
        ("layers:\n  - {|\n", {"Conv2d", "ReLU", "from", "repeat"}),
        ("layers:\n  a: {|}\n", {"Conv2d", "ReLU", "from", "repeat"}),
        ("layers:\n  - Conv2d: {|}\n", {"out_channels", "kernel_size", "padding_mode"}),
        ("train: {|}\n", {"epochs", "optimizer", "augment"}),
        ("train:\n  optimizer: {|}\n", {"SGD", "AdamW"}),
        ("train:\n  optimizer: {SGD: {|}}\n", {"lr", "momentum"}),
        ("train:\n  optimizer:\n    |\n", {"SGD", "AdamW"}),
        ("train:\n  optimizer: |\n", {"SGD", "AdamW"}),
        ("train:\n  scheduler:\n    |\n", {"StepLR", "OneCycleLR", "CosineAnnealingLR"}),
        ("train:\n  loss: |\n", {"CrossEntropyLoss", "MSELoss"}),
        ("train:\n  augment: [|]\n", {"RandomCrop", "RandomHorizontalFlip"}),
        ("blocks:\n  |\n", {"a block"}),
    ],
)
def test_something_is_offered_after_a_brace_and_where_nothing_stands_yet(
    server: LanguageServer, text: str, names: set[str]
) -> None:
    assert names <= {*offered(server, text)}


@pytest.mark.parametrize(
    "text",
    [
        "layers:\n  - Conv2d:\n      |\n",
        "layers:\n  - Conv2d: {s|}\n",
        "layers:\n  a: {b: {Conv2d: {s|}}}\n",
        "blocks:\n  Stage:\n    layers:\n      - Conv2d: {k|}\n",
    ],
)
def test_arguments_are_offered_with_documentation_and_default(
    server: LanguageServer, text: str
) -> None:
    items = offered(server, text)
    assert [name for name in OPS["Conv2d"].args if name not in items] == []
    for name, argument in OPS["Conv2d"].args.items():
        assert items[name]["documentation"].startswith(argument.doc)
    assert items["stride"]["documentation"].endswith("; by default `1`")


def test_arguments_after_a_brace_come_with_values_that_are_right(server: LanguageServer) -> None:
    items = offered(server, "layers:\n  - Conv2d: {|}\n")
    assert items["out_channels"]["insertText"] == "out_channels: ${1:64}"
    assert items["padding_mode"]["insertText"] == "padding_mode: ${1:zeros}"
    assert items["stride"]["documentation"] == OPS["Conv2d"].args["stride"].doc
    below = offered(server, "layers:\n  - Conv2d:\n      |\n")
    assert below["out_channels"]["insertText"] == "out_channels: ${1:64}"


def test_an_argument_brings_one_value_and_not_a_list(server: LanguageServer) -> None:
    items = offered(server, "layers:\n  - Conv2d:\n      |\n")
    assert items["kernel_size"]["insertText"].startswith("kernel_size: ")
    assert items["stride"]["insertText"] == "stride: ${1:1}"


def test_arguments_that_are_there_are_not_offered_again(server: LanguageServer) -> None:
    items = offered(server, "layers:\n  - Conv2d: {out_channels: 3, k|}\n")
    assert "kernel_size" in items
    assert "out_channels" not in items


def test_choices_are_offered(server: LanguageServer) -> None:
    items = offered(server, "layers:\n  - Conv2d:\n      padding_mode: |\n")
    assert set(items) == {"zeros", "reflect", "replicate", "circular"}
    assert "training" in offered(server, "layers:\n  aux: {when: |}\n")


def test_sections_and_settings_are_offered(server: LanguageServer) -> None:
    assert {"blocks", "layers", "outputs", "init", "train"} <= set(offered(server, "|\n"))
    items = offered(server, "train:\n  |\n")
    assert {"data", "epochs", "optimizer", "scheduler", "augment"} <= set(items)
    assert {"SGD", "AdamW"} <= set(offered(server, "train:\n  optimizer: {S|}\n"))
    assert {"lr", "momentum"} <= set(offered(server, "train:\n  optimizer: {SGD: {l|}}\n"))


# a spec's own blocks, in the schema that was made for it


def test_own_blocks_are_offered_as_layers_are(server: LanguageServer) -> None:
    items = server.completions(OWN + "layers:\n  - {|}\n")
    assert items["Stem"]["insertText"] == "Stem"
    assert items["Stem"]["documentation"] == "where it begins"
    assert items["Stage"]["insertText"] == "Stage: {width: ${1:1}}"
    below = server.completions(OWN + "layers:\n  - |\n")
    assert below["Stage"]["insertText"] == "Stage: {width: ${1:1}}"
    assert "Stem" in server.completions(OWN + "layers:\n  a: |\n")


def test_their_parameters_are_offered_and_others_marked(server: LanguageServer) -> None:
    items = server.completions(OWN + "layers:\n  - Stage: {w|}\n")
    assert items["stride"]["documentation"] == "a parameter of the block; by default `2`"
    assert items["stride"]["insertText"] == "stride: ${1:2}"
    assert "where it begins" in server.hover(OWN + "layers:\n  - St|em\n")
    wrong = [
        "{Stage: {}}",
        "{Stage: {width: 1, heigth: 2}}",
        "{Stage: {width: 1}}",
        "Linea",
        "Other",
    ]
    marks = server.diagnostics_of([f"{OWN}layers:\n  - {layer}\n" for layer in wrong])
    assert [[mark["message"] for mark in found] for found in marks] == [
        ['Missing property "width".'], ["Property heigth is not allowed."], [], [], [],
    ]  # fmt: skip


# hovering


def test_hovering_tells_what_a_layer_and_an_argument_do(server: LanguageServer) -> None:
    text = "layers:\n  - Conv2d: {out_channels: 3, kernel_size: 3}\n"
    layer = server.hover(MODELINE + HEAD + text.replace("Conv2d", "Con|v2d"))
    assert "Convolution over an image" in layer
    argument = server.hover(MODELINE + HEAD + text.replace("kernel", "ker|nel"))
    assert OPS["Conv2d"].args["kernel_size"].doc in argument


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("layers:\n  - Re|LU\n", OPS["ReLU"].summary()),
        ("layers:\n  act: Re|LU\n", OPS["ReLU"].summary()),
        ("train:\n  optimizer: S|GD\n", "Stochastic gradient descent"),
        ("train:\n  loss: CrossEntropy|Loss\n", "applies log-softmax itself"),
        ("train:\n  augment: [RandomHorizontal|Flip]\n", "Left and right swapped"),
        ("train:\n  opti|mizer: SGD\n", "How weights follow gradients"),
    ],
)
def test_hovering_over_a_bare_word_tells_what_it_is(
    server: LanguageServer, text: str, told: str
) -> None:
    shown = server.hover(MODELINE + HEAD + text)
    assert told in shown
    assert "Allowed Values" not in shown


# findings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("layers:\n  - Conv2d: {out_channels: 3, kernel_size: 3, paddin: 1}\n", "paddin"),
        ("layers:\n  - Conv2d:\n      out_channels: 3\n      kernel_sise: 3\n", "kernel_sise"),
        ("layers:\n  a: {b: [{MaxPool2d: {kernel_size: 2, strid: 2}}]}\n", "strid"),
        ("blocks:\n  Stage:\n    layer: [ReLU]\nlayers: [Stage]\n", "layer"),
        ("layer: [ReLU]\n", "layer"),
        ("layers: [ReLU]\ntrain: {epoch: 3}\n", "epoch"),
        ("layers: [ReLU]\ntrain: {optimizer: {SGD: {lr: 1, momentun: 0.9}}}\n", "momentun"),
    ],
)
def test_a_misspelt_key_is_marked_at_its_place(
    server: LanguageServer, text: str, place: str
) -> None:
    assert (place, f"Property {place} is not allowed.") in marked(server, text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("layers:\n  - conv2d\n", "conv2d"),
        ("layers:\n  - Conv2d: {out_channels: 0, kernel_size: 3}\n", "0"),
        ("layers:\n  - Conv2d: {out_channels: many, kernel_size: 3}\n", "many"),
        ("layers:\n  - Conv2d: {out_channels: 3, kernel_size: 3, padding_mode: zero}\n", "zero"),
        ("layers:\n  - Conv2d: {out_channels: 3, kernel_size: [3, x]}\n", "x"),
        ("layers:\n  - Conv2d: {out_channels: 3}\n", "Conv2d"),
        ("layers:\n  - {when: always, ReLU: {}}\n", "always"),
    ],
)
def test_a_wrong_value_is_marked_at_its_place(
    server: LanguageServer, text: str, place: str
) -> None:
    assert [where for where, _ in marked(server, text)] == [place]


NUMBER = "expected a whole number or an expression such as `$n`"
FLAG = "expected `true`, `false` or an expression such as `$n`"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers:\n  - Conv2d: {out_channels: many, kernel_size: 3}\n", NUMBER),
        ("layers:\n  - Conv2d: {out_channels: 3, kernel_size: 3, bias: 3}\n", FLAG),
        ("layers:\n  - {if: maybe, ReLU: {}}\n", FLAG),
        ("layers:\n  - relu\n", "expected a layer or a block: their names begin with a capital"),
        ("layers: 3\n", "expected layers: a list, a mapping or a layer's name"),
        ("train: {epochs: many}\n", NUMBER),
        ("train: {metric: f1}\n", "expected `accuracy`, `loss` or an expression such as `$n`"),
        ("train: {warmup: yes}\n", "expected a mapping, a number or `null`"),
        ("train: {loss: {MSE: {}}}\n", "expected `CrossEntropyLoss`, `NLLLoss`, "),
        ("train: {optimizer: SDG}\n", "expected `SGD`, `Adam`, `AdamW`, "),
    ],
)
def test_a_message_is_in_the_words_of_a_spec(
    server: LanguageServer, text: str, message: str
) -> None:
    ((_, told),) = marked(server, text)
    assert told.startswith(message)
    assert "pattern" not in told


SLIPS = [
    ("Linaer", "Linear"), ("Lineer", None), ("Linea", "Linear"), ("Linnear", "Linear"),
    ("LINEAR", "Linear"), ("Relu", "ReLU"), ("Conv2D", "Conv2d"), ("BathcNorm2d", "BatchNorm2d"),
    ("MaxPool2d", None), ("MyBlock", None), ("Conv", None), ("Stem", None), ("Ad", None),
]  # fmt: skip


@pytest.mark.parametrize(
    "form", ["layers:\n  - {}: 10\n", "layers:\n  - {}\n", "layers:\n  fc: {{{}: {{}}}}\n"]
)
def test_a_slip_in_the_name_of_a_layer_is_marked_and_a_block_is_not(
    server: LanguageServer, form: str
) -> None:
    texts = [MODELINE + HEAD + form.format(name) for name, _ in SLIPS]
    for (name, meant), marks in zip(SLIPS, server.diagnostics_of(texts), strict=True):
        told = [mark["message"] for mark in marks if "no such layer" in mark["message"]]
        right = f"there is no such layer: did you mean `{meant}`?"
        assert told == ([right] if meant else []), name


@pytest.mark.parametrize(
    "text",
    [
        "layers:\n  - Conv2d: {out_channels: $(2 * 3), kernel_size: [3, $k]}\n",
        "layers:\n  a$(index): {each: 3, Linear: $n}\n",
        "layers:\n  - {repeat: {stage: [1, 2]}, MyBlock: {anything: $stage}}\n",
        "layers:\n  - $activation\n  - {if: $(a > 1), $activation: {}}\n",
    ],
)
def test_expressions_and_blocks_are_not_marked(server: LanguageServer, text: str) -> None:
    assert marked(server, text) == []


def test_the_shipped_specs_are_not_marked(server: LanguageServer) -> None:
    texts = []
    for path in SPECS:
        lines = path.read_text(encoding="utf-8").split("\n")
        own = [line for line in lines if "yaml-language-server" not in line]
        texts.append(MODELINE + "\n".join(own))
    found = zip(SPECS, server.diagnostics_of(texts), strict=True)
    assert {path.name: marks for path, marks in found if marks} == {}


# the schema itself


def test_both_schemas_are_valid_schemas() -> None:
    for schema in (spec_schema(), editor_schema(), editor_schema(BLOCKS)):
        jsonschema.Draft202012Validator.check_schema(schema)


def test_no_schema_uses_one_of() -> None:
    assert '"oneOf"' not in json.dumps([spec_schema(), editor_schema()])


MISTAKES = [
    "layers: [{Conv2d: {out_channels: 3}}]",
    "layers: [{Conv2d: {out_channels: 3, kernel_size: [1]}}]",
    "layers: [{Conv2d: {out_channels: 3, kernel_size: [1, 0]}}]",
    "layers: [{Linear: 0}, relu]",
    "layers: {a: {b: {c: 3}}}",
    "layers: {'a b': ReLU}",
    "layers: {A: 3, a: {from: []}}",
    "layers: [{repeat: -1, ReLU: {}}]",
    "blocks: {b: {layers: [ReLU]}}",
    "train: {epochs: -1}",
    "train: {optimizer: {SGD: {}, Adam: {}}}",
    "netspec: one",
    "layers: 3",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_the_editors_schema_refuses_what_the_checkers_does(text: str) -> None:
    data = {"netspec": 1, **yaml.safe_load(text)}
    verdicts = [
        jsonschema.Draft202012Validator(schema).is_valid(data)
        for schema in (spec_schema(), editor_schema())
    ]
    assert len(set(verdicts)) == 1


@pytest.mark.parametrize("blocks", [None, 3, [], {}, {"a": 1, "B": 2, "C": {"params": [1]}, 3: {}}])
def test_whatever_the_blocks_are_there_is_a_schema(blocks: object) -> None:
    jsonschema.Draft202012Validator.check_schema(editor_schema(blocks))


def test_the_editors_schema_accepts_every_shipped_spec() -> None:
    validator = jsonschema.Draft202012Validator(editor_schema())
    for path in SPECS:
        errors = list(validator.iter_errors(plain(read(str(path)).root)))
        assert not errors, f"{path.name}: {errors[0].message}"
