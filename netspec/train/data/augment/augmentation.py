"""`train.augment` → one function over whole batches, each image with its own draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from netspec.recipe import Choice
from netspec.recipe.augmentations import AUGMENTATIONS
from netspec.train.data.augment.counter_rng import AUGMENT, draws
from netspec.train.data.augment.geometry import Crop, Flip, ResizedCrop, Turn
from netspec.train.data.augment.lazy_batch import LazyBatch
from netspec.train.data.augment.pixel_values import Cutout, Erasing, Jitter


class Transform(Protocol):
    """One augmentation, bound to its arguments."""

    @property
    def count(self) -> int:
        """Draws that it needs for an image."""

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width after it, from those before it; raises TrainError where none is left."""

    def apply(self, batch: LazyBatch, drawn: Tensor) -> LazyBatch:
        """The batch after it; `drawn` is int64 [batch, count]."""


@dataclass(frozen=True)
class Augmentation:
    """The steps of `train.augment` in order.

    Called with a batch and the indices of its images in the training set, int64 [batch], it gives
    the batch of that epoch: a pure function of (seed, epoch, index).
    """

    steps: tuple[Transform, ...]
    seed: int

    def __call__(self, batch: LazyBatch, index: Tensor, epoch: int) -> LazyBatch:
        """The batch after all steps."""
        total = sum(step.count for step in self.steps)
        if not total:
            return batch
        drawn = draws(self.seed, epoch, AUGMENT, index, total)
        start = 0
        for step in self.steps:
            batch = step.apply(batch, drawn[:, start : start + step.count])
            start += step.count
        return batch

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of what comes out of images of `size`."""
        for step in self.steps:
            size = step.size(size)
        return size


def augmentation(entries: Sequence[Choice], seed: int, mean: Tensor, std: Tensor) -> Augmentation:
    """The function that `entries` describe.

    `mean` and `std` [channels] are the data set's, of pixels from 0 to 255, on the device where
    batches are made: constants are kept there, so that a batch waits for no copy.
    """
    steps = (
        _step(entry.name, {**_defaults(entry.name), **entry.args}, mean, std) for entry in entries
    )
    return Augmentation(tuple(steps), seed)


def _defaults(name: str) -> dict[str, Any]:
    """The arguments that the schema fills in."""
    declared = AUGMENTATIONS[name]["properties"]
    found = {key: schema["default"] for key, schema in declared.items() if "default" in schema}
    return {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}


def _step(name: str, args: Mapping[str, Any], mean: Tensor, std: Tensor) -> Transform:
    if name == "RandomCrop":
        return Crop(
            extent=_pair(args["size"]),
            padding=_sides(args["padding"]),
            padding_mode=args["padding_mode"],
            fill=_fill(args["fill"], mean),
        )
    if name in ("RandomHorizontalFlip", "RandomVerticalFlip"):
        return Flip(upright=name == "RandomVerticalFlip", share=args["p"])
    if name == "Cutout":
        return Cutout(extent=_pair(args["size"]), share=args["p"], value=mean)
    if name == "RandomErasing":
        return Erasing(
            share=args["p"],
            scale=args["scale"],
            ratio=args["ratio"],
            value=mean + std * args["value"],
        )
    if name == "RandomResizedCrop":
        return ResizedCrop(
            extent=_pair(args["size"]),
            scale=args["scale"],
            ratio=args["ratio"],
            nearest=args["interpolation"] == "nearest",
            antialias=args["antialias"],
        )
    if name in ("RandomRotation", "RandomAffine"):
        fill = _fill(args["fill"], mean)
        return Turn(
            degrees=_signs(args["degrees"]),
            translate=args.get("translate") or (0.0, 0.0),
            scale=args.get("scale") or (1.0, 1.0),
            shear=_signs(args.get("shear") or 0.0),
            interpolation=args["interpolation"],
            fill=torch.zeros_like(mean) if fill is None else fill,
        )
    if name == "ColorJitter":
        kinds = ("brightness", "contrast", "saturation")
        return Jitter(tuple(_strength(args[kind]) for kind in kinds))
    raise AssertionError(f"no augmentation is called {name}")


def _pair(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple) else (value, value)


def _sides(value: Any) -> tuple[int, int, int, int]:
    """Padding → left, top, right, bottom; null is none."""
    if not isinstance(value, tuple):
        return (value or 0,) * 4
    if len(value) == 2:
        return (value[0], value[1], value[0], value[1])
    return (value[0], value[1], value[2], value[3])


def _signs(value: Any) -> tuple[float, float]:
    return (value[0], value[1]) if isinstance(value, tuple) else (-value, value)


def _strength(value: Any) -> tuple[float, float]:
    """The range of a factor: 0.4 stands for 0.6 … 1.4."""
    return (value[0], value[1]) if isinstance(value, tuple) else (max(0.0, 1 - value), 1 + value)


def _fill(value: Any, like: Tensor) -> Tensor | None:
    values = value if isinstance(value, tuple) else (value,)
    if not any(values):
        return None
    return torch.tensor(values, dtype=like.dtype, device=like.device).expand(len(like))
