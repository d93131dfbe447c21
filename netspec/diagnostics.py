"""Findings: where they are, what they say, and the registry of their codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Span(NamedTuple):
    """A stretch of a file; lines and columns count from 1, the end is exclusive.

    Line 0 stands for the whole, of something that has no lines, as an option has not.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Note(NamedTuple):
    """A further fact about a finding, with its own place where it has one."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a code of `CODES`, one sentence, the smallest span that explains it."""

    code: str
    message: str
    span: Span
    notes: tuple[Note, ...] = ()
    hint: str | None = None

    def __post_init__(self) -> None:
        """Cut what is longer than anyone reads."""
        if len(self.message) > _LONG:
            object.__setattr__(self, "message", _cut(self.message))
        if self.hint is not None and len(self.hint) > _LONG:
            object.__setattr__(self, "hint", _cut(self.hint))
        if self.notes and any(len(note.message) > _LONG for note in self.notes):
            notes = tuple(note._replace(message=_cut(note.message)) for note in self.notes)
            object.__setattr__(self, "notes", notes)

    @property
    def severity(self) -> Severity:
        """`error` or `warning`, as the registry says for this code."""
        return CODES[self.code].severity


_LONG = 400
_LONGEST_MESSAGE = 1_000
_LONG_NAME = re.compile(r"`([^`\s]{60})[^`\s]{40,}`")


def _cut(text: str) -> str:
    """A long sentence with its long names cut, and its end where that does not do."""
    if len(text) <= _LONG:
        return text
    text = _LONG_NAME.sub(r"`\1…`", text)
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


class Code(NamedTuple):
    """What a code means; it never changes its meaning."""

    severity: Severity
    title: str


CODES: dict[str, Code] = {
    # reading the file
    "NS101": Code("error", "the file cannot be read"),
    "NS102": Code("error", "the file holds bytes or characters that YAML does not allow"),
    "NS103": Code("error", "the YAML is malformed"),
    "NS104": Code("error", "a key is written twice"),
    "NS105": Code("error", "an anchor, alias, merge key or tag"),
    "NS106": Code("error", "the file is larger or deeper than a spec may be"),
    "NS107": Code("error", "a key is not a name"),
    "NS108": Code("error", "a number that no spec can use"),
    "NS109": Code("error", "not one mapping in one document"),
    "NS110": Code("error", "`extends` cannot be followed"),
    # the shape of the document
    "NS201": Code("error", "an unknown key or argument"),
    "NS202": Code("error", "a value of the wrong type"),
    "NS203": Code("error", "a key or argument is missing"),
    "NS204": Code("error", "a value out of its range"),
    "NS205": Code("error", "an unknown layer"),
    "NS206": Code("error", "an entry that is not one layer"),
    "NS207": Code("error", "a version of the language that this netspec does not read"),
    "NS208": Code("error", "a name that a layer cannot have"),
    # names, parameters and expressions
    "NS301": Code("error", "an expression uses an unknown name"),
    "NS302": Code("error", "an expression that the language does not have"),
    "NS303": Code("error", "an expression that has no value"),
    "NS304": Code("error", "an input that does not exist"),
    "NS305": Code("error", "a block that uses itself without end"),
    "NS306": Code("error", "two layers of one name"),
    "NS307": Code("error", "the network is too large"),
    "NS308": Code("error", "a parameter that does not fit its declaration"),
    "NS309": Code("error", "a layer that cannot be called"),
    "NS310": Code("error", "an output that does not exist"),
    "NS311": Code("error", "an `init` rule that does not apply"),
    # shapes
    "NS312": Code("error", "a weight that two layers cannot share"),
    "NS313": Code("error", "a parametrization that does not apply"),
    "NS401": Code("error", "an input of the wrong number of dimensions"),
    "NS402": Code("error", "a window that does not fit its input"),
    "NS403": Code("error", "inputs that cannot be joined"),
    "NS404": Code("error", "channels that the groups do not divide"),
    "NS405": Code("error", "a reshape that changes the number of elements"),
    "NS406": Code("error", "a shared layer that is called on another shape"),
    "NS407": Code("error", "the wrong number of inputs"),
    "NS408": Code("error", "a padding that torch refuses"),
    "NS409": Code("error", "an argument that disagrees with the input"),
    "NS410": Code("error", "arguments that contradict each other"),
    "NS411": Code("error", "a rule of a plugin that fails, or gives what makes no sense"),
    "NS412": Code("error", "numbers of a kind that a layer does not take"),
    # the recipe
    "NS501": Code("error", "settings of the recipe that contradict each other"),
    "NS502": Code("warning", "the data set does not fit the network"),
    "NS503": Code("error", "a mean or a deviation of pixels from 0 to 255"),
    "NS504": Code("error", "class weights that are not as many as the outputs"),
    "NS505": Code("warning", "a schedule that is not as long as the run"),
    "NS506": Code("warning", "a learning rate that the scheduler replaces"),
    # lints
    "NS601": Code("warning", "a softmax before a loss that applies softmax itself"),
    "NS602": Code("warning", "a bias that the batch norm after it removes"),
    "NS603": Code("warning", "a strided layer leaves input pixels unread"),
    "NS604": Code("warning", "a layer that nothing uses"),
    "NS605": Code("warning", "a block that nothing uses"),
    "NS606": Code("warning", "a parameter that nothing uses"),
    "NS607": Code("warning", "two linear maps with nothing between"),
    "NS608": Code("warning", "dropout after the last layer"),
    "NS609": Code("warning", "an activation after the logits"),
    "NS610": Code("warning", "batch norm over a single value per channel"),
    "NS611": Code("warning", "one layer holds most of the parameters"),
    "NS612": Code("warning", "an input whose channels come last"),
    "NS613": Code("warning", "a loss of log-probabilities over something else"),
    "NS614": Code("warning", "weights that all start at one value"),
    "NS615": Code("warning", "a linear layer over the rows of an image"),
}


MAX_FINDINGS = 100
"""How many findings one check tells; a file of garbage has more than anyone reads."""


class SpecError(Exception):
    """A spec cannot be used; `diagnostics` holds every finding, as values."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__(
            "\n".join(f"{d.span}: {d.severity}[{d.code}]: {d.message}" for d in diagnostics)
        )


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known name that was meant by `word`, or None where none is near.

    Near are names that differ in case and `_` alone or in about one letter of three, and one that
    begins, ends or abbreviates the other. `word` itself is no answer: it was refused.
    """
    own = _folded(word)
    others = {name: _folded(name) for name in known if name != word}
    for name, folded in others.items():
        if folded == own:
            return name
    if len(others) > _MOST:
        return None
    if len(own) > _LONGEST:
        return _nearest_long(own, others)
    from difflib import SequenceMatcher  # slow to import, and needed for mistakes only

    matcher = SequenceMatcher(b=own)
    found, best, pairs = None, _LEAST_RATIO, 0
    for name, folded in others.items():
        if len(folded) > 2 * _LONGEST:
            continue
        matcher.set_seq1(folded)
        if matcher.real_quick_ratio() < best or matcher.quick_ratio() < best:
            continue
        pairs += len(own) * len(folded)
        if pairs > _PAIRS:
            break
        ratio = matcher.ratio()
        if (ratio > best or (found is None and ratio == best)) and _near(own, folded):
            found, best = name, ratio
    return found


_LONGEST = 40
"""Characters of a word that is compared with others letter by letter."""
_MOST = 1_000
_PAIRS = 40_000
"""Pairs of letters that one search compares, so that a hundred findings take no time."""
_LEAST_RATIO = 0.6


def _nearest_long(own: str, others: dict[str, str]) -> str | None:
    """The name that begins and ends as a long word does, but for a few letters between."""
    for name, folded in others.items():
        start = _same(own, folded)
        end = _same(own[start:][::-1], folded[start:][::-1])
        if max(len(own), len(folded)) - start - end <= len(own) // 10:
            return name
    return None


def _same(one: str, other: str) -> int:
    """With how many letters both begin."""
    letters = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(letters) if a != b), min(len(one), len(other)))


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


def _near(word: str, other: str) -> bool:
    """Whether one is a slip of the other: letters in common alone make `floor` of `fooo`."""
    short, long = sorted((word, other), key=len)
    if len(short) < 2:
        return False
    if len(short) > 2 and (long.startswith(short) or long.endswith(short)):
        return True
    if len(short) > 3 and short[0] == long[0] and short[-1] == long[-1]:
        letters = iter(long)
        if all(letter in letters for letter in short):  # an abbreviation, as `params` is
            return True
    return _edits(word, other) <= max(1, len(long) // 3)


def _edits(word: str, other: str) -> int:
    """How many letters to put in, leave out, replace or swap with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        last, row = row, [i]
        for j, target in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != target))
            if before and j > 1 and letter == other[j - 2] and word[i - 2] == target:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]
