"""Everything that a run consists of, put together, saved and put back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from netspec.counted import counted
from netspec.recipe import Recipe
from netspec.train.data import Batch, Data
from netspec.train.engine.checkpoint_form import require_form
from netspec.train.engine.evaluate import evaluate
from netspec.train.engine.learner import make_learner
from netspec.train.engine.optimizer import load_optimizer
from netspec.train.engine.position import Best, Position
from netspec.train.engine.prefetch import Prefetch
from netspec.train.engine.randomness import capture_generators, restore_generators, seed_everything
from netspec.train.engine.schedule import Schedule
from netspec.train.engine.step import TrainingStep
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.error_advice import out_of_memory
from netspec.train.machine.plan import Plan, settle
from netspec.train.machine.stop import Stopped, StopRequest
from netspec.train.metrics import Metrics
from netspec.train.reporting.data_wait import data_wait_on
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.records import Records
from netspec.train.reporting.throughput import Throughput
from netspec.train.storage.checkpoint_file import Tree
from netspec.train.storage.checkpoints import Checkpoints
from netspec.train.storage.fingerprints import compare, fingerprints
from netspec.train.storage.folder import RunFolder
from netspec.train.storage.weights import save_weights
from netspec.train.trainable import Trainable

# A checkpoint at the end of an epoch is put off while it would take more than this share of the
# time: with epochs of a second, saving each of them would slow the run by a third.
SAVING_SHARE = 0.05
# Long epochs are saved in between as well.
SAVE_SECONDS = 600.0
# Asking all processes whether one was told to stop makes them wait for each other.
STEPS_BETWEEN_QUESTIONS = 8


@dataclass(frozen=True)
class Run:
    """What a run is made of before anything is trained: where it stands, and what was chosen."""

    network: Trainable
    recipe: Recipe
    data: Data
    folder: RunFolder
    plan: Plan
    processes: Processes
    progress: Progress
    stop: StopRequest


class Training:
    """A run in one process, for :func:`netspec.train.engine.loop.train_epochs` to train."""

    def __init__(self, run: Run, start: Mapping[str, Tensor] | None = None) -> None:
        """Build the network, with the weights ``start`` where they are given."""
        recipe, plan, processes = run.recipe, run.plan, run.processes
        self.recipe, self.plan, self.processes = recipe, plan, processes
        self.data, self.folder = run.data, run.folder
        self.progress, self.stop = run.progress, run.stop
        self.steps_per_epoch = run.data.steps(
            "train", recipe.batch_size, world_size=processes.world_size
        )
        self.samples_per_epoch = run.data.seen(recipe.batch_size, world_size=processes.world_size)
        if self.steps_per_epoch == 0:
            raise TrainError("there are no images to train on", "give the data set some images")

        module = _seeded_module(run, start)
        learner = make_learner(module, run.network.output_names, recipe, plan)
        self.module, self.criterion = learner.module, learner.criterion
        self.optimizer, self.average, self.sums = learner.optimizer, learner.average, learner.sums
        self.schedule = Schedule(recipe, self.optimizer, self.steps_per_epoch)
        self.step = TrainingStep(learner, recipe, plan, processes)
        self.position = Position()
        self.best = Best(recipe.metric)
        self.records = Records(run.folder, title=run.network.name, writes=processes.is_main)
        self.checkpoints = Checkpoints(run.folder.checkpoints)
        self.throughput = Throughput(lambda: settle(plan.device), data_wait_on(plan.device))
        self._prefetch = Prefetch(plan.device) if plan.device.type == "cuda" else None
        self._lap_began_at = [0.0] * 5
        self._prints = fingerprints(
            run.network, recipe, run.data.info.fingerprint, plan, processes.world_size
        )
        self._saved_at = time.monotonic()
        self._saving_took = 0.0
        self._written_best = -1

    @property
    def evaluated(self) -> nn.Module:
        """The network whose figures count: the moving average where there is one."""
        return self.module if self.average is None else self.average.module

    @property
    def steps_left(self) -> int:
        """Steps until the end of the run."""
        return self.recipe.epochs * self.steps_per_epoch - self.position.step

    @property
    def at_best(self) -> bool:
        """Whether the run stands at the end of its best epoch."""
        return self.best.epoch == self.position.epoch and not self.position.step_in_epoch

    def batches(self) -> Iterator[Batch]:
        """The training batches that this epoch still has for this process."""
        batches = self.data.batches(
            "train",
            epoch=self.position.epoch,
            batch_size=self.recipe.batch_size,
            rank=self.processes.rank,
            world_size=self.processes.world_size,
            start_step=self.position.step_in_epoch,
            augment=True,
        )
        return batches if self._prefetch is None else self._prefetch(batches)

    def share(self, batch: Batch) -> float:
        """What makes the mean over the processes' losses the mean over the batch's labels."""
        world = self.processes.world_size
        if not self.processes.distributed:
            return 1.0
        if self.criterion.counts_labels(batch.labels):
            return batch.count * world / batch.total
        mine = self.criterion.divisor(batch.labels)
        everyone = mine.clone()
        self.processes.all_reduce(everyone)
        return float(mine) * world / max(float(everyone), 1e-30)

    def evaluate(self, split: str) -> Metrics | None:
        """Exact figures of the network that counts on ``validation`` or ``test``, if it exists."""
        info = self.data.info
        if not (info.num_validation if split == "validation" else info.num_test):
            return None
        batches = self.data.batches(
            "validation" if split == "validation" else "test",
            epoch=self.position.epoch,
            batch_size=self.recipe.eval_batch_size,
            rank=self.processes.rank,
            world_size=self.processes.world_size,
            augment=False,
        )
        return evaluate(
            self.evaluated, batches, self.criterion, self.plan, self.processes, self._break_off
        )

    def after_step(self, batch: Batch) -> None:
        """What follows every step: the schedule, the log, the user, signals and checkpoints."""
        self.schedule.after_step()
        self.position.advance()
        self.throughput.step(batch.count)
        at = self.position
        if at.step % self.recipe.log_interval == 0:
            self._log()
        elif self.progress.wants_update:
            self._show(None)
        asked = not self.processes.distributed or at.step % STEPS_BETWEEN_QUESTIONS == 0
        if asked and self.processes.any(self.stop.signal is not None):
            self.save()
            raise Stopped
        if self._save_is_due():
            self.save()

    def end_epoch(self, validation: Metrics | None) -> None:
        """What follows an epoch: its exact figures, the schedule, the best, a checkpoint."""
        self.step.loss_check.check()
        train = self.sums.metrics(self.sums.totals(self.processes))
        rate = self.schedule.rates[0]
        pace = self.throughput.epoch(self.steps_left)
        self.sums.reset()
        self._lap_began_at = [0.0] * 5
        self.position.next_epoch()
        self.schedule.after_epoch((validation or train).loss)
        at = self.position
        best = self.best.offer(at.epoch, validation, self.evaluated.state_dict())
        seconds = self.throughput.epoch_seconds
        timing = {
            "seconds": round(seconds, 4),
            "images_per_second": round(pace.images_per_second, 2),
            "waiting": round(pace.waiting, 4),
        }
        self.records.epoch(at.epoch, at.step, rate, train, validation, best, timing)
        self.progress.epoch(at.epoch, self.recipe.epochs, train, validation, best, seconds, pace)
        if at.epoch == self.recipe.epochs or self.processes.broadcast(self._worth_saving()):
            self.save()

    def save(self) -> None:
        """Write a checkpoint, and beside it the weights and records as they are now."""
        self.step.loss_check.check()
        began = time.monotonic()
        tree = self._tree()
        if self.processes.is_main:
            self.records.publish()
            self.checkpoints.save(tree, best=self.at_best)
            self.write_best()
        self._saved_at = time.monotonic()
        self._saving_took = self._saved_at - began

    def write_best(self) -> None:
        """Write the best epoch's weights, if they are not what is written already."""
        if self.best.weights is not None and self._written_best != self.best.epoch:
            save_weights(self.folder.weights, self.best.weights)
            self._written_best = self.best.epoch

    def resume(self, tree: Tree) -> list[str]:
        """Go on where ``tree`` was saved; returns what may change the last bits of the results.

        Raises:
            TrainError: the checkpoint is of another network, recipe or data set.
        """
        try:
            notes = compare(tree["fingerprints"], self._prints)
            require_form(tree, self._tree(), self.steps_per_epoch)
            self._require_epochs(tree["position"][0])
            self._restore(tree)
        except TrainError:
            raise
        except Exception as error:  # a stranger's values: loading them may raise almost anything
            if out_of_memory(error):
                raise
            raise TrainError(
                "the checkpoint does not belong to this version of netspec",
                "resume with the version that `env.json` names, or start a new run",
            ) from error
        return notes

    def _require_epochs(self, done: int) -> None:
        if self.recipe.epochs < done:
            epochs = self.recipe.epochs
            raise TrainError(
                f"the run has {counted(done, 'epoch')} already, and `epochs` is {epochs}",
                "the number of epochs may grow, not shrink",
            )

    def load_best(self) -> None:
        """Put the best epoch's weights into the network that is evaluated."""
        if self.best.weights is not None:
            self.evaluated.load_state_dict(self.best.weights)

    def _tree(self) -> Tree:
        at = self.position
        own = {
            "generators": capture_generators(self.plan.device),
            "sums": self.sums.tensor.cpu(),
        }
        return {
            "fingerprints": self._prints,
            "epochs": self.recipe.epochs,
            "position": [at.epoch, at.step, at.step_in_epoch],
            "rows": len(self.records.rows),
            "lap_began_at": self._lap_began_at,
            "model": dict(self.module.state_dict()),
            "average": None if self.average is None else dict(self.average.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.step.scaler.state_dict(),
            "best": self.best.state_dict(0 if at.step_in_epoch else at.epoch),
            "processes": self.processes.gather(own),
        }

    def _restore(self, tree: Tree) -> None:
        self.position = Position(*tree["position"])
        self.module.load_state_dict(tree["model"])
        if self.average is not None:
            self.average.module.load_state_dict(tree["average"])
        load_optimizer(self.optimizer, tree["optimizer"])
        self.schedule.load_state_dict(tree["schedule"], self.position.epoch)
        if tree["scaler"]:
            self.step.scaler.load_state_dict(tree["scaler"])
        self.step.loss_check.step = self.position.step
        self.best.load_state_dict(tree["best"], self.evaluated.state_dict())
        self._lap_began_at = tree["lap_began_at"]
        self._restore_process(tree["processes"])
        self.records.resume(tree["rows"])  # the last, as it writes

    def _restore_process(self, saved: list[dict[str, Any]]) -> None:
        """This process's own part; with another number of processes, the sums go to the first."""
        rank = self.processes.rank
        if len(saved) == self.processes.world_size:
            sums: Tensor = saved[rank]["sums"]
        else:
            sums = sum((one["sums"] for one in saved[1:]), saved[0]["sums"]) * (rank == 0)
        self.sums.tensor.copy_(sums)
        if rank < len(saved):
            restore_generators(saved[rank]["generators"], self.plan.device)

    def _log(self) -> None:
        self.step.loss_check.check()
        totals = self.sums.totals(self.processes)
        figures = self.sums.metrics(totals, self._lap_began_at)
        pace = self.throughput.lap(self.steps_left)
        self._lap_began_at = totals
        timing = {
            "images_per_second": round(pace.images_per_second, 2),
            "waiting": round(pace.waiting, 4),
        }
        at = self.position
        self.records.step(at.epoch + 1, at.step, self.schedule.rates[0], figures, timing)
        if self.progress.wants_update:
            self._show(figures)
        self.throughput.start_lap()

    def _show(self, figures: Metrics | None) -> None:
        at = self.position
        if figures is None and self.plan.device.type == "cpu" and not self.processes.distributed:
            figures = self.sums.metrics(self.sums.tensor.tolist())  # costs nothing to read here
        pace = self.throughput.epoch(self.steps_left)
        self.progress.step(
            at.epoch + 1, self.recipe.epochs, at.step_in_epoch, self.steps_per_epoch, figures, pace
        )

    def _save_is_due(self) -> bool:
        every, at = self.recipe.checkpoint_interval, self.position
        if every is not None:
            return at.step % every == 0
        if at.step % self.recipe.log_interval:
            return False
        return self.processes.any(time.monotonic() - self._saved_at > SAVE_SECONDS)

    def _worth_saving(self) -> bool:
        since = time.monotonic() - self._saved_at
        return self._saving_took <= SAVING_SHARE * (since + self._saving_took)

    def _break_off(self, logits: Tensor, labels: Tensor) -> None:
        """Leave an evaluation that a signal asks to leave, as after a step."""
        if self.stop.signal is not None and not self.processes.distributed:
            if self.position.epoch < self.recipe.epochs:  # after the last, all is saved already
                self.save()
            raise Stopped


def _seeded_module(run: Run, start: Mapping[str, Tensor] | None) -> nn.Module:
    """The network with the recipe's seed, the same in every process; the dropouts differ."""
    seed_everything(run.recipe.seed)
    module = run.network.build()
    if start is not None:
        module.load_state_dict(start, strict=False)  # held against the network before
    if run.processes.rank:
        seed_everything(run.recipe.seed + 1_000_003 * run.processes.rank)
    return module
