"""Curves as an SVG picture, written by hand: two panels, loss and accuracy, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

PANELS = ("loss", "accuracy")
# Colours that people who see red and green alike can tell apart (Okabe and Ito's set).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")

WIDTH, HEIGHT = 860, 380
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT, GAP = 56, 62, 346, 236, 66


@dataclass(frozen=True)
class Curve:
    """Points (x, y) on the panel ``loss`` or ``accuracy``; a faint one stands back."""

    panel: str
    label: str
    points: Sequence[tuple[float, float]]
    faint: bool = False


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where ``value`` lies between 0 (low) and 1 (high)."""
        return (value - self.low) / (self.high - self.low)


def draw_curves(
    curves: Sequence[Curve], *, title: str, x_label: str = "epoch", by_run: bool = False
) -> str:
    """An SVG picture of ``curves``; ``by_run`` gives each run a colour, else each split one."""
    groups = list(dict.fromkeys(_group(curve, by_run) for curve in curves))
    colour = {group: COLOURS[place % len(COLOURS)] for place, group in enumerate(groups)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + _legend(curves)}" '
        'font-family="system-ui, Helvetica, Arial, DejaVu Sans, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="28" font-size="16" font-weight="600" fill="#1f2328">'
        f"{escape(title)}</text>",
    ]
    for place, panel in enumerate(PANELS):
        x = LEFT + place * (PANEL_WIDTH + GAP)
        own = [curve for curve in curves if curve.panel == panel]
        parts += _panel(x, panel, own, x_label, {c.label: colour[_group(c, by_run)] for c in own})
    parts += _key(curves, colour, by_run)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _group(curve: Curve, by_run: bool) -> str:
    return curve.label.rsplit(" ", 1)[0] if by_run else curve.label


def _legend(curves: Sequence[Curve]) -> int:
    """Extra height for the key of many curves, in pixels."""
    labels = {curve.label for curve in curves}
    return max(0, math.ceil(len(labels) / 2) - 1) * 18


def _panel(
    x: float, name: str, curves: Sequence[Curve], x_label: str, colours: dict[str, str]
) -> list[str]:
    finite = [[p for p in curve.points if math.isfinite(p[1])] for curve in curves]
    everything = [point for points in finite for point in points] or [(1.0, 0.0)]
    across = _whole_axis(min(p[0] for p in everything), max(p[0] for p in everything))
    values = [p[1] for p in everything]
    up = _axis(min(values), max(values), percent=name == "accuracy")
    bottom = TOP + PANEL_HEIGHT

    parts = [f'<text x="{x}" y="{TOP - 10}" font-weight="600" fill="#1f2328">{name}</text>']
    for tick in up.ticks:
        y = bottom - up.place(tick) * PANEL_HEIGHT
        text = f"{tick * 100:.4g} %" if name == "accuracy" else _short(tick)
        parts.append(
            f'<line x1="{x}" x2="{x + PANEL_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e6e8eb"/>'
            f'<text x="{x - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#59636e">{text}</text>'
        )
    for tick in across.ticks:
        place = x + across.place(tick) * PANEL_WIDTH
        parts.append(
            f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{bottom}" y2="{bottom + 5}" '
            f'stroke="#8c959f"/><text x="{place:.1f}" y="{bottom + 19}" text-anchor="middle" '
            f'fill="#59636e">{tick:.6g}</text>'
        )
    parts.append(
        f'<line x1="{x}" x2="{x + PANEL_WIDTH}" y1="{bottom}" y2="{bottom}" stroke="#8c959f"/>'
        f'<text x="{x + PANEL_WIDTH}" y="{bottom + 36}" text-anchor="end" fill="#59636e">'
        f"{escape(x_label)}</text>"
    )
    # Faint curves first, so that the ones that count lie on top.
    for curve, points in sorted(zip(curves, finite, strict=True), key=lambda p: not p[0].faint):
        parts += _line(x, points, across, up, colours[curve.label], curve.faint)
    return parts


def _short(value: float) -> str:
    """A number for a narrow margin: 0.25, 1500, 2.5e14."""
    text = f"{value:.4g}"
    mantissa, _, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if power else text


def _line(
    x: float,
    points: Sequence[tuple[float, float]],
    across: _Axis,
    up: _Axis,
    colour: str,
    faint: bool,
) -> list[str]:
    places = [
        (x + across.place(a) * PANEL_WIDTH, TOP + (1 - up.place(b)) * PANEL_HEIGHT)
        for a, b in points
    ]
    if not places:
        return []
    dots = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    opacity = ' stroke-opacity="0.55"' if faint else ""
    last_x, last_y = places[-1]
    return [
        f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="2" '
        f'stroke-linejoin="round" stroke-linecap="round"{opacity}/>',
        f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="3" fill="{colour}"'
        f"{' fill-opacity=' + chr(34) + '0.55' + chr(34) if faint else ''}/>",
    ]


def _key(curves: Sequence[Curve], colour: dict[str, str], by_run: bool) -> list[str]:
    """The labels below the panels, each with its last loss and accuracy."""
    labels = list(dict.fromkeys(curve.label for curve in curves))
    parts = []
    for place, label in enumerate(labels):
        own = [curve for curve in curves if curve.label == label]
        last = {curve.panel: curve.points[-1][1] for curve in own if curve.points}
        text = label
        if "loss" in last:
            text += f" · loss {last['loss']:.3g}"
        if "accuracy" in last:
            text += f" · {last['accuracy'] * 100:.2f} %"
        x = LEFT + (place % 2) * (PANEL_WIDTH + GAP)
        y = TOP + PANEL_HEIGHT + 64 + place // 2 * 18
        shade = colour[_group(own[0], by_run)]
        opacity = ' stroke-opacity="0.55"' if own[0].faint else ""
        parts.append(
            f'<line x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}" stroke="{shade}" '
            f'stroke-width="3" stroke-linecap="round"{opacity}/>'
            f'<text x="{x + 30}" y="{y}" fill="#1f2328">{escape(text)}</text>'
        )
    return parts


def _axis(low: float, high: float, *, percent: bool) -> _Axis:
    """An axis over round numbers; an accuracy's never leaves 0 to 1."""
    if high - low < 1e-9:
        pad = abs(high) * 0.1 or 0.1
        low, high = low - pad, high + pad
    step = _round_step((high - low) / 5)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    if percent:
        bottom, top = max(0.0, bottom), min(1.0, top)
    elif low >= 0:
        bottom = max(0.0, bottom)
    count = round((top - bottom) / step)
    ticks = tuple(bottom + step * i for i in range(count + 1) if bottom + step * i <= top + 1e-12)
    return _Axis(bottom, top, ticks)


def _whole_axis(low: float, high: float) -> _Axis:
    """An axis whose ticks are whole numbers, from the first to the last epoch."""
    if high <= low:
        return _Axis(low - 0.5, low + 0.5, (low,))
    step = max(1, round(_round_step((high - low) / 6)))
    first = math.ceil(low / step) * step
    ticks = [float(tick) for tick in range(first, math.floor(high) + 1, step)]
    if not ticks or ticks[0] - low > step * 0.5:
        ticks.insert(0, low)
    return _Axis(low, high, tuple(ticks))


def _round_step(rough: float) -> float:
    """The nearest of 1, 2, 2.5, 5 and 10 times a power of ten that is not below ``rough``."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
