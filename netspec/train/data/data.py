"""A data set that is open for training: its parts, in batches on the device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.train.data.arrays import Inputs
from netspec.train.data.augment.counter_rng import ORDER, SPLIT, permutation
from netspec.train.data.image_source import Source

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class DataInfo:
    """What a data set is, as a run records it.

    `size` is (height, width) of the prepared images, () where they are none; `mean` and `std` are
    by channel, for pixels from 0 to 1. `fingerprint` is a hash of pixels, labels and classes; of
    names and sizes for files that are decoded as they are needed. `resident` says which. `skipped`
    lists the files that cannot be read and were left out, and why. `by_class` says that a share
    that is held out for validation is one of each class, and not of all images together. Of texts,
    `vocabulary` are the words in the order of their ids, and `told` what was done to them; they
    have neither channels nor size.
    """

    dataset: str
    classes: tuple[str, ...]
    channels: int
    size: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    num_train: int
    num_validation: int
    num_test: int
    fingerprint: str
    resident: bool
    skipped: tuple[tuple[str, str], ...] = ()
    by_class: bool = True
    sample: str = "image"
    vocabulary: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class Prepare(Protocol):
    """What is done to a batch of stored samples, on the device."""

    @property
    def device(self) -> torch.device:
        """Where batches are prepared."""

    def __call__(
        self, stored: Any, labels: Tensor, index: Tensor | None, epoch: int, /
    ) -> tuple[Inputs, Tensor]:
        """What the network takes, and labels, int64; with `index`, int64 [batch], augmented."""


@dataclass(frozen=True)
class Batch:
    """Images, float32 [count, *input shape], normalised, and labels, int64 [count].

    Of other networks, a tensor for each input. Where the target is an image, labels are [count,
    height, width]. `count` is the share of this process, `total` the size of the batch over all
    processes.
    """

    images: Inputs
    labels: Tensor
    count: int
    total: int


@dataclass(frozen=True)
class Data:
    """An open data set.

    `places` says for each split which images of which source it is, int64, where they lie.
    """

    info: DataInfo
    seed: int
    preparation: Prepare
    sources: Mapping[str, Source]
    places: Mapping[str, tuple[str, Tensor]]

    def size(self, split: Split) -> int:
        """Number of images of a split; 0 where there is none."""
        return len(self.places[split][1]) if split in self.places else 0

    def steps(
        self, split: Split, batch_size: int, *, world_size: int = 1, drop_last: bool = False
    ) -> int:
        """Batches that `batches` yields."""
        whole, rest = divmod(self.size(split), batch_size)
        # In training every process takes part in every step, or the others would wait for it.
        least = world_size if split == "train" else 1
        dropped = (drop_last and whole > 0) or rest < least
        return whole + (rest > 0 and not dropped)

    def seen(self, batch_size: int, *, world_size: int = 1) -> int:
        """Images that an epoch trains on: all, but for a last batch too small for the processes."""
        steps = self.steps("train", batch_size, world_size=world_size)
        return min(self.size("train"), steps * batch_size)

    def batches(
        self,
        split: Split,
        *,
        epoch: int = 0,
        batch_size: int,
        rank: int = 0,
        world_size: int = 1,
        start_step: int = 0,
        augment: bool | None = None,
        drop_last: bool = False,
    ) -> Iterator[Batch]:
        """The batches of a split, from `start_step` on; `batch_size` is over all processes.

        Training is in an order of its own each epoch and augmented (unless `augment` is false); the
        other splits come as they lie and whole: a process whose share of the last batch is empty
        yields one batch less. Raises TrainError for files that cannot be read.
        """
        if not self.size(split):
            return
        name, places = self.places[split]
        training = split == "train"
        if training:
            places = places[permutation(self.seed, epoch, ORDER, len(places), places.device)]
        steps = self.steps(split, batch_size, world_size=world_size, drop_last=drop_last)
        bounds = []
        for step in range(start_step, steps):
            start = step * batch_size
            total = min(batch_size, len(places) - start)
            share = (start + total * rank // world_size, start + total * (rank + 1) // world_size)
            if share[0] < share[1]:
                bounds.append((*share, total))
        plan = [places[first:last] for first, last, _ in bounds]
        changed = training if augment is None else augment
        fetched = self.sources[name].fetch(plan)
        # All at once: a copy from the host for each batch would wait for the device each time.
        there = places.to(self.preparation.device) if changed else places
        for (first, last, total), (images, labels) in zip(bounds, fetched, strict=True):
            drawn = there[first:last] if changed else None
            taken, labels = self.preparation(images, labels, drawn, epoch)
            yield Batch(taken, labels, last - first, total)

    def close(self) -> None:
        """Let go of memory and processes."""
        for source in self.sources.values():
            source.close()


def held_out_words(info: DataInfo, share: float) -> str:
    """How many of the training images `validation:` holds out."""
    images = counted(info.num_train + info.num_validation, f"training {info.sample}")
    each = ", that share of each class" if info.by_class and info.classes else ""
    return f"`validation: {share:g}` holds out {info.num_validation:,} of the {images}{each}"


def split_places(
    count: int, share: float, seed: int, labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Which of `count` training images are trained on, and which are held out: int64, rising.

    The held-out ones are the first of a permutation of their own; at least one where `share` is
    above 0, and never all. With `labels`, int64 [count], they are that share of each class, to
    within one image.
    """
    held = min(max(round(count * share), 1), count - 1) if share else 0
    order = permutation(seed, 0, SPLIT, count)
    if labels is not None and held:
        order = _classes_in_turn(order, labels)
    return order[held:].sort().values, order[:held].sort().values


def _classes_in_turn(order: Tensor, labels: Tensor) -> Tensor:
    """The same images such that each class is spread evenly over the whole, int64 [count]."""
    label = labels.cpu()[order]
    counts = torch.bincount(label)
    by_class = label.argsort(stable=True)
    rank = torch.empty_like(order)  # of each image within its class
    rank[by_class] = torch.arange(len(order)) - (counts.cumsum(0) - counts)[label[by_class]]
    return order[((2 * rank + 1) / counts[label].double()).argsort(stable=True)]
