"""What the schema of one key cannot say: which keys of a recipe go together."""

from __future__ import annotations

from netspec.counted import counted
from netspec.recipe.errors import RecipeError
from netspec.recipe.recipe import Choice, Normalization, Recipe

Key = tuple[str | int, ...]


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe whose parts do not go together; raises RecipeError."""
    _check_optimizer(recipe.optimizer)
    if recipe.scheduler is not None:
        _check_scheduler(recipe, recipe.scheduler)
    if recipe.warmup is not None and recipe.warmup.epochs >= recipe.epochs:
        raise RecipeError(
            ("warmup",),
            f"the warm-up of {counted(recipe.warmup.epochs, 'epoch')} fills the run of "
            f"{recipe.epochs}",
            "give `warmup` fewer epochs than `epochs`",
        )
    if recipe.data.normalize is not None:
        _check_normalization(recipe.data.normalize)
    for place, entry in enumerate(recipe.augment):
        _check_ranges(("augment", place, entry.name), entry)


def notes(recipe: Recipe) -> list[str]:
    """What a recipe says without effect: no mistake, but seldom meant."""
    scheduler, lr = recipe.scheduler, recipe.optimizer.args.get("lr")
    if scheduler is None or scheduler.name != "OneCycleLR" or lr is None:
        return []
    highest = scheduler.args["max_lr"]
    if lr == highest:
        return []
    return [
        f"`OneCycleLR` sets the learning rate, {highest:g} at most; "
        f"the optimizer's `lr: {lr:g}` has no effect"
    ]


def _check_normalization(normalize: Normalization) -> None:
    for name, values in (("mean", normalize.mean), ("std", normalize.std)):
        if max(values) > 1:
            figures = ", ".join(
                f"{key}: [{', '.join(f'{value:.4g}' for value in _from_0_to_1(given))}]"
                for key, given in (("mean", normalize.mean), ("std", normalize.std))
            )
            raise RecipeError(
                ("data", "normalize", name),
                f"`{name}` has {max(values):g}, and pixels go from 0 to 1",
                f"divide by 255: `{{{figures}}}`",
                "NS503",
            )


def _from_0_to_1(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(value / 255 for value in values) if max(values) > 1 else values


def _check_optimizer(optimizer: Choice) -> None:
    args = optimizer.args
    if args.get("nesterov") and (not args.get("momentum") or args.get("dampening")):
        raise RecipeError(
            ("optimizer", "SGD", "nesterov"),
            "Nesterov momentum needs `momentum` above 0 and no `dampening`",
            "add `momentum: 0.9`, or leave `nesterov` out",
        )


def _check_scheduler(recipe: Recipe, scheduler: Choice) -> None:
    key = ("scheduler", scheduler.name)
    if recipe.warmup is not None and scheduler.name in ("OneCycleLR", "ReduceLROnPlateau"):
        why = (
            "rises by itself at the start"
            if scheduler.name == "OneCycleLR"
            else "follows the validation loss, not a plan"
        )
        raise RecipeError(
            ("warmup",),
            f"`{scheduler.name}` {why}",
            "leave `warmup` out, or take another scheduler",
        )
    if scheduler.name == "ReduceLROnPlateau" and recipe.scheduler_interval == "step":
        raise RecipeError(
            ("scheduler_interval",),
            "`ReduceLROnPlateau` looks at whole epochs",
            "leave `scheduler_interval` out",
        )
    if scheduler.name == "OneCycleLR":
        if recipe.scheduler_interval == "epoch":
            raise RecipeError(
                ("scheduler_interval",),
                "`OneCycleLR` is stepped per batch",
                "leave `scheduler_interval` out",
            )
        cycles = scheduler.args.get("cycle_momentum", True)
        if cycles and recipe.optimizer.name in ("Adagrad", "Adadelta"):
            raise RecipeError(
                (*key, "cycle_momentum"),
                f"`{recipe.optimizer.name}` has no momentum to cycle",
                "add `cycle_momentum: false`",
            )
    milestones = scheduler.args.get("milestones", ())
    if list(milestones) != sorted(set(milestones)):
        raise RecipeError(
            (*key, "milestones"), "the milestones do not rise", "list them in rising order"
        )


def _check_ranges(key: Key, entry: Choice) -> None:
    ranges = ("scale", "ratio", "degrees", "shear", "brightness", "contrast", "saturation")
    for name in ranges:
        value = entry.args.get(name)
        if isinstance(value, tuple) and value[0] > value[1]:
            raise RecipeError(
                (*key, name),
                f"the range from {value[0]:g} to {value[1]:g} is empty",
                "write the smaller number first",
            )
        if isinstance(value, int | float) and value < 0:
            raise RecipeError(
                (*key, name), f"{value:g} is below 0", "give the size of the range, without a sign"
            )
    padding = entry.args.get("padding")
    if isinstance(padding, tuple) and len(padding) == 3:
        raise RecipeError(
            (*key, "padding"),
            "3 paddings fit no image of four sides",
            "give one, two [sides, top and bottom] or four [left, top, right, bottom]",
        )
