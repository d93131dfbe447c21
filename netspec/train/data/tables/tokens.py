"""Texts → token ids: bytes, words of a vocabulary, or ids that a table holds itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

PADDING: Final = "[PAD]"
UNKNOWN: Final = "[UNK]"
"""The first tokens of a vocabulary: 0 fills up what is short, 1 stands for every other word."""
BYTE_IDS: Final = 257
"""The ids of `bytes`: 0 for padding, and a byte's value and 1."""

_WHOLE: Final = re.compile(r"[0-9]{1,18}")


class NotTokens(ValueError):
    """A value that is no text, or no token ids; what it is, as a sentence's end."""


def words_of(text: str) -> list[str]:
    """A text cut at its white space."""
    return _whole_characters(text).split()


def _whole_characters(text: str) -> str:
    """The text with `?` for halves of characters, which JSON can hold and no file can."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def vocabulary_of(texts: Iterable[str], most: int) -> tuple[tuple[str, ...], int]:
    """The words of `texts`, the most frequent first and those as frequent by the alphabet.

    Gives at most `most` tokens, of which the first two are `PADDING` and `UNKNOWN`, and how many
    different words there were.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
    for name in (PADDING, UNKNOWN):
        counts.pop(name, None)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return (PADDING, UNKNOWN, *ranked[: max(most - 2, 0)]), len(ranked)


class Tokenizer:
    """Ids of texts; of `whitespace` by a `vocabulary`, in which a word's place is its id."""

    def __init__(self, name: str, vocabulary: Sequence[str] = ()) -> None:
        self.name = name
        self._ids = {word: place for place, word in enumerate(vocabulary)}

    def ids(self, value: Any) -> list[int]:
        """The ids of a text; a list holds ids already. Raises NotTokens for what is neither."""
        if isinstance(value, list):
            return [_id(item) for item in value]
        if self.name == "ids":
            return [_id(word) for word in _string(value).replace(",", " ").split()]
        if self.name == "bytes":
            return [byte + 1 for byte in _string(value).encode(errors="replace")]
        return [self._ids.get(word, 1) for word in words_of(_string(value))]


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # a text of digits alone, which JSON may hold as a number
    raise NotTokens(f"{type(value).__name__} and no text")


def _id(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise NotTokens(f"`{str(value)[:40]}` is no token id, a whole number from 0")
