"""Predictions as people, spreadsheets and programs read them, written as they come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, Final, TextIO

from netspec.escape import safe
from netspec.train.data import Unread
from netspec.train.predict import Prediction
from netspec.train.reporting.shortened import shortened

DIGITS: Final = 6
"""Decimals of a probability, for programs."""

WIDTH: Final = 60
"""Characters of a text, for people."""

Found = Iterable[Prediction | Unread]


def as_text(
    found: Found, classes: tuple[str, ...], top: int, out: TextIO, what: str
) -> list[Unread]:
    """A line an image, or a text, which is shortened; gives what could not be read, as all do."""
    unread: list[Unread] = []
    for prediction in _read(found, unread):
        shares = " · ".join(f"{name} {share:.1%}" for name, share in prediction.classes)
        name = prediction.image if what == "image" else shortened(prediction.image, WIDTH)
        print(safe(f"{name}: {shares}"), file=out)
    return unread


def as_csv(
    found: Found, classes: tuple[str, ...], top: int, out: TextIO, what: str
) -> list[Unread]:
    """A row an image: the likeliest class and its probability, then the second, and so on.

    What would move a terminal's cursor is written as codes, but for line ends, which stand in
    quotes; JSON has names as they are.
    """
    writer = csv.writer(out, lineterminator="\n")
    places = ["", *(f"_{place}" for place in range(2, min(top, len(classes)) + 1))]
    writer.writerow([what, *(f"{n}{p}" for p in places for n in ("class", "probability"))])
    unread: list[Unread] = []
    for prediction in _read(found, unread):
        cells = [cell for name, share in prediction.classes for cell in (name, _share(share))]
        row = [prediction.image, *("" if cell is None else cell for cell in cells)]
        writer.writerow([_cell(cell) if isinstance(cell, str) else cell for cell in row])
    return unread


def as_json(
    found: Found, classes: tuple[str, ...], top: int, out: TextIO, what: str
) -> list[Unread]:
    """One document: the classes in the network's order, the images, and what was not read."""
    out.write(f'{{"classes": {json.dumps(classes)},\n "{what}s": [')
    unread: list[Unread] = []
    between = "\n  "
    for prediction in _read(found, unread):
        shares = [{"class": n, "probability": _share(p)} for n, p in prediction.classes]
        row: dict[str, Any] = {what: prediction.image, **shares[0], "top": shares}
        out.write(between + json.dumps(row))
        between = ",\n  "
    rows = [{what: one.image, "reason": one.reason} for one in unread]
    out.write(f'],\n "unread": {json.dumps(rows)}}}\n')
    return unread


FORMATS: Final[dict[str, Callable[[Found, tuple[str, ...], int, TextIO, str], list[Unread]]]] = {
    "text": as_text,
    "json": as_json,
    "csv": as_csv,
}


def unread_lines(unread: list[Unread]) -> list[str]:
    """A line for each thing that was named and could not be used, below a line of how many."""
    listed = (f"  {one.image}: {one.reason}" for one in unread)
    return [f"error: {len(unread)} could not be read:", *listed]


def _read(found: Found, unread: list[Unread]) -> Iterator[Prediction]:
    """The predictions; what was not read is put aside."""
    for one in found:
        if isinstance(one, Unread):
            unread.append(one)
        else:
            yield one


def _cell(text: str) -> str:
    return "\n".join(map(safe, text.split("\n")))


def _share(share: float) -> float | None:
    """A probability; None for what is none, for which JSON has no word."""
    return round(share, DIGITS) if isfinite(share) else None
