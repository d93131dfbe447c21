"""One mistake gives one finding: a single misspelt word anywhere in a shipped spec."""

import os
import random
import re
from pathlib import Path

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
        start = text.index("\ninput:")
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
