"""The exact mean and standard deviation of uint8 images."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch import Tensor


def mean_and_std(batches: Iterable[Tensor]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation by channel of pixels from 0 to 1.

    `batches` are uint8 [count, channels, …]. Sums are whole numbers, so that neither the order nor
    the size of the batches matters. A channel of one value has a standard deviation of 1 here, as
    images are divided by it.
    """
    count, sums, squares = 0, [], []
    for batch in batches:
        values = batch.transpose(0, 1).flatten(1)
        counts = [channel.bincount(minlength=256).tolist() for channel in values]
        if not count:
            sums, squares = [0] * len(counts), [0] * len(counts)
        count += values.shape[1]
        for place, histogram in enumerate(counts):
            sums[place] += sum(level * number for level, number in enumerate(histogram))
            squares[place] += sum(level**2 * number for level, number in enumerate(histogram))
    mean = tuple(total / (count * 255) for total in sums)
    std = tuple(
        math.sqrt(count * square - total**2) / (count * 255)
        for total, square in zip(sums, squares, strict=True)
    )
    return mean, tuple(deviation or 1.0 for deviation in std)
