"""Which classes are taken for which, out of a confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import NamedTuple

COHESION = 1 / 3
"""Two groups join by a tie if the mean tie between them is at least this share of it."""


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
    found = sorted(
        _wrong(counts, most), key=lambda pair: (-pair.share, -pair.wrong, pair.true, pair.taken)
    )
    return found[:most]


def confused_groups(
    counts: Sequence[Sequence[int]], groups: int, largest: int
) -> list[tuple[int, ...]]:
    """Disjoint groups of classes that are taken for each other, the most confused first.

    The strongest ties join first, in either direction together, where a group stays within
    `largest` classes and the rest of the two is tied too (`COHESION`). Of a class's ties, those to
    the `largest` others that it is most often taken for may join: in a matrix without zeros the
    rest are too many, and too weak.
    """
    totals = [sum(row) for row in counts]

    def tie(a: int, b: int) -> float:
        return sum(counts[i][j] / totals[i] for i, j in ((a, b), (b, a)) if totals[i])

    pairs = {(min(pair[:2]), max(pair[:2])) for pair in _wrong(counts, largest)}
    ties = {pair: tie(*pair) for pair in pairs}
    member: dict[int, list[int]] = {}
    for a, b in sorted(ties, key=lambda key: (-ties[key], key)):
        one, other = member.setdefault(a, [a]), member.setdefault(b, [b])
        if one is other or len(one) + len(other) > largest:
            continue
        between = sum(tie(i, j) for i in one for j in other) / (len(one) * len(other))
        if between >= COHESION * ties[a, b]:
            one += other
            member.update(dict.fromkeys(other, one))
    joined = {tuple(sorted(group)) for group in member.values() if len(group) > 1}
    strength = {
        group: sum(tie(a, b) for place, a in enumerate(group) for b in group[:place])
        for group in joined
    }
    return sorted(strength, key=lambda group: (-strength[group], group))[:groups]


def _wrong(counts: Sequence[Sequence[int]], most: int) -> Iterator[Pair]:
    """Each class with the `most` others, at the most, that it was most often taken for."""
    for true, row in enumerate(counts):
        others = ((-count, taken) for taken, count in enumerate(row) if count and taken != true)
        strongest = nsmallest(most, others)
        total = sum(row)
        yield from (Pair(true, taken, -count, total) for count, taken in strongest)
