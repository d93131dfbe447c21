"""The data sets of `train.data.dataset`: what they hold, in images and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Contents:
    """Images as `(channels, height, width)`, the number of classes, and the images of each part."""

    shape: tuple[int, int, int]
    classes: int
    train: int
    test: int


@dataclass(frozen=True)
class DataSet:
    """A data set; `contents` is None where its files, or the network, decide them."""

    doc: str
    contents: Contents | None = None
    torchvision: bool = False


def _torchvision(
    doc: str, shape: tuple[int, int, int], classes: int, train: int, test: int
) -> DataSet:
    return DataSet(doc, Contents(shape, classes, train, test), torchvision=True)


DATA_SETS: Final[dict[str, DataSet]] = {
    "CIFAR10": _torchvision(
        "Small photographs of vehicles and animals.", (3, 32, 32), 10, 50_000, 10_000
    ),
    "CIFAR100": _torchvision(
        "Small photographs of things, plants and animals.", (3, 32, 32), 100, 50_000, 10_000
    ),
    "MNIST": _torchvision("Handwritten digits.", (1, 28, 28), 10, 60_000, 10_000),
    "FashionMNIST": _torchvision("Articles of clothing.", (1, 28, 28), 10, 60_000, 10_000),
    "KMNIST": _torchvision("Handwritten Japanese characters.", (1, 28, 28), 10, 60_000, 10_000),
    "SVHN": _torchvision("Digits of house numbers.", (3, 32, 32), 10, 73_257, 26_032),
    "STL10": _torchvision(
        "Photographs of vehicles and animals; its unlabelled images are not used.",
        (3, 96, 96),
        10,
        5_000,
        8_000,
    ),
    "folder": DataSet("Images of one's own, in one folder a class below `root`."),
    "table": DataSet(
        "Texts or token ids with a class each, a row of a CSV, TSV or JSON Lines file."
    ),
    "digits": DataSet(
        "Handwritten digits that come with scikit-learn, without a download.",
        Contents((1, 8, 8), 10, 1_437, 360),
    ),
    "synthetic": DataSet(
        "Learnable samples of the network's inputs, made on the spot, of as many classes as it "
        "has outputs."
    ),
}

TORCHVISION_SETS: Final = tuple(name for name, known in DATA_SETS.items() if known.torchvision)

MADE_SETS: Final = ("digits", "synthetic")
"""The data sets that need no files."""
