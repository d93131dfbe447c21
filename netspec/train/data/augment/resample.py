"""Transforms of a whole batch that make pixels between pixels: resize, resized crop, rotation."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Images [batch, channels, height, width] of any type → float32 of `size`, smoothed."""
    images = images.to(torch.float32)
    if images.shape[2:] == size:
        return images
    shrinks = size[0] < images.shape[2] or size[1] < images.shape[3]
    return functional.interpolate(
        images, size, mode="bilinear", align_corners=False, antialias=shrinks
    )


def resized_boxes(
    images: Tensor, start: Tensor, extent: Tensor, size: tuple[int, int], antialias: bool
) -> Tensor:
    """Each image's own box, resized to `size`.

    `images` are float32 [batch, channels, height, width]; `start` and `extent` are float32
    [batch, 2], the box's corner and its height and width in pixels. A resize along one axis is a
    product with a matrix of weights, so that the two axes are two batched products.
    """
    rows = _weights(start[:, 0], extent[:, 0], images.shape[2], size[0], antialias)
    columns = _weights(start[:, 1], extent[:, 1], images.shape[3], size[1], antialias)
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3)


def _weights(start: Tensor, extent: Tensor, source: int, target: int, antialias: bool) -> Tensor:
    """Bilinear weights [batch, target, source] of a box; a triangle as wide as the shrinking.

    As Pillow and torch do it, the triangle is cut at the box's edges and normalised to a sum of 1.
    """
    device = start.device
    scale = (extent / target)[:, None, None]
    support = scale.clamp(min=1.0) if antialias else torch.ones_like(scale)
    centres = (torch.arange(target, device=device) + 0.5)[None, :, None] * scale
    places = (torch.arange(source, device=device) + 0.5)[None, None, :] - start[:, None, None]
    inside = (places > 0) & (places < extent[:, None, None])
    weights = (1 - (places - centres).abs() / support).clamp(min=0) * inside
    return weights / weights.sum(2, keepdim=True)


def nearest_boxes(start: Tensor, extent: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Rows [batch, size[0]] and columns [batch, size[1]] of the pixels nearest to each box's."""
    maps = []
    for axis in (0, 1):
        steps = (torch.arange(size[axis], device=start.device) + 0.5) / size[axis]
        places = start[:, axis, None] + (steps * extent[:, axis, None]).floor()
        maps.append(places.to(torch.int64))
    return maps[0], maps[1]


def turned(
    images: Tensor,
    degrees: Tensor,
    shift: Tensor,
    scale: Tensor,
    shear: Tensor,
    fill: Tensor,
    interpolation: str,
) -> Tensor:
    """Float32 images [batch, channels, height, width] turned about their centre.

    `degrees`, `scale` and `shear` (along x, in degrees) are [batch], `shift` is [batch, 2] in
    pixels to the right and down, `fill` is [channels]. Positive angles turn as torchvision's
    `RandomAffine` does; there as here the matrix is that of the way back, target to source.
    """
    height, width = images.shape[2:]
    turn, slant = degrees * (math.pi / 180), shear * (math.pi / 180)
    cos, sin, tan = turn.cos(), turn.sin(), slant.tan()
    # Forward: scale · rotation · shear; its inverse, with y down:
    a, b = (cos - tan * sin) / scale, (sin + tan * cos) / scale
    c, d = -sin / scale, cos / scale
    x, y = shift[:, 0], shift[:, 1]
    half_width, half_height = width / 2, height / 2
    # torch's grid runs from -1 to 1 over each axis, whatever the axis' length.
    across = torch.stack([a, b * half_height / half_width, -(a * x + b * y) / half_width], dim=1)
    along = torch.stack([c * half_width / half_height, d, -(c * x + d * y) / half_height], dim=1)
    grid = functional.affine_grid(
        torch.stack([across, along], dim=1), list(images.shape), align_corners=False
    )
    # The sampler pads with zeros: shift the fill value there and back.
    base = fill.to(images.dtype)[:, None, None]
    sampled = functional.grid_sample(
        images - base, grid, mode=interpolation, padding_mode="zeros", align_corners=False
    )
    return sampled + base
