"""`netspec recipe` and `docs/recipe.md`: every key and choice, told from the tables themselves."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from command_line import ran
from test_docs import whole

from netspec import loads
from netspec.recipe import DATA_SETS, Recipe
from netspec.recipe.samples import _TRAIN, _WHOLE, sample
from netspec.report import recipe_page
from netspec.report.argument_words import shown, taken
from netspec.report.recipe_page import CHOICES, DATA_KEYS, KEYS, NAMES
from netspec.train.data.sets.digits import digits_arrays

DOCS = Path(__file__).parent.parent / "docs"
ENTRIES = {name: entry for _, entries in CHOICES.values() for name, entry in entries.items()}


def test_every_name_is_listed_once_with_a_line_of_its_own() -> None:
    lines = recipe_page.index().splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert [name for name, _ in rows] == list(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert [name for name, doc in rows if not doc or doc.endswith(".")] == []
    for title in ("optimizers", "schedulers", "losses", "augmentations", "data sets"):
        assert title in lines


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_every_argument_and_a_sample(name: str) -> None:
    page = recipe_page.page(name)
    assert page.startswith(f"{name}\n\n")
    schema: dict[str, Any] = {**KEYS, **DATA_KEYS, **ENTRIES}.get(name, {})
    inner = {} if name in CHOICES else schema.get("properties", {})
    for argument, piece in inner.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"  {argument} ")]
        assert piece["description"].rstrip(".") in row
        assert "default" in row or "required" in row or "left out" in row, row
    for choice in CHOICES[name][1] if name in CHOICES else ():
        assert f"\n  {choice} " in page
    assert page.endswith("\n".join(f"  {line}" for line in sample(name).splitlines()))


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_checks_without_a_word_and_is_about_its_name(name: str) -> None:
    text = sample(name)
    assert name in text
    network = loads(whole(text))
    assert network.warnings == ()
    assert network.recipe != Recipe()


def test_there_is_no_sample_of_nothing() -> None:
    assert sorted({*_TRAIN, *_WHOLE}) == sorted(NAMES)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("SGDD", "did you mean `SGD`?"),
        ("sgd", "did you mean `SGD`?"),
        ("randomcrop", "did you mean `RandomCrop`?"),
        ("cosine", "did you mean `CosineAnnealingLR`?"),
        ("onecycle", "did you mean `OneCycleLR`?"),
        ("linear", "did you mean `LinearLR`?"),
        ("cross_entropy", "did you mean `CrossEntropyLoss`?"),
        ("hflip", "did you mean `RandomHorizontalFlip`?"),
        ("Resize", "did you mean `resize`?"),
        ("ToTensor", "images are tensors already"),
        ("num_epochs", "did you mean `epochs`?"),
        ("val_split", "did you mean `validation`?"),
        ("lr_scheduler", "did you mean `scheduler`?"),
        ("padding", "it is an argument of `RandomCrop`: `netspec recipe RandomCrop` tells it"),
        ("train.optimizer.SGD.nesterov", "it is an argument of `SGD`: `netspec recipe SGD` tells"),
        ("decay", "it is an argument of `ema`: `netspec recipe ema` tells it"),
        ("std", "it is an argument of `normalize`: `netspec recipe normalize` tells it"),
        ("lion", "it is not offered; `optimizer` takes `SGD`, `Adam`, "),
        ("mixup", "it is not offered; `augment` takes `RandomCrop`, "),
        ("qqq", "`netspec recipe` lists what there is"),
    ],
)
def test_a_wrong_name_is_wrong_usage_with_what_was_meant(
    asked: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(monkeypatch, capsys, "recipe", asked)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: a recipe has no `{asked}`\nhint: {told}")


@pytest.mark.parametrize("asked", ["resize", "train.data.resize", "data.resize"])
def test_a_name_may_stand_where_it_belongs(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(monkeypatch, capsys, "recipe", asked)
    assert (code, out, err) == (0, recipe_page.page("resize") + "\n", "")
    assert (
        ran(monkeypatch, capsys, "recipe", "torch.optim.SGD")[1] == recipe_page.page("SGD") + "\n"
    )


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "whole number"),
        ({"type": "number", "minimum": 0}, "number from 0"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "number from 0 below 1"),
        ({"type": ["number", "null"], "exclusiveMinimum": 0}, "number or null, above 0"),
        ({"type": "integer", "minimum": 0, "maximum": 2**63 - 1}, "whole number from 0"),
        ({"type": "integer", "maximum": 10_000}, "whole number to 10,000"),
        ({"type": "array", "items": {"type": "number"}}, "list of numbers"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
         "list of 2 whole numbers"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2,
          "maxItems": 4}, "list of 2 to 4 whole numbers from 1"),
        ({"type": ["string", "boolean"], "enum": ["auto", True]}, "auto or true"),
    ],
)  # fmt: skip
def test_what_is_taken_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert taken(schema) == words


def test_defaults_are_shown_as_a_spec_would_write_them() -> None:
    values = [None, True, 1024, 1.0, 1e-8, 1 / 3, "auto", [0.9, 0.999], {"SGD": {"lr": 0.01}}]
    assert [shown(value) for value in values] == [
        "null", "true", "1024", "1.0", "1e-08", "0.3333", "auto", "[0.9, 0.999]",
        "{SGD: {lr: 0.01}}",
    ]  # fmt: skip


def test_the_digits_are_as_many_as_is_said() -> None:
    said, held = DATA_SETS["digits"].contents, digits_arrays()
    assert said is not None
    assert tuple(held.parts["train"].images.shape) == (said.train, *said.shape)
    assert tuple(held.parts["test"].images.shape) == (said.test, *said.shape)
    assert len(held.classes) == said.classes


def test_the_page_is_what_the_tables_give() -> None:
    spec = importlib.util.spec_from_file_location("write_recipe", DOCS / "write_recipe.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (DOCS / "recipe.md").read_text(encoding="utf-8")
    assert page == script.page(), "run `make docs`"
    assert [name for name in NAMES if name not in page] == []
