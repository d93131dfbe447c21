"""A test part out of data that have none: the same whatever the seed."""

from collections.abc import Sequence
from typing import Final

from netspec.train.data.augment.counter_rng import TEST, permutation

TEST_SHARE: Final = 0.2
"""Share of each class that becomes the test part of data without one."""


def held_out(labels: Sequence[int], classes: int) -> list[int]:
    """The places that are held out: of each class the first of a fixed order."""
    order = permutation(0, 0, TEST, len(labels)).tolist()
    test: list[int] = []
    for label in range(classes):
        mine = [place for place in order if labels[place] == label]
        test += mine[: round(len(mine) * TEST_SHARE)]
    return test
