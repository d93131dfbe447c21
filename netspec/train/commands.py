"""What `train`, `eval`, `predict`, `runs` and `max-batch` do, as plain functions for the CLI.

Each prints its results to standard output and returns an exit code; errors are TrainError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import torch
from torch import nn

from netspec.compiler.analysis.step_memory import StepMemory
from netspec.recipe import Normalization, Recipe
from netspec.train.data import open_data
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.trial import take_trial_steps
from netspec.train.errors import TrainError
from netspec.train.evaluation import evaluate_split
from netspec.train.free_memory import free_memory
from netspec.train.machine.distributed import Processes, place_in_torchrun
from netspec.train.machine.error_advice import explain
from netspec.train.machine.largest_batch import (
    Need,
    largest_that_runs,
    reckon,
    release_memory,
)
from netspec.train.machine.plan import Plan, apply_plan, choose_device, make_plan
from netspec.train.predict import ImageForm, predict_images
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.runs import all_runs, differences, laid_over, runs_table, summarize
from netspec.train.run import TrainOptions, recipe_of, train
from netspec.train.storage.atomic_write import atomic_write
from netspec.train.storage.folder import RunFolder, open_folder
from netspec.train.storage.weights import load_weights
from netspec.train.trainable import Trainable

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Trained:
    """A network with the weights that are to be used, and the run that they come from, if any."""

    network: Trainable
    weights: Path
    run: RunFolder | None = None


def trained_run(folder: Path, network: Trainable, weights: Path | None = None) -> Trained:
    """The run in ``folder`` with its best weights, or others.

    Raises:
        TrainError: it is no run, or has no weights yet.
    """
    run = open_folder(folder)
    chosen = weights or run.weights
    if not chosen.exists():
        raise TrainError(
            f"`{folder}` has no `{run.weights.name}` yet",
            "its first epoch is not finished: go on with `netspec train --resume`",
        )
    return Trained(network, chosen, run)


def train_command(network: Trainable, options: TrainOptions) -> int:
    """Train, and print the table; 143 or 130 if a signal ended it."""
    result = train(network, options)
    if place_in_torchrun().is_main and not result.exit_code:
        print(result.table())
    return result.exit_code


def eval_command(
    trained: Trained,
    *,
    data: Path | None = None,
    split: str = "test",
    device: str | None = None,
    batch_size: int | None = None,
    out: Path | None = None,
) -> int:
    """Print the figures of trained weights on a split, and write them with the confusion matrix."""
    recipe, plan = _prepared(trained, device, data, batch_size)
    network = trained.network
    if split not in SPLITS:
        raise TrainError(f"there is no split `{split}`", f"one of {', '.join(SPLITS)}")
    if len(network.output_shape) not in (1, 3):
        raise TrainError("only classes, of a sample or of each pixel, can be evaluated")
    try:
        module = _module(trained, plan)
        opened = open_data(
            recipe,
            network.input_shape,
            root=_root(trained, data),
            device=plan.device,
            num_classes=network.output_shape[0],
            output_shape=network.output_shape,
            say=Progress().say,
        )
        try:
            count = {
                "train": opened.info.num_train,
                "validation": opened.info.num_validation,
                "test": opened.info.num_test,
            }[split]
            if not count:
                raise TrainError(
                    f"the data set has no {split} images",
                    "name another `--split`" + (" or `validation:` a share" * (split != "train")),
                )
            batches = opened.batches(
                split,  # type: ignore[arg-type]
                epoch=0,
                batch_size=recipe.eval_batch_size,
                augment=False,
            )
            criterion = Criterion(recipe.loss, plan.device)
            _same_classes(trained, opened.info.classes)
            names = opened.info.classes or tuple(map(str, range(network.output_shape[0])))
            found = evaluate_split(module, batches, criterion, plan, split=split, classes=names)
        finally:
            opened.close()
    except Exception as error:
        raise _explained(error, recipe.eval_batch_size) from error
    print(found.text())
    if not isfinite(found.figures.loss):
        Progress().say("warning: the loss is not a finite number: these weights have diverged")
    folder = out or (
        Path(f"evaluation-{network.name}")
        if trained.run is None
        else trained.run.path / f"evaluation-{split}"
    )
    print(f"\nwritten: {', '.join(str(path) for path in found.write(folder))}")
    return 0


def predict_command(
    trained: Trained, images: Sequence[Path], *, top: int = 5, device: str | None = None
) -> int:
    """Print a line an image: the likeliest classes with their probabilities."""
    recipe, plan = _prepared(trained, device, None, None)
    run, network = trained.run, trained.network
    facts = {} if run is None else run.read_env().get("data", {})
    if not facts:
        raise TrainError(
            "how images were prepared is not known without a run", "name a run's folder"
        )
    if len(network.input_shape) != 3 or len(network.output_shape) != 1:
        raise TrainError("only a network from an image to classes can predict images")
    channels, height, width = network.input_shape
    form = ImageForm(recipe.data.resize, tuple(facts["mean"]), tuple(facts["std"]))
    try:
        found = predict_images(
            _module(trained, plan),
            images,
            (channels, height, width),
            form,
            tuple(facts["classes"]),
            plan,
            top=top,
        )
    except Exception as error:
        raise _explained(error, 64) from error
    for prediction in found:
        print(prediction.text())
    return 0


def runs_command(
    folders: Sequence[Path], *, run_dir: Path, spec: str | None = None, curves: Path | None = None
) -> int:
    """Print the table of runs, best first; of several given runs, what sets them apart."""
    if not folders:
        found = all_runs(run_dir, spec)
        if not found:
            raise TrainError(f"there are no runs in `{run_dir}`", "`netspec train SPEC` makes one")
        print(runs_table(found))
        return 0
    chosen = [summarize(open_folder(folder)) for folder in folders]
    print(runs_table(sorted(chosen, key=lambda run: run.score, reverse=True)))
    if len(chosen) > 1:
        print("\n" + differences(chosen))
    picture = curves or Path("curves.svg" if len(chosen) == 1 else "runs.svg")
    if len(chosen) > 1 or curves is not None:
        atomic_write(picture, [laid_over(chosen).encode()])
        print(f"\ncurves: {picture}")
    return 0


def max_batch_command(
    network: Trainable,
    *,
    step: StepMemory,
    device: str | None = None,
    memory: int | None = None,
    confirm: bool = True,
) -> int:
    """Print the largest batch for training: reckoned, and on a GPU confirmed by training steps.

    ``step`` is the static analysis of what a step holds of a sample; ``memory`` (bytes) stands in
    for the device's own.
    """
    recipe = recipe_of(network, {})
    alone = Processes()
    plan = make_plan(
        recipe, choose_device(device, alone), alone, images=len(network.input_shape) == 3
    )
    apply_plan(plan)
    values = 1
    for size in network.input_shape:
        values *= size
    available = memory or free_memory(plan.device)
    params = network.num_params + int(getattr(network, "training_params", 0))
    need = reckon(params, step, values, recipe, plan)
    largest = need.largest_batch(available)
    print(_reckoned(need, available, largest))
    if plan.device.type != "cuda" or not confirm or memory is not None:
        print(
            "not confirmed: on a CPU, running out of memory would end other programs too"
            if plan.device.type == "cpu"
            else "not confirmed"
        )
        return 0 if largest else 1
    runs, trials = largest_that_runs(
        max(1, largest),
        max(1, largest) * 4,
        lambda batch: take_trial_steps(network, recipe, plan, batch),
        release_memory,
    )
    told = ", ".join(f"{batch} {'runs' if fits else 'does not'}" for batch, fits in trials)
    print(f"confirmed on {torch.cuda.get_device_name(plan.device)}: {runs} ({told})")
    return 0 if runs else 1


def _prepared(
    trained: Trained, device: str | None, data: Path | None, batch_size: int | None
) -> tuple[Recipe, Plan]:
    overrides = {} if trained.run is None else dict(trained.run.read_env().get("overrides", {}))
    if data is not None:
        overrides["data"] = str(data)
    recipe = recipe_of(trained.network, overrides)
    if batch_size is not None:
        recipe = replace(recipe, eval_batch_size=batch_size)
    facts = {} if trained.run is None else trained.run.read_env().get("data", {})
    if facts:  # other data, too, is seen through the figures of what the weights were trained on
        seen = Normalization(tuple(facts["mean"]), tuple(facts["std"]))
        recipe = replace(recipe, data=replace(recipe.data, normalize=seen))
    alone = Processes()
    images = len(trained.network.input_shape) == 3
    plan = make_plan(recipe, choose_device(device, alone), alone, images=images)
    apply_plan(plan)
    return recipe, plan


def _same_classes(trained: Trained, found: tuple[str, ...]) -> None:
    facts = {} if trained.run is None else trained.run.read_env().get("data", {})
    known = tuple(facts.get("classes", found))
    if known != found:
        strange = [name for name in found if name not in known] or list(found)
        raise TrainError(
            f"the data's class `{strange[0]}` is not where it was in training",
            f"the classes were {', '.join(known[:12])}{', …' if len(known) > 12 else ''}",
        )


def _root(trained: Trained, data: Path | None) -> Path | None:
    if data is not None or trained.run is None:
        return data
    kept = trained.run.read_env().get("overrides", {}).get("data")
    return None if kept is None else Path(kept)


def _module(trained: Trained, plan: Plan) -> nn.Module:
    weights = load_weights(trained.weights, trained.network)
    module = trained.network.build()
    module.load_state_dict(weights)
    module = module.to(plan.device).to(memory_format=plan.memory_format)
    return module.eval()


def _reckoned(need: Need, available: int, largest: int) -> str:
    gib = 2**30
    return (
        f"largest batch: {largest:,}\n"
        f"reckoned from {available / gib:.2f} GiB free: {need.fixed / gib:.3f} GiB for weights, "
        f"gradients and optimizer, {need.per_sample / 2**20:.2f} MiB a sample"
    )


def _explained(error: Exception, batch_size: int) -> Exception:
    return explain(error, batch_size=batch_size) or error
