"""The JSON Schema that editors use is valid, is what netspec itself holds specs against, and is
never stricter than netspec."""

import copy
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from netspec.compiler import compile_text
from netspec.compiler.language.editor_schema import editor_schema
from netspec.compiler.language.names import TAKEN_BY_TORCH
from netspec.compiler.language.schema import op_schema, spec_schema
from netspec.compiler.language.schema_validation import check, lift
from netspec.diagnostics import Diagnostic, Span, SpecError
from netspec.ops import OPS
from netspec.source import parse, plain

SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.yaml"))
NOWHERE = Span("<test>", 1, 1, 1, 1)
VALIDATOR = Draft202012Validator(editor_schema())


def own_verdict(data: Any, schema: dict[str, Any]) -> bool:
    """Whether netspec's interpreter accepts; how an expression is written is not the schema's."""
    findings: list[Diagnostic] = []
    check(lift(data, NOWHERE), schema, "it", findings.append)
    return all(finding.code.startswith("NS3") for finding in findings)


def keywords(schema: Any) -> set[str]:
    """Every key within a schema."""
    if isinstance(schema, dict):
        return set(schema).union(*map(keywords, schema.values()))
    return set().union(*map(keywords, schema)) if isinstance(schema, list) else set()


def test_the_printed_schema_is_the_one_that_is_used() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "netspec", "schema"], capture_output=True, check=True
    )
    assert json.loads(printed.stdout) == json.loads(json.dumps(editor_schema()))


def test_the_schema_is_valid_json_schema_2020_12() -> None:
    for schema in (spec_schema(), editor_schema()):
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_the_schema_has_no_alternatives_which_make_unreadable_errors() -> None:
    assert "oneOf" not in keywords(editor_schema())


def test_every_layer_and_every_argument_is_documented() -> None:
    for name, op in OPS.items():
        schema = op_schema(op)
        assert schema["description"], name
        for argument, fragment in schema["properties"].items():
            assert fragment["description"], f"{name}.{argument}"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_shipped_spec_is_valid(path: Path) -> None:
    data = plain(parse(path.read_text(encoding="utf-8"), path.name).root)
    problems = [f"{list(e.path)}: {e.message[:200]}" for e in VALIDATOR.iter_errors(data)]
    assert problems == []
    assert own_verdict(data, spec_schema())


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 3.0, 0.5, -0.5, 1e15, 2**40, "", "x", "ReLU", "$x", "$(1 + 1)",
    "a$x", "same", "auto", "training", "SGD", [], {}, [1], [1, 2], [1, 2, 3], ["$x", 1], [0], ["x"],
    [[1]], {"x": 1}, {"ReLU": {}}, {"ReLU": None}, {"Conv2d": {"out_channels": 3}}, {"SGD": {}},
    {"SGD": {"lr": 0.1}}, {"item": [1]}, {"item": "$x"}, {"Item": [1]}, {"from": "a", "Add": {}},
    {"repeat": 2, "ReLU": None}, {"layers": ["ReLU"]}, {"branches": ["ReLU"], "Add": {}},
)  # fmt: skip
KEYS = ("x", "Conv2d", "ReLU", "from", "if", "repeat", "layers", "netspec", "train", "lr", "$x",
        "params", "blocks", "a b", "kernel_size", "1", "SGD", "data", "when", "name")  # fmt: skip


def containers(data: Any) -> list[Any]:
    """Every list and mapping within, that has something in it."""
    if isinstance(data, dict):
        return [data] * bool(data) + [c for value in data.values() for c in containers(value)]
    if isinstance(data, list):
        return [data] * bool(data) + [c for value in data for c in containers(value)]
    return []


def mutated(data: Any, draw: random.Random, most: int = 3) -> Any:
    """A copy with one value or key, or up to `most`, changed, added or left out."""
    data = {"root": copy.deepcopy(data)}
    for _ in range(draw.randint(1, most)):
        found = containers(data["root"]) or [data]
        place = draw.choice(found)
        if isinstance(place, dict):
            key = draw.choice(list(place))
            match draw.randrange(4):
                case 0 | 1:
                    place[key] = copy.deepcopy(draw.choice(VALUES))
                case 2 if place is not data:
                    place[draw.choice(KEYS)] = place.pop(key)
                case 3 if place is not data:
                    place[draw.choice(KEYS)] = copy.deepcopy(draw.choice(VALUES))
        else:
            at = draw.randrange(len(place))
            if draw.random() < 0.3:
                del place[at]
            else:
                place[at] = copy.deepcopy(draw.choice(VALUES))
    return data["root"]


def test_both_validators_agree_on_mutated_specs() -> None:
    small = [path for path in SPECS if path.parent.name == "specs"]
    sources = [plain(parse(p.read_text(encoding="utf-8"), p.name).root) for p in small]
    accepted = 0
    for seed in range(2_000):
        draw = random.Random(seed)
        data = mutated(draw.choice(sources), draw)
        if isinstance(data, dict) and repr(data.get("netspec", 1)) != "1":
            continue  # which version is read is no matter of the form
        verdict = VALIDATOR.is_valid(data)
        accepted += verdict
        assert own_verdict(data, spec_schema()) == verdict, f"seed {seed}: {data}"
    assert 200 < accepted < 1_800  # the draws try both


def test_both_validators_agree_on_the_recipe() -> None:
    schema = spec_schema()["properties"]["train"]
    validator = Draft202012Validator(schema)
    recipes = [plain(parse(p.read_text(encoding="utf-8"), p.name).root).get("train") for p in SPECS]
    recipes = [recipe for recipe in recipes if recipe]
    for seed in range(3_000):
        draw = random.Random(seed)
        data = mutated(draw.choice(recipes), draw)
        assert own_verdict(data, schema) == validator.is_valid(data), f"seed {seed}: {data}"


@pytest.mark.parametrize("name", OPS)
def test_both_validators_agree_on_the_arguments_of_a_layer(name: str) -> None:
    schema = op_schema(OPS[name])
    validator = Draft202012Validator(schema)
    draw = random.Random(name)
    arguments = [*OPS[name].args, "x"]
    for _ in range(60):
        chosen = draw.sample(arguments, draw.randint(0, len(arguments)))
        data = {key: draw.choice(VALUES) for key in chosen}
        assert own_verdict(data, schema) == validator.is_valid(data), data
    for value in VALUES:
        assert own_verdict(value, schema) == validator.is_valid(value), value
        for argument in OPS[name].args:
            fragment = schema["properties"][argument]
            agrees = own_verdict(value, fragment) == Draft202012Validator(fragment).is_valid(value)
            assert agrees, (argument, value)


def test_the_schema_accepts_every_mutated_spec_that_netspec_accepts() -> None:
    """What an editor marks as wrong is wrong."""
    names = ("resnet-digits", "alexnet-cifar10", "resnet18-cifar")
    sources = [p.read_text(encoding="utf-8") for p in SPECS if p.stem in names]
    accepted = 0
    for seed in range(600):
        draw = random.Random(seed)
        data = mutated(plain(parse(draw.choice(sources), "spec").root), draw, most=1)
        try:
            compile_text(json.dumps(data), "spec")
        except SpecError:
            continue
        accepted += 1
        assert VALIDATOR.is_valid(data), f"seed {seed}"
    assert accepted > 20


def test_the_names_that_a_layer_cannot_have_are_those_that_torch_uses() -> None:
    from torch import nn

    assert {name for name in dir(nn.Sequential()) if not name.startswith("_")} == TAKEN_BY_TORCH
