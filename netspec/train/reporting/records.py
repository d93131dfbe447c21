"""A run's figures: rows of ``metrics.jsonl``, and the table, picture and TensorBoard made of them.

A row's ``timing`` is the only part that two equal runs may differ in.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from netspec.train.fsync import fsync_path
from netspec.train.metrics import Metrics
from netspec.train.reporting.curves import Curve, draw_curves
from netspec.train.reporting.tensorboard import TensorBoard
from netspec.train.storage.atomic_write import atomic_write, write_failed
from netspec.train.storage.folder import RunFolder
from netspec.train.storage.read_plain import read_plain

Row = dict[str, Any]


class Records:
    """Writes the rows as they come; in processes other than the first it writes nothing."""

    def __init__(self, folder: RunFolder, *, title: str, writes: bool) -> None:
        self._folder = folder
        self._title = title
        self._writes = writes
        self._tensorboard: TensorBoard | None = None
        self.rows: list[Row] = []

    def resume(self, rows: int) -> None:
        """Keep the first ``rows`` rows of an earlier process, and drop those that came after."""
        if self._writes:
            self.rows = read_rows(self._folder.metrics)[:rows]
            text = "".join(json.dumps(row) + "\n" for row in self.rows)
            atomic_write(self._folder.metrics, [text.encode()])

    def start_tensorboard(self, step: int) -> bool:
        """Write for TensorBoard too, from ``step`` on; False where it is not installed."""
        if not self._writes:
            return False
        try:
            self._tensorboard = TensorBoard(self._folder.tensorboard, step)
        except ImportError:
            return False
        return True

    def step(self, epoch: int, step: int, rate: float, figures: Metrics, timing: Row) -> None:
        """A row for the steps since the last such row."""
        row = {"kind": "step", "epoch": epoch, "step": step, "lr": rate, **figures.as_row()}
        self._append(row, timing)
        self._note(step, {"train/loss": figures.loss, "train/accuracy": figures.accuracy})
        self._note(step, {"lr": rate, "images_per_second": timing["images_per_second"]})

    def epoch(
        self,
        epoch: int,
        step: int,
        rate: float,
        train: Metrics,
        validation: Metrics | None,
        best: bool,
        timing: Row,
    ) -> None:
        """A row for a whole epoch: the exact means over its samples."""
        row = {
            "kind": "epoch",
            "epoch": epoch,
            "step": step,
            "lr": rate,
            "train": train.as_row(),
            "validation": None if validation is None else validation.as_row(),
            "best": best,
        }
        self._append(row, timing)
        for split, figures in (("train", train), ("validation", validation)):
            if figures is not None:
                loss, accuracy = f"epoch/{split}_loss", f"epoch/{split}_accuracy"
                self._note(step, {loss: figures.loss, accuracy: figures.accuracy})

    def test(self, epoch: int, step: int, figures: Metrics) -> None:
        """The row at the end of a run: its best epoch's weights on the test set."""
        row = {"kind": "test", "epoch": epoch, "step": step, **figures.as_row()}
        self._append(row, {})
        self._note(step, {"test/loss": figures.loss, "test/accuracy": figures.accuracy})

    def publish(self) -> None:
        """Write the table and the curves, and make every row so far last."""
        if not self._writes or not self.rows:
            return
        _sync(self._folder.metrics)
        atomic_write(self._folder.table, [epoch_table(self.rows).encode()])
        if any(row["kind"] == "epoch" for row in self.rows):
            picture = draw_curves(curves_of(self.rows), title=self._title)
            atomic_write(self._folder.curves, [picture.encode()])
        if self._tensorboard is not None:
            self._tensorboard.flush()

    def close(self) -> None:
        """Nothing more will come."""
        if self._tensorboard is not None:
            self._tensorboard.close()

    def _append(self, row: Row, timing: Row) -> None:
        row = {**row, "timing": timing}
        self.rows.append(row)
        if not self._writes:
            return
        try:
            with self._folder.metrics.open("a") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise write_failed(self._folder.metrics, error) from error

    def _note(self, step: int, values: dict[str, float]) -> None:
        if self._tensorboard is not None:
            self._tensorboard.note(step, values)


def read_rows(path: Path) -> list[Row]:
    """The rows of a ``metrics.jsonl``; a last line that was cut off ends them."""
    rows: list[Row] = []
    try:
        lines = read_plain(path).splitlines()
    except OSError:
        return rows
    for line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(row, dict) or "kind" not in row:
            break
        rows.append(row)
    return rows


def epoch_table(rows: list[Row]) -> str:
    """The epochs' rows as CSV, losses and accuracies as they are in the rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("loss", "accuracy")
    figures = [f"{split}_{name}" for split in ("train", "validation") for name in names]
    timings = ("seconds", "images_per_second", "waiting")
    writer.writerow(["epoch", "step", "lr", *figures, "best", *timings])
    for row in rows:
        if row["kind"] == "epoch":
            values = [
                (row[split] or {}).get(name, "")
                for split in ("train", "validation")
                for name in names
            ]
            timing = [row["timing"].get(name, "") for name in timings]
            writer.writerow(
                [row["epoch"], row["step"], row["lr"], *values, int(row["best"]), *timing]
            )
    return out.getvalue()


def curves_of(rows: list[Row], run: str = "") -> list[Curve]:
    """The curves of loss and accuracy by epoch, with the epoch that was the best."""
    epochs = {float(row["epoch"]): row for row in rows if row["kind"] == "epoch"}
    best = max((epoch for epoch, row in epochs.items() if row["best"]), default=None)
    curves = []
    for metric in ("loss", "accuracy"):
        for split in ("train", "validation"):
            points = [
                (epoch, float(row[split][metric]))
                for epoch, row in sorted(epochs.items())
                if row[split] and row[split].get(metric) is not None
            ]
            if points:
                mark = best if split == "validation" else None
                curves.append(Curve(metric, run, split, points, mark))
    return curves


def _sync(path: Path) -> None:
    try:
        fsync_path(path)
    except OSError as error:
        raise write_failed(path, error) from error
