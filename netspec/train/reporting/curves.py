"""Curves as an SVG picture, written by hand: a panel a metric, and below them what each run is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from netspec.escape import safe
from netspec.train.reporting.axis import Axis, value_axis, whole_axis
from netspec.train.reporting.curves_key import LINE, RunInKey, draw_key, key_height
from netspec.train.reporting.curves_style import Style, marker, style_of
from netspec.train.reporting.figures import SHARES
from netspec.train.reporting.shortened import shortened

WIDTH = 860
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT, GAP = 64, 74, 338, 236, 74
BELOW = 54
"""From a panel's end to what stands below it."""
MARKERS = 6
"""About so many markers along a curve of one of several runs."""
TITLE = 88
"""Characters of a title that fit."""


@dataclass(frozen=True)
class Curve:
    """Points (x, y) of one ``metric`` of a run's ``split``, `train` or `validation`.

    ``best`` is the x of the best epoch, where there is one.
    """

    metric: str
    run: str
    split: str
    points: Sequence[tuple[float, float]]
    best: float | None = None


@dataclass(frozen=True)
class Panel:
    """Where a metric is drawn, and its axes."""

    metric: str
    x: float
    y: float
    across: Axis
    up: Axis

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Pixels of a point; one that is not finite lies on the upper edge."""
        share = self.up.place(point[1]) if math.isfinite(point[1]) else 1.0
        across = self.x + self.across.place(point[0]) * PANEL_WIDTH
        return across, self.y + (1 - share) * PANEL_HEIGHT


def draw_curves(curves: Sequence[Curve], *, title: str, x_label: str = "epoch") -> str:
    """An SVG picture of ``curves``: train dashed, validation solid, each run once in the key."""
    title = safe(title)
    curves = [replace(curve, run=safe(curve.run)) for curve in curves]
    runs = list(dict.fromkeys(curve.run for curve in curves))
    styles = {run: style_of(place, alone=len(runs) == 1) for place, run in enumerate(runs)}
    validated = {curve.run for curve in curves if curve.split != "train"}
    panels = _panels(curves)
    in_key = [_in_key(run, curves, [panel.metric for panel in panels]) for run in runs]
    key_top = max(panel.y for panel in panels) + PANEL_HEIGHT + BELOW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
        f'{key_top + key_height(in_key)}" '
        'font-family="system-ui, Helvetica, Arial, DejaVu Sans, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="28" font-size="16" font-weight="600" fill="#1f2328">'
        f"{escape(shortened(title, TITLE))}</text>",
    ]
    for panel in panels:
        own = [curve for curve in curves if curve.metric == panel.metric]
        parts += _frame(panel, x_label)
        # The training set's curves first, so that the ones that count lie on top.
        for curve in sorted(own, key=lambda curve: curve.split != "train"):
            marked = curve.split != "train" or curve.run not in validated
            place = runs.index(curve.run) if marked else None
            parts += _curve(panel, curve, styles[curve.run], place)
        for curve in own:
            parts += _best(panel, curve, styles[curve.run], alone=len(runs) == 1)
    broken = any(not math.isfinite(y) for curve in curves for _, y in curve.points)
    names = [panel.metric for panel in panels]
    parts += draw_key(in_key, names, styles, LEFT, key_top, broken=broken)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _panels(curves: Sequence[Curve]) -> list[Panel]:
    """A panel a metric that has curves, two beside each other; all over the same epochs."""
    metrics = list(dict.fromkeys(curve.metric for curve in curves)) or ["loss"]
    steps = [x for curve in curves for x, _ in curve.points] or [1.0]
    across = whole_axis(min(steps), max(steps))
    panels = []
    for place, metric in enumerate(metrics):
        values = [y for c in curves if c.metric == metric for _, y in c.points if math.isfinite(y)]
        x = LEFT + place % 2 * (PANEL_WIDTH + GAP)
        y = TOP + place // 2 * (PANEL_HEIGHT + BELOW + 12)
        panels.append(Panel(metric, x, y, across, value_axis(values, share=metric in SHARES)))
    return panels


def _in_key(run: str, curves: Sequence[Curve], metrics: Sequence[str]) -> RunInKey:
    """What the key says of a run: how far it went, and its figures where it was best."""
    own = [curve for curve in curves if curve.run == run]
    best = next((c.best for c in own if c.best is not None and c.split != "train"), None)
    figures = []
    for metric in metrics:
        for split in ("train", "validation"):
            points = next(
                (dict(c.points) for c in own if (c.metric, c.split) == (metric, split)), {}
            )
            at = best if split != "train" and best is not None else max(points, default=None)
            figures.append(None if at is None else points.get(at))
    last = max((x for curve in own for x, _ in curve.points), default=0)
    return RunInKey(run, last, best, tuple(figures))


def _frame(panel: Panel, x_label: str) -> list[str]:
    """A panel's name, its grid and its ticks."""
    x, bottom = panel.x, panel.y + PANEL_HEIGHT
    name = panel.metric + (", logarithmic" if panel.up.logarithmic else "")
    parts = [
        f'<text x="{x}" y="{panel.y - 24}" font-weight="600" fill="#1f2328">{escape(name)}</text>'
    ]
    for tick in panel.up.ticks:
        y = bottom - panel.up.place(tick.value) * PANEL_HEIGHT
        parts.append(
            f'<line x1="{x}" x2="{x + PANEL_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e6e8eb"/>'
            f'<text class="tick" x="{x - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#59636e">'
            f"{tick.label}</text>"
        )
    for tick in panel.across.ticks:
        place = x + panel.across.place(tick.value) * PANEL_WIDTH
        parts.append(
            f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{bottom}" y2="{bottom + 5}" '
            f'stroke="#8c959f"/><text class="tick" x="{place:.1f}" y="{bottom + 19}" '
            f'text-anchor="middle" fill="#59636e">{tick.label}</text>'
        )
    parts.append(
        f'<line x1="{x}" x2="{x + PANEL_WIDTH}" y1="{bottom}" y2="{bottom}" stroke="#8c959f"/>'
        f'<text x="{x + PANEL_WIDTH}" y="{bottom + 36}" text-anchor="end" fill="#59636e">'
        f"{escape(x_label)}</text>"
    )
    return parts


def _curve(panel: Panel, curve: Curve, style: Style, place: int | None) -> list[str]:
    """A line that is broken where a value is not finite, which a cross at the top shows.

    With a ``place`` among the runs it has its run's markers.
    """
    name = f"{curve.run} {curve.split}".strip()
    parts = [f"<g class={quoteattr(curve.split)}><title>{escape(name)}</title>"]
    line = LINE[curve.split == "train"]
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in curve.points:
        if math.isfinite(point[1]):
            pieces[-1].append(panel.place(point))
            continue
        pieces.append([])
        x, y = panel.place(point)
        parts.append(
            f'<path class="not-finite" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" fill="none" '
            f'stroke="{style.colour}" stroke-width="1.8"/>'
        )
    for piece in pieces:
        if len(piece) > 1:
            dots = " ".join(f"{x:.1f},{y:.1f}" for x, y in piece)
            parts.append(
                f'<polyline points="{dots}" fill="none" stroke="{style.colour}" '
                f'stroke-linejoin="round" {line}/>'
            )
        elif piece and (style.shape is None or place is None):
            parts.append(marker(None, *piece[0], style.colour, hollow=curve.split == "train"))
    if style.shape is not None and place is not None:
        parts += [
            marker(style.shape, *panel.place(point), style.colour)
            for point in _marked(curve.points, place)
        ]
    return [*parts, "</g>"]


def _marked(points: Sequence[tuple[float, float]], place: int) -> list[tuple[float, float]]:
    """A few of a curve's points, elsewhere for each run, and the last."""
    finite = [point for point in points if math.isfinite(point[1])]
    every = max(1, math.ceil(len(finite) / MARKERS))
    chosen = finite[place * every // 5 % every :: every]
    return [*chosen, *(finite[-1:] if chosen[-1:] != finite[-1:] else [])]


def _best(panel: Panel, curve: Curve, style: Style, *, alone: bool) -> list[str]:
    """A ring at the best epoch of the validation set, with its words where there is one run."""
    value = dict(curve.points).get(curve.best) if curve.best is not None else None
    if curve.best is None or value is None or curve.split == "train" or not math.isfinite(value):
        return []
    x, y = panel.place((curve.best, value))
    ring = (
        f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="6.5" fill="none" stroke="#1f2328" '
        f'stroke-width="1.6"><title>{escape(curve.run)} best epoch {curve.best:.0f}</title>'
        "</circle>"
    )
    if not alone:
        return [ring]
    right = x > panel.x + PANEL_WIDTH * 0.5
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{panel.y}" y2="{panel.y + PANEL_HEIGHT}" '
        'stroke="#59636e" stroke-width="1" stroke-dasharray="1 4"/>',
        ring,
        f'<text x="{x + (3 if right else -3):.1f}" y="{panel.y - 10}" '
        f'text-anchor="{"end" if right else "start"}" fill="#59636e">'
        f"best: epoch {curve.best:.0f}</text>",
    ]
