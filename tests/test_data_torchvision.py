"""torchvision's data sets, read from files in their real formats."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_sets import cifar10, idx

from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data
from netspec.train.errors import TrainError


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*arguments: object, **keywords: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)


def opened(name: str, root: Path, shape: tuple[int, ...], **data: Any) -> Data:
    recipe = recipe_from({"data": {"dataset": name, "normalize": "none"} | data})
    return open_data(recipe, shape, num_classes=10, root=root)


def pixels(data: Data, split: Any) -> torch.Tensor:
    batches = data.batches(split, batch_size=64, augment=False)
    return (torch.cat([batch.images for batch in batches]) * 255).round().to(torch.uint8)


def test_cifar10_is_read_from_its_python_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = torch.from_numpy(cifar10(tmp_path, monkeypatch))
    data = opened("CIFAR10", tmp_path, (3, 32, 32))
    assert (data.info.num_train, data.info.num_test) == (100, 20)
    assert data.info.classes[:2] == ("airplane", "automobile")
    assert torch.equal(pixels(data, "test"), expected[100:])


def test_a_second_opening_needs_neither_torchvision_nor_its_files_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cifar10(tmp_path, monkeypatch)
    first = opened("CIFAR10", tmp_path, (3, 32, 32))
    from torchvision import datasets

    monkeypatch.delattr(datasets, "CIFAR10")
    assert opened("CIFAR10", tmp_path, (3, 32, 32)).info == first.info


def test_damaged_batches_are_told_with_what_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cifar10(tmp_path, monkeypatch)
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"something else")
    with pytest.raises(TrainError) as caught:
        opened("CIFAR10", tmp_path, (3, 32, 32))
    assert caught.value.message.startswith(f"the files of `CIFAR10` in `{tmp_path}` could not be")
    assert "`cifar-10-python.tar.gz`" in (caught.value.hint or "")


@pytest.mark.parametrize("packed", [False, True], ids=["unpacked", "as downloaded"])
def test_fashion_mnist_is_read_from_its_idx_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    expected = idx(tmp_path, "FashionMNIST", packed=packed)
    from torchvision import datasets

    # The tiny archives have other checksums than the real ones.
    monkeypatch.setattr(
        datasets.FashionMNIST,
        "resources",
        [(name, None) for name, _ in datasets.FashionMNIST.resources],
    )
    data = opened("FashionMNIST", tmp_path, (1, 28, 28))
    assert (data.info.num_train, data.info.num_test) == (30, 10)
    assert data.info.classes[-1] == "ankle_boot"
    order = sorted(pixels(data, "train").flatten(1).tolist())
    assert order == sorted(torch.from_numpy(expected).flatten(1).tolist())


def test_one_channel_becomes_three_where_that_is_asked_for(tmp_path: Path) -> None:
    idx(tmp_path, "MNIST", packed=False)
    data = opened("MNIST", tmp_path, (3, 32, 32), channels=3, resize=32)
    batch = next(data.batches("train", batch_size=8))
    assert batch.images.shape == (8, 3, 32, 32)
    assert torch.equal(batch.images[:, 0], batch.images[:, 2])


def test_three_channels_become_one_as_pillow_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    colors = cifar10(tmp_path, monkeypatch)[100:]
    data = opened("CIFAR10", tmp_path, (1, 32, 32), channels=1)
    grey = [np.asarray(Image.fromarray(c.transpose(1, 2, 0)).convert("L")) for c in colors]
    assert torch.equal(pixels(data, "test")[:, 0], torch.from_numpy(np.stack(grey)))


@pytest.mark.parametrize(
    ("name", "shape", "offer"),
    [
        ("CIFAR10", (3, 32, 32), "put `cifar-10-python.tar.gz`, or the folder `cifar-10-batches-"),
        ("CIFAR100", (3, 32, 32), "put `cifar-100-python.tar.gz`, or the folder `cifar-100-pyth"),
        ("FashionMNIST", (1, 28, 28), "put `train-images-idx3-ubyte.gz`, `train-labels-idx1-uby"),
        ("SVHN", (3, 32, 32), "put `train_32x32.mat` and `test_32x32.mat` into `"),
        ("STL10", (3, 96, 96), "put `stl10_binary.tar.gz`, or the folder `stl10_binary` that"),
    ],
)
def test_without_a_network_the_user_is_told_which_files_to_put_where(
    tmp_path: Path, name: str, shape: tuple[int, ...], offer: str
) -> None:
    with pytest.raises(TrainError) as caught:
        opened(name, tmp_path, shape)
    assert "could not be downloaded" in caught.value.message
    assert "\n" not in caught.value.message
    assert (caught.value.hint or "").startswith(offer)
    assert str(tmp_path) in (caught.value.hint or "")
