"""Small networks made by hand, shaped like the compiler's, for tests of the trainer alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from netspec.compiler.ir import Input
from netspec.recipe import Recipe, recipe_from


@dataclass(frozen=True)
class StandIn:
    """What the trainer asks of a network."""

    make: Callable[[], nn.Module]
    train: dict[str, Any] = field(default_factory=dict)
    name: str = "stand-in"
    input_shape: tuple[int, ...] = (1, 8, 8)
    output_shape: tuple[int, ...] = (10,)
    output_names: tuple[str, ...] = ("logits",)
    num_params: int = 0
    training_params: int = 0

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (Input("input", self.input_shape),)

    @property
    def recipe(self) -> Recipe:
        return recipe_from(self.train)

    @property
    def source_text(self) -> str:
        return self.resolved()

    def resolved(self, train: Mapping[str, Any] | None = None) -> str:
        recipe = {**self.train, **(train or {})}
        return json.dumps({"netspec": 1, "name": self.name, "layers": [], "train": recipe})

    def build(self) -> nn.Module:
        return self.make()


def plain_cnn(channels: int = 1, classes: int = 10) -> nn.Module:
    """Convolutions without batch norm or dropout."""
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, classes),
    )


def full_cnn() -> nn.Module:
    """Batch norm, max pooling and dropout."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


class AuxiliaryCnn(nn.Module):
    """A second head that exists only while training."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, 10))
        self.aux = nn.Sequential(nn.Flatten(), nn.Linear(128, 10))

    def forward(self, images: Tensor) -> Tensor | dict[str, Tensor]:
        features = self.body(images)
        logits: Tensor = self.head(features)
        return {"logits": logits, "aux1": self.aux(features)} if self.training else logits


class SegmentingCnn(nn.Module):
    """One label a pixel: logits [N, classes, H, W]."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, classes, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits
