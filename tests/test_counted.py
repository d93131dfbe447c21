"""A number in a sentence goes with its noun: `1 epoch` and `2 epochs`, whoever says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netspec import SpecError, loads
from netspec.counted import counted

ROOT = Path(__file__).parent.parent / "netspec"

NOUNS = (
    "arguments|axes|batches|bytes|channels|characters|classes|copies|dimensions|elements|entries|"
    "epochs|errors|examples|features|files|findings|folders|groups|heads|images|inputs|items|keys|"
    "labels|layers|levels|lines|multiply-adds|names|nodes|numbers|outputs|parameters|parts|pixels|"
    "positions|processes|rows|runs|samples|seconds|slopes|specs|steps|tensors|threads|units|values|"
    "warnings|weights|windows|workers"
)
PLURAL = re.compile(rf" (?:[a-z]+ )?({NOUNS})\b(?![/'])")


def said_by_hand(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where an f-string has a number of its own making before a plural.

    A constant in capitals is one number, always more than one; what `counted` gives, and a choice
    that is made by the count, know their noun.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                continue
            found = PLURAL.match(str(text.value))
            written = ast.unparse(value.value)
            if found and not written.isupper() and "counted(" not in written:
                yield node.lineno, f"{{{written}}}{found[0]}"


WORDS = (
    "which",
    "what",
    "split",
    "kinds",
    "inner[",
    "figure(",
    "__name__",
    "factor ** 2",
    "self.dim",
)
"""What is put before a plural and is a word, or a number as people say it."""


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.name)
def test_no_message_counts_by_hand(path: Path) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for line, text in said_by_hand(ast.parse(path.read_text(encoding="utf-8")))
        if not any(word in text.partition("}")[0] for word in WORDS)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ('f"{n} epochs"', True),
        ('f"{n:,} training images"', True),
        ('f"{MOST:,} layers"', False),
        ("f\"{counted(n, 'epoch')}\"", False),
        ('f"{n} images/s"', False),
        ('f"`{name}` takes {n} inputs"', True),
    ],
)
def test_this_test_sees_a_count_by_hand(source: str, seen: bool) -> None:
    assert bool(list(said_by_hand(ast.parse(source)))) == seen


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, ("epoch",), "1 epoch"),
        (0, ("epoch",), "0 epochs"),
        (1.0, ("epoch",), "1 epoch"),
        (2.5, ("epoch",), "2.5 epochs"),
        (20_000, ("image",), "20,000 images"),
        (1, ("class", "classes"), "1 class"),
        (2, ("image is", "images are"), "2 images are"),
    ],
)
def test_a_number_goes_with_its_noun(count: float, words: tuple[str, ...], said: str) -> None:
    assert counted(count, *words) == said


@pytest.mark.parametrize(
    ("layers", "train", "said"),
    [
        ("[Flatten, Linear: 10]", "{epochs: 1, warmup: 1}", "the warm-up of 1 epoch fills"),
        ("[Flatten, Linear: 10]", "{epochs: 1, scheduler: {MultiStepLR: [1]}}",
         "the run has 1 epoch"),
        ("[Flatten, Linear: 10]", "{data: {dataset: CIFAR10, resize: 32}, epochs: 1}", None),
        ("[Conv2d: {out_channels: 1, kernel_size: 1}, GroupNorm: 2]", "{}",
         "2 groups do not divide 1 channel"),
        ("[Conv2d: {out_channels: 1, kernel_size: 1}, PixelShuffle: 2]", "{}",
         "1 channel is not a multiple of 2²"),
    ],
)  # fmt: skip
def test_messages_about_one(layers: str, train: str, said: str | None) -> None:
    text = f"netspec: 1\ninput: [3, 32, 32]\nlayers: {layers}\ntrain: {train}\n"
    try:
        found = loads(text).warnings
    except SpecError as error:
        found = error.diagnostics
    messages = " ".join(finding.message for finding in found)
    assert (said or "") in messages
    assert not re.search(r"\b1 [a-z]*(epochs|channels|classes)\b", messages)
