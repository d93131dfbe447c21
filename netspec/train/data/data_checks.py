"""Whether a data set is one that the network can be trained on: channels, size, classes."""

from __future__ import annotations

from typing import Final

import torch

from netspec.counted import counted
from netspec.ops.base import text
from netspec.recipe import Recipe
from netspec.recipe.losses import ONE_HOT
from netspec.train.data.augment.augmentation import augmentation
from netspec.train.errors import TrainError

KEEPS_PLACES: Final = ("Cutout", "RandomErasing", "ColorJitter")
"""The augmentations that leave every pixel where it is."""


def check_agreement(
    recipe: Recipe,
    dataset: str,
    classes: tuple[str, ...],
    shape: tuple[int, ...],
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
) -> None:
    """Raise TrainError unless images of `shape` become `input_shape` and classes are as many."""
    if len(input_shape) != 3:
        if recipe.augment or recipe.data.resize:
            raise TrainError(
                f"the network takes {text(input_shape)}: `augment` and `resize` are for images",
                "leave them out",
            )
        check_classes(recipe, dataset, len(classes), output_shape[0])
        return
    _check_channels(dataset, shape[0], input_shape)
    size = (shape[1], shape[2])
    _check_sizes(recipe, dataset, shape[0], size, (input_shape[1], input_shape[2]))
    if len(output_shape) == 3:
        _check_labels_move(recipe, recipe.data.resize or size, (output_shape[1], output_shape[2]))
    check_classes(recipe, dataset, len(classes), output_shape[0])


def _check_channels(dataset: str, channels: int, input_shape: tuple[int, ...]) -> None:
    wanted = input_shape[0]
    if channels == wanted:
        return
    if wanted in (1, 3):
        hint = f"add `--set train.data.channels={wanted}`, which turns them into " + (
            "grey" if wanted == 1 else "red, green and blue"
        )
    else:
        hint = f"give the network an input of {text((channels, *input_shape[1:]))}"
    raise TrainError(
        f"images of `{dataset}` have {_channels(channels)}, and the network takes {wanted}", hint
    )


def _channels(count: int) -> str:
    return counted(count, "channel")


def _check_sizes(
    recipe: Recipe,
    dataset: str,
    channels: int,
    stored: tuple[int, int],
    wanted: tuple[int, int],
) -> None:
    size = recipe.data.resize or stored
    nothing = torch.zeros(channels)
    for entry in recipe.augment:
        fill = entry.args.get("fill")
        if isinstance(fill, tuple) and len(fill) not in (1, channels):
            raise TrainError(
                f"`fill` of `{entry.name}` has {counted(len(fill), 'value')} for "
                f"{_channels(channels)}",
                "give one for each channel, or one for all",
            )
    trained = augmentation(recipe.augment, 0, nothing, nothing).size(size)
    given = str(wanted[0]) if wanted[0] == wanted[1] else f"[{wanted[0]},{wanted[1]}]"
    resize = f"add `--set train.data.resize={given}`"
    if trained != wanted:
        made = f"images of `{dataset}` are {text(stored)}"
        if recipe.data.resize is not None and size != stored:
            made += f", resized to {text(size)}"
        if trained != size:
            made += f", and `augment` makes them {text(trained)}"
            hint = "let the crop in `augment` have the size that the network takes"
        else:
            hint = resize
        raise TrainError(f"{made}; the network takes {text(wanted)}", hint)
    if size[0] < wanted[0] or size[1] < wanted[1]:
        raise TrainError(
            f"images of `{dataset}` are {text(size)} where nothing is augmented, as in "
            f"evaluation; the network takes {text(wanted)}",
            resize,
        )


def _check_labels_move(recipe: Recipe, size: tuple[int, int], answers: tuple[int, int]) -> None:
    """Raise TrainError where pixels are moved whose labels are an image of another size."""
    moving = [entry.name for entry in recipe.augment if entry.name not in KEEPS_PLACES]
    if moving and size != answers:
        raise TrainError(
            f"`{moving[0]}` moves the labels of pixels with the pixels, and the images are "
            f"{text(size)} and their labels {text(answers)}",
            "leave it out, or let the network answer for each pixel of its input, without `resize`",
        )


def check_weights(recipe: Recipe, outputs: int) -> None:
    """Raise TrainError unless the loss has a weight for each of the network's `outputs`."""
    for name, least in (("weight", outputs), ("pos_weight", 1)):
        given = recipe.loss.args.get(name)
        if given is not None and len(given) not in (least, outputs):
            raise TrainError(
                f"`{name}` of `{recipe.loss.name}` has {counted(len(given), 'value')}, and the "
                f"network answers for {counted(outputs, 'class', 'classes')}",
                "give one for each class",
            )


def check_classes(recipe: Recipe, dataset: str, classes: int, outputs: int) -> None:
    """Raise TrainError unless the network has an output for each class, or one for two classes."""
    binary = outputs == 1 and classes == 2
    if binary and recipe.loss.name not in ONE_HOT:
        raise TrainError(
            f"`{recipe.loss.name}` needs an output for each class, and the network has one",
            "give it two, or use `loss: BCEWithLogitsLoss`",
        )
    if classes != outputs and not binary:
        raise TrainError(
            f"`{dataset}` has {counted(classes, 'class', 'classes')}, and the network answers "
            f"for {outputs}",
            f"give the network {counted(classes, 'output')}, as with `--set num_classes={classes}`",
        )
