"""One mistake gives one finding: a single misspelt word anywhere in a shipped spec."""

import os
import random
import re
from pathlib import Path

import pytest

from netspec.compiler import compile_text
from netspec.diagnostics import Diagnostic, SpecError

ROOT = Path(__file__).parent.parent / "specs"
TEXTS = [
    text
    for text in (path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.yaml")))
    if "\nextends:" not in text and len(text) < 9_000
]
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")


def misspelt(word: str, draw: random.Random) -> str:
    """The word with a letter left out, put in, or swapped with the one before."""
    at = draw.randrange(1, len(word))
    match draw.randrange(3):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + draw.choice("abcdefgh") + word[at:]
        case _:
            return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def findings(text: str) -> tuple[Diagnostic, ...]:
    try:
        return compile_text(text, "spec").warnings
    except SpecError as problem:
        return problem.diagnostics


def test_a_misspelt_word_gives_at_most_one_finding() -> None:
    told = 0
    count = int(os.environ.get("NETSPEC_FUZZ", "400"))
    for seed in range(count):
        draw = random.Random(seed)
        text = draw.choice(TEXTS)
        start = text.index("\ninput")  # or `inputs:`
        words = [
            word
            for word in WORD.finditer(text, start)
            if "#" not in text[text.rfind("\n", 0, word.start()) : word.start()]
        ]
        word = draw.choice(words)
        wrong = misspelt(word.group(), draw)
        found = findings(text[: word.start()] + wrong + text[word.end() :])
        told += len(found)
        assert len(found) <= 1, f"seed {seed}, `{word.group()}` as `{wrong}`: {found}"
    assert told > 0.8 * count  # the others are names, which may be misspelt as one likes


EACH_WRONG = """
netspec: 1
input: [3, 8, 8]
layers:
  - Conv2d: {out_channels: 8, kernel_size: 9}
  - Flatten
  - Linear: 10
init:
  SELECTOR: {weight: RULE}
train:
  optimizer: {SGD: {lr: LR, nesterov: NESTEROV}}
"""


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ({}, ["NS402"]),
        ({"RULE": "kaimin_normal_"}, ["NS402", "NS311"]),
        ({"SELECTOR": "Conv2dd"}, ["NS402", "NS311"]),
        ({"LR": "fast"}, ["NS402", "NS202"]),
        ({"NESTEROV": "true"}, ["NS402", "NS501"]),
        ({"RULE": "{normal_: {std: -1}}", "LR": "-1"}, ["NS402", "NS204", "NS204"]),
        ({"SELECTOR": "Convd", "NESTEROV": "true"}, ["NS402", "NS311", "NS501"]),
    ],
)
def test_mistakes_of_layers_init_and_recipe_are_told_together(
    words: dict[str, str], codes: list[str]
) -> None:
    text = EACH_WRONG
    given = {"SELECTOR": "Conv2d", "RULE": "zeros_", "LR": "0.1", "NESTEROV": "false"} | words
    for word, value in given.items():
        text = text.replace(word, value)
    assert [finding.code for finding in findings(text)] == codes


def test_a_wrong_recipe_and_a_wrong_layer_name_are_told_together() -> None:
    text = EACH_WRONG.replace("SELECTOR", "Conv2d").replace("RULE", "zeros")
    text = text.replace("Linear", "Linar")
    assert [f.code for f in findings(text)] == ["NS205", "NS311", "NS202", "NS202"]
