"""Changes of a spec's bytes, as people, programs and those who mean harm make them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

WORDS: Final = (
    "$", "$(", "$x", "$$", "$(1/0)", "$(input.height)", "{", "}", "[", "]", ":", ": ", "- ", "? ",
    "&a", "*a", "!!int", "!!binary", "!", "<<", "<<: *a", "~", "null", "true", "1e3", "1e400",
    ".nan", "-.inf", "0", "-1", "-0.0", "0x_", "0o17", "0b1", "1_000", "190:20:30", "2024-13-45",
    "1000000000", "1000000000000000", "1000000000000001", "0.5", '"', "'", '"\\', '"\\u', "''", "#",
    " #", "|", "|+9", ">-", "%", "%YAML 1.2", "---", "...", "@", "`", "\t", "\n", "\n\n", "\r", " ",
    "ReLU", "Conv2d", "BatchNorm2d", "Linear", "Add", "Concat", "Parameter", "Flatten", "Identity",
    "Sequential", "Reshape", "branches", "from", "input", "repeat", "each", "if", "call", "when",
    "training", "layers", "name", "order", "params", "blocks", "outputs", "init", "train",
    "extends", "index", "[]", "{}", "netspec", "if else", " or ", " and ", " not in ", "==", "//",
    "lambda: 1", "__class__", "import os", "nn.Conv2d", "${x}", "{{ x }}", "!include a.yaml",
)  # fmt: skip
"""What stands in specs, in what resembles them, and in attacks on those who read YAML."""

ODD: Final = (
    "\0", "\x01", "\x07", "\x08", "\x1b[2J", "\x1b]0;pwned\x07", "\x7f", "\x85", "\x9b31m", "\xa0",
    "\xad", "\u0301", "\u061c", "\u200b", "\u200f", "\u2028", "\u2029", "\u202e", "\u2066",
    "\u2069", "\u3000", "\ufe0f", "\ufeff", "\ufffe", "\uffff", "\ufffd", "\ud800", "\udfff",
    "\U0001f600", "\U000e0041", "\U0010ffff", "é", "漢", "９", "١", "ﬁ", "İ", "ß", "ª", "²", "µ",
)  # fmt: skip
"""Characters that move, hide or reorder what is shown, or that are digits and letters of others."""

_NUMBERS: Final = ("0", "1", "2", "7", "-3", "63", "64", "99999", "20000", "1000000000", "3.5",
                   "1e15", "-0", "[1, 2]", "''", "$n", "null")  # fmt: skip
_TOKEN: Final = re.compile(r"\w+|\W", re.ASCII)
_LONG: Final = (30, 100, 190, 500, 501, 1_000, 1_001, 2_000, 8_191, 8_192, 8_193)

Change = Callable[[str, random.Random, Sequence[str]], str]


def changed_bytes(text: str, draw: random.Random, others: Sequence[str]) -> bytes:
    """One to eight changes of a text, sometimes of its bytes; `others` are those to take from."""
    for _ in range(draw.choice((1, 1, 1, 1, 2, 2, 3, 6))):
        text = draw.choice(_CHANGES)(text, draw, others) or "\n"
    return encoded(text, draw)


def encoded(text: str, draw: random.Random) -> bytes:
    """The bytes of a text, in UTF-8 nearly always."""
    kind = draw.random()
    if kind < 0.01:
        return text.encode(draw.choice(("utf-16", "utf-32", "utf-16-le", "utf-7")), "replace")
    if kind < 0.02:
        return text.encode("latin-1", "replace")
    data = bytearray(text.encode("utf-8", errors="surrogatepass"))
    if kind < 0.03:
        data[:0] = draw.choice(
            (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b", b"PK\x03\x04")
        )
    elif kind < 0.05:
        data[:] = data.replace(b"\n", draw.choice((b"\r\n", b"\r", b"\n\r", b"\xe2\x80\xa8")))
    elif kind < 0.12:
        for _ in range(draw.randint(1, 4)):
            _one_byte(data, draw)
    return bytes(data)


def _one_byte(data: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    match draw.randrange(4):
        case 0 if at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        case 1 if at < len(data):
            data[at] = draw.randrange(256)
        case 2:
            del data[at : at + draw.randint(1, 4)]
        case _:
            data[at:at] = draw.randbytes(draw.randint(1, 4))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text) or ["\n"]


def _line_gone(text: str, draw: random.Random, others: Sequence[str]) -> str:
    lines = text.split("\n")
    at = draw.randrange(len(lines))
    del lines[at : at + draw.choice((1, 1, 1, 2, 5))]
    return "\n".join(lines)


def _line_twice(text: str, draw: random.Random, others: Sequence[str]) -> str:
    lines = text.split("\n")
    at, times = draw.randrange(len(lines)), draw.choice((1, 1, 1, 2, 30))
    copied = lines[at : at + draw.choice((1, 1, 2, 5))] * times
    there = draw.choice((at, draw.randrange(len(lines))))
    return "\n".join([*lines[:there], *copied, *lines[there:]])


def _indented(text: str, draw: random.Random, others: Sequence[str]) -> str:
    lines = text.split("\n")
    at = draw.randrange(len(lines))
    if draw.random() < 0.5:
        lines[at] = draw.choice(["  ", " ", "- ", "\t", "      "]) + lines[at]
    else:
        lines[at] = lines[at].lstrip() if draw.random() < 0.5 else lines[at][1:]
    return "\n".join(lines)


def _token_for_word(text: str, draw: random.Random, others: Sequence[str]) -> str:
    tokens = _tokens(text)
    tokens[draw.randrange(len(tokens))] = draw.choice(WORDS)
    return "".join(tokens)


def _word_in_between(text: str, draw: random.Random, others: Sequence[str]) -> str:
    tokens = _tokens(text)
    tokens.insert(draw.randrange(len(tokens) + 1), draw.choice(WORDS))
    return "".join(tokens)


def _odd_character(text: str, draw: random.Random, others: Sequence[str]) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] + draw.choice(ODD) * draw.choice((1, 1, 1, 50)) + text[at:]


def _token_for_token(text: str, draw: random.Random, others: Sequence[str]) -> str:
    tokens = _tokens(text)
    tokens[draw.randrange(len(tokens))] = draw.choice(tokens)
    return "".join(tokens)


def _number(text: str, draw: random.Random, others: Sequence[str]) -> str:
    tokens = _tokens(text)
    numbers = [i for i, token in enumerate(tokens) if token.isdigit()]
    if numbers:
        at = draw.choice(numbers)
        digits = tokens[at][:18]
        near = str(int(digits) + draw.choice((-1, 1, int(digits), -int(digits)))) if (
            digits.isascii()) else "1"  # fmt: skip
        tokens[at] = draw.choice((*_NUMBERS, near, near, digits + "000", digits + ".0"))
    return "".join(tokens)


def _cut(text: str, draw: random.Random, others: Sequence[str]) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] if draw.random() < 0.7 else text[at:]


def _spliced(text: str, draw: random.Random, others: Sequence[str]) -> str:
    """The beginning of this one, the end of another; or a piece of another in this one."""
    other = draw.choice(others)
    lines, more = text.split("\n"), other.split("\n")
    at, there = draw.randrange(len(lines)), draw.randrange(len(more))
    if draw.random() < 0.5:
        return "\n".join(lines[:at] + more[there:])
    return "\n".join(lines[:at] + more[there : there + draw.randint(1, 6)] + lines[at:])


def _long(text: str, draw: random.Random, others: Sequence[str]) -> str:
    tokens = _tokens(text)
    piece = draw.choice(
        ("a", "ab", "9", "\u202e", "é", "漢", " x", "$a", "$(1)", "*a", "a.", "-", "_")
    )
    length = draw.choice(_LONG)
    tokens[draw.randrange(len(tokens))] = (piece * length)[:length]
    return "".join(tokens)


def _bracketed(text: str, draw: random.Random, others: Sequence[str]) -> str:
    at, deep = draw.randrange(len(text) + 1), draw.choice((1, 2, 10, 47, 48, 49, 500))
    opened, closed = draw.choice((("[", "]"), ("{", "}"), ("{a: ", "}"), ("- ", ""), ("(", ")")))
    end = draw.randrange(at, min(at + 30, len(text)) + 1)
    return text[:at] + opened * deep + text[at:end] + closed * deep + text[end:]


def _swapped(text: str, draw: random.Random, others: Sequence[str]) -> str:
    lines = text.split("\n")
    a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


_CHANGES: Final[tuple[Change, ...]] = (
    _line_gone, _line_twice, _indented, _token_for_word, _token_for_word, _word_in_between,
    _word_in_between, _odd_character, _token_for_token, _number, _number, _cut, _spliced, _long,
    _bracketed, _swapped,
)  # fmt: skip
