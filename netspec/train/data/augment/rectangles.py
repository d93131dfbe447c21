"""Rectangles of random area and shape, drawn until one fits, as torchvision draws them."""

import math

import torch
from torch import Tensor

from netspec.train.data.augment.counter_rng import uniform


def drawn_shapes(
    drawn: Tensor,
    size: tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float],
    *,
    strictly: bool = False,
) -> tuple[Tensor, Tensor]:
    """Each image's rectangle, int64 [batch, 2] (height, width), and whether any draw fitted.

    `drawn` is int64 [batch, 20]: ten pairs of draws for the share of the area, between the two of
    `scale`, and for width over height, between the two of `ratio` and even in its logarithm.
    `strictly`: a rectangle must be smaller than the image on both sides.
    """
    numbers = uniform(drawn).view(len(drawn), 10, 2)
    area = (numbers[..., 0] * (scale[1] - scale[0]) + scale[0]) * (size[0] * size[1])
    low, high = math.log(ratio[0]), math.log(ratio[1])
    shape = (numbers[..., 1] * (high - low) + low).exp()
    heights = (area / shape).sqrt().round().to(torch.int64)
    widths = (area * shape).sqrt().round().to(torch.int64)
    most = (size[0] - strictly, size[1] - strictly)
    fits = (heights > 0) & (widths > 0) & (heights <= most[0]) & (widths <= most[1])
    first = fits.to(torch.int8).argmax(1, keepdim=True)
    shapes = torch.cat([heights.gather(1, first), widths.gather(1, first)], dim=1)
    return shapes, fits.any(1)
