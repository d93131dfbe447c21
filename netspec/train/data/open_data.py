"""A recipe and a network's shapes → an open data set, or a sentence on what is in the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.recipe import Normalization, Recipe
from netspec.train.data.augment.augmentation import augmentation
from netspec.train.data.cache import key_of, remembered
from netspec.train.data.data import Data, DataInfo, Split, split_places
from netspec.train.data.data_checks import check_agreement
from netspec.train.data.data_place import data_place
from netspec.train.data.image_source import ImageSource
from netspec.train.data.open_sources import Known, Opened, named_set, open_sources
from netspec.train.data.preparation import Preparation
from netspec.train.data.statistics import mean_and_std
from netspec.train.data.tables.open_rows import Trained, open_rows
from netspec.train.errors import TrainError
from netspec.train.say import Say, silent
from netspec.train.trainable import NetworkInput, takes_images

LOOKED_AT = 64
"""Images that are looked at together, to see whether they differ at all."""


def open_data(
    recipe: Recipe,
    input_shape: tuple[int, ...],
    *,
    num_classes: int,
    root: Path | None = None,
    device: torch.device | None = None,
    workers: int | None = None,
    output_shape: tuple[int, ...] | None = None,
    say: Say = silent,
    known: Known | None = None,
    by_class: bool = True,
    inputs: Sequence[NetworkInput] = (),
    vocabulary: tuple[str, ...] | None = None,
) -> Data:
    """Open the data set of `recipe.data` for a network of `input_shape` (channels first).

    `root` overrides `data.root`, and `workers` `data.workers`. `output_shape` is (num_classes,) if
    left out; (classes, height, width) asks for a class a pixel, which only `synthetic` has. `say`
    is told what was found and what takes long. With `known`, all images of a folder are opened for
    evaluation alone, their classes matched by name. Without `by_class`, a share for validation is
    drawn from all images together, as runs did before `env.json` told which. `inputs` are the
    network's, where they are not one of floating-point numbers, and `vocabulary` the words that
    trained weights know. Raises TrainError where files are missing or damaged, and where channels,
    size or the number of classes are not the network's.
    """
    target = device or torch.device("cpu")
    answers = output_shape or (num_classes,)
    if inputs and not takes_images(inputs):
        dataset = named_set(recipe, root)
        trained = None if vocabulary is None else Trained(vocabulary, *(known or ()))
        place = data_place(recipe.data, root) if dataset == "table" else Path()
        return open_rows(recipe, inputs, answers, dataset, place, target, by_class, say, trained)
    opened = open_sources(recipe, input_shape, answers, root, target, workers, say, known)
    check_agreement(recipe, opened.dataset, opened.classes, opened.shape, input_shape, answers)
    places = _places(opened, recipe, target, by_class)
    if "train" in places:
        _require_difference(opened, places["train"][1])
    seen = places.get("train", next(iter(places.values())))[1]
    mean, std = _normalization(recipe, opened, seen, by_class, say)
    counts = {split: len(index) for split, (_, index) in places.items()}
    info = DataInfo(
        dataset=opened.dataset,
        classes=opened.classes,
        channels=opened.shape[0],
        size=tuple(input_shape[1:]),
        mean=mean,
        std=std,
        num_train=counts.get("train", 0),
        num_validation=counts.get("validation", 0),
        num_test=counts.get("test", 0),
        fingerprint=opened.fingerprint,
        resident=opened.resident,
        skipped=opened.skipped,
        by_class=by_class,
    )
    preparation = _preparation(recipe, input_shape, mean, std, target)
    return Data(info, recipe.seed, preparation, opened.sources, places)


def _places(
    opened: Opened, recipe: Recipe, device: torch.device, by_class: bool
) -> dict[str, tuple[str, Tensor]]:
    """For each split, the source that its images lie in, and their indices there."""
    here = device if opened.resident else torch.device("cpu")
    if "train" not in opened.sources:  # of a folder that is only evaluated
        return {name: (name, _all(source, here)) for name, source in opened.sources.items()}
    source = opened.sources["train"]
    labels = source.labels if by_class and source.labels.dim() == 1 else None
    train, validation = split_places(len(source), recipe.data.validation, recipe.seed, labels)
    places = {"train": ("train", train.to(here))}
    if "validation" in opened.sources:
        if recipe.data.validation:
            raise TrainError(
                f"`validation: {recipe.data.validation:g}` holds out a share of the training "
                "images, and the data have a validation part",
                "leave `validation` out, or take that folder away",
            )
        places["validation"] = ("validation", _all(opened.sources["validation"], here))
    elif len(validation):
        places["validation"] = ("train", validation.to(here))
    if "test" in opened.sources:
        places["test"] = ("test", _all(opened.sources["test"], here))
    return places


def _preparation(
    recipe: Recipe,
    input_shape: tuple[int, ...],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    device: torch.device,
) -> Preparation:
    """What is done to a batch of stored images, on the device."""
    means, stds = (
        torch.tensor([255 * value for value in values], dtype=torch.float32, device=device)
        for values in (mean, std)
    )
    image = len(input_shape) == 3
    return Preparation(
        resize=recipe.data.resize if image else None,
        size=(input_shape[1], input_shape[2]) if image else None,
        augment=augmentation(recipe.augment, recipe.seed, means, stds),
        mean=means,
        scale=1 / stds,
    )


def _all(source: ImageSource, device: torch.device) -> Tensor:
    return torch.arange(len(source), device=device)


def _require_difference(opened: Opened, train: Tensor) -> None:
    """Raise TrainError where every pixel of the training images has one value."""
    seen = train if opened.resident else train[:LOOKED_AT]
    least, most = 255.0, 0.0
    for images, _ in opened.sources["train"].fetch(list(torch.split(seen, LOOKED_AT))):
        least, most = min(least, float(images.min())), max(most, float(images.max()))
        if least < most:
            return
    what = "all" if len(seen) == len(train) else f"the first {len(seen)}"
    raise TrainError(
        f"{what} training images are alike: every pixel is {most:g} of 255",
        "look at the files: their values may lie in a range or a channel that is not read",
    )


def _normalization(
    recipe: Recipe, opened: Opened, train: Tensor, by_class: bool, say: Say
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    channels = opened.shape[0]
    if recipe.data.normalize is not None:
        return _spread(recipe.data.normalize, channels)

    def compute() -> dict[str, list[float]]:
        if not opened.resident:
            say("reading all training images for their mean and standard deviation, once")
        size = max(1, 2**24 // torch.Size(opened.shape).numel())
        fetched = opened.sources["train"].fetch(list(torch.split(train, size)))
        mean, std = mean_and_std(images.cpu() for images, _ in fetched)
        return {"mean": list(mean), "std": list(std)}

    share = recipe.data.validation
    split = (share, (recipe.seed, by_class) if share else 0, opened.shape)
    found = remembered(key_of("statistics", opened.fingerprint, split), compute)
    return tuple(found["mean"]), tuple(found["std"])


def _spread(given: Normalization, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """One value for each channel, from one for all of them."""
    for name, values in (("mean", given.mean), ("std", given.std)):
        if len(values) not in (1, channels):
            raise TrainError(
                f"`normalize` gives {counted(len(values), 'value')} of `{name}` for "
                f"{counted(channels, 'channel')}",
                "give one for each channel, or one for all",
            )
    mean, std = (
        values * channels if len(values) == 1 else values for values in (given.mean, given.std)
    )
    return mean, std


__all__ = ["Data", "DataInfo", "Split", "open_data"]
