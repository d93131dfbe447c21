"""What `check` prints: for each format, a function for one spec and one for the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from netspec.counted import counted
from netspec.report import findings as show
from netspec.report.check import Checked, fine


class Renderer(NamedTuple):
    """A format: the text after one spec (in colour or not), and after the last; empty for none."""

    one: Callable[[Checked, bool], str]
    end: Callable[[Sequence[Checked]], str]


def _text(checked: Checked, color: bool) -> str:
    found = show.text(checked.findings, checked.texts, color) + "\n" if checked.findings else ""
    good = fine(checked) if checked.network is not None else ""
    return "\n".join(part for part in (found, good) if part)


def _totals(all_checked: Sequence[Checked]) -> str:
    errors, warnings = (sum(c.count(severity) for c in all_checked) for severity in SEVERITIES)
    if len(all_checked) < 2 and not errors and not warnings:
        return ""
    counts = (("spec", len(all_checked)), ("error", errors), ("warning", warnings))
    return ", ".join(counted(count, word) for word, count in counts)


def _json(all_checked: Sequence[Checked]) -> str:
    return show.as_json([finding for checked in all_checked for finding in checked.findings])


def _nothing(*_: object) -> str:
    return ""


SEVERITIES: Final = ("error", "warning")

RENDERERS: Final[dict[str, Renderer]] = {
    "text": Renderer(_text, _totals),
    "concise": Renderer(lambda checked, color: show.concise(checked.findings), _nothing),
    "json": Renderer(_nothing, _json),
    "github": Renderer(lambda checked, color: show.github(checked.findings), _nothing),
}
