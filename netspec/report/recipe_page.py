"""The recipe's keys and choices and their documentation, as `netspec recipe` prints them."""

from __future__ import annotations

import re
from typing import Any, Final

from netspec.counted import counted
from netspec.json_schema import Schema
from netspec.recipe import DATA_SETS, TRAIN_SCHEMA
from netspec.recipe.augmentations import AUGMENTATIONS
from netspec.recipe.losses import LOSSES
from netspec.recipe.optimizers import OPTIMIZERS
from netspec.recipe.samples import sample
from netspec.recipe.schedulers import SCHEDULERS
from netspec.report.argument_words import taken, without

KEYS: Final[dict[str, Schema]] = TRAIN_SCHEMA["properties"]
DATA_KEYS: Final[dict[str, Schema]] = KEYS["data"]["properties"]
CHOICES: Final[dict[str, tuple[str, dict[str, Schema]]]] = {
    "optimizer": ("optimizers", OPTIMIZERS),
    "scheduler": ("schedulers", SCHEDULERS),
    "loss": ("losses", LOSSES),
    "augment": ("augmentations", AUGMENTATIONS),
}
"""The keys that choose by name: what the choices are called together, and each with its schema."""

_ENTRIES: Final = {
    name: entry for _, entries in CHOICES.values() for name, entry in entries.items()
}
NAMES: Final = (*KEYS, *DATA_KEYS, *_ENTRIES, *DATA_SETS)
"""Everything that has a page."""


def index() -> str:
    """Every name with a line, by what it belongs to."""
    sections = {
        "keys of train": {name: key["description"] for name, key in KEYS.items()},
        "keys of train.data": {name: key["description"] for name, key in DATA_KEYS.items()},
        **{
            title: {name: entry["description"] for name, entry in entries.items()}
            for title, entries in CHOICES.values()
        },
        "data sets": {name: known.doc for name, known in DATA_SETS.items()},
    }
    width = max(map(len, NAMES))
    lines = []
    for title, docs in sections.items():
        lines.append(title)
        lines += [f"  {name.ljust(width)}  {line(doc)}" for name, doc in docs.items()]
        lines.append("")
    return "\n".join([*lines, "`netspec recipe NAME` tells its arguments, with a sample"])


def line(doc: str) -> str:
    """The first statement of a documentation, without its stop."""
    return re.split(r"[;.](?:\s|$)", doc)[0]


def page(name: str) -> str:
    """One of `NAMES`: what it means, its arguments, and a sample that checks."""
    if name in DATA_SETS:
        lines = _data_set(name)
    elif name in _ENTRIES:
        lines = [_ENTRIES[name]["description"], "", *_arguments(name, _ENTRIES[name])]
    else:
        lines = _key(name, KEYS[name] if name in KEYS else DATA_KEYS[name])
    indented = [f"  {text}" for text in sample(name).splitlines()]
    return "\n".join([name, "", *lines, "", "for example", *indented])


def belongs_to(argument: str) -> list[str]:
    """The keys and choices that have an argument of this name."""
    tables = {**_ENTRIES, **KEYS, "normalize": DATA_KEYS["normalize"]}
    own = {name: entry for name, entry in tables.items() if name not in (*CHOICES, "data")}
    return [name for name, entry in own.items() if argument in entry.get("properties", {})]


def _key(name: str, schema: Schema) -> list[str]:
    if name in CHOICES:
        entries = CHOICES[name][1]
        given = "with its arguments, or its name alone where none is required"
        head = f"any of these, {given}" if name == "augment" else f"one of these, {given}"
        rows = {entry: line(piece["description"]) for entry, piece in entries.items()}
        return [f"{_stated(schema['description'], without(schema, False))}", "", head, *_rows(rows)]
    if name == "dataset":
        rows = {entry: line(known.doc) for entry, known in DATA_SETS.items()}
        return [schema["description"], "", "one of these", *_rows(rows)]
    if name == "data":
        return [schema["description"], "", *_arguments(name, schema, "keys")]
    head = said(name, schema, {})
    return [head, "", *_arguments(name, schema)] if "properties" in schema else [head]


def _rows(docs: dict[str, str]) -> list[str]:
    width = max(map(len, docs))
    return [f"  {name.ljust(width)}  {doc}" for name, doc in docs.items()]


def _arguments(name: str, schema: Schema, title: str = "arguments") -> list[str]:
    arguments: dict[str, Any] = schema["properties"]
    if not arguments:
        return ["it takes no arguments"]
    lines = [title, *_rows({a: said(a, piece, schema) for a, piece in arguments.items()})]
    first = next(iter(arguments))
    if {"number", "integer", "array"} & set(schema["type"]):
        lines += ["", f"`{name}: …` alone gives `{first}`"]
    return lines


def said(argument: str, piece: Schema, of: Schema) -> str:
    """An argument's meaning, then what it takes and its default in parentheses."""
    rest = (takes(argument, piece), without(piece, argument in of.get("required", ())))
    return _stated(piece["description"], "; ".join(filter(None, rest)))


def takes(argument: str, piece: Schema) -> str:
    """What an argument takes, in words."""
    return "a data set's name or null" if argument == "dataset" else taken(piece)


def _stated(doc: str, rest: str) -> str:
    return f"{doc.rstrip('.')} ({rest})"


def _data_set(name: str) -> list[str]:
    known = DATA_SETS[name]
    lines = [known.doc]
    if known.contents is not None:
        held = known.contents
        shape = "×".join(map(str, held.shape))
        lines += [
            "",
            f"images   {shape}",
            f"classes  {held.classes}",
            f"train    {counted(held.train, 'image')}",
            f"test     {counted(held.test, 'image')}",
        ]
    if known.torchvision:
        lines += ["", "torchvision's data set; it is downloaded on first use into `data.root`"]
    return lines
