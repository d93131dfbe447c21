"""Every spec of the repository, right and wrong, and every `yaml` sample of its documents."""

from __future__ import annotations

import re
from pathlib import Path

from netspec.recipe import samples

ROOT = Path(__file__).parent.parent
_FENCED = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FOLDERS = ("specs", "examples", "tests/errors", "tests/habits")
_PAGES = ("README.md", "docs/*.md", "netspec/pages/*.md")


def files() -> list[Path]:
    """The specs that are files."""
    return [path for folder in _FOLDERS for path in sorted((ROOT / folder).rglob("*.yaml"))]


def texts() -> list[str]:
    """All of them as text, in an order that does not change."""
    found = [path.read_text(encoding="utf-8", errors="surrogateescape") for path in files()]
    for pattern in _PAGES:
        for page in sorted(ROOT.glob(pattern)):
            found += [_whole(sample) for sample in _FENCED.findall(page.read_text("utf-8"))]
    found += [_whole(samples.sample(name)) for name in (*samples._TRAIN, *samples._WHOLE)]
    return found


def _whole(sample: str) -> str:
    """The sample with what a spec needs and it leaves out."""
    if re.search(r"^netspec:", sample, re.MULTILINE):
        return sample
    more = "" if "input:" in sample else "input: [3, 32, 32]\n"
    more += "" if "layers:" in sample else "layers: [Flatten, Linear: 10]\n"
    return f"netspec: 1\n{more}{sample}"
