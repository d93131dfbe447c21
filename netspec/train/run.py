"""A whole run: open the data, put the parts together, resume, train, test, write it down."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.recipe import Recipe, notes
from netspec.train.data import Data, check_weights, held_out_words, is_table, open_data
from netspec.train.describe import describe, resolved_spec
from netspec.train.engine.last_batch import require_norms_to_work
from netspec.train.engine.learner import require_weights
from netspec.train.engine.loop import train_epochs
from netspec.train.engine.training import Run, Training
from netspec.train.errors import LossNotFinite, TrainError
from netspec.train.machine.distributed import (
    Processes,
    joined,
    place_in_torchrun,
    torchrun_launch,
    torchrun_restarts,
)
from netspec.train.machine.error_advice import explain
from netspec.train.machine.plan import Plan, apply_plan, choose_device, make_plan
from netspec.train.machine.stop import Stopped, StopRequest
from netspec.train.metrics import Metrics
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.result import RunResult
from netspec.train.storage.atomic_write import atomic_write
from netspec.train.storage.checkpoints import Checkpoints, Loaded
from netspec.train.storage.folder import (
    RUNS,
    RunFolder,
    create_folder,
    find_folders,
    newest_time,
    open_folder,
)
from netspec.train.storage.run_lock import held
from netspec.train.storage.weights import starting_weights
from netspec.train.trainable import Trainable, num_classes, shows_images

_AHEAD: Final = timedelta(minutes=1)
"""Names further ahead than runs that follow each other at once would be are told."""


@dataclass(frozen=True)
class TrainOptions:
    """What the command line says beyond the spec; None leaves it to the recipe.

    ``run_dir`` is the folder that holds all runs. ``resume`` is a run's folder, or `auto` for the
    newest run of this spec, a new one if there is none. ``weights`` is a file to start from.
    ``warnings`` is what the spec's check warns of, as text: told at the start and kept.
    """

    data: Path | None = None
    device: str | None = None
    run_dir: Path = RUNS
    resume: Path | Literal["auto"] | None = None
    workers: int | None = None
    weights: Path | None = None
    warnings: str = ""
    silent: bool = False
    command: tuple[str, ...] = field(default_factory=lambda: tuple(sys.argv))


def train(network: Trainable, options: TrainOptions | None = None) -> RunResult:
    """Train ``network`` as its recipe says, in a folder of its own or the one resumed.

    Raises:
        TrainError: for everything that the user can mend.
    """
    options = options or TrainOptions()
    try:
        processes = place_in_torchrun()
        device = choose_device(options.device, processes)
        with StopRequest() as stop, joined(device) as processes, ExitStack() as alone:
            return _train(network, options, device, processes, stop, alone)
    except Exception as error:
        advice = explain(error, batch_size=network.recipe.batch_size)
        if advice is None:
            raise
        raise advice from error


def _train(
    network: Trainable,
    options: TrainOptions,
    device: torch.device,
    processes: Processes,
    stop: StopRequest,
    alone: ExitStack,
) -> RunResult:
    """Train; ``alone`` is left when the run's folder may be another's again."""
    began = time.monotonic()
    progress = Progress(silent=options.silent or not processes.is_main)
    earlier = processes.broadcast(_earlier_run(network, options) if processes.is_main else None)
    if earlier is not None:
        _require_own(earlier, network)
        earlier.require_own()
        alone.enter_context(_held(earlier, processes))
    overrides = _overrides(options, earlier)
    recipe = recipe_of(network, overrides)
    plan = make_plan(recipe, device, processes, images=shows_images(network))
    apply_plan(plan)
    if options.warnings:
        for line in (*options.warnings.splitlines(), ""):
            progress.say(line)
    check_weights(recipe, num_classes(network))
    require_weights(network)
    if options.resume == "auto" and earlier is None:
        progress.say(f"note: `{options.run_dir}` has no run of `{network.name}`: starting one")
    by_class = processes.broadcast(earlier is None or earlier.by_class())
    data = _open(network, recipe, options, overrides, plan, progress, by_class)
    try:
        images = data.size("train")
        require_norms_to_work(network, images, recipe.batch_size, processes.world_size)
        start = None  # of a run that has no checkpoint, also where it is begun once more
        weights = overrides.get("weights") or recipe.start
        if weights and not _has_checkpoint(earlier, processes):
            start = _start(network, Path(weights), progress)
        folder = earlier or _new_folder(network, options, processes, alone, progress)
        run = Run(network, recipe, data, folder, plan, processes, progress, stop)
        training = _begun(run, start, options, overrides, goes_on=earlier is not None)
        return _finished(training, began)
    finally:
        data.close()


def _require_own(earlier: RunFolder, network: Trainable) -> None:
    """Raise TrainError where the run to go on with is of another spec."""
    owner = earlier.notes().get("spec")
    if owner not in (None, network.name):
        raise TrainError(
            f"`{earlier.path}` is a run of `{owner}`, not of `{network.name}`",
            "leave the spec out (`netspec train --resume RUN`), or start a new run",
        )


def _open(
    network: Trainable,
    recipe: Recipe,
    options: TrainOptions,
    overrides: Mapping[str, Any],
    plan: Plan,
    progress: Progress,
    by_class: bool,
) -> Data:
    """The data set, opened; what was chosen is told."""
    root = overrides.get("data")
    data = open_data(
        recipe,
        network.input_shape,
        root=None if root is None else Path(root),
        device=plan.device,
        workers=options.workers,
        num_classes=num_classes(network),
        output_shape=network.output_shape,
        say=progress.say,
        by_class=by_class,
        inputs=network.inputs,
    )
    progress.sample = data.info.sample
    if recipe.data.validation:
        progress.say(f"note: {held_out_words(data.info, recipe.data.validation)}")
    progress.say(f"{plan.line} · {_data_words(data, recipe)}")
    for note in notes(recipe):
        progress.say(f"note: {note}")
    return data


def _begun(
    run: Run,
    start: Mapping[str, Tensor] | None,
    options: TrainOptions,
    overrides: dict[str, Any],
    *,
    goes_on: bool,
) -> Training:
    """The run put together, and where it goes on, put back where it stood."""
    if run.processes.is_main and not goes_on:
        atomic_write(run.folder.resolved, [resolved_spec(run, overrides)])
        describe(run, options.command, options.warnings, overrides)
    training = Training(run, start)
    if goes_on:
        _resume(training, run.progress)
        if run.processes.is_main:  # not before: a run that is refused stays as it is
            atomic_write(run.folder.resolved, [resolved_spec(run, overrides)])
            describe(run, options.command, options.warnings, overrides)
    elif run.processes.is_main:
        run.progress.say(f"files in {run.folder.path}")
    left = run.data.size("train") - training.samples_per_epoch
    if left:
        processes = counted(run.processes.world_size, "process", "processes")
        run.progress.say(
            f"note: {left} of the training {run.data.info.sample}s are left out of each epoch, "
            f"others each time: a last batch of {left} is too small for {processes}"
        )
    training.records.start_tensorboard(training.position.step)
    return training


def _finished(training: Training, began: float) -> RunResult:
    """Train to the end, or until the run is stopped, which leaves it saved."""
    try:
        training.stop.wait_for_a_step()
        train_epochs(training)
        test = _test(training)
    except Stopped:
        signals = training.processes.gather(training.stop.signal)
        told = next(number for number in signals if number is not None)
        step, folder = training.position.step, training.folder.path
        training.progress.say(f"stopped at step {step}, saved; go on with `--resume {folder}`")
        return _result(training, None, began, 128 + told)
    except LossNotFinite:
        weights = training.folder.weights
        if training.processes.is_main and weights.exists():
            training.progress.say(
                f"note: the best weights so far are in {weights}: `--weights` starts from them"
            )
        raise
    finally:
        training.records.close()
    return _result(training, test, began, 0)


def recipe_of(network: Trainable, overrides: Mapping[str, Any]) -> Recipe:
    """The spec's recipe; data that the command line names are a folder unless the spec says."""
    recipe = network.recipe
    if overrides.get("data") is not None and not recipe.data.dataset:
        named = "table" if is_table(Path(overrides["data"])) else "folder"
        return replace(recipe, data=replace(recipe.data, dataset=named))
    return recipe


def _earlier_run(network: Trainable, options: TrainOptions) -> RunFolder | None:
    """The run to go on with: the one named, the newest, or the one that torchrun restarted."""
    if isinstance(options.resume, Path):
        return open_folder(options.resume)
    found = list(find_folders(options.run_dir, network.name))
    if options.resume == "auto":
        return found[-1] if found else None
    if torchrun_restarts() and (launch := torchrun_launch()) is not None:
        mine = [folder for folder in found if folder.read_env().get("launch") == launch]
        return mine[-1] if mine else None
    return None


def _overrides(options: TrainOptions, earlier: RunFolder | None) -> dict[str, Any]:
    """Files that the command line named, now or when the run that goes on was started."""
    named = {"data": options.data, "weights": options.weights}
    before = {} if earlier is None else earlier.notes().get("overrides", {})
    found = {key: before[key] for key in named if key in before}
    return {**found, **{key: str(path.absolute()) for key, path in named.items() if path}}


def _start(network: Trainable, weights: Path, progress: Progress) -> Mapping[str, Tensor]:
    """The weights to start from, out of the file that the command line named."""
    found = starting_weights(weights, network)
    progress.say(f"starting from the weights in {weights}")
    for note in found.notes:
        progress.say(f"note: {note}")
    if found.replaced:
        named = ", ".join(f"`{name}`" for name in found.replaced)
        has = counted(found.classes, "class", "classes") if found.classes else "no head"
        progress.say(
            f"note: the file has {has} and the network "
            f"{counted(num_classes(network), 'class', 'classes')}: {named} start afresh"
        )
    return found.weights


def _has_checkpoint(earlier: RunFolder | None, processes: Processes) -> bool:
    if earlier is None:
        return False
    found: bool = processes.broadcast(Checkpoints(earlier.checkpoints).any())
    return found


@contextmanager
def _held(folder: RunFolder, processes: Processes) -> Iterator[None]:
    """The run's folder is this run's alone; every process is told where it is not."""
    with ExitStack() as lock:
        refused: TrainError | None = None
        if processes.is_main:
            try:
                lock.enter_context(held(folder.path))
            except TrainError as error:
                refused = error
        if told := processes.broadcast(
            None if refused is None else (refused.message, refused.hint)
        ):
            raise TrainError(*told)
        yield


def _new_folder(
    network: Trainable,
    options: TrainOptions,
    processes: Processes,
    alone: ExitStack,
    progress: Progress,
) -> RunFolder:
    made = None
    if processes.is_main:
        now, newest = datetime.now(), newest_time(options.run_dir, network.name)
        if newest is not None and newest > now + _AHEAD:
            progress.say(
                f"note: a run of `{network.name}` is named after {newest:%Y-%m-%d %H:%M}, which is "
                "yet to come: this one is named as the next"
            )
        made = create_folder(options.run_dir, network.name, now)
        alone.enter_context(held(made.path))
        atomic_write(made.spec, [network.source_text.encode()])
    folder: RunFolder = processes.broadcast(made)
    return folder


def _data_words(data: Data, recipe: Recipe) -> str:
    """Where the images are while the run runs, and why."""
    if data.info.sample != "image":
        return f"{counted(data.info.num_train, f'training {data.info.sample}')} kept in memory"
    if data.info.resident:
        return f"{counted(data.info.num_train, 'training image')} kept decoded in memory"
    why = "as asked" if recipe.data.in_memory is False else "as memory does not hold them all"
    return f"{counted(data.info.num_train, 'training image')} decoded by workers, {why}"


def _resume(run: Training, progress: Progress) -> None:
    """Put back the newest whole checkpoint; only the first process needs to reach the files."""
    checkpoints, processes = run.checkpoints, run.processes
    loaded: Loaded | None = None
    if processes.is_main and checkpoints.any():
        loaded = checkpoints.load()
    loaded = processes.broadcast(loaded)
    if loaded is None:
        if processes.broadcast(run.folder.weights.exists()):
            raise TrainError(
                f"`{run.folder.path}` has weights and no checkpoint to go on from",
                "start a new run, or start one from those weights with `--weights "
                f"{run.folder.weights}`",
            )
        run.records.resume(0)
        progress.say(f"{run.folder.path} has no checkpoint yet: starting at its beginning")
        return
    for line in loaded.passed_over:
        progress.say(f"warning: {line}")
    for line in run.resume(loaded.tree):
        progress.say(f"note: {line}")
    if processes.is_main and run.at_best and loaded.path == checkpoints.last:
        checkpoints.mend_best()
    epochs, at = loaded.tree["epochs"], run.position
    grown = f", now to {counted(run.recipe.epochs, 'epoch')}" if run.recipe.epochs != epochs else ""
    progress.say(f"going on with {loaded.path} at epoch {at.epoch + 1}, step {at.step}{grown}")


def _test(run: Training) -> Metrics | None:
    """The best epoch's weights on the test set, which is looked at here and nowhere before."""
    run.load_best()
    figures = run.evaluate("test")
    if figures is not None:
        run.records.test(run.best.epoch, run.position.step, figures)
    if run.processes.is_main:
        run.records.publish()
        run.write_best()
    return figures


def _result(run: Training, test: Metrics | None, began: float, code: int) -> RunResult:
    epochs = [row for row in run.records.rows if row["kind"] == "epoch"]
    train: Metrics | None = None
    if epochs:
        last = epochs[-1]["train"]
        train = Metrics(last["loss"], last["accuracy"], run.samples_per_epoch)
    return RunResult(
        folder=run.folder.path,
        epochs=run.position.epoch,
        steps=run.position.step,
        best_epoch=run.best.epoch,
        train=train,
        validation=run.best.figures,
        test=test,
        seconds=time.monotonic() - began,
        exit_code=code,
    )
