"""The real images: 60,000 JPEG files, where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data

HOME = os.environ.get("NETSPEC_CIFAR10_JPEG")
pytestmark = pytest.mark.skipif(
    HOME is None, reason="NETSPEC_CIFAR10_JPEG names no folder with the JPEG files of CIFAR-10"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETSPEC_CACHE", str(tmp_path_factory.mktemp("jpeg")))
        recipe = recipe_from({"data": {"dataset": "CIFAR10"}})
        return open_data(recipe, (3, 32, 32), num_classes=10, root=Path(str(HOME)))


def test_all_files_are_found(data: Data) -> None:
    assert (data.info.num_train, data.info.num_test) == (50_000, 10_000)
    assert data.info.classes[:3] == ("airplane", "automobile", "bird")


def test_pixels_are_pillows(data: Data) -> None:
    paths = sorted(Path(str(HOME), "test").glob("*/*.jpg"))
    std, mean = (torch.tensor(v)[:, None, None] for v in (data.info.std, data.info.mean))
    place = 0
    for batch in data.batches("test", batch_size=500):
        for image in batch.images[::100]:
            pixels = np.asarray(Image.open(paths[place]).convert("RGB"))
            shown = ((image * std + mean) * 255).round().to(torch.uint8).permute(1, 2, 0)
            assert torch.equal(shown, torch.from_numpy(pixels.copy())), paths[place]
            place += 100


def test_the_mean_and_the_standard_deviation_are_near_the_published_ones(data: Data) -> None:
    # Of the lossless originals: 0.4914, 0.4822, 0.4465 and 0.2470, 0.2435, 0.2616.
    assert data.info.mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=0.001)
    assert data.info.std == pytest.approx((0.2470, 0.2435, 0.2616), abs=0.003)
