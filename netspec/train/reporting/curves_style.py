"""How runs are told apart in one picture: each has a colour and a marker of its own."""

from __future__ import annotations

from dataclasses import dataclass

# Colours that people who see red and green alike can tell apart (Okabe and Ito's set, without the
# yellow, which is too faint on white).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
SHAPES = ("circle", "square", "triangle", "diamond", "wedge")
# Seven colours and five markers have no common divisor: 35 runs pass before a pair comes again.

_PATHS = {
    "square": "M-3.6 -3.6h7.2v7.2h-7.2z",
    "triangle": "M0 -4.8L4.6 3.4H-4.6z",
    "diamond": "M0 -5.2L5.2 0L0 5.2L-5.2 0z",
    "wedge": "M0 4.8L4.6 -3.4H-4.6z",
}


@dataclass(frozen=True)
class Style:
    """A run's colour, and its marker; a run alone has none."""

    colour: str
    shape: str | None


def style_of(place: int, *, alone: bool = False) -> Style:
    """The style of the run at ``place``, from 0."""
    shape = None if alone else SHAPES[place % len(SHAPES)]
    return Style(COLOURS[place % len(COLOURS)], shape)


def marker(shape: str | None, x: float, y: float, colour: str, *, hollow: bool = False) -> str:
    """A marker at a place, in pixels; without a shape, a dot."""
    fill = f'fill="#ffffff" stroke="{colour}" stroke-width="1.6"' if hollow else f'fill="{colour}"'
    if shape in (None, "circle"):
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{4 if shape else 3}" {fill}/>'
    return f'<path d="{_PATHS[str(shape)]}" transform="translate({x:.1f} {y:.1f})" {fill}/>'
