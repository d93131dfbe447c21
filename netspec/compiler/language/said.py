"""A value as findings quote it: in the words in which YAML would have it."""

from __future__ import annotations

from typing import Any

LONGEST = 60


def said(value: Any) -> str:
    """A value within a sentence, in backticks: `` `[3, 5]` ``, `` `true` ``; `nothing` for null."""
    return "nothing" if value is None else f"`{written(value)}`"


def written(value: Any) -> str:
    """A value as YAML's flow style has it, cut where it is long."""
    text = flow(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "…"


def flow(value: Any) -> str:
    """A value as YAML's flow style has it; a word in one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{_joined(flow(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{_joined(f'{key}: {flow(item)}' for key, item in value.items())}}}"
    return " ".join(str(value).split()) if isinstance(value, str) else str(value)


def _joined(items: Any) -> str:
    """The items between commas, as many as are ever shown."""
    shown: list[str] = []
    for item in items:
        shown.append(item)
        if sum(map(len, shown)) > LONGEST:
            break
    return ", ".join(shown)
