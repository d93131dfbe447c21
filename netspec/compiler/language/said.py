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


class Inexact(Exception):
    """A value that flow style cannot hold in one line."""


def exact(value: Any) -> str:
    """A value whole, as YAML reads it again, for a hint to offer. Raises `Inexact`."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(exact, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {exact(item)}' for key, item in value.items())}}}"
    if isinstance(value, str) and any(c in value for c in "[]{},:#\"'\n`"):
        if any(c in value for c in '"\\\n`'):
            raise Inexact
        return f'"{value}"'
    return flow(value)


def exact_choice(name: str, arguments: dict[str, Any], bare: str | None) -> str:
    """`SGD`, `SGD: 0.1` or `SGD: {lr: 0.1, momentum: 0.9}`. Raises `Inexact`."""
    if not arguments:
        return name
    alone = bare is not None and list(arguments) == [bare]
    return f"{name}: {exact(arguments[bare] if bare and alone else arguments)}"
