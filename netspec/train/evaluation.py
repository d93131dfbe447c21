"""Figures of trained weights on a split: overall, by class, and who is taken for whom."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from netspec.counted import counted
from netspec.escape import safe
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.evaluate import evaluate
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan
from netspec.train.metrics import Metrics
from netspec.train.reporting.confusion import draw_confusion
from netspec.train.reporting.figures import loss_text
from netspec.train.reporting.shortened import shortened
from netspec.train.storage.atomic_write import atomic_write
from netspec.train.storage.read_plain import read_plain

if TYPE_CHECKING:
    from netspec.train.data import Batch

TABLE_CLASSES = 20  # a larger matrix is unreadable as text: it is in the file


@dataclass(frozen=True)
class Evaluation:
    """``confusion[i][j]`` counts the labels of class ``i`` that were taken for class ``j``."""

    split: str
    classes: tuple[str, ...]
    figures: Metrics
    confusion: tuple[tuple[int, ...], ...]

    def class_accuracy(self, place: int) -> float | None:
        """The share of a class's labels that were found; None where it has none."""
        count = sum(self.confusion[place])
        return self.confusion[place][place] / count if count else None

    def text(self) -> str:
        """The figures, a row a class, and the matrix where it is small enough to read."""
        figures, classes = self.figures, [safe(name) for name in self.classes]
        head = f"{self.split}: loss {loss_text(figures.loss)} · top-1 {figures.accuracy:.2%}"
        if figures.top5 is not None and len(self.classes) > 5:
            head += f" · top-5 {figures.top5:.2%}"
        lines = [f"{head} · {counted(figures.count, 'sample')}", ""]
        width = max(5, *(len(name) for name in classes))
        lines.append(f"{'class':{width}}  {'accuracy':>8}  {'samples':>8}  most often taken for")
        for place, name in enumerate(classes):
            share = self.class_accuracy(place)
            row = self.confusion[place]
            shown = "–" if share is None else f"{share:.2%}"
            lines.append(
                f"{name:{width}}  {shown:>8}  {sum(row):>8,}  {self._taken_for(place)}".rstrip()
            )
        if len(self.classes) <= TABLE_CLASSES:
            lines += ["", "rows: the true class, columns: what it was taken for"]
            cell = max(4, *(len(f"{value:,}") for row in self.confusion for value in row))
            lines.append(
                " " * width
                + "  "
                + " ".join(f"{shortened(name, cell):>{cell}}" for name in classes)
            )
            for name, row in zip(classes, self.confusion, strict=True):
                lines.append(f"{name:{width}}  " + " ".join(f"{value:>{cell},}" for value in row))
        return "\n".join(lines)

    def write(
        self, folder: Path, data: Path | None = None, weights: Path | None = None
    ) -> list[Path]:
        """Write ``figures.json``, ``confusion.csv`` and ``confusion.svg``; returns their paths.

        ``data`` is the folder that was evaluated and ``weights`` the file, where they are not the
        run's own.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainError(
                f"cannot write `{folder}`: {(error.strerror or str(error)).lower()}",
                "name a folder with `--out`",
            ) from error
        figures = {
            "split": self.split,
            "data": None if data is None else str(data),
            "weights": None if weights is None else str(weights),
            # JSON has no word for what is not a number
            **{k: v if isfinite(v) else None for k, v in self.figures.as_row().items()},
            "samples": self.figures.count,
            "classes": {
                name: self.class_accuracy(place) for place, name in enumerate(self.classes)
            },
        }
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["true \\ taken for", *self.classes])
        for name, row in zip(self.classes, self.confusion, strict=True):
            writer.writerow([name, *row])
        title = f"{self.split}: accuracy {self.figures.accuracy:.2%}"
        files = {
            "figures.json": json.dumps(figures, indent=2) + "\n",
            "confusion.csv": out.getvalue(),
            "confusion.svg": draw_confusion(self.classes, self.confusion, title=title),
        }
        for name, text in files.items():
            atomic_write(folder / name, [text.encode()])
        return [folder / name for name in files]

    def _taken_for(self, place: int) -> str:
        others = [(count, j) for j, count in enumerate(self.confusion[place]) if j != place]
        count, other = max(others, default=(0, 0), key=lambda pair: (pair[0], -pair[1]))
        return f"{safe(self.classes[other])} ({count:,})" if count else ""


def written_of(folder: Path) -> tuple[str | None, str | None, str | None] | None:
    """Split, data and weights of the evaluation in ``folder``, if it holds one."""
    try:
        figures = json.loads(read_plain(folder / "figures.json"))
        return figures["split"], figures.get("data"), figures.get("weights")
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None


def evaluate_split(
    module: nn.Module,
    batches: Iterable[Batch],
    criterion: Criterion,
    plan: Plan,
    *,
    split: str,
    classes: tuple[str, ...],
) -> Evaluation:
    """Evaluate ``module`` over all of ``batches``, alone in this process."""
    size = len(classes)
    counts = torch.zeros(size * size, dtype=torch.int64, device=plan.device)

    def count(logits: Tensor, labels: Tensor) -> None:
        labels, taken = labels.flatten(), criterion.taken(logits).flatten()
        kept = labels != criterion.ignored
        cells = labels[kept] * size + taken[kept].clamp_max(size - 1)
        counts.scatter_add_(0, cells, torch.ones_like(cells))

    figures = evaluate(module, batches, criterion, plan, Processes(), count)
    rows = counts.view(size, size).tolist()
    return Evaluation(split, classes, figures, tuple(tuple(row) for row in rows))
