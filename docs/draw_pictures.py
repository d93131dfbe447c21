"""Draw the pictures of README.md from what the commands really print: `make docs`.

`summary.svg` is a terminal with the output of `netspec summary`; `curves.svg` is the picture that a
training run of `specs/resnet-digits.yaml` leaves in its folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"

# Sizes in pixels; a character cell is fixed, so that columns align in whatever font there is.
CELL, LINE, MARGIN, BAR = 7.8, 18, 16, 30
INK, FAINT, GROUND, PROMPT = "#e6edf3", "#8b949e", "#161b22", "#7ee787"


def netspec(*arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "netspec", *arguments],
        cwd=ROOT,
        env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "NO_COLOR": "1"},
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    return done.stdout.rstrip("\n")


def terminal(command: str, printed: str) -> str:
    """An SVG picture of a terminal in which `command` was run and gave `printed`."""
    lines = [f"$ {command}", *printed.split("\n")]
    width = round(max(map(len, lines)) * CELL + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN + BAR
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" '
        'font-size="13">',
        f"<title>{escape(command)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{GROUND}"/>',
    ]
    for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        parts.append(f'<circle cx="{MARGIN + 6 + 18 * i}" cy="18" r="5.5" fill="{colour}"/>')
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        y = BAR + MARGIN + LINE * row + 12
        ruled = set(line) == {"─"}
        colour = PROMPT if row == 0 else FAINT if ruled else INK
        if ruled:  # one line, since a font may leave gaps between the characters of a rule
            end = MARGIN + len(line) * CELL
            parts.append(
                f'<line x1="{MARGIN}" y1="{y - 4}" x2="{end:.1f}" y2="{y - 4}" stroke="{FAINT}"/>'
            )
            continue
        indent = len(line) - len(line.lstrip())
        text = line.strip()
        parts.append(
            f'<text x="{MARGIN + indent * CELL:.1f}" y="{y}" fill="{colour}" '
            f'textLength="{len(text) * CELL:.1f}" xml:space="preserve">{escape(text)}</text>'
        )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write both pictures."""
    IMAGES.mkdir(exist_ok=True)
    command = ("summary", "specs/resnet18.yaml", "--depth", "1")
    picture = terminal("netspec " + " ".join(command), netspec(*command))
    (IMAGES / "summary.svg").write_text(picture, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        print(netspec("train", "specs/resnet-digits.yaml", "--run-dir", folder))
        (drawn,) = Path(folder).glob("resnet-digits/*/curves.svg")
        shutil.copy(drawn, IMAGES / "curves.svg")


if __name__ == "__main__":
    main()
