"""Blocks that use themselves: what shows that one never ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from netspec.compiler.language.env import Env
from netspec.compiler.language.expression import InputShape
from netspec.counted import counted
from netspec.diagnostics import Span

_SHOWN: Final = 6
HINT: Final = "a network is finite: use `repeat`, or end it by an `if` that becomes false"


Use = tuple[str, Env, Span]
"""A block that is being expanded: its name, what its expressions see, where it is used."""


def endless(within: Sequence[Use], block: str, env: Env) -> bool:
    """Whether the innermost use of this block around has all that this one has.

    Its parameters and its inputs' shapes are all that a block sees, so that it comes here again.
    """
    for name, seen, _ in reversed(within):
        if name == block:
            return env.keys() == seen.keys() and all(
                _same(value, seen[key]) for key, value in env.items()
            )
    return False


def again(within: Sequence[Use]) -> Use | None:
    """The innermost use of a block within itself, or None."""
    for place in range(len(within) - 1, 0, -1):
        use = within[place]
        if any(block == use[0] for block, _, _ in within[:place]):
            return use
    return None


def chain(blocks: Sequence[str]) -> str:
    """The blocks within one another, from the outermost: as many as are ever shown."""
    more = [f"… ({counted(len(blocks), 'level')})"] if len(blocks) > _SHOWN else []
    return " → ".join([*blocks[:_SHOWN], *more])


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, InputShape) and isinstance(b, InputShape):
        return a.shape == b.shape
    return a is b or (type(a) is type(b) and repr(a) == repr(b))
