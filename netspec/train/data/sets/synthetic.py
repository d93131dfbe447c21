"""Learnable data of any shape, made on the spot, so that any spec trains anywhere.

Each class has a smooth pattern of its own, and an image is its class's pattern under noise. Where
the network answers for every pixel, an image is a map of patches of several classes and the target
is the map.
"""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor
from torch.nn import functional

from netspec.train.data.arrays import Arrays, Part
from netspec.train.data.augment.counter_rng import LABELS, PIXELS, below, draws, uniform

_NOISE = 1 << 18
"""Bytes of noise that all images share, each from a place of its own: fresh noise is slow."""


def synthetic_arrays(
    input_shape: tuple[int, ...], output_shape: tuple[int, ...], samples: int
) -> Arrays:
    """`samples` training and a quarter as many test images of `input_shape` (channels first).

    `output_shape` is (classes,), or (classes, height, width) for a map a pixel. The same shapes
    give the same data, whatever the seed of the run.
    """
    classes = max(output_shape[0], 2)
    counts = {"train": samples, "test": max(samples // 4, 1)}
    total = sum(counts.values())
    index = torch.arange(total)
    if len(output_shape) > 1:
        images, labels = _maps(input_shape, output_shape, classes, index)
    else:
        labels = below(draws(0, 0, LABELS, index, 1)[:, 0], classes)
        images = _noisy_(_patterns(input_shape, classes)[labels])
    first = counts["train"]
    shape = (input_shape, output_shape, samples)
    return Arrays(
        "synthetic",
        tuple(f"class {number}" for number in range(classes)),
        {
            "train": Part(images[:first], labels[:first]),
            "test": Part(images[first:], labels[first:]),
        },
        hashlib.sha256(f"synthetic 1 {shape}".encode()).hexdigest(),
    )


def _smooth(index: Tensor, shape: tuple[int, ...], coarse: int, salt: int) -> Tensor:
    """Smooth fields, float32 [len(index), *shape] of 0 to 1: coarse random grids, interpolated."""
    channels, extent = shape[0], shape[1:]
    grid = tuple(min(coarse, length) for length in extent)
    cells = channels * math.prod(grid)
    fields = uniform(draws(salt, 0, PIXELS, index, cells)).view(len(index), channels, *grid)
    if grid == extent:
        return fields
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    return functional.interpolate(fields, extent, mode=modes[len(extent)], align_corners=False)


def _patterns(shape: tuple[int, ...], classes: int) -> Tensor:
    """A pattern for each class: uint8 [classes, *shape] of 48 to 143."""
    patterns = torch.empty((classes, *shape), dtype=torch.uint8)
    for first in range(0, classes, 64):  # a thousand classes at once would fill the memory
        several = torch.arange(first, min(first + 64, classes))
        patterns[several] = (48 + _smooth(several, shape, 4, salt=1) * 95).to(torch.uint8)
    return patterns


def _noisy_(images: Tensor) -> Tensor:
    """Noise of 0 to 64 added in place: it nearly drowns a pixel, but not a pattern."""
    flat = images.view(len(images), -1)
    values = flat.shape[1]
    noise = below(draws(2, 0, PIXELS, torch.arange(_NOISE // 64), 64).flatten(), 65)
    noise = noise.to(torch.uint8).repeat(-(-(values + _NOISE) // _NOISE))
    starts = below(draws(3, 0, PIXELS, torch.arange(len(images)), 1)[:, 0], _NOISE)
    for image, start in zip(flat, starts.tolist(), strict=True):
        image += noise[start : start + values]
    return images


def _maps(
    input_shape: tuple[int, ...], output_shape: tuple[int, ...], classes: int, index: Tensor
) -> tuple[Tensor, Tensor]:
    """Images of patches, each patch in its class's level, and the map of classes, uint8."""
    extent = output_shape[1:]
    chunks = (index[first : first + 64] for first in range(0, len(index), 64))
    fields = (_smooth(chunk, (classes, *extent), 3, salt=4) for chunk in chunks)
    masks = torch.cat([field.argmax(1) for field in fields])
    levels = uniform(draws(5, 0, PIXELS, torch.arange(classes), input_shape[0]))
    levels = (32 + levels * 120).to(torch.uint8)
    shown: Tensor = masks
    if extent != input_shape[1:]:
        resized = functional.interpolate(masks[:, None].float(), input_shape[1:], mode="nearest")
        shown = resized[:, 0].to(torch.int64)
    images = _noisy_(levels[shown].movedim(-1, 1).contiguous())
    return images, masks.to(torch.uint8 if classes <= 256 else torch.int16)
