"""How the reference reads entries: which are sequences, what they name, and their copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reference_values import Env, evaluated

from netspec.compiler.language.document import MARKS, MODIFIERS


def op_of(entry: Any, env: Env) -> str:
    """What an entry names as its layer."""
    if isinstance(entry, str):
        return str(evaluated(entry, env))
    if "repeat" in entry:
        return ""
    heads = [k for k in entry if k not in MODIFIERS]
    return str(evaluated(heads[0], env)) if heads else ""


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def is_sequence(entry: Any) -> bool:
    if isinstance(entry, dict):
        return not any(k in MARKS or k[:1].isupper() or k[:1] == "$" for k in entry)
    return isinstance(entry, list)


def is_group(entry: Any) -> bool:
    """Whether an entry is a sequence, also with a word for it, which hands on what it is fed."""
    if is_sequence(entry):
        return True
    return (
        isinstance(entry, dict)
        and "branches" not in entry
        and bool({"layers", "Sequential"} & {*entry})
    )


def as_sequence(entry: Any) -> Any:
    return entry if is_sequence(entry) else [entry]


def named(entry: Any) -> Iterator[tuple[str, Any]]:
    yield from (entry.items() if isinstance(entry, dict) else (("", child) for child in entry))


def spread(branches: Any, env: Env) -> Iterator[tuple[str, Any, Env]]:
    """Every branch with its key and what it sees, those of `each` one by one."""
    for key, entry in named(branches):
        if isinstance(entry, dict) and not is_sequence(entry) and "each" in entry:
            body = {k: v for k, v in entry.items() if k != "each"}
            for inner in copies(entry["each"], env):
                yield key, body, inner
        else:
            yield key, entry, env


def copies(loop: Any, env: Env) -> Iterator[Env]:
    if isinstance(loop, dict):
        ((variable, values),) = loop.items()
        items = evaluated(values, env)
        for i, value in enumerate(range(items) if isinstance(items, int) else items):
            yield {**env, "index": i, variable: value}
    else:
        for i in range(evaluated(loop, env)):
            yield {**env, "index": i}
