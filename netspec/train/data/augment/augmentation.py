"""`train.augment` → one function over whole batches, each image with its own draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from netspec.recipe import Choice
from netspec.train.data.augment.counter_rng import AUGMENT, draws
from netspec.train.data.augment.geometry import Crop, Flip, ResizedCrop, Turn
from netspec.train.data.augment.lazy_batch import Scene
from netspec.train.data.augment.pixel_values import Cutout, Erasing, Jitter


class Step(Protocol):
    """One augmentation, bound to its arguments."""

    @property
    def count(self) -> int:
        """Draws that it needs for an image."""

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width after it, from those before it; raises TrainError where none is left."""

    def apply(self, scene: Scene, drawn: Tensor) -> Scene:
        """The batch after it; `drawn` is int64 [batch, count]."""


@dataclass(frozen=True)
class Augmentation:
    """The steps of `train.augment` in order.

    Called with a scene and the indices of its images in the training set, int64 [batch], it gives
    the scene of that epoch: a pure function of (seed, epoch, index).
    """

    steps: tuple[Step, ...]
    seed: int

    def __call__(self, scene: Scene, index: Tensor, epoch: int) -> Scene:
        """The scene after all steps."""
        total = sum(step.count for step in self.steps)
        if not total:
            return scene
        drawn = draws(self.seed, epoch, AUGMENT, index, total)
        start = 0
        for step in self.steps:
            scene = step.apply(scene, drawn[:, start : start + step.count])
            start += step.count
        return scene

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
    return Augmentation(tuple(_step(entry.name, entry.args, mean, std) for entry in entries), seed)


def _step(name: str, args: Any, mean: Tensor, std: Tensor) -> Step:
    if name == "RandomCrop":
        return Crop(
            extent=_pair(args["size"]),
            padding=_sides(args.get("padding", 0)),
            padding_mode=args.get("padding_mode", "constant"),
            fill=_fill(args.get("fill", 0), mean),
        )
    if name in ("RandomHorizontalFlip", "RandomVerticalFlip"):
        return Flip(upright=name == "RandomVerticalFlip", share=args.get("p", 0.5))
    if name == "Cutout":
        return Cutout(extent=_pair(args["size"]), share=args.get("p", 1.0), value=mean)
    if name == "RandomErasing":
        return Erasing(
            share=args.get("p", 0.5),
            scale=args.get("scale", (0.02, 0.33)),
            ratio=args.get("ratio", (0.3, 3.3)),
            value=mean + std * args.get("value", 0.0),
        )
    if name == "RandomResizedCrop":
        return ResizedCrop(
            extent=_pair(args["size"]),
            scale=args.get("scale", (0.08, 1.0)),
            ratio=args.get("ratio", (3 / 4, 4 / 3)),
            nearest=args.get("interpolation") == "nearest",
            antialias=args.get("antialias", True),
        )
    if name in ("RandomRotation", "RandomAffine"):
        fill = _fill(args.get("fill", 0), mean)
        return Turn(
            degrees=_signs(args["degrees"]),
            translate=args.get("translate") or (0.0, 0.0),
            scale=args.get("scale") or (1.0, 1.0),
            shear=_signs(args.get("shear") or 0.0),
            interpolation=args.get("interpolation", "nearest"),
            fill=torch.zeros_like(mean) if fill is None else fill,
        )
    if name == "ColorJitter":
        kinds = ("brightness", "contrast", "saturation")
        return Jitter(tuple(_strength(args.get(kind, 0)) for kind in kinds))
    raise AssertionError(f"no augmentation is called {name}")


def _pair(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple) else (value, value)


def _sides(value: Any) -> tuple[int, int, int, int]:
    """Padding → left, top, right, bottom."""
    if not isinstance(value, tuple):
        return (value, value, value, value)
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
