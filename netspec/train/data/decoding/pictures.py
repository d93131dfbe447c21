"""Single images, prepared as evaluation prepares them, for prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.train.data.augment.augmentation import Augmentation
from netspec.train.data.decoding.decode import UnreadableImage, read_image
from netspec.train.data.preparation import Preparation
from netspec.train.errors import TrainError


@dataclass(frozen=True)
class Pictures:
    """How single images of any size become what a network of `input_shape` takes.

    Each is brought to `resize` (height, width), or to the network's input where that is None, and
    its middle taken. `mean` and `std` are by channel, or one for all, for pixels from 0 to 1.
    """

    input_shape: tuple[int, int, int]
    mean: Sequence[float]
    std: Sequence[float]
    resize: tuple[int, int] | None
    device: torch.device

    def __post_init__(self) -> None:
        """Raise TrainError where no image can become what the network takes."""
        channels = self.input_shape[0]
        if channels not in (1, 3):
            raise TrainError(
                f"an image has 1 channel or 3, and the network takes {channels}",
                "only a network from grey images or from red, green and blue can predict images",
            )
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, channels):
                raise TrainError(
                    f"there are {counted(len(values), 'value')} of `{name}` for "
                    f"{counted(channels, 'channel')}",
                    "give one for each channel, or one for all",
                )

    def read(self, source: Path | BinaryIO) -> Tensor:
        """One image → float32 [*input_shape], normalised, on the device.

        Raises UnreadableImage, whose message is the reason.
        """
        size = (self.input_shape[1], self.input_shape[2])
        means, stds = (
            torch.tensor([255 * v for v in values], dtype=torch.float32, device=self.device)
            for values in (self.mean, self.std)
        )
        prepare = Preparation(self.resize or size, size, Augmentation((), 0), means, 1 / stds)
        pixels = torch.tensor(read_image(source, self.input_shape[0]), device=self.device)
        prepared, _ = prepare(pixels[None], torch.zeros(1, dtype=torch.int64), None, 0)
        return prepared[0]


def load_images(
    paths: Sequence[Path],
    input_shape: tuple[int, int, int],
    *,
    mean: Sequence[float],
    std: Sequence[float],
    resize: tuple[int, int] | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Images of any size → float32 [count, *input_shape]; see `Pictures`.

    Raises TrainError for a file that is no image.
    """
    target = device or torch.device("cpu")
    pictures = Pictures(input_shape, mean, std, resize, target)
    read = []
    for path in paths:
        try:
            read.append(pictures.read(path))
        except UnreadableImage as error:
            raise TrainError(
                f"`{path}` is no image that can be read: {error}", "name files that hold an image"
            ) from error
    return torch.stack(read) if read else torch.empty((0, *input_shape), device=target)
