"""Tiny data sets in the file formats of the real ones, made by the tests that read them."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def class_tree(
    root: Path,
    parts: tuple[str, ...] = ("train", "test"),
    *,
    classes: tuple[str, ...] = ("cat", "dog"),
    count: int = 6,
    size: tuple[int, int] = (8, 8),
    grey: bool = False,
) -> Path:
    """`count` PNG images a class in each part; the red value tells part, class and number."""
    for part_number, part in enumerate(parts):
        for label, name in enumerate(classes):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.zeros((*size, 3), dtype=np.uint8)
                pixels[..., 0] = (100 * part_number + 40 * label + number) % 256
                pixels[..., 1] = np.arange(size[1]) * 3
                pixels[..., 2] = np.arange(size[0])[:, None] * 5
                image = Image.fromarray(pixels)
                (image.convert("L") if grey else image).save(folder / f"{number:02}.png")
    return root


def cifar10(root: Path, monkeypatch: pytest.MonkeyPatch, count: int = 20) -> np.ndarray:
    """CIFAR-10's python batches of `count` images each, under checksums of their own.

    Gives the pixels, uint8 [6 · count, 3, 32, 32], in the order of the batches.
    """
    from torchvision import datasets

    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (6 * count, 3072), dtype=np.uint8)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    sums = {}
    for place, name in enumerate(names):
        mine = slice(place * count, (place + 1) * count)
        labels = [number % 10 for number in range(count)]
        content = pickle.dumps({"data": pixels[mine], "labels": labels}, protocol=2)
        (folder / name).write_bytes(content)
        sums[name] = hashlib.md5(content).hexdigest()
    meta = pickle.dumps({"label_names": [f"name {number}" for number in range(10)]}, protocol=2)
    (folder / "batches.meta").write_bytes(meta)
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [[n, sums[n]] for n in names[:5]])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [[names[5], sums[names[5]]]])
    monkeypatch.setattr(
        datasets.CIFAR10,
        "meta",
        {
            "filename": "batches.meta",
            "key": "label_names",
            "md5": hashlib.md5(meta).hexdigest(),
        },
    )
    return pixels.reshape(-1, 3, 32, 32)


def idx(root: Path, name: str, *, packed: bool, counts: tuple[int, int] = (30, 10)) -> np.ndarray:
    """MNIST's idx files of a set called `name`; gives the training pixels [count, 28, 28].

    `packed` leaves them in the .gz files that are downloaded.
    """
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(1)
    first: np.ndarray | None = None
    for part, count in zip(("train", "t10k"), counts, strict=True):
        pixels = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        first = pixels if first is None else first
        labels = np.arange(count, dtype=np.uint8) % 10
        files = {
            f"{part}-images-idx3-ubyte": struct.pack(">iiii", 2051, count, 28, 28)
            + pixels.tobytes(),
            f"{part}-labels-idx1-ubyte": struct.pack(">ii", 2049, count) + labels.tobytes(),
        }
        for file, content in files.items():
            if packed:
                (folder / f"{file}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / file).write_bytes(content)
    assert first is not None
    return first
