"""A recipe and a network's shapes → an open data set, or a sentence on what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from netspec.recipe import TORCHVISION_SETS, Normalization, Recipe
from netspec.train.data.arrays import Arrays, Part
from netspec.train.data.augment.augmentation import augmentation
from netspec.train.data.augment.colors import colored
from netspec.train.data.cache import key_of, remembered
from netspec.train.data.data import Data, DataInfo, Split, split_places
from netspec.train.data.data_checks import check_agreement
from netspec.train.data.decoding.decode_all import Storing, cores_available, decoded, storing
from netspec.train.data.decoding.streaming import Streaming
from netspec.train.data.preparation import Preparation
from netspec.train.data.room import fits
from netspec.train.data.sets.class_folders import ClassFolders, class_folders, is_class_tree
from netspec.train.data.sets.digits import digits_arrays
from netspec.train.data.sets.synthetic import synthetic_arrays
from netspec.train.data.sets.torchvision_sets import present, torchvision_arrays
from netspec.train.data.sets.unpack import is_archive, unpacked
from netspec.train.data.source import Resident, Source
from netspec.train.data.statistics import mean_and_std
from netspec.train.errors import TrainError

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Opened:
    """Sources before anything is known of split and normalisation.

    `shape` is that of a stored image.
    """

    dataset: str
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    sources: Mapping[str, Source]
    fingerprint: str
    resident: bool


def open_data(
    recipe: Recipe,
    input_shape: tuple[int, ...],
    *,
    num_classes: int,
    root: Path | None = None,
    device: torch.device | None = None,
    workers: int | None = None,
    output_shape: tuple[int, ...] | None = None,
    say: Say | None = None,
) -> Data:
    """Open the data set of `recipe.data` for a network of `input_shape` (channels first).

    `root` overrides `data.root`, and `workers` `data.workers`. `output_shape` is (num_classes,) if
    left out; (classes, height, width) asks for a class a pixel, which only `synthetic` has. `say`
    is told what takes long. Raises TrainError where files are missing or damaged, and where
    channels, size or the number of classes are not the network's.
    """
    target = device or torch.device("cpu")
    answers = output_shape or (num_classes,)
    opened = _open(recipe, input_shape, answers, root, target, workers, say or _silent)
    check_agreement(recipe, opened.dataset, opened.classes, opened.shape, input_shape, answers)
    train, validation = split_places(
        len(opened.sources["train"]), recipe.data.validation, recipe.seed
    )
    here = target if opened.resident else torch.device("cpu")
    places = {"train": ("train", train.to(here))}
    if "validation" in opened.sources and not recipe.data.validation:
        places["validation"] = ("validation", _all(opened.sources["validation"], here))
    elif len(validation):
        places["validation"] = ("train", validation.to(here))
    places["test"] = ("test", _all(opened.sources["test"], here))
    mean, std = _normalization(recipe, opened, places["train"][1], say or _silent)
    channels, size = opened.shape[0], tuple(input_shape[1:])
    means, stds = (
        torch.tensor([255 * value for value in values], dtype=torch.float32, device=target)
        for values in (mean, std)
    )
    flat = len(input_shape) == 3
    preparation = Preparation(
        resize=recipe.data.resize if flat else None,
        size=(input_shape[1], input_shape[2]) if flat else None,
        augment=augmentation(recipe.augment, recipe.seed, means, stds),
        mean=means,
        scale=1 / stds,
    )
    counts = {split: len(index) for split, (_, index) in places.items()}
    info = DataInfo(
        dataset=opened.dataset,
        classes=opened.classes,
        channels=channels,
        size=size,
        mean=mean,
        std=std,
        num_train=counts["train"],
        num_validation=counts.get("validation", 0),
        num_test=counts["test"],
        fingerprint=opened.fingerprint,
        resident=opened.resident,
    )
    return Data(info, recipe.seed, preparation, opened.sources, places)


def _silent(message: str) -> None:
    """Say nothing."""


def _all(source: Source, device: torch.device) -> Tensor:
    return torch.arange(len(source), device=device)


def _open(
    recipe: Recipe,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    given: Path | None,
    device: torch.device,
    workers: int | None,
    say: Say,
) -> _Opened:
    data = recipe.data
    root = given or Path(data.root)
    dataset = data.dataset
    if dataset is None:
        if given is None and not root.exists():
            raise TrainError(
                "the spec names no data set",
                "add `data: {dataset: …}` to `train`, or name a class-folder tree with `--data`",
            )
        dataset = "folder"
    if dataset == "synthetic":
        return _resident(synthetic_arrays(input_shape, output_shape, data.samples), recipe, device)
    if len(output_shape) > 1 or len(input_shape) != 3:
        raise TrainError(
            f"`{dataset}` has images with one class each, and the network goes from "
            f"{_times(input_shape)} to {_times(output_shape)}",
            "train it on `data: {dataset: synthetic}`",
        )
    if dataset == "digits":
        return _resident(digits_arrays(), recipe, device)
    if is_archive(root):
        root = unpacked(root, say)
    if dataset in TORCHVISION_SETS and not (is_class_tree(root) and not present(dataset, root)):
        return _resident(torchvision_arrays(dataset, root, say), recipe, device)
    return _folder(class_folders(root), recipe, device, workers, say)


def _resident(arrays: Arrays, recipe: Recipe, device: torch.device) -> _Opened:
    sources: dict[str, Source] = {}
    for name, part in arrays.parts.items():
        images = part.images
        if recipe.data.channels is not None and images.shape[1] != recipe.data.channels:
            images = colored(images, recipe.data.channels)
        sources[name] = Resident(Part(images, part.labels), device)
        shape = tuple(images.shape[1:])
    return _Opened(arrays.dataset, arrays.classes, shape, sources, arrays.fingerprint, True)


def _folder(
    folders: ClassFolders, recipe: Recipe, device: torch.device, workers: int | None, say: Say
) -> _Opened:
    data = recipe.data
    chosen = storing(folders, data.channels, data.resize)
    count = sum(len(files.paths) for files in folders.parts.values())
    needed = count * chosen.channels * chosen.size[0] * chosen.size[1]
    if data.in_memory is True or (data.in_memory == "auto" and fits(needed, device)):
        return _resident(decoded(folders, chosen, data.resize, say), recipe, device)
    if data.resize is not None:
        chosen = Storing(chosen.channels, data.resize, resize=True)
    asked = workers if workers is not None else data.workers
    processes = min(cores_available(), 8) if asked is None else asked
    sources = {
        name: Streaming(folders.root, files, chosen, device, processes)
        for name, files in folders.parts.items()
    }
    shape = (chosen.channels, *chosen.size)
    return _Opened("folder", folders.classes, shape, sources, folders.state, False)


def _normalization(
    recipe: Recipe, opened: _Opened, train: Tensor, say: Say
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

    split = (recipe.data.validation, recipe.data.validation and recipe.seed, opened.shape)
    found = remembered(key_of("statistics", opened.fingerprint, split), compute)
    return tuple(found["mean"]), tuple(found["std"])


def _spread(given: Normalization, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """One value for each channel, from one for all of them."""
    for name, values in (("mean", given.mean), ("std", given.std)):
        if len(values) not in (1, channels):
            raise TrainError(
                f"`normalize` gives {len(values)} values of `{name}` for {channels} "
                f"channel{'s' if channels > 1 else ''}",
                "give one for each channel, or one for all",
            )
    mean, std = (
        values * channels if len(values) == 1 else values for values in (given.mean, given.std)
    )
    return mean, std


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


__all__ = ["Data", "DataInfo", "Split", "open_data"]
