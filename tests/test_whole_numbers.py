"""`3.0` is 3 wherever a whole number is wanted, and `0` is 0.0 wherever any number may stand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import yaml
from test_ops import ROWS, Row

import netspec
from netspec.ops.embedding import Table
from netspec.recipe import TRAIN_SCHEMA, Recipe, recipe_from


def fractions(value: Any) -> Any:
    """The same, each whole number written with a point."""
    if isinstance(value, dict):
        return {key: fractions(item) for key, item in value.items()}
    if isinstance(value, list):
        return [fractions(item) for item in value]
    return float(value) if type(value) is int else value


def spec(row: Row, args: dict[str, Any]) -> str:
    (shape,) = row.inputs
    layer = {row.op.__name__: args}
    given: Any = list(shape)
    if issubclass(row.op, Table):
        given = {"shape": given, "dtype": "int64"}
    data = {"netspec": 1, "input": given, "layers": {"a": layer}}
    made = row.op(**row.args)
    if made.several:
        first = next(iter(made.outputs(shape)))
        data["outputs"] = {"out": f"a.{first}" if first else "a"}
    return yaml.safe_dump(data)


WITH_NUMBERS = {
    name: row
    for name, row in ROWS.items()
    if row.output and row.op.arity[0] == 1 and len(row.inputs) == 1 and 1 <= len(row.inputs[0]) <= 4
    and repr(fractions(row.args)) != repr(row.args)
}  # fmt: skip


@pytest.mark.parametrize("row", WITH_NUMBERS.values(), ids=WITH_NUMBERS)
def test_a_layer_is_the_same_however_its_numbers_are_written(row: Row) -> None:
    plain = netspec.loads(spec(row, row.args)).layers[0]
    written = netspec.loads(spec(row, fractions(row.args))).layers[0]
    assert repr(written.op) == repr(plain.op)
    assert written.output == plain.output


def leaves(schema: dict[str, Any], *path: str) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """The places of a schema where a number may stand, by the keys that lead there."""
    found = []
    kinds = schema.get("type", ())
    if "properties" in schema:
        for key, inner in schema["properties"].items():
            found += leaves(inner, *path, key)
    elif "integer" in kinds or "number" in kinds:
        found.append((path, schema))
    if "items" in schema:
        found += leaves(schema["items"], *path, "[]")
    return found


NUMBERS = {".".join(path): (path, schema) for path, schema in leaves(TRAIN_SCHEMA)}


@pytest.mark.parametrize(("path", "schema"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_the_recipe_is_of_its_own_kind(
    path: tuple[str, ...], schema: dict[str, Any]
) -> None:
    from netspec.json_schema import as_declared

    whole = "integer" in schema["type"]
    value: Any = 3.0 if whole else 3
    for key in reversed(path):
        value = [value] if key == "[]" else {key: value}
    found = as_declared(value, TRAIN_SCHEMA)
    for key in path:
        found = found[0] if key == "[]" else found[key]
    assert (found, type(found)) == (3, int if whole else float)


def test_a_recipe_is_the_same_however_its_numbers_are_written() -> None:
    train = {
        "seed": 7,
        "epochs": 12,
        "batch_size": 8,
        "eval_batch_size": 3,
        "data": {"dataset": "synthetic", "samples": 8, "resize": [8, 9], "channels": 3},
        "optimizer": {"SGD": 1},
        "loss": {"CrossEntropyLoss": {"ignore_index": 5}},
        "scheduler": {"CosineAnnealingWarmRestarts": 10},
        "augment": [{"RandomCrop": {"size": [8, 9], "padding": 1}}, {"RandomErasing": 1}],
        "log_interval": 2,
    }
    assert repr(recipe_from(fractions(train))) == repr(recipe_from(train))
    assert isinstance(recipe_from(train), Recipe)


@pytest.mark.parametrize(
    ("param", "given", "expected"),
    [("8", "4.0", 4), ("int", "4.0", 4), ("0.5", "1", 1.0), ("float", "0", 0.0), ("str", "a", "a")],
)
def test_a_parameter_is_of_its_own_kind(param: str, given: str, expected: object) -> None:
    text = f"netspec: 1\ninput: [4]\nparams: {{x: {param}}}\nlayers: [ReLU]\n"
    network = netspec.loads(text, params={"x": yaml.safe_load(given)})
    assert repr(network.params["x"]) == repr(expected)


def test_a_fraction_is_no_whole_number() -> None:
    for layers in ("[Linear: 2.5]", "[{repeat: 1.5, ReLU: {}}]", "[Reshape: [2.5]]"):
        with pytest.raises(netspec.SpecError):
            netspec.loads(f"netspec: 1\ninput: [4]\nlayers: {layers}\n")


def test_copies_and_initializers_take_whole_numbers_with_a_point() -> None:
    network = netspec.loads(
        "netspec: 1\ninput: [4.0, 3, 3]\nparams: {n: 4}\n"
        "layers:\n  - {repeat: $(n / 2), Conv2d: {out_channels: 4, kernel_size: 3.0, padding: 1}}\n"
        "init: {Conv2d: {weight: {dirac_: {groups: $(n / 2)}}, bias: {constant_: 1}}}\n"
    )
    module = network.build()
    assert len(network.root.children[0].children) == 2
    assert torch.equal(module.state_dict()["0.0.bias"], torch.ones(4))
    assert module.state_dict()["0.0.weight"].sum() == 4  # a one for each channel
