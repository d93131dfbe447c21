"""Where a run is, and its best epoch so far."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Literal

from torch import Tensor

from netspec.train.metrics import Metrics


@dataclass
class Position:
    """``epoch`` epochs are done, ``step`` steps taken, ``step_in_epoch`` of them in this one."""

    epoch: int = 0
    step: int = 0
    step_in_epoch: int = 0

    def advance(self) -> None:
        """A step was taken."""
        self.step += 1
        self.step_in_epoch += 1

    def next_epoch(self) -> None:
        """The epoch is finished and evaluated."""
        self.epoch += 1
        self.step_in_epoch = 0


@dataclass
class Best:
    """The epoch (from 1; 0 is none yet) with the best validation figures, and its weights.

    Where nothing is held out for validation there is nothing to choose by, and the newest epoch
    counts as the best; ties keep the earlier one.
    """

    metric: Literal["accuracy", "loss"]
    epoch: int = 0
    figures: Metrics | None = None
    weights: dict[str, Tensor] | None = None

    def offer(self, epoch: int, figures: Metrics | None, weights: dict[str, Tensor]) -> bool:
        """Take ``epoch`` if it is better, with a copy of ``weights``; whether it is a best one.

        One whose loss is not finite is no best, and its weights are kept for want of others.
        """
        if self.epoch and figures is not None and not self._better(figures):
            return False
        self.epoch, self.figures = epoch, figures
        self.weights = {name: value.detach().clone() for name, value in weights.items()}
        return figures is None or isfinite(figures.loss)

    def state_dict(self, now: int) -> dict[str, Any]:
        """What a checkpoint at epoch ``now`` keeps; its own weights need no second copy."""
        figures = self.figures
        return {
            "epoch": self.epoch,
            "figures": None
            if figures is None
            else [figures.loss, figures.accuracy, figures.count, figures.top5],
            "weights": None if self.epoch == now else self.weights,
        }

    def load_state_dict(self, state: dict[str, Any], current: dict[str, Tensor]) -> None:
        """Go on with ``state``; ``current`` are the weights that its checkpoint was judged by."""
        self.epoch = state["epoch"]
        figures = state["figures"]
        self.figures = None if figures is None else Metrics(*figures)
        weights = state["weights"]
        if self.epoch:
            kept = current if weights is None else weights
            self.weights = {name: value.detach().clone() for name, value in kept.items()}

    def _better(self, figures: Metrics) -> bool:
        return self.figures is None or self._score(figures) > self._score(self.figures)

    def _score(self, figures: Metrics) -> tuple[float, float]:
        """What the larger of is better; a loss that is not finite is worse than any that is."""
        if not isfinite(figures.loss):
            return (-inf, -inf)
        first = 0.0 if self.metric == "loss" else figures.accuracy
        return (first, -figures.loss)
