"""Means of loss and accuracy, as they are recorded and shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metrics:
    """Means over ``count`` labels (one a sample, or one a pixel); ``top5`` only where counted."""

    loss: float
    accuracy: float
    count: int
    top5: float | None = None

    def as_row(self) -> dict[str, float]:
        """The figures as they stand in ``metrics.jsonl``."""
        row = {"loss": self.loss, "accuracy": self.accuracy}
        return row if self.top5 is None else {**row, "top5": self.top5}
