"""The key below the curves: what the lines mean, and a row a run with its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from netspec.train.reporting.curves_style import Style, marker
from netspec.train.reporting.figures import metric_text
from netspec.train.reporting.shortened import shortened

LINE = (
    'stroke-width="2" stroke-linecap="round"',
    'stroke-width="1.6" stroke-dasharray="5 3" stroke-opacity="0.75"',
)
"""How a line is drawn: solid, and dashed for the training set."""

ROW = 20
NAME = 46
"""Characters of a run's name that fit."""
# Right edges of the columns after the run's name, in pixels from the left of the key.
COLUMNS = (380, 435, 515, 590, 675, 750)
INK, GREY = "#1f2328", "#59636e"


@dataclass(frozen=True)
class RunInKey:
    """A run's row: ``figures`` are, metric by metric, train's last and validation's best."""

    name: str
    epochs: float
    best: float | None
    figures: tuple[float | None, ...]


def key_height(runs: Sequence[RunInKey]) -> int:
    """The height of the key, in pixels."""
    return ROW * (3 + len(runs)) + 8 if runs else 8


def draw_key(
    runs: Sequence[RunInKey],
    metrics: Sequence[str],
    styles: Mapping[str, Style],
    left: float,
    top: float,
    *,
    broken: bool,
) -> list[str]:
    """The key as SVG; of more than two metrics, the figures of the first two.

    ``broken`` says that some value is not finite.
    """
    if not runs:
        return []
    parts = _lines(left, top, broken=broken)
    heads = [("epochs",), ("best", "epoch")]
    heads += [(split, name) for name in metrics[:2] for split in ("train", "validation")]
    for words, right in zip(heads, COLUMNS, strict=False):
        for place, word in enumerate(words):
            y = top + ROW * 2 - 3 + 13 * (place - len(words) + 1)
            parts.append(_text(left + right, y, word, GREY, anchor="end"))
    for place, run in enumerate(runs):
        y = top + ROW * (3 + place)
        style = styles[run.name]
        x = left
        if len(runs) > 1:
            parts.append(
                f'<line x1="{left}" x2="{left + 26}" y1="{y - 4}" y2="{y - 4}" '
                f'stroke="{style.colour}" {LINE[0]}/>'
            )
            parts.append(marker(style.shape, left + 13, y - 4, style.colour))
            x = left + 36
        shown = shortened(run.name, NAME) or "this run"
        parts.append(
            f'<text class="run" x="{x}" y="{y}" fill="{INK}">{escape(shown)}'
            f"<title>{escape(run.name)}</title></text>"
        )
        for word, right in zip(_words(run, metrics), COLUMNS, strict=False):
            parts.append(_text(left + right, y, word, INK, anchor="end"))
    return parts


def _lines(left: float, top: float, *, broken: bool) -> list[str]:
    """What a solid line, a dashed line, a ring and a cross mean."""
    y = top - 4
    lines = [
        f'<line x1="{left}" x2="{left + 26}" y1="{y}" y2="{y}" stroke="{GREY}" {LINE[0]}/>',
        _text(left + 36, top, "validation", INK),
        f'<line x1="{left + 116}" x2="{left + 142}" y1="{y}" y2="{y}" stroke="{GREY}" {LINE[1]}/>',
        _text(left + 152, top, "train", INK),
        f'<circle cx="{left + 213}" cy="{y}" r="6.5" fill="none" stroke="{INK}" '
        'stroke-width="1.6"/>',
        _text(left + 228, top, "best epoch", INK),
    ]
    if not broken:
        return lines
    return [
        *lines,
        f'<path d="M{left + 320} {y - 4}l8 8m0 -8l-8 8" fill="none" stroke="{GREY}" '
        'stroke-width="1.8"/>',
        _text(left + 338, top, "not a finite number", INK),
    ]


def _words(run: RunInKey, metrics: Sequence[str]) -> list[str]:
    words = [f"{run.epochs:.0f}", "–" if run.best is None else f"{run.best:.0f}"]
    names = [metric for metric in metrics for _ in range(2)]
    return [*words, *map(metric_text, names, run.figures)]


def _text(x: float, y: float, words: str, ink: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{ink}">{escape(words)}</text>'
