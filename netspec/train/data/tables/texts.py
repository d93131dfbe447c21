"""Single texts, as a user gives them → what a trained network takes of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from netspec.recipe import Recipe
from netspec.train.data.arrays import Inputs
from netspec.train.data.sets.named_images import STDIN, Unread, why_absent
from netspec.train.data.tables.columns import Column, columns_of, mask, padded
from netspec.train.data.tables.open_rows import tokenizer_of
from netspec.train.data.tables.tokens import NotTokens, Tokenizer
from netspec.train.errors import TrainError
from netspec.train.trainable import NetworkInput


def named_texts(texts: Sequence[str], files: Sequence[str]) -> Iterator[str | Unread]:
    """The texts, and each line of the files that is not empty; `-` is standard input."""
    yield from texts
    for word in files:
        path = os.path.expanduser(word)
        if word != STDIN and not os.path.isfile(path):
            yield Unread(word, "it is a folder" if os.path.isdir(path) else why_absent(path))
            continue
        try:
            data = sys.stdin.buffer.read() if word == STDIN else Path(path).read_bytes()
            lines = data.decode("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            yield Unread(word, getattr(error, "strerror", None) or "it is not UTF-8")
            continue
        yield from filter(str.strip, lines)


@dataclass(frozen=True)
class TextReader:
    """How a text becomes what the network takes."""

    columns: tuple[Column, ...]
    tokenizer: Tokenizer
    device: torch.device

    def read(self, text: str) -> Inputs | Unread:
        """A tensor for each input, without the batch; why there is none."""
        first = next(column.input for column in self.columns if column.kind == "tokens")
        try:
            ids = self.tokenizer.ids(text)
        except NotTokens as error:
            return Unread(text, str(error))
        bound = first.dtype.below or 0
        if max(ids, default=0) >= bound:
            return Unread(text, f"the network takes token ids below {bound:,}")
        length = first.shape[0]
        made = tuple(
            (padded([ids], length) if column.kind == "tokens"
             else mask(column.input.name, [ids], length))[0].to(self.device)
            for column in self.columns
        )  # fmt: skip
        return made if len(made) > 1 else made[0]


def text_reader(
    recipe: Recipe,
    inputs: Sequence[NetworkInput],
    vocabulary: tuple[str, ...] | None,
    device: torch.device,
) -> TextReader:
    """The reader for a network. Raises TrainError where a text alone is not all that it takes."""
    others = [one.name for one in inputs if one.dtype.name == "float32"]
    others += [one.name for one in inputs if one.dtype.name == "int64"][1:]
    if others or all(one.dtype.name != "int64" for one in inputs):
        named = ", ".join(f"`{name}`" for name in others)
        raise TrainError(
            f"a text alone does not say what the network takes: {named or 'no integers'}",
            "`netspec.build` gives the module, which takes every input from Python",
        )
    text = recipe.data.text
    columns = columns_of(inputs, (text,), text, "a text")
    texts = [column for column in columns if column.kind == "tokens"]
    return TextReader(columns, tokenizer_of(recipe.data.tokenizer, vocabulary or (), texts), device)
