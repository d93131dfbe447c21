"""Learnable rows of any inputs, made on the spot: integers, truths, numbers, one or several."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from netspec.ops.base import text as shape_text
from netspec.train.data.augment.counter_rng import LABELS, PIXELS, below, chance, draws, uniform
from netspec.train.data.tables.row_source import Rows
from netspec.train.errors import TrainError
from netspec.train.trainable import NetworkInput


def synthetic_rows(
    inputs: Sequence[NetworkInput], answers: tuple[int, ...], samples: int
) -> tuple[dict[str, Rows], tuple[str, ...]]:
    """`samples` training and a quarter as many test rows, and the classes.

    Each class has a pattern of its own, of which a row shows about half, the rest drawn; truths
    are all true, as the mask of a text without padding. Where the network answers for each token,
    (classes, length), a token's class is the part of the vocabulary that it lies in. The same
    shapes give the same rows, whatever the seed of the run. Raises TrainError for other answers.
    """
    classes = max(answers[0], 2)
    counts = {"train": samples, "test": max(samples // 4, 1)}
    index = torch.arange(sum(counts.values()))
    labels = below(draws(0, 0, LABELS, index, 1)[:, 0], classes)
    made = [_values(one, place, index, labels, classes) for place, one in enumerate(inputs)]
    if len(answers) > 1:
        labels = _each_token(inputs, answers, made, classes)
    parts, first = {}, 0
    for name, count in counts.items():
        mine = slice(first, first + count)
        parts[name] = Rows(tuple(values[mine].clone() for values in made), labels[mine].clone())
        first += count
    return parts, tuple(f"class {number}" for number in range(classes))


def _values(one: NetworkInput, place: int, index: Tensor, labels: Tensor, classes: int) -> Tensor:
    """The values of an input: a tensor [rows, *shape] of its kind."""
    shape, size = (len(index), *one.shape), math.prod(one.shape)
    if one.dtype.name == "bool":
        return torch.ones(shape, dtype=torch.bool)
    salt = 10 * place
    patterns = draws(salt + 6, 0, PIXELS, torch.arange(classes), size)[labels]
    drawn = draws(salt + 7, 0, PIXELS, index, size)
    if one.dtype.name == "float32":
        return (uniform(patterns) + uniform(drawn) - 1).view(shape)
    shown = chance(draws(salt + 8, 0, PIXELS, index, size), 0.5)
    return below(torch.where(shown, patterns, drawn), one.dtype.below or 2).view(shape)


def _each_token(
    inputs: Sequence[NetworkInput], answers: tuple[int, ...], made: Sequence[Tensor], classes: int
) -> Tensor:
    for one, values in zip(inputs, made, strict=True):
        if one.dtype.name == "int64" and one.shape == answers[1:]:
            return values * classes // (one.dtype.below or 2)
    raise TrainError(
        f"the network gives {shape_text(answers)} for each sample, and the trainer takes an output "
        "for each class, or for each class and token",
        "let the classes come first, and then as many places as an input of integers has",
    )
