"""How single images are prepared for trained weights, and what the classes are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspec.recipe import TORCHVISION_SETS, DataRecipe, Recipe
from netspec.train.data import class_folders, class_names
from netspec.train.errors import TrainError
from netspec.train.say import Say
from netspec.train.trainable import num_classes
from netspec.train.trained import Trained


@dataclass(frozen=True)
class ImageForm:
    """How images were prepared in training: (height, width) of `resize`, figures by channel."""

    resize: tuple[int, int] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]


def image_form(trained: Trained, recipe: Recipe, say: Say) -> ImageForm:
    """As the run noted it; without a run, as the recipe says, which is told.

    Raises:
        TrainError: the recipe leaves open how images are prepared.
    """
    facts = trained.facts
    if facts:
        mean, std, names = (tuple(facts[key]) for key in ("mean", "std", "classes"))
        return ImageForm(recipe.data.resize, mean, std, names)
    seen = recipe.data.normalize
    if seen is None:
        raise TrainError(
            "the spec does not say how its images are normalised: `auto` takes the training set's "
            "own mean and standard deviation, which only a run knows",
            "name a run, or say them as the weights were trained: `--set "
            "train.data.normalize=imagenet`, `=none`, or `'={mean: [0.5], std: [0.5]}'`",
        )
    form = ImageForm(recipe.data.resize, seen.mean, seen.std, _names(trained, recipe.data, say))
    size = form.resize or trained.network.input_shape[1:]
    less, over = (", ".join(f"{value:g}" for value in values) for values in (seen.mean, seen.std))
    say(f"note: images are brought to {size[0]}×{size[1]}, less a mean of {less}, over {over}")
    return form


def _names(trained: Trained, data: DataRecipe, say: Say) -> tuple[str, ...]:
    """The classes of the data set that the recipe names, or else numbers."""
    outputs = num_classes(trained.network)
    count = max(outputs, 2)  # one output tells two classes apart
    names: tuple[str, ...] = ()
    if data.dataset in TORCHVISION_SETS:
        names = class_names(data.dataset)
    elif data.dataset in ("folder", None):
        names = _folders(data.place)
    if len(names) == count:
        return names
    say("note: the classes are numbers, since no data set at hand says what they are called")
    return tuple(map(str, range(count)))


def _folders(place: Path) -> tuple[str, ...]:
    try:
        return class_folders(place).classes
    except TrainError:
        return ()
