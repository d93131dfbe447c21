"""A confusion matrix as an SVG picture, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

TEXT_CLASSES = 30  # with more, a cell is too small for its number
NAMED_CLASSES = 60  # with more, a row is too thin for its name


def draw_confusion(classes: Sequence[str], counts: Sequence[Sequence[int]], *, title: str) -> str:
    """Rows are the true classes; a cell is the darker, the more of its row it holds.

    The diagonal, which is right, is blue; everything else is orange.
    """
    size = len(classes)
    cell = max(4, min(44, 700 // max(1, size)))
    named = size <= NAMED_CLASSES
    longest = max((len(name) for name in classes), default=0) if named else 0
    font = max(7, min(12, cell - 2))
    left = 44 + min(180, int(longest * font * 0.6))
    top = 64 + min(150, int(longest * font * 0.6))
    side = size * cell
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + side + 24} '
        f'{top + side + 44}" font-family="system-ui, Helvetica, Arial, DejaVu Sans, sans-serif" '
        f'font-size="{font}">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="24" y="28" font-size="16" font-weight="600" fill="#1f2328">'
        f"{escape(title)}</text>",
    ]
    for i, row in enumerate(counts):
        total = sum(row)
        y = top + i * cell
        for j, count in enumerate(row):
            share = count / total if total else 0.0
            x = left + j * cell
            shade = _shade(share, right=i == j)
            told = f"{classes[i]} taken for {classes[j]}: {count:,} of {total:,}"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" fill="{shade}" '
                f'stroke="#ffffff" stroke-width="{1 if cell > 8 else 0}">'
                f"<title>{escape(told)}</title></rect>"
            )
            if count and size <= TEXT_CLASSES:
                ink = "#ffffff" if share > 0.55 else "#1f2328"
                small = min(font, cell * 1.5 / max(1, len(str(count))))
                parts.append(
                    f'<text x="{x + cell / 2:.1f}" y="{y + cell / 2 + small / 3:.1f}" '
                    f'text-anchor="middle" font-size="{small:.1f}" fill="{ink}" '
                    f'pointer-events="none">{count}</text>'
                )
        if named:
            parts.append(_name(classes[i], left - 8, y + cell / 2 + font / 3))
            middle = left + i * cell + cell / 2 + font / 3
            turned = f"rotate(-90 {middle:.1f} {top - 8})"
            parts.append(_name(classes[i], middle, top - 8, anchor="start", turned=turned))
    middle = top + side / 2
    parts.append(
        f'<text x="16" y="{middle}" text-anchor="middle" fill="#59636e" '
        f'transform="rotate(-90 16 {middle})">true class</text>'
        f'<text x="{left + side / 2}" y="{top + side + 24}" text-anchor="middle" '
        'fill="#59636e">taken for</text>'
    )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _shade(share: float, *, right: bool) -> str:
    full = (0, 90, 160) if right else (203, 76, 0)
    empty = (245, 246, 248)
    # A square root lifts the few wrong ones out of the background, where they matter most.
    strength = share if right else share**0.5
    mixed = (round(e + (f - e) * strength) for e, f in zip(empty, full, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _name(text: str, x: float, y: float, *, anchor: str = "end", turned: str = "") -> str:
    short = text if len(text) <= 26 else text[:25] + "…"
    transform = f' transform="{turned}"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#1f2328"{transform}>'
        f"{escape(short)}</text>"
    )
