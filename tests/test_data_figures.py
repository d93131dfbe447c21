"""Figures that the input path rests on: statistics, room in memory, the scale of a JPEG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, JpegImagePlugin

from netspec.train.data import room
from netspec.train.data.decoding import decode
from netspec.train.data.statistics import mean_and_std

CPU = torch.device("cpu")


def test_mean_and_deviation_are_those_of_all_pixels_whatever_the_batches() -> None:
    images = torch.randint(0, 256, (20, 3, 5, 4), dtype=torch.uint8)
    pixels = images.double() / 255
    for parts in ([20], [7, 13], [1] * 20):
        mean, std = mean_and_std(torch.split(images, parts))
        assert mean == pytest.approx(pixels.mean((0, 2, 3)).tolist(), rel=1e-12)
        assert std == pytest.approx(pixels.std((0, 2, 3), unbiased=False).tolist(), rel=1e-9)


def test_a_channel_of_one_value_is_divided_by_one() -> None:
    images = torch.randint(0, 256, (6, 3, 4, 4), dtype=torch.uint8)
    images[:, 1] = 51
    mean, std = mean_and_std([images])
    assert (mean[1], std[1]) == (0.2, 1.0)
    assert std[0] != 1.0
    assert std[2] != 1.0


@pytest.mark.parametrize(
    ("memory", "disk", "stays"),
    [(250, 1000, True), (249, 1000, False), (1000, 112, True), (1000, 111, False)],
)
def test_images_stay_in_memory_where_a_share_of_it_and_the_disk_hold_them(
    memory: int, disk: int, stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_memory", lambda device: memory)
    monkeypatch.setattr(room, "_free_disk", lambda: disk)
    assert room.fits(100, CPU) is stays  # 40 % of the memory, 90 % of the disk


def test_the_rest_of_the_memory_is_left_to_training() -> None:
    assert 0 < room.SHARE < 0.5


def photo(path: Path, size: tuple[int, int]) -> Path:
    """A smooth JPEG, on which half the pixels show what all of them do."""
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack(
        [255 * rows / height, 255 * columns / width, 128 + 100 * np.sin(columns / width * 6)], -1
    )
    Image.fromarray(image.astype(np.uint8)).save(path, quality=95)
    return path


@pytest.mark.parametrize("stored", [(64, 64), (200, 120), (320, 480), (1000, 700)])
def test_a_jpeg_is_decoded_at_no_less_than_twice_the_size_that_is_asked_for(
    stored: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, size = photo(tmp_path / "photo.jpg", stored), (32, 24)
    seen: list[tuple[int, int]] = []
    draft = JpegImagePlugin.JpegImageFile.draft

    def watched(self: Any, *arguments: Any) -> Any:
        result = draft(self, *arguments)
        seen.append((self.height, self.width))
        return result

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", watched)
    pixels = decode.read_image(path, 3, size, resize=True)
    assert pixels.shape == (3, *size)
    ((height, width),) = seen
    assert height >= min(stored[0], 2 * size[0])
    assert width >= min(stored[1], 2 * size[1])
    if stored == (1000, 700):  # an eighth of it is enough
        assert height < stored[0]
    whole = Image.open(path).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    apart = np.abs(pixels.astype(int) - np.asarray(whole).transpose(2, 0, 1).astype(int))
    assert apart.max() <= 4
