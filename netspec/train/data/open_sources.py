"""What a recipe calls its data set → the images of each part, decoded or to be decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch

from netspec.ops.base import text
from netspec.recipe import TORCHVISION_SETS, Recipe
from netspec.train.data.arrays import Arrays, Part
from netspec.train.data.augment.colors import colored
from netspec.train.data.data_place import data_place, names_data
from netspec.train.data.decoding.decode_all import Storing, cores_available, decoded, storing
from netspec.train.data.decoding.skip_broken import without_broken
from netspec.train.data.decoding.streaming import Streaming
from netspec.train.data.image_source import ImageSource, Resident
from netspec.train.data.room import fits
from netspec.train.data.sets.account import account
from netspec.train.data.sets.class_folders import (
    ClassFolders,
    class_folders,
    is_class_tree,
    labelled_folder,
)
from netspec.train.data.sets.digits import digits_arrays
from netspec.train.data.sets.synthetic import synthetic_arrays
from netspec.train.data.sets.torchvision_sets import present, torchvision_arrays
from netspec.train.data.sets.unpack import is_archive, unpacked
from netspec.train.errors import TrainError
from netspec.train.say import Say


@dataclass(frozen=True)
class Opened:
    """Sources before anything is known of split and normalisation.

    `shape` is that of a stored image; `skipped` lists the files that were left out, and why.
    """

    dataset: str
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    sources: Mapping[str, ImageSource]
    fingerprint: str
    resident: bool
    skipped: tuple[tuple[str, str], ...] = ()


class Known(NamedTuple):
    """What a trained network knows of the images that it is to be evaluated on."""

    classes: tuple[str, ...]
    split: str


def open_sources(
    recipe: Recipe,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    given: Path | None,
    device: torch.device,
    workers: int | None,
    say: Say,
    known: Known | None = None,
) -> Opened:
    """Open the set that the recipe names, in the folder `given` or its own.

    Raises TrainError where it is not there, is damaged, or does not fit the network.
    """
    data = recipe.data
    root = data_place(data, given)
    if known is not None:
        archive = root if is_archive(root) else None
        root = unpacked(root, say) if archive else root
        folders = labelled_folder(root, known.classes, known.split)
        folders = replace(folders, archive=archive)
        return _folder(folders, recipe, device, workers, say)
    dataset = named_set(recipe, given)
    if dataset == "synthetic":
        return _resident(synthetic_arrays(input_shape, output_shape, data.samples), recipe, device)
    if dataset == "table":
        raise TrainError(
            f"a `table` has texts and token ids, and the network takes {text(input_shape)} of "
            "floating-point numbers",
            "give it an input of integers, such as `input: {shape: [64], dtype: int64, "
            "below: 257}`",
        )
    if len(output_shape) > 1 or len(input_shape) != 3:
        raise TrainError(
            f"`{dataset}` has images with one class each, and the network goes from "
            f"{text(input_shape)} to {text(output_shape)}",
            "train it on `data: {dataset: synthetic}`",
        )
    if dataset == "digits":
        return _resident(digits_arrays(), recipe, device)
    tree = tree_of(recipe, given, say)
    if tree is None:
        return _resident(torchvision_arrays(dataset, root, say), recipe, device)
    return _folder(tree, recipe, device, workers, say)


def tree_of(recipe: Recipe, given: Path | None, say: Say) -> ClassFolders | None:
    """The tree of class folders that the recipe names, in `given` or its own root, if it is one.

    Raises TrainError where the recipe names no data set, and for a tree of another form.
    """
    dataset, root = named_set(recipe, given), data_place(recipe.data, given)
    if dataset in ("synthetic", "digits", "table"):
        return None
    archive = root if is_archive(root) else None
    root = unpacked(root, say) if archive else root
    if dataset in TORCHVISION_SETS and not (is_class_tree(root) and not present(dataset, root)):
        return None
    return replace(class_folders(root), archive=archive)


def named_set(recipe: Recipe, given: Path | None) -> str:
    """The data set's name; `folder` where only a root is given."""
    if recipe.data.dataset is not None:
        return recipe.data.dataset
    if not names_data(recipe.data, given):
        raise TrainError(
            "the spec names no data set",
            "add `data: {dataset: …}` to `train`, or name a class-folder tree with `--data`",
        )
    return "folder"


def _resident(arrays: Arrays, recipe: Recipe, device: torch.device) -> Opened:
    sources: dict[str, ImageSource] = {}
    for name, part in arrays.parts.items():
        images = part.images
        if recipe.data.channels is not None and images.shape[1] != recipe.data.channels:
            if images.ndim != 4 or images.shape[1] not in (1, 3):
                raise TrainError(
                    f"`channels` turns images into grey or into red, green and blue, and those of "
                    f"`{arrays.dataset}` are {text(images.shape[1:])}",
                    "leave it out",
                )
            images = colored(images, recipe.data.channels)
        sources[name] = Resident(Part(images, part.labels), device)
        shape = tuple(images.shape[1:])
    return Opened(arrays.dataset, arrays.classes, shape, sources, arrays.fingerprint, True)


def _folder(
    folders: ClassFolders, recipe: Recipe, device: torch.device, workers: int | None, say: Say
) -> Opened:
    data = recipe.data
    if data.skip_broken:
        folders = without_broken(folders, say)
    for line in account(folders):
        say(line)
    chosen = storing(folders, data.channels, data.resize)
    count = sum(len(files.paths) for files in folders.parts.values())
    needed = count * chosen.channels * chosen.size[0] * chosen.size[1]
    if data.in_memory is True or (data.in_memory == "auto" and fits(needed, device)):
        opened = _resident(decoded(folders, chosen, data.resize, say), recipe, device)
        return replace(opened, skipped=folders.skipped)
    if data.resize is not None:
        chosen = Storing(chosen.channels, data.resize, resize=True)
    asked = workers if workers is not None else data.workers
    processes = min(cores_available(), 8) if asked is None else asked
    sources = {
        name: Streaming(folders.root, files, chosen, device, processes)
        for name, files in folders.parts.items()
    }
    shape = (chosen.channels, *chosen.size)
    return Opened("folder", folders.classes, shape, sources, folders.state, False, folders.skipped)
