"""What `train`, `eval`, `predict`, `runs` and `max-batch` do, as plain functions for the CLI.

Each prints its results to standard output and returns an exit code; errors are TrainError.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import isfinite, prod
from pathlib import Path
from typing import get_args

import torch

from netspec.compiler.analysis.step_memory import StepMemory
from netspec.escape import safe
from netspec.recipe import Recipe
from netspec.train.data import (
    Inputs,
    Pictures,
    Split,
    Unread,
    named_images,
    named_texts,
    open_data,
    text_reader,
)
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.trial import take_trial_steps
from netspec.train.errors import TrainError
from netspec.train.evaluation import Evaluation, evaluate_split
from netspec.train.free_memory import free_memory
from netspec.train.image_form import image_form
from netspec.train.machine.distributed import Processes, place_in_torchrun
from netspec.train.machine.error_advice import explain
from netspec.train.machine.largest_batch import (
    Need,
    largest_that_runs,
    reckon,
    release_memory,
)
from netspec.train.machine.plan import Plan, apply_plan, choose_device, make_plan
from netspec.train.predict import AT_ONCE, predict_images, read_picture
from netspec.train.prediction_formats import FORMATS, unread_lines
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.runs import all_runs, differences, laid_over, runs_table, summarize
from netspec.train.reporting.terminal import terminal_width
from netspec.train.run import TrainOptions, train
from netspec.train.storage.atomic_write import atomic_write
from netspec.train.storage.folder import open_folder
from netspec.train.trainable import NetworkInput, Trainable, num_classes, shows_images, takes_images
from netspec.train.trained import Trained


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
    recipe, plan = trained.prepared(device, data, batch_size)
    chosen = _split(split)
    if len(trained.network.output_shape) not in (1, 2, 3):
        raise TrainError("only classes, of a sample or of each pixel, can be evaluated")
    try:
        found = _evaluated(trained, recipe, plan, data, chosen)
    except Exception as error:
        raise _explained(error, recipe.eval_batch_size) from error
    print(found.text())
    if not isfinite(found.figures.loss):
        Progress().say("warning: the loss is not a finite number: these weights have diverged")
    folder = out or trained.evaluation_folder(split, data)
    written = found.write(folder, None if data is None else data.absolute(), trained.other_weights)
    print()
    print(safe(f"written: {', '.join(map(str, written))}"))
    return 0


def predict_command(
    trained: Trained,
    words: Sequence[str],
    *,
    texts: Sequence[str] = (),
    top: int = 5,
    device: str | None = None,
    format: str = "text",
) -> int:
    """Write the likeliest classes of each image that ``words`` stand for, with probabilities.

    Of a network of texts, of ``texts`` and of each line of the files that ``words`` name.

    What could not be read is listed at the end, on standard error; it makes the exit code 1.
    """
    say = Progress().say
    recipe, plan = trained.prepared(device)
    network = trained.network
    if len(network.output_shape) != 1:
        raise TrainError("only a network that gives classes can predict them")
    images = shows_images(network)
    classes, read = (_pictures if images else _texts)(trained, recipe, plan)
    if texts and images:
        raise TrainError("the network takes images, and `--text` is a text", "name image files")
    named = named_images(words) if images else named_texts(texts, words)
    criterion = Criterion(recipe.loss, plan.device)
    module = trained.module(plan)
    try:
        found = predict_images(module, named, read, classes, criterion, plan, top=top)
        what = "image" if images else "text"
        unread = FORMATS[format](found, classes, top, sys.stdout, what)
    except Exception as error:
        raise _explained(error, AT_ONCE) from error
    if unread:
        sys.stdout.flush()
        for line in unread_lines(unread):
            say(line)
    return int(bool(unread))


Read = Callable[[str], Inputs | Unread]


def _pictures(trained: Trained, recipe: Recipe, plan: Plan) -> tuple[tuple[str, ...], Read]:
    """The classes, and what reads an image."""
    channels, height, width = trained.network.input_shape
    form = image_form(trained, recipe, Progress().say)
    pictures = Pictures((channels, height, width), form.mean, form.std, form.resize, plan.device)
    return form.classes, lambda image: read_picture(image, pictures)


def _texts(trained: Trained, recipe: Recipe, plan: Plan) -> tuple[tuple[str, ...], Read]:
    """The classes, and what reads a text. Raises TrainError for a network of neither."""
    if takes_images(trained.network.inputs):
        raise TrainError("only a network from an image or a text to classes can predict them")
    reader = text_reader(recipe, trained.network.inputs, trained.vocabulary(), plan.device)
    count = max(num_classes(trained.network), 2)
    classes = tuple(trained.facts.get("classes", map(str, range(count))))
    return classes, reader.read


def runs_command(
    folders: Sequence[Path], *, run_dir: Path, spec: str | None = None, curves: Path | None = None
) -> int:
    """Print the table of runs, best first; of several given runs, what sets them apart."""
    width = terminal_width(sys.stdout)
    if not folders:
        found = all_runs(run_dir, spec)
        if not found:
            raise TrainError(f"there are no runs in `{run_dir}`", "`netspec train SPEC` makes one")
        print(runs_table(found, width))
        return 0
    chosen = [summarize(open_folder(folder)) for folder in dict.fromkeys(folders)]
    print(runs_table(sorted(chosen, key=lambda run: run.score, reverse=True), width))
    if len(chosen) > 1:
        print("\n" + differences(chosen, width))
    picture = curves or Path("curves.svg" if len(chosen) == 1 else "runs.svg")
    if len(chosen) > 1 or curves is not None:
        atomic_write(picture, [laid_over(chosen).encode()])
        print()
        print(safe(f"curves: {picture}"))
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
    recipe = network.recipe
    alone = Processes()
    plan = make_plan(recipe, choose_device(device, alone), alone, images=shows_images(network))
    apply_plan(plan)
    available = memory or free_memory(plan.device)
    params = network.num_params + network.training_params
    need = reckon(params, step, sum(map(_values, network.inputs)), recipe, plan)
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


def _split(word: str) -> Split:
    """The split of that name; TrainError where there is none."""
    splits: tuple[Split, ...] = get_args(Split)
    for split in splits:
        if split == word:
            return split
    raise TrainError(f"there is no split `{word}`", f"one of {', '.join(splits)}")


def _evaluated(
    trained: Trained, recipe: Recipe, plan: Plan, data: Path | None, split: Split
) -> Evaluation:
    """The figures on a split of the data set, which is opened for it."""
    network = trained.network
    module = trained.module(plan)
    opened = open_data(
        recipe,
        network.input_shape,
        root=trained.data_root(data),
        device=plan.device,
        num_classes=num_classes(network),
        output_shape=network.output_shape,
        say=Progress().say,
        known=trained.known(data, split),
        by_class=trained.run is None or trained.run.by_class(),
        inputs=network.inputs,
        vocabulary=trained.vocabulary(),
    )
    try:
        if not opened.size(split):
            raise TrainError(
                f"the data set has no {split} {opened.info.sample}s",
                "name another `--split`" + (" or `validation:` a share" * (split == "validation")),
            )
        batches = opened.batches(split, epoch=0, batch_size=recipe.eval_batch_size, augment=False)
        criterion = Criterion(recipe.loss, plan.device)
        _require_same_classes(trained, opened.info.classes)
        names = opened.info.classes or tuple(map(str, range(num_classes(network))))
        return evaluate_split(module, batches, criterion, plan, split=split, classes=names)
    finally:
        opened.close()


def _require_same_classes(trained: Trained, found: tuple[str, ...]) -> None:
    """Raise TrainError where the data's classes are not those that the weights were trained for."""
    known = tuple(trained.facts.get("classes", found))
    if known != found:
        strange = [name for name in found if name not in known] or list(found)
        raise TrainError(
            f"the data's class `{strange[0]}` is not where it was in training",
            f"the classes were {', '.join(known[:12])}{', …' if len(known) > 12 else ''}",
        )


def _values(taken: NetworkInput) -> int:
    """The size of a sample's input, in float32s."""
    return {"int64": 2}.get(taken.dtype.name, 1) * prod(taken.shape)


def _reckoned(need: Need, available: int, largest: int) -> str:
    gib = 2**30
    return (
        f"largest batch: {largest:,}\n"
        f"reckoned from {available / gib:.2f} GiB free: {need.fixed / gib:.3f} GiB for weights, "
        f"gradients and optimizer, {need.per_sample / 2**20:.2f} MiB a sample"
    )


def _explained(error: Exception, batch_size: int) -> Exception:
    return explain(error, batch_size=batch_size) or error
