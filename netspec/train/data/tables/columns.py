"""Which column of a table is which input of a network, and its values as tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.ops.base import text as shape_text
from netspec.ops.dtype import said
from netspec.train.errors import TrainError
from netspec.train.trainable import NetworkInput

TRUTHS: Final = {"0": False, "1": True, "false": False, "true": True}


@dataclass(frozen=True)
class Column:
    """Where an input's values come from: a column, or as a mask the padding of the input `of`."""

    input: NetworkInput
    kind: Literal["tokens", "mask", "values"]
    name: str = ""
    of: int = -1


class NotValues(ValueError):
    """A value that an input does not take; what it is, as a sentence's end."""


def columns_of(
    inputs: Sequence[NetworkInput], columns: Sequence[str], text: str, where: str
) -> tuple[Column, ...]:
    """The column of each input. Raises TrainError where there is none.

    The only input of integers is the column `text`. Of several inputs each is the column of its own
    name; the first of integers that has none is `text`, and a truth for each token that has none is
    the mask of the integers before it.
    """
    integers = [one.name for one in inputs if one.dtype.name == "int64"]
    if not integers:
        raise TrainError(
            f"a table has texts and token ids, and the network takes {said(inputs[0].dtype)}",
            "give it integers, such as `input: {shape: [64], dtype: int64, below: 257}`",
        )
    without = integers if len(integers) == 1 else [n for n in integers if n not in columns]
    found: list[Column] = []
    for place, one in enumerate(inputs):
        own = text if one.name in without[:1] else one.name
        if one.dtype.name == "bool" and own not in columns:
            found.append(Column(one, "mask", of=_masked(inputs, place)))
            continue
        if own not in columns:
            have = ", ".join(f"`{name}`" for name in columns[:12])
            asked = f" for the input `{one.name}`" if len(inputs) > 1 else ""
            raise TrainError(
                f"{where} has no column `{own}`{asked}; it has {have or 'none'}",
                "say which one holds the texts with `text:` in `train.data`"
                if own == text
                else f"add a column `{own}`",
            )
        if one.dtype.name == "int64" and len(one.shape) != 1:
            raise TrainError(
                f"the input `{one.name}` is {shape_text(one.shape)}, and a text is a row of tokens",
                "give it one dimension, the most tokens of a text",
            )
        found.append(Column(one, "tokens" if one.dtype.name == "int64" else "values", own))
    return tuple(found)


def _masked(inputs: Sequence[NetworkInput], place: int) -> int:
    """The input of integers whose padding the input at `place` tells."""
    for other in range(place - 1, -1, -1):
        if inputs[other].dtype.name == "int64" and inputs[other].shape == inputs[place].shape:
            return other
    name = inputs[place].name
    raise TrainError(
        f"no input before `{name}` is a text of {shape_text(inputs[place].shape)} whose padding it "
        "could tell",
        f"add a column `{name}` of 0 and 1, or list the text before it",
    )


def padded(ids: Sequence[Sequence[int]], length: int) -> Tensor:
    """Ids → int64 [count, length]: cut at `length`, and filled up with 0."""
    made = torch.zeros(len(ids), length, dtype=torch.int64)
    for row, values in zip(made, ids, strict=True):
        kept = values[:length]
        row[: len(kept)] = torch.tensor(kept, dtype=torch.int64)
    return made


def mask(name: str, ids: Sequence[Sequence[int]], length: int) -> Tensor:
    """bool [count, length]: true for a token, or where the name ends in `padding_mask` for none.

    As in transformers' `attention_mask` and torch's `key_padding_mask`. The first place counts as a
    token also where a text is empty, for attention to nothing has no mean.
    """
    lengths = torch.tensor([max(len(values), 1) for values in ids], dtype=torch.int64)
    held = torch.arange(length)[None] < lengths[:, None]
    return ~held if name.endswith("padding_mask") else held


def plain_values(one: NetworkInput, value: Any) -> Tensor:
    """Numbers or truths of one row, in the input's shape. Raises NotValues for others."""
    flat = list(_flat(value.replace(",", " ").split() if isinstance(value, str) else value))
    wanted = math.prod(one.shape)
    if len(flat) != wanted:
        raise NotValues(f"{counted(len(flat), 'value')}, and `{one.name}` takes {wanted}")
    if one.dtype.name == "bool":
        truths = [TRUTHS.get(str(item).lower()) for item in flat]
        if None in truths:
            raise NotValues(f"`{flat[truths.index(None)]}` is neither 0 nor 1")
        return torch.tensor(truths, dtype=torch.bool).view(one.shape)
    try:
        numbers = [float(item) for item in flat]
    except (TypeError, ValueError):
        raise NotValues(f"`{str(value)[:40]}` is no number") from None
    if not all(map(math.isfinite, numbers)):
        raise NotValues("a number that is not finite")
    return torch.tensor(numbers, dtype=torch.float32).view(one.shape)


def _flat(value: Any) -> list[Any]:
    """The items of lists within lists."""
    if not isinstance(value, list):
        return [value]
    return [item for inner in value for item in _flat(inner)]
