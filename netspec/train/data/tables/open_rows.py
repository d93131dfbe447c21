"""A recipe and a network's inputs → an open data set of rows: a table, or made ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.ops.base import text as shape_text
from netspec.ops.dtype import said
from netspec.recipe import Recipe
from netspec.train.data.data import Data, DataInfo, split_places
from netspec.train.data.data_checks import check_classes
from netspec.train.data.tables.columns import (
    Column,
    NotValues,
    columns_of,
    mask,
    padded,
    plain_values,
)
from netspec.train.data.tables.row_source import AsStored, Rows, RowSource
from netspec.train.data.tables.synthetic_rows import synthetic_rows
from netspec.train.data.tables.table_parts import (
    TablePart,
    TableParts,
    labelled_table,
    table_parts,
)
from netspec.train.data.tables.tokens import BYTE_IDS, NotTokens, Tokenizer, vocabulary_of
from netspec.train.errors import TrainError
from netspec.train.say import Say
from netspec.train.trainable import NetworkInput


@dataclass(frozen=True)
class Trained:
    """What trained weights know of data: the classes and words, and the split to evaluate.

    Without `classes` the data are the run's own, read as it read them.
    """

    vocabulary: tuple[str, ...]
    classes: tuple[str, ...] = ()
    split: str = ""


def open_rows(
    recipe: Recipe,
    inputs: Sequence[NetworkInput],
    answers: tuple[int, ...],
    dataset: str,
    root: Path,
    device: torch.device,
    by_class: bool,
    say: Say,
    trained: Trained | None = None,
) -> Data:
    """Open the rows of a table, or of `synthetic`, for a network of these `inputs`.

    `answers` is the shape of its first output. Raises TrainError for data that do not fit.
    """
    _require_no_images(recipe)
    if dataset == "synthetic":
        rows, classes = synthetic_rows(inputs, answers, recipe.data.samples)
        told: tuple[str, ...] = ()
        vocabulary: tuple[str, ...] = ()
    elif dataset == "table":
        _require_classes(answers)
        parts = _parts(recipe, root, trained)
        classes = parts.classes
        for line in account(parts):
            say(line)
        rows, vocabulary, told = _tensors(recipe, inputs, parts, by_class, trained)
        for line in told:
            say(f"note: {line}")
    else:
        takes = " and ".join(f"{shape_text(one.shape)} of {said(one.dtype)}" for one in inputs)
        raise TrainError(
            f"`{dataset}` has images, and the network takes {takes}",
            "train it on `data: {dataset: table, root: FILE}` or `data: {dataset: synthetic}`",
        )
    check_classes(recipe, dataset, len(classes), answers[0])
    places = _places(rows, recipe, device, by_class)
    counts = {split: len(index) for split, (_, index) in places.items()}
    info = DataInfo(
        dataset=dataset,
        classes=classes,
        channels=0,
        size=(),
        mean=(),
        std=(),
        num_train=counts.get("train", 0),
        num_validation=counts.get("validation", 0),
        num_test=counts.get("test", 0),
        fingerprint=_fingerprint(rows, classes, vocabulary),
        resident=True,
        by_class=by_class,
        sample="row",
        vocabulary=vocabulary,
        told=told,
    )
    sources = {name: RowSource(part, device) for name, part in rows.items()}
    return Data(info, recipe.seed, AsStored(device), sources, places)


def account(found: TableParts) -> list[str]:
    """A line of parts and one of classes, and one for what was held out."""
    parts = " · ".join(f"{part} {len(one.rows):,}" for part, one in found.parts.items())
    classes = counted(len(found.classes), "class", "classes")
    lines = [f"data: {classes} in `{found.root}`, rows: {parts}"]
    if len(found.classes) <= 12:
        each = [Counter(one.labels) for one in found.parts.values()]
        lines.append("data: " + " · ".join(
            f"{name} {'/'.join(f'{counts[label]:,}' for counts in each)}"
            for label, name in enumerate(found.classes)
        ))  # fmt: skip
    return [*lines, *([f"note: {found.split}"] if found.split else [])]


def _require_no_images(recipe: Recipe) -> None:
    data = recipe.data
    image_keys = {"augment": recipe.augment, "data.resize": data.resize,
                  "data.channels": data.channels}  # fmt: skip
    for key, value in image_keys.items():
        if value:
            raise TrainError(
                f"`{key}` is for images, and the network takes none", "leave it out of `train`"
            )


def _require_classes(answers: tuple[int, ...]) -> None:
    if len(answers) != 1:
        raise TrainError(
            f"a table has one class for each row, and the network gives {shape_text(answers)}",
            "end it in a `Linear` of as many features as there are classes",
        )


def _parts(recipe: Recipe, root: Path, trained: Trained | None) -> TableParts:
    label = recipe.data.label
    if trained is not None and trained.classes:
        return labelled_table(root, label, trained.classes, trained.split)
    return table_parts(root, label)


def _tensors(
    recipe: Recipe,
    inputs: Sequence[NetworkInput],
    found: TableParts,
    by_class: bool,
    trained: Trained | None,
) -> tuple[dict[str, Rows], tuple[str, ...], tuple[str, ...]]:
    """The rows of each part as tensors, the vocabulary, and what is told of them."""
    first = next(iter(found.parts.values()))
    columns = columns_of(inputs, first.table.columns, recipe.data.text, f"`{first.table.path}`")
    texts = [column for column in columns if column.kind == "tokens"]
    vocabulary: tuple[str, ...] = ()
    told: list[str] = []
    if recipe.data.tokenizer == "whitespace":
        if trained is not None:
            vocabulary = trained.vocabulary
        else:
            whole = found.parts["train"]
            train = whole.picked(_trained_on(recipe, whole, by_class))
            vocabulary, words = vocabulary_of(_strings(train, texts), _bound(texts))
            told.append(
                f"a vocabulary of {len(vocabulary):,} tokens, of the {counted(words, 'word')} in "
                "the training texts the most frequent"
            )
    tokenizer = tokenizer_of(recipe.data.tokenizer, vocabulary, texts)
    rows, longer = {}, Counter[str]()
    for name, part in found.parts.items():
        rows[name] = _rows(part, columns, tokenizer, longer)
    total = sum(len(part.rows) for part in found.parts.values())
    for name, count in longer.items():
        length = next(c.input.shape[0] for c in texts if c.name == name)
        told.append(
            f"{count:,} of the {total:,} texts in `{name}` are longer than {length} tokens and are "
            "cut there"
        )
    return rows, vocabulary, tuple(told)


def tokenizer_of(name: str, vocabulary: tuple[str, ...], texts: Sequence[Column]) -> Tokenizer:
    """The tokenizer, whose ids the inputs hold. Raises TrainError where they do not."""
    bound = _bound(texts)
    if name == "whitespace" and len(vocabulary) < 2:
        raise TrainError(
            "the words that the network was trained on are not known",
            "name the run that it was trained in, with its `vocab.txt`",
        )
    ids = {"bytes": BYTE_IDS, "whitespace": len(vocabulary)}.get(name, 0)
    if ids > bound:
        raise TrainError(
            f"`tokenizer: {name}` has {ids:,} ids, and the network takes integers below {bound:,}",
            f"write `below: {ids}` beside its `dtype`, and give its `Embedding` as many vectors",
        )
    return Tokenizer(name, vocabulary)


def _bound(texts: Sequence[Column]) -> int:
    """The least bound that ids stay below."""
    for column in texts:
        if column.input.dtype.below is None:
            raise TrainError(
                f"the input `{column.input.name}` does not say how many tokens there are",
                "write `below: N` beside its `dtype`, as many as its `Embedding` has vectors",
            )
    return min(column.input.dtype.below or 0 for column in texts)


def _trained_on(recipe: Recipe, train: TablePart, by_class: bool) -> Sequence[int]:
    """The places of the training part that `validation:` does not hold out."""
    labels = torch.tensor(train.labels) if by_class else None
    kept, _ = split_places(len(train.rows), recipe.data.validation, recipe.seed, labels)
    places: list[int] = kept.tolist()
    return places


def _strings(part: TablePart, texts: Sequence[Column]) -> list[str]:
    values = (part.table.value(row, one.name) for row in part.rows for one in texts)
    return [value for value in values if isinstance(value, str)]


def _rows(
    part: TablePart, columns: Sequence[Column], tokenizer: Tokenizer, longer: Counter[str]
) -> Rows:
    """The tensors of a part; `longer` counts the texts that are cut, by column."""
    ids: dict[int, list[list[int]]] = {}
    made: dict[int, Tensor] = {}
    for place, column in enumerate(columns):
        if column.kind == "tokens":
            ids[place] = [_ids(part, row, column, tokenizer) for row in part.rows]
            length = column.input.shape[0]
            made[place] = padded(ids[place], length)
            cut = sum(len(values) > length for values in ids[place])
            if cut:
                longer[column.name] += cut
        elif column.kind == "values":
            made[place] = _values(part, column)
    for place, column in enumerate(columns):
        if column.kind == "mask":
            made[place] = mask(column.input.name, ids[column.of], column.input.shape[0])
    labels = torch.tensor(part.labels, dtype=torch.int64)
    return Rows(tuple(made[place] for place in range(len(columns))), labels)


def _ids(part: TablePart, row: Any, column: Column, tokenizer: Tokenizer) -> list[int]:
    try:
        found = tokenizer.ids(part.table.value(row, column.name))
    except NotTokens as error:
        raise part.table.wrong(row, f"`{column.name}` is {error}") from None
    bound = column.input.dtype.below
    if bound is not None and max(found, default=0) >= bound:
        raise part.table.wrong(
            row,
            f"`{column.name}` has the token id {max(found):,}, and the network takes integers "
            f"below {bound:,}",
            "give the input a larger `below`, and its `Embedding` as many vectors",
        )
    return found


def _values(part: TablePart, column: Column) -> Tensor:
    found = []
    for row in part.rows:
        try:
            found.append(plain_values(column.input, part.table.value(row, column.name)))
        except NotValues as error:
            raise part.table.wrong(row, f"`{column.name}` has {error}") from None
    kind = torch.bool if column.input.dtype.name == "bool" else torch.float32
    return torch.stack(found) if found else torch.empty(0, *column.input.shape, dtype=kind)


def _places(
    rows: Mapping[str, Rows], recipe: Recipe, device: torch.device, by_class: bool
) -> dict[str, tuple[str, Tensor]]:
    """For each split, the part that its rows lie in, and their indices there."""
    places = {name: (name, torch.arange(len(part.labels), device=device))
              for name, part in rows.items()}  # fmt: skip
    share = recipe.data.validation
    if "train" not in rows or not share:
        return places
    if "validation" in rows:
        raise TrainError(
            f"`validation: {share:g}` holds out a share of the training rows, and the data have a "
            "validation part",
            "leave `validation` out, or take that table away",
        )
    labels = rows["train"].labels
    grouped = labels if by_class and labels.dim() == 1 else None
    train, held = split_places(len(labels), share, recipe.seed, grouped)
    return {**places, "train": ("train", train.to(device)),
            "validation": ("train", held.to(device))}  # fmt: skip


def _fingerprint(
    rows: Mapping[str, Rows], classes: tuple[str, ...], vocabulary: tuple[str, ...]
) -> str:
    """A hash of every input, label, class and word."""
    found = hashlib.sha256(repr((classes, vocabulary)).encode())
    for name in sorted(rows):
        for values in (*rows[name].inputs, rows[name].labels):
            found.update(f"{name} {tuple(values.shape)} {values.dtype}".encode())
            found.update(values.numpy().tobytes())
    return found.hexdigest()
