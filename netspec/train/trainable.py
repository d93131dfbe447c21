"""What the trainer asks of a network: the compiler's, or any object shaped like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from netspec.ops.dtype import Dtype
from netspec.recipe import Recipe
from netspec.train.errors import TrainError

if TYPE_CHECKING:
    from torch import nn


class NetworkInput(Protocol):
    """One input of a network, as ``net.inputs`` lists them."""

    @property
    def name(self) -> str:
        """Its name; `input` where the spec names none."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, without the batch."""

    @property
    def dtype(self) -> Dtype:
        """The kind of its numbers."""


class Trainable(Protocol):
    """A checked network with its recipe, as ``netspec.load`` returns it."""

    @property
    def name(self) -> str:
        """The spec's name: the folder of its runs."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of a sample's first input: (channels, height, width) of an image."""

    @property
    def inputs(self) -> Sequence[NetworkInput]:
        """Every input, in the order in which the module takes them."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """One sample's logits: (classes,), or (classes, height, width) for segmentation."""

    @property
    def num_params(self) -> int:
        """Trainable values of the network as it infers."""

    @property
    def training_params(self) -> int:
        """Trainable values of what runs only in training."""

    @property
    def recipe(self) -> Recipe:
        """The ``train:`` section, every default filled in."""

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names under ``outputs:``; the first is the logits, the others auxiliary heads."""

    @property
    def source_text(self) -> str:
        """The spec as its author wrote it."""

    def resolved(self, train: Mapping[str, Any] | None = None) -> str:
        """A YAML spec that is complete in itself; `train` are keys of the recipe to set as well."""

    def build(self) -> nn.Module:
        """A fresh module with the spec's initial weights."""


def num_classes(network: Trainable) -> int:
    """How many classes the network answers for.

    Raises:
        TrainError: it gives a scalar, in which no dimension is the classes'.
    """
    if not network.output_shape:
        raise TrainError(
            f"`{network.name}` gives a scalar for each sample, and no output for each class",
            "end it in a `Linear` of as many features as there are classes",
        )
    return network.output_shape[0]


def shows_images(network: Trainable) -> bool:
    """Whether a sample is an image, (channels, height, width)."""
    return takes_images(network.inputs) and len(network.input_shape) == 3


def takes_images(inputs: Sequence[NetworkInput]) -> bool:
    """Whether samples are one tensor of floating-point numbers, as images are."""
    return len(inputs) == 1 and inputs[0].dtype.name == "float32"
