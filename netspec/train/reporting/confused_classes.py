"""Which classes are taken for which, out of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Pair(NamedTuple):
    """Labels of the class `true`, `total` in all, of which `wrong` were taken for `taken`."""

    true: int
    taken: int
    wrong: int
    total: int

    @property
    def share(self) -> float:
        """The share of the true class's labels."""
        return self.wrong / self.total


def confused_pairs(counts: Sequence[Sequence[int]], most: int) -> list[Pair]:
    """The pairs most often confused, by their share of the true class, then by their number."""
    found = _wrong(counts)
    found.sort(key=lambda pair: (-pair.share, -pair.wrong, pair.true, pair.taken))
    return found[:most]


def confused_groups(
    counts: Sequence[Sequence[int]], groups: int, largest: int
) -> list[tuple[int, ...]]:
    """Disjoint groups of classes that are taken for each other, the most confused first.

    The strongest ties join first, in either direction together, as long as a group stays within
    `largest` classes.
    """
    ties: dict[tuple[int, int], float] = {}
    for pair in _wrong(counts):
        key = (min(pair.true, pair.taken), max(pair.true, pair.taken))
        ties[key] = ties.get(key, 0.0) + pair.share
    member: dict[int, list[int]] = {}
    for a, b in sorted(ties, key=lambda key: (-ties[key], key)):
        one, other = member.setdefault(a, [a]), member.setdefault(b, [b])
        if one is not other and len(one) + len(other) <= largest:
            one += other
            member.update(dict.fromkeys(other, one))
    strength: dict[tuple[int, ...], float] = {}
    for (a, b), tie in ties.items():
        if member[a] is member[b]:
            group = tuple(sorted(member[a]))
            strength[group] = strength.get(group, 0.0) + tie
    return sorted(strength, key=lambda group: (-strength[group], group))[:groups]


def _wrong(counts: Sequence[Sequence[int]]) -> list[Pair]:
    """Every pair of a class and another that it was taken for."""
    found = []
    for true, row in enumerate(counts):
        total = sum(row)
        found += [
            Pair(true, taken, count, total)
            for taken, count in enumerate(row)
            if count and taken != true
        ]
    return found
