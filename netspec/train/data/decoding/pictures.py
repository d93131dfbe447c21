"""Single image files, prepared as evaluation prepares them, for prediction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from netspec.train.data.augment.augmentation import Augmentation
from netspec.train.data.decoding.decode import UnreadableImage, read_image
from netspec.train.data.preparation import Preparation
from netspec.train.errors import TrainError


def load_images(
    paths: Sequence[Path],
    input_shape: tuple[int, int, int],
    *,
    mean: Sequence[float],
    std: Sequence[float],
    resize: tuple[int, int] | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Images of any size → float32 [count, *input_shape], normalised, on the device.

    Each is brought to `resize`, or to the network's input where that is None, and its middle taken.
    `mean` and `std` are by channel, for pixels from 0 to 1. Raises TrainError for a file that is no
    image.
    """
    target = device or torch.device("cpu")
    size = (input_shape[1], input_shape[2])
    means, stds = (
        torch.tensor([255 * value for value in values], dtype=torch.float32, device=target)
        for values in (mean, std)
    )
    preparation = Preparation(resize or size, size, Augmentation((), 0), means, 1 / stds)
    prepared = []
    for path in paths:
        try:
            pixels = torch.tensor(read_image(path, input_shape[0]), device=target)
        except UnreadableImage as error:
            raise TrainError(
                f"`{path}` is no image that can be read: {error}", "name files that hold an image"
            ) from error
        label = torch.zeros(1, dtype=torch.int64)
        prepared.append(preparation(pixels[None], label, None, 0)[0])
    return torch.cat(prepared) if prepared else torch.empty((0, *input_shape), device=target)
