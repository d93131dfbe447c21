"""A table, or a folder of tables called as the parts → the rows and labels of each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netspec.counted import counted
from netspec.train.data.sets.held_out import held_out
from netspec.train.data.sets.layout import PARTS, part_of, visible
from netspec.train.data.tables.table_file import NAMED, Row, Table, is_table, read_table
from netspec.train.errors import TrainError


@dataclass(frozen=True)
class TablePart:
    """Rows of a table, and the label of each."""

    table: Table
    rows: tuple[Row, ...]
    labels: tuple[int, ...]

    def picked(self, places: Sequence[int]) -> TablePart:
        """The part of these places alone."""
        rows, labels = ([of[i] for i in places] for of in (self.rows, self.labels))
        return TablePart(self.table, tuple(rows), tuple(labels))  # type: ignore[arg-type]


@dataclass(frozen=True)
class TableParts:
    """All of a data set; `split` says what was held out, if anything."""

    root: Path
    classes: tuple[str, ...]
    parts: Mapping[str, TablePart]
    split: str = ""


def table_parts(root: Path, label: str) -> TableParts:
    """The parts of a data set to train on.

    A file is one part, of which a fifth of each class is held out as the test part; so is that of
    a folder's `train` where the folder has neither a `validation` nor a `test`. Raises TrainError
    for what is no such data set.
    """
    tables = _tables(root)
    train = tables.get("train")
    if train is None:
        raise TrainError(
            f"`{root}` has nothing to train on: no `train` that ends in {NAMED}",
            "call the tables `train`, `validation` and `test`, or name one file",
        )
    names = [_label(train, row, label) for row in train.rows]
    classes = _ordered(set(names))
    if len(classes) < 2:
        held = f"`{classes[0]}` in every row" if classes else "no rows"
        raise TrainError(
            f"`{train.path}` has {held}", f"`{label}` must tell two classes or more apart"
        )
    parts = {part: _labelled(table, label, classes) for part, table in tables.items()}
    split = ""
    if not parts.keys() & {"test", "validation"}:
        held_places = held_out(parts["train"].labels, len(classes))
        if not held_places:
            raise TrainError(
                f"{counted(len(names), 'row is', 'rows are')} too few to hold out a test set",
                "add rows, or a table called `test` in one folder with this one, called `train`",
            )
        kept = sorted(set(range(len(names))) - set(held_places))
        parts["test"] = parts["train"].picked(sorted(held_places))
        parts["train"] = parts["train"].picked(kept)
        split = (
            f"no test part: {counted(len(held_places), 'row')}, a fifth of each class, "
            f"{'is' if len(held_places) == 1 else 'are'} held out as one"
        )
    return TableParts(root, classes, parts, split)


def labelled_table(root: Path, label: str, classes: tuple[str, ...], split: str) -> TableParts:
    """All rows of a table, or of a folder's `split`, for a network with these `classes`."""
    tables = _tables(root)
    table = tables.get(split) if root.is_dir() else tables["train"]
    if table is None:
        have = " and ".join(tables)
        raise TrainError(f"`{root}` has no {split} part, but {have}", "name another `--split`")
    return TableParts(root, classes, {split: _labelled(table, label, classes)})


def _tables(root: Path) -> dict[str, Table]:
    if not root.is_dir():
        if not is_table(root) and root.exists():
            raise TrainError(f"`{root}` is no table: it does not end in {NAMED}", "rename it")
        return {"train": read_table(root)}
    found: dict[str, Path] = {}
    for path in sorted(root.iterdir()):
        part = part_of(path.stem)
        if part is None or not is_table(path) or not visible(path.name):
            continue
        if part in found:
            raise TrainError(
                f"`{found[part].name}` and `{path.name}` in `{root}` are both the {part} part",
                "keep one of them",
            )
        found[part] = path
    if not found:
        raise TrainError(
            f"`{root}` has no table called `train` that ends in {NAMED}",
            "name the file itself with `--data` or `data.root`",
        )
    return {part: read_table(found[part]) for part in PARTS if part in found}


def _label(table: Table, row: Row, column: str) -> str:
    if column not in row.values and column not in table.columns:
        have = ", ".join(f"`{name}`" for name in table.columns[:12])
        raise TrainError(
            f"`{table.path}` has no column `{column}`; it has {have or 'none'}",
            "say which one holds the classes with `label:` in `train.data`",
        )
    value = table.value(row, column)
    if isinstance(value, list | dict) or value == "":
        raise table.wrong(row, f"`{column}` names no class", "give it a word or a number")
    return str(value)


def _ordered(names: set[str]) -> tuple[str, ...]:
    """Classes by the alphabet, or by their size where all are whole numbers."""
    numbers = all(name.isascii() and name.isdigit() and len(name) < 19 for name in names)
    return tuple(sorted(names, key=lambda name: (int(name) if numbers else 0, name)))


def _labelled(table: Table, column: str, classes: tuple[str, ...]) -> TablePart:
    known = {name: place for place, name in enumerate(classes)}
    labels = []
    for row in table.rows:
        name = _label(table, row, column)
        if name not in known:
            shown = ", ".join(f"`{one}`" for one in classes[:12])
            raise table.wrong(
                row,
                f"the class `{name}` is not among those trained on",
                f"they are {shown}{', …' if len(classes) > 12 else ''}",
            )
        labels.append(known[name])
    return TablePart(table, table.rows, tuple(labels))
