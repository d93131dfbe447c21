"""A recipe as data: how a network is trained."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Auto = bool | Literal["auto"]


@dataclass(frozen=True)
class Choice:
    """A class of torch or torchvision by name, with the arguments that the spec gives it.

    What the spec leaves out is left to the class's own default. Lists are tuples.
    """

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation by channel, of pixels from 0 to 1; one value serves all."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


IMAGENET = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
UNCHANGED = Normalization((0.0,), (1.0,))
EMA_DECAY = 0.999
"""The decay of a moving average that is asked for without one."""


@dataclass(frozen=True)
class DataRecipe:
    """`train.data`: `resize` is (height, width); `normalize` is None for the set's own figures.

    `root_folder` is the folder of the file that says `root`, to which that is relative; empty where
    no file says it, and it is relative to where one stands.
    """

    dataset: str | None = None
    root: str = "data"
    validation: float = 0.0
    resize: tuple[int, int] | None = None
    channels: int | None = None
    normalize: Normalization | None = None
    in_memory: Auto = "auto"
    workers: int | None = None
    samples: int = 1024
    skip_broken: bool = False
    text: str = "text"
    label: str = "label"
    tokenizer: Literal["whitespace", "bytes", "ids"] = "whitespace"
    root_folder: str = field(default="", compare=False)

    @property
    def place(self) -> Path:
        """Where the files are: `root` with `~` expanded, seen from where it was said."""
        return Path(self.root_folder, os.path.expanduser(self.root))


@dataclass(frozen=True)
class Warmup:
    """A linear rise of the learning rate over the first `epochs`, from `start_factor` times it."""

    epochs: float = 1.0
    start_factor: float = 0.01


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: `train:` with every default filled in.

    `scheduler_interval` is resolved to what the scheduler counts and is stepped by. `ema` is the
    decay. `batch_size` is over all processes together; so is `eval_batch_size`. `weights_folder` is
    to `weights` what `root_folder` is to the `root` of the data.
    """

    seed: int = 0
    epochs: int = 10
    batch_size: int = 128
    eval_batch_size: int = 128
    data: DataRecipe = DataRecipe()
    augment: tuple[Choice, ...] = ()
    loss: Choice = Choice("CrossEntropyLoss")
    aux_weight: float = 0.3
    optimizer: Choice = Choice("SGD", {"lr": 0.01, "momentum": 0.9})
    scheduler: Choice | None = None
    scheduler_interval: Literal["epoch", "step"] = "epoch"
    warmup: Warmup | None = None
    ema: float | None = None
    clip_grad_norm: float | None = None
    metric: Literal["accuracy", "loss"] = "accuracy"
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    channels_last: Auto = "auto"
    compile: bool = False
    cuda_graph: Auto = "auto"
    deterministic: bool = False
    log_interval: int = 50
    checkpoint_interval: int | None = None
    weights: str | None = None
    weights_folder: str = field(default="", compare=False)

    @property
    def start(self) -> Path | None:
        """The file of weights to start from, seen from where it was said."""
        if self.weights is None:
            return None
        return Path(self.weights_folder, os.path.expanduser(self.weights))
