"""What the values of a spec's expressions may cost, counted as they are worked out."""

from __future__ import annotations

from typing import Any, Final

MAX_WORK: Final = 1_000_000
"""Steps that the expressions, lists and layers of a spec may take, over every copy."""
LAYER: Final = 20
"""Steps of a layer, a copy, or a use of a block."""
_CHARACTERS: Final = 16
"""Characters of a word that are one step."""


_HOLDS = (list, tuple, dict)


class TooMuchWork(Exception):
    """Raised where the steps are used up."""


class Work:
    """The steps that are left; each name, number, operator and item of a list is one."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_WORK) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Use steps. Raises `TooMuchWork` where there are no more."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchWork

    @property
    def overspent(self) -> bool:
        """Whether more steps were used than there were."""
        return self.left < 0


def weight(value: Any) -> int:
    """The steps of a value: the items of a list or a mapping with all that is in those."""
    if isinstance(value, str):
        return len(value) // _CHARACTERS
    if not isinstance(value, _HOLDS):
        return 0
    count, todo = 0, [value]
    while todo:
        items = todo.pop()
        count += len(items)
        inner = items.values() if isinstance(items, dict) else items
        todo += [item for item in inner if isinstance(item, _HOLDS)]
    return count
