"""What a trained network takes images, or texts, for."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from netspec.train.data import STDIN, Inputs, Pictures, Unread, UnreadableImage, why_absent
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.evaluate import infer
from netspec.train.engine.inputs import stacked
from netspec.train.machine.plan import Plan

AT_ONCE = 64
"""Images in a batch."""


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of an image with their probabilities, the likeliest first."""

    image: str
    classes: tuple[tuple[str, float], ...]


def predict_images(
    module: nn.Module,
    images: Iterable[str | Unread],
    read: Callable[[str], Inputs | Unread],
    classes: tuple[str, ...],
    criterion: Criterion,
    plan: Plan,
    *,
    top: int = 5,
) -> Iterator[Prediction | Unread]:
    """Predict image by image, in their order, in batches: no more than one is held.

    ``read`` gives what the network takes of an image, or of a text. What cannot be read is given as
    it comes, with the reason.
    """
    module.eval()
    names: list[str] = []
    held: list[Inputs] = []
    for image in images:
        found = image if isinstance(image, Unread) else read(image)
        if isinstance(found, Unread):
            yield found
            continue
        names.append(str(image))
        held.append(found)
        if len(held) == AT_ONCE:
            yield from _predicted(module, names, held, classes, criterion, plan, top)
            names, held = [], []
    if held:
        yield from _predicted(module, names, held, classes, criterion, plan, top)


def read_picture(image: str, pictures: Pictures) -> Tensor | Unread:
    """What the network takes of an image; why there is none."""
    try:
        if image == STDIN:
            return pictures.read(io.BytesIO(sys.stdin.buffer.read()))
        return pictures.read(Path(image))
    except UnreadableImage as error:
        there = image == STDIN or os.path.exists(image)
        return Unread(image, str(error) if there else why_absent(image))


def _predicted(
    module: nn.Module,
    names: list[str],
    held: list[Inputs],
    classes: tuple[str, ...],
    criterion: Criterion,
    plan: Plan,
    top: int,
) -> Iterator[Prediction]:
    """The predictions of a batch."""
    shares = criterion.shares(infer(module, stacked(held), plan))
    best = shares.topk(min(top, shares.shape[1]), dim=1)
    for name, values, places in zip(names, *map(Tensor.tolist, best), strict=True):
        named = tuple((classes[j], float(p)) for p, j in zip(values, places, strict=True))
        yield Prediction(name, named)
