"""`train:` as plain data → a `Recipe` with every default filled in."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from netspec.counted import counted
from netspec.json_schema import Schema, as_declared
from netspec.recipe.augmentations import AUGMENTATIONS
from netspec.recipe.cross_checks import check_recipe
from netspec.recipe.errors import RecipeError
from netspec.recipe.losses import LOSSES
from netspec.recipe.optimizers import OPTIMIZERS
from netspec.recipe.recipe import (
    EMA_DECAY,
    IMAGENET,
    UNCHANGED,
    Choice,
    DataRecipe,
    Normalization,
    Recipe,
    Warmup,
)
from netspec.recipe.schedulers import LENGTH, SCHEDULERS
from netspec.recipe.train_schema import TRAIN_SCHEMA


def recipe_from(train: Mapping[str, Any]) -> Recipe:
    """The recipe that `train:` describes.

    `train` is valid against `TRAIN_SCHEMA`, its `$names` resolved. Raises `RecipeError` where keys
    that are right one by one do not go together.
    """
    given: dict[str, Any] = as_declared(dict(train), TRAIN_SCHEMA)
    optimizer = _choice(given.pop("optimizer", None), OPTIMIZERS)
    scheduler = _choice(given.pop("scheduler", None), SCHEDULERS)
    loss = _choice(given.pop("loss", None), LOSSES)
    augment = tuple(
        _choice(entry, AUGMENTATIONS) or Choice("") for entry in given.pop("augment", None) or ()
    )
    interval = given.pop("scheduler_interval", "auto")
    eval_batch_size = given.pop("eval_batch_size", None)
    recipe = Recipe(
        data=_data(given.pop("data", None) or {}),
        augment=augment,
        warmup=_warmup(given.pop("warmup", None)),
        ema=_decay(given.pop("ema", None)),
        eval_batch_size=eval_batch_size or given.get("batch_size", Recipe.batch_size),
        scheduler_interval=_interval(interval, scheduler),
        optimizer=optimizer or Recipe.optimizer,
        scheduler=scheduler,
        loss=loss or Recipe.loss,
        **given,
    )
    check_recipe(recipe)
    return recipe


def _data(data: Mapping[str, Any]) -> DataRecipe:
    given = dict(data)
    resize = given.pop("resize", None)
    return DataRecipe(
        validation=given.pop("validation", None) or 0.0,
        resize=None if resize is None else _pair(resize),
        normalize=_normalization(given.pop("normalize", "auto")),
        **given,
    )


def _normalization(given: Any) -> Normalization | None:
    if isinstance(given, Mapping):
        mean, std = (_each(given[key]) for key in ("mean", "std"))
        if len(mean) != len(std) and 1 not in (len(mean), len(std)):
            raise RecipeError(
                ("data", "normalize"),
                f"`mean` has {counted(len(mean), 'value')} and `std` has {len(std)}",
                "give each a value for every channel, or one for all",
            )
        return Normalization(mean, std)
    words = {"auto": None, "imagenet": IMAGENET, "none": UNCHANGED, None: UNCHANGED}
    if given not in words:
        raise RecipeError(
            ("data", "normalize"),
            f"`{given}` is no way to normalise",
            "use `auto`, `imagenet`, `none` or `{mean: [...], std: [...]}`",
        )
    return words[given]


def _warmup(given: Any) -> Warmup | None:
    if given is None:
        return None
    return Warmup(**_arguments(given, TRAIN_SCHEMA["properties"]["warmup"]))


def _decay(given: Any) -> float | None:
    if given is None:
        return None
    arguments = _arguments(given, TRAIN_SCHEMA["properties"]["ema"])
    return float(arguments.get("decay", EMA_DECAY))


def _choice(given: Any, entries: Mapping[str, Schema]) -> Choice | None:
    """`SGD`, `{SGD: 0.1}` or `{SGD: {lr: 0.1}}` → Choice; None where nothing is given."""
    if given is None:
        return None
    name, args = (given, {}) if isinstance(given, str) else next(iter(given.items()))
    chosen = {} if args is None else _arguments(args, entries[name])
    return Choice(name, {argument: _frozen(value) for argument, value in chosen.items()})


def _arguments(given: Any, entry: Schema) -> dict[str, Any]:
    """The arguments of an entry; a bare value is that of its first."""
    if isinstance(given, Mapping):
        return dict(given)
    first, schema = next(iter(entry["properties"].items()))
    return {first: as_declared(given, schema)}


def _interval(given: str, scheduler: Choice | None) -> Literal["epoch", "step"]:
    if given == "step":
        return "step"
    if scheduler is None or given == "epoch":
        return "epoch"
    length = LENGTH.get(scheduler.name)
    return "step" if length is not None and length not in scheduler.args else "epoch"


def _frozen(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_frozen(item) for item in value)
    return value


def _each(value: Any) -> tuple[float, ...]:
    return (
        tuple(float(item) for item in value) if isinstance(value, list | tuple) else (float(value),)
    )


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
