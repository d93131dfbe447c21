"""What a run came to, as a value and as the table that the user is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspec.counted import counted
from netspec.escape import safe
from netspec.train.metrics import Metrics
from netspec.train.reporting.columns import columns
from netspec.train.reporting.figures import loss_text, share_text
from netspec.train.reporting.progress import duration


@dataclass(frozen=True)
class RunResult:
    """A run's folder and figures.

    ``exit_code`` is 128 and the signal's number if one ended it early, as shells have it: 143 for
    SIGTERM, 130 for Ctrl-C.
    """

    folder: Path
    epochs: int
    steps: int
    best_epoch: int
    train: Metrics | None
    validation: Metrics | None
    test: Metrics | None
    seconds: float
    exit_code: int = 0

    def table(self) -> str:
        """The figures of each split, and where the run's files are."""
        rows = [("train, last epoch", self.train)]
        if self.validation is not None:
            rows.append((f"validation, best epoch ({self.best_epoch})", self.validation))
        if self.test is not None:
            rows.append((f"test, epoch {self.best_epoch}'s weights", self.test))
        table = [("", f"{'loss':>9}", f"{'accuracy':>9}", f"{'samples':>9}")]
        for name, figures in rows:
            if figures is not None:
                loss, accuracy = loss_text(figures.loss), share_text(figures.accuracy)
                table.append((name, loss, accuracy, f"{figures.count:,}"))
        lines = [columns(table)]
        lines.append(
            f"{counted(self.epochs, 'epoch')}, "
            f"{counted(self.steps, 'step')} in "
            f"{duration(self.seconds)} · files in {safe(str(self.folder))}"
        )
        return "\n".join(lines)
