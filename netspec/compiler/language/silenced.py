"""The comment `# netspec: ignore[NS602]`, which silences a warning on its line."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r"#\s*netspec:\s*ignore\[([A-Z0-9,\s]+)\]")


def silenced(line: str) -> tuple[str, ...]:
    """The codes that a comment on the line silences; several stand between commas."""
    comment = _COMMENT.search(line)
    return () if comment is None else tuple(re.findall(r"[A-Z0-9]+", comment.group(1)))


def silencing(codes: set[str]) -> str:
    """The comment that silences the codes."""
    return f"# netspec: ignore[{', '.join(sorted(codes))}]"
