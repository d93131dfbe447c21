"""A CSV, TSV or JSON Lines file → its rows, each with the line that it stands in."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from netspec.counted import counted
from netspec.train.absent import absent
from netspec.train.errors import TrainError, first_line

DELIMITED: Final = {".csv": ",", ".tsv": "\t"}
JSON_LINES: Final = (".jsonl", ".ndjson")
SUFFIXES: Final = (*DELIMITED, *JSON_LINES)
"""What a table's file may end in."""
NAMED: Final = ", ".join(f"`{suffix}`" for suffix in SUFFIXES)


@dataclass(frozen=True)
class Row:
    """The values of a row by column: strings, or what JSON has; `line` is counted from 1."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A file's columns, those of its head or of its first object, and its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def value(self, row: Row, column: str) -> Any:
        """The value of a column. Raises TrainError where the row has none."""
        found = row.values.get(column)
        if found is None:
            raise self.wrong(row, f"there is no `{column}`", "give each row one")
        return found

    def wrong(self, row: Row, message: str, hint: str | None = None) -> TrainError:
        """The error of a row, with the file and the line."""
        return TrainError(f"`{self.path}`, line {row.line}: {message}", hint)


def is_table(path: Path) -> bool:
    """Whether a path is that of a table, by how it ends."""
    return path.suffix.lower() in SUFFIXES


def read_table(path: Path) -> Table:
    """Read a table whole.

    CSV is read as Python's `csv` does, with a head of column names; TSV has no quotes, so that a
    tab or the end of a line ends a value; of JSON Lines each line is an object. Empty lines are
    passed over. Raises TrainError, with the line, for a file that cannot be read or is none of
    these.
    """
    if not path.is_file():
        raise TrainError(absent(path, "file"), "name a table with `--data` or `data.root`")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            suffix = path.suffix.lower()
            if suffix in JSON_LINES:
                return _json_lines(path, file)
            return _delimited(path, file, DELIMITED.get(suffix, ","))
    except UnicodeDecodeError as error:
        raise TrainError(
            f"`{path}` is not UTF-8: {error.reason} near byte {error.start:,}", "save it as UTF-8"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TrainError(f"`{path}` cannot be read: {reason}") from error


def _delimited(path: Path, file: TextIO, delimiter: str) -> Table:
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        lines = _records(path, csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True))
        first = next(lines, None)
        if first is None:
            raise TrainError(f"`{path}` is empty", "give it a first line of column names")
        columns = tuple(name.strip() for name in first[1])
        _require_distinct(path, columns)
        rows = []
        for line, cells in lines:
            if len(cells) != len(columns):
                raise TrainError(
                    f"`{path}`, line {line}: {counted(len(cells), 'value')} for "
                    f"{counted(len(columns), 'column')}",
                    'put a value that holds the delimiter into quotes, `"…"`'
                    if quoting == csv.QUOTE_MINIMAL
                    else "a tab ends a value: write none within one",
                )
            rows.append(Row(line, dict(zip(columns, cells, strict=True))))
    finally:
        csv.field_size_limit(limit)
    return Table(path, columns, tuple(rows))


def _records(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The records with the line that each begins in; empty lines are passed over."""
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TrainError(f"`{path}`, line {begins}: {first_line(error)}") from None
        if cells is None:
            return
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _require_distinct(path: Path, columns: tuple[str, ...]) -> None:
    for place, name in enumerate(columns):
        if name in columns[:place]:
            raise TrainError(f"`{path}` has two columns `{name}`", "call one of them otherwise")


def _json_lines(path: Path, file: TextIO) -> Table:
    rows: list[Row] = []
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TrainError(
                f"`{path}`, line {line}: no JSON: {first_line(error)}",
                'write an object a line, such as `{"text": "…", "label": "…"}`',
            ) from None
        if not isinstance(found, dict):
            raise TrainError(
                f"`{path}`, line {line}: {type(found).__name__} and no object",
                'write an object a line, such as `{"text": "…", "label": "…"}`',
            )
        rows.append(Row(line, found))
    columns = tuple(rows[0].values) if rows else ()
    return Table(path, columns, tuple(rows))
