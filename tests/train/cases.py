"""Small runs that between them use everything that a checkpoint has to hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from stand_in import AuxiliaryCnn, StandIn, full_cnn, plain_cnn
from torch import nn

MAKERS: dict[str, Callable[[], nn.Module]] = {
    "full": full_cnn,
    "auxiliary": AuxiliaryCnn,
    "plain": plain_cnn,
}
SYNTHETIC = {"dataset": "synthetic", "samples": 80, "validation": 0.2}
FILES = {"dataset": "folder", "in_memory": False, "channels": 1, "validation": 0.2}


@dataclass(frozen=True)
class Case:
    """A network by name and its recipe; ``workers`` decode its images."""

    maker: str
    recipe: dict[str, Any]
    workers: int = 0

    @property
    def network(self) -> StandIn:
        outputs = ("logits", "aux1") if self.maker == "auxiliary" else ("logits",)
        return StandIn(MAKERS[self.maker], train=self.recipe, name=self.maker, output_names=outputs)


ONE_CYCLE = {"OneCycleLR": {"max_lr": 0.1}}

CASES = {
    "dropout, batch norm, max pooling and EMA, saved at every step": Case(
        "full",
        {
            "epochs": 3,
            "batch_size": 12,
            "data": SYNTHETIC,
            "augment": [{"RandomCrop": {"size": 8, "padding": 1}}, "RandomHorizontalFlip"],
            "optimizer": {"SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True}},
            "scheduler": ONE_CYCLE,
            "ema": 0.9,
            "checkpoint_interval": 1,
            "log_interval": 2,
        },
    ),
    "an auxiliary head, Adam and a warm-up, saved at epochs": Case(
        "auxiliary",
        {
            "epochs": 6,
            "batch_size": 16,
            "data": SYNTHETIC,
            "optimizer": {"AdamW": {"lr": 0.003}},
            "scheduler": "CosineAnnealingLR",
            "warmup": 1,
            "clip_grad_norm": 1.0,
            "log_interval": 3,
        },
    ),
    "two workers that decode files": Case(
        "full",
        {
            "epochs": 3,
            "batch_size": 12,
            "data": FILES,
            "augment": ["RandomHorizontalFlip"],
            "optimizer": {"SGD": {"lr": 0.05, "momentum": 0.9}},
            "ema": 0.9,
            "checkpoint_interval": 2,
            "log_interval": 2,
        },
        workers=2,
    ),
    "files decoded in the process itself, nothing held out": Case(
        "auxiliary",
        {
            "epochs": 3,
            "batch_size": 16,
            "data": {**FILES, "validation": 0.0},
            "optimizer": {"RMSprop": {"lr": 0.002}},
            "scheduler": {"MultiStepLR": {"milestones": [1, 2]}},
            "checkpoint_interval": 3,
        },
    ),
}


def image_tree(root: Path, count: int = 60) -> Path:
    """``count`` small grey images in ten class folders."""
    draws = np.random.default_rng(0)
    for place in range(count):
        folder = root / f"class{place % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = draws.integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{place:03}.png")
    return root
