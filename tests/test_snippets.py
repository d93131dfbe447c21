"""What an editor inserts is right as it stands: every snippet, its places left as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import netspec
from netspec.compiler.language.editor_schema import editor_schema
from netspec.compiler.language.own_blocks import block_snippet, own_blocks
from netspec.compiler.language.schema import spec_schema
from netspec.compiler.language.snippets import (
    choice_snippets,
    layer_snippets,
    setting_snippets,
)
from netspec.diagnostics import SpecError
from netspec.json_schema import Schema
from netspec.ops import OPS
from netspec.recipe import TRAIN_SCHEMA

ROWS = Path(__file__).parent / "ops"
SETTINGS = TRAIN_SCHEMA["properties"]
CHOICES = {name: piece for name, piece in SETTINGS.items() if piece.get("maxProperties") == 1}


def filled(text: str) -> str:
    """What stands there when every place is left as it is."""
    return re.sub(r"\$\{\d+:([^{}]*)\}", r"\1", text).removesuffix("$1")


def written(snippet: Schema) -> str:
    """A snippet as a piece of a spec in one line."""
    body = snippet["body"]
    if isinstance(body, str):
        return filled(body)
    ((key, value),) = body.items()
    return f"{{{filled(key)}: {filled(value)}}}"


def refused(text: str) -> list[str]:
    """The findings of a whole spec."""
    try:
        netspec.loads(f"netspec: 1\n{text}")
    except SpecError as error:
        return [finding.message for finding in error.diagnostics]
    return []


def inputs_of(name: str) -> Iterator[list[int]]:
    """Shapes that a layer's own table of rules has, and larger ones."""
    rows = yaml.safe_load((ROWS / f"{name}.yaml").read_text(encoding="utf-8"))
    for row in rows.values():
        shape = row.get("input")
        if isinstance(shape, list) and all(isinstance(size, int) for size in shape):
            yield shape
    yield from (
        [8],
        [16, 8],
        [8, 16, 16],
        [8, 8, 8, 8],
        [16, 16, 64],
        [4, 4, 16, 16],
        [4, 49],
        [4, 4, 8],
    )


def value_of(text: str) -> Any:
    """A value as a spec reads it, where `1e-8` is a number."""
    found = yaml.safe_load(text)
    try:
        return float(found) if isinstance(found, str) else found
    except ValueError:
        return found


def branches(count: int) -> str:
    return f"branches: [{', '.join(['Identity'] * count)}]"


@pytest.mark.parametrize("snippet", layer_snippets(), ids=lambda snippet: snippet["label"])
def test_every_layer_checks_clean_on_an_input_that_fits_it(snippet: Schema) -> None:
    name = snippet["label"]
    layer = written(snippet)
    forms = [f"[{layer}]"]
    for count in (2, 3):
        inner = layer[1:-1] if layer.startswith("{") else f"{layer}: {{}}"
        forms.append(f"[{{{branches(count)}, {inner}}}]")
    tried = [
        refused(f"input: {shape}\nlayers: {form}") for form in forms for shape in inputs_of(name)
    ]
    if name == "Parameter":  # is fed by nothing
        tried.append(
            refused(f"input: [64]\nlayers: {{p: {layer}, a: {{from: [p, input], Add: {{}}}}}}")
        )
    if name in ("Chunk", "Split"):  # of which a part is named
        tried.append(refused(f"input: [8]\nlayers: {{x: {layer}, a: {{from: x.0, ReLU: {{}}}}}}"))
    if name in ("Embedding", "EmbeddingBag"):
        tried.append(refused(f"input: {{shape: [8], dtype: int64}}\nlayers: [{layer}]"))
    if name == "AddMM":
        tensors = "b: {Parameter: [4]}, w: {Parameter: [8, 4]}"
        tried.append(
            refused(f"input: [8]\nlayers: {{{tensors}, x: {{from: [b, input, w], {layer}: {{}}}}}}")
        )
    assert [] in tried, (layer, min(tried, key=len))


@pytest.mark.parametrize(
    ("setting", "snippet"),
    [
        (name, snippet)
        for name, piece in CHOICES.items()
        for snippet in choice_snippets(piece["properties"])
    ],
    ids=lambda value: value if isinstance(value, str) else value["label"],
)
def test_every_choice_of_the_recipe_checks_clean(setting: str, snippet: Schema) -> None:
    train = f"{{{setting}: {written(snippet)}}}"
    assert refused(f"input: [3, 8, 8]\nlayers: [Flatten, {{Linear: 10}}]\ntrain: {train}") == []


def test_every_augmentation_checks_clean() -> None:
    entries = SETTINGS["augment"]["items"]["properties"]
    for snippet in choice_snippets(entries):
        text = f"layers: [Flatten, {{Linear: 10}}]\ntrain: {{augment: [{written(snippet)}]}}"
        assert refused(f"input: [3, 8, 8]\n{text}") == [], snippet["label"]


def schemas() -> Iterator[tuple[str, Schema]]:
    """Every mapping of the schema whose settings are offered after a brace, with its owner."""
    root = spec_schema()
    for name in OPS:
        yield name, root["$defs"][name]
    yield "train", root["properties"]["train"]
    for name, piece in SETTINGS.items():
        if name in CHOICES:
            yield from piece["properties"].items()
        elif "properties" in piece:
            yield name, piece
    yield from SETTINGS["augment"]["items"]["properties"].items()


@pytest.mark.parametrize(
    ("owner", "piece"), [*schemas()], ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_setting_has_a_value_that_its_schema_takes(owner: str, piece: Schema) -> None:
    root: dict[str, Any] = {"$defs": spec_schema()["$defs"]}
    for snippet in setting_snippets(owner, piece["properties"]):
        (pair,) = snippet["body"].items()
        found = value_of(filled(pair[1]))
        if found is not None:  # a place for what only its author knows
            taken = jsonschema.Draft202012Validator({**root, **piece["properties"][pair[0]]})
            assert taken.is_valid(found), (owner, pair)


def test_the_snippet_of_a_block_is_a_block() -> None:
    snippet = editor_schema()["properties"]["blocks"]["defaultSnippets"][0]
    ((name, body),) = snippet["body"].items()
    layers = filled(body["layers"])
    text = f"input: [3]\nblocks: {{{filled(name)}: {{layers: {layers}}}}}\nlayers: [{filled(name)}]"
    assert refused(text) == []


def test_the_snippet_of_an_own_block_has_a_value_for_each_type() -> None:
    types = ("int", "float", "bool", "str", "list")
    blocks = {"Own": {"params": {f"a_{t}": t for t in types}, "layers": ["ReLU"]}}
    for name, piece in own_blocks(blocks).items():
        layer = written(block_snippet(name, piece))
        params = ", ".join(f"a_{t}: {t}" for t in types)
        text = f"blocks: {{Own: {{params: {{{params}}}, layers: [ReLU]}}}}"
        assert refused(f"input: [3]\n{text}\nlayers: [{layer}]") == []


def test_no_value_that_is_inserted_is_below_what_is_allowed() -> None:
    text = str(editor_schema())
    assert "'out_channels': '${1:0}'" not in text
    for name, op in OPS.items():
        for argument in (a for a in op.args.values() if a.required):
            assert "default" not in argument.schema, name
