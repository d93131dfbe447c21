"""Which images a contact sheet shows: as decoded, or as a network sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from netspec.counted import counted
from netspec.train.data.data import Data
from netspec.train.data.decoding.decode import UnreadableImage, read_image
from netspec.train.data.preparation import Preparation
from netspec.train.data.sets.class_folders import ClassFolders
from netspec.train.data.survey.sheet import ROWS, Block, Sheet

MOST_CLASSES = 100
IN_ROW = 8
"""Pictures of a class where each has a row."""
IN_GRID = 2
EPOCHS = 2
"""Epochs of which the augmented image is shown."""


def decoded_sheet(folders: ClassFolders, name: str) -> Sheet:
    """Images of each class as they are decoded, at their own shapes; unreadable ones are marked."""
    files = folders.parts["train"]
    by_class: list[list[int]] = [[] for _ in folders.classes]
    for place, label in enumerate(files.labels):
        by_class[label].append(place)
    chosen, told = _chosen(len(folders.classes))
    count = IN_ROW if len(chosen) <= ROWS else IN_GRID
    blocks = [
        Block(
            folders.classes[label],
            tuple(_read(folders, files.paths[i], 3) for i in _spread(by_class[label], count)),
        )
        for label in chosen
    ]
    head = f"{name}: images of {told}, as decoded"
    return Sheet((head,), ("",), tuple(block for block in blocks if block.pictures))


def network_sheet(
    data: Data, folders: ClassFolders | None, name: str, seen: Sequence[str]
) -> Sheet:
    """Images of each class: as stored, as evaluated, and as trained on in the first epochs.

    What was normalised is brought back to pixels by the mean and the deviation that were used.
    """
    assert isinstance(data.preparation, Preparation)
    source, places = data.places["train"]
    labels = data.sources[source].labels[places.to(data.sources[source].labels.device)].cpu()
    if labels.ndim > 1:
        labels = torch.zeros(len(labels), dtype=torch.int64)
    classes = data.info.classes or tuple(map(str, range(int(labels.max()) + 1)))
    classes = classes if data.sources[source].labels.ndim == 1 else ("images",)
    chosen, told = _chosen(len(classes))
    changes = bool(data.preparation.augment.steps)
    in_rows = len(chosen) <= ROWS
    first = ("file" if folders is not None else "stored",) if in_rows else ()
    trained = ("in training",) * ((EPOCHS if in_rows else 1) if changes else 0)
    columns = (*first, "evaluated", *trained)
    count = max(1, (IN_ROW if in_rows else IN_GRID) // len(columns))
    values: list[Tensor] = []
    blocks = []
    for label in chosen:
        mine = (labels == label).nonzero()[:, 0].tolist()
        pictures: list[Image.Image | None] = []
        for place in _spread(mine, count):
            shown = _prepared(data, source, places[place : place + 1], len(trained), values)
            if folders is not None and in_rows:
                path = folders.parts["train"].paths[int(places[place])]
                shown[0] = _read(folders, path, data.info.channels)
            pictures += shown if in_rows else shown[1:]
        if pictures:
            blocks.append(Block(classes[label], tuple(pictures)))
    lines = ("; ".join(seen[:-1]), *seen[-1:], _figures(values))
    head = (f"{name}: images of {told}, as the network sees them", *lines)
    return Sheet(tuple(line.replace("×", "x") for line in head), columns, tuple(blocks))


def _prepared(
    data: Data, source: str, index: Tensor, epochs: int, values: list[Tensor]
) -> list[Image.Image | None]:
    """An image as stored, as evaluated, and augmented; `values` takes what the network gets."""
    images, labels = next(iter(data.sources[source].fetch([index])))
    assert isinstance(data.preparation, Preparation)
    assert isinstance(images, Tensor)
    drawn = index.to(data.preparation.mean.device)
    ways = [(None, 0), *((drawn, epoch) for epoch in range(epochs))]
    made: list[Image.Image | None] = [_picture(images[0])]
    for draws, epoch in ways:
        seen, _ = data.preparation(images.clone(), labels.clone(), draws, epoch)
        values.append(seen.flatten().cpu())
        shape = (-1, 1, 1)
        mean, scale = data.preparation.mean.view(shape), data.preparation.scale.view(shape)
        made.append(_picture((seen[0] / scale + mean).round().clamp(0, 255).to(torch.uint8)))
    return made


def _picture(pixels: Tensor) -> Image.Image:
    """uint8 [channels, height, width] → a picture; of other channels than 3, the first."""
    array = pixels.cpu().numpy()
    if len(array) == 3:
        return Image.fromarray(np.ascontiguousarray(array.transpose(1, 2, 0)))
    return Image.fromarray(np.ascontiguousarray(array[0]))


def _read(folders: ClassFolders, path: str, channels: int) -> Image.Image | None:
    try:
        return _picture(torch.from_numpy(read_image(folders.root / path, channels).copy()))
    except UnreadableImage:
        return None


def _figures(values: Sequence[Tensor]) -> str:
    """What the network gets, in figures."""
    every = torch.cat(list(values))
    return (
        f"values that the network gets, of these: from {every.min():.2f} to {every.max():.2f}, "
        f"mean {every.mean():.2f}, standard deviation {every.std(correction=0):.2f}"
    )


def _chosen(classes: int) -> tuple[list[int], str]:
    """The classes that are shown, and how they are told."""
    chosen = _spread(list(range(classes)), MOST_CLASSES)
    if len(chosen) < classes:
        return chosen, f"{len(chosen)} of {counted(classes, 'class', 'classes')}"
    return chosen, counted(classes, "class", "classes")


def _spread(places: Sequence[int], count: int) -> list[int]:
    """`count` of the places, evenly spread; all where there are fewer."""
    if len(places) <= count:
        return list(places)
    return [places[number * len(places) // count] for number in range(count)]
