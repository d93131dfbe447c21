"""The recipe's loss, and over what its mean is taken."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspec.recipe import Choice
from netspec.recipe.losses import ONE_HOT

NOT_A_LABEL = -100  # torch's own default of `ignore_index`


class Criterion:
    """A torch loss by its class name, on logits [N, classes, …] and labels [N, …] of int64.

    ``divisor`` is what the batch's mean was divided by: the sum of the class weights where the
    recipe gives them, else the number of labels. ``mean × divisor`` summed over batches and
    divided by the summed divisors is the exact mean over all labels.
    """

    def __init__(self, choice: Choice, device: torch.device) -> None:
        args: dict[str, Any] = {
            name: torch.tensor(value, dtype=torch.float32, device=device)
            if name in ("weight", "pos_weight") and value is not None
            else value
            for name, value in choice.args.items()
        }
        self._one_hot = choice.name in ONE_HOT
        # Of one output: a logit is even at 0, and a value that is to be 0 or 1 in the middle.
        self._threshold = 0.0 if choice.name == "BCEWithLogitsLoss" else 0.5
        self._loss: nn.Module = getattr(nn, choice.name)(**args)
        self._weight: Tensor | None = None if self._one_hot else args.get("weight")
        self.ignored: int = args.get("ignore_index", NOT_A_LABEL)
        self._may_ignore = "ignore_index" in args

    def counts_labels(self, labels: Tensor) -> bool:
        """Whether the divisor is just the number of ``labels``, known without looking at them.

        An image of labels may have been padded with what torch ignores by default.
        """
        padded = labels.dim() > 1 and not self._one_hot
        return self._weight is None and not self._may_ignore and not padded

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean loss of a batch, a float32 scalar."""
        logits = logits.float()
        if not self._one_hot:
            loss: Tensor = self._loss(logits, labels)
            return loss
        if logits.shape[1] == 1:  # one output tells the second of two classes from the first
            target = labels.unsqueeze(1).to(logits.dtype)
        else:
            target = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
            if labels.dim() > 1:  # the class axis goes last, where torch broadcasts class weights
                logits = logits.movedim(1, -1)
        one_hot: Tensor = self._loss(logits, target)
        return one_hot

    def taken(self, logits: Tensor) -> Tensor:
        """The class that each of ``logits`` [N, outputs, …] is taken for, int64 [N, …]."""
        if logits.shape[1] > 1:
            return logits.argmax(1)
        return (logits[:, 0] > self._threshold).long()

    def shares(self, logits: Tensor) -> Tensor:
        """The probability of each class, [N, classes, …]: of one output, for two classes."""
        if logits.shape[1] > 1:
            return logits.softmax(1)
        second = logits.sigmoid() if self._threshold == 0 else logits.clamp(0, 1)
        return torch.cat([1 - second, second], dim=1)

    def divisor(self, labels: Tensor) -> Tensor:
        """What a batch's mean was divided by, a float32 scalar on the labels' device."""
        if self.counts_labels(labels):
            return torch.full((), labels.numel(), dtype=torch.float32, device=labels.device)
        counted = labels != self.ignored
        if self._weight is None:
            return counted.sum().float()
        return (self._weight[labels.clamp_min(0)] * counted).sum().float()
