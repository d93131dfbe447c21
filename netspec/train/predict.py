"""What a trained network takes an image for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from netspec.train.data import load_images
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.evaluate import infer
from netspec.train.machine.plan import Plan

AT_ONCE = 64
"""Images in a batch."""


@dataclass(frozen=True)
class ImageForm:
    """How images were prepared in training: (height, width) of `resize`, figures by channel."""

    resize: tuple[int, int] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of an image with their probabilities, the likeliest first."""

    image: Path
    classes: tuple[tuple[str, float], ...]

    def text(self) -> str:
        """A line an image."""
        shares = " · ".join(f"{name} {share:.1%}" for name, share in self.classes)
        return f"{self.image}: {shares}"


def predict_images(
    module: nn.Module,
    paths: Sequence[Path],
    input_shape: tuple[int, int, int],
    form: ImageForm,
    classes: tuple[str, ...],
    criterion: Criterion,
    plan: Plan,
    *,
    top: int = 5,
) -> list[Prediction]:
    """Predict every image of ``paths``, in batches.

    Raises:
        TrainError: a file is no image that can be read.
    """
    module.eval()
    predictions = []
    for start in range(0, len(paths), AT_ONCE):
        part = paths[start : start + AT_ONCE]
        images = load_images(
            part,
            input_shape,
            mean=form.mean,
            std=form.std,
            resize=form.resize,
            device=plan.device,
        )
        shares = criterion.shares(infer(module, images, plan))
        best = shares.topk(min(top, shares.shape[1]), dim=1)
        for path, values, places in zip(part, *map(Tensor.tolist, best), strict=True):
            named = tuple((classes[j], float(p)) for p, j in zip(values, places, strict=True))
            predictions.append(Prediction(path, named))
    return predictions
