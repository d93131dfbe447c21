"""Everything that a run consists of, put together, saved and put back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from netspec.recipe import Recipe
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.ema import MovingAverage
from netspec.train.engine.evaluate import evaluate
from netspec.train.engine.metric_sums import Figures, Sums
from netspec.train.engine.optimizer import load_optimizer, make_optimizer
from netspec.train.engine.position import Best, Position
from netspec.train.engine.prefetch import Ahead
from netspec.train.engine.randomness import capture_generators, restore_generators, seed_everything
from netspec.train.engine.schedule import Schedule
from netspec.train.engine.step import Step
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan, settle
from netspec.train.machine.stop import Stopped, StopRequest
from netspec.train.reporting.data_wait import waits_on
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.records import Records
from netspec.train.reporting.throughput import Watch
from netspec.train.storage.checkpoint_file import Tree
from netspec.train.storage.checkpoints import Checkpoints
from netspec.train.storage.fingerprints import compare, fingerprints
from netspec.train.storage.folder import RunFolder
from netspec.train.storage.weights import save_weights
from netspec.train.trainable import Trainable

if TYPE_CHECKING:
    from netspec.train.data import Batch, Data

# A checkpoint at the end of an epoch is put off while it would take more than this share of the
# time: with epochs of a second, saving each of them would slow the run by a third.
SAVING_SHARE = 0.05
# Long epochs are saved in between as well.
SAVE_SECONDS = 600.0
# Asking all processes whether one was told to stop makes them wait for each other.
STEPS_BETWEEN_QUESTIONS = 8


class Training:
    """The parts of a run in one process, ready for
    :func:`netspec.train.engine.loop.train_epochs`.
    """

    def __init__(
        self,
        network: Trainable,
        recipe: Recipe,
        data: Data,
        folder: RunFolder,
        plan: Plan,
        processes: Processes,
        progress: Progress,
        stop: StopRequest,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.recipe = recipe
        self.data = data
        self.folder = folder
        self.plan = plan
        self.processes = processes
        self.progress = progress
        self.stop = stop
        self.steps_per_epoch = data.steps(
            "train", recipe.batch_size, world_size=processes.world_size
        )
        if self.steps_per_epoch == 0:
            raise TrainError("there are no images to train on", "give the data set some images")

        seed_everything(recipe.seed)
        module = network.build()
        if start is not None:
            module.load_state_dict(start, strict=False)  # held against the network before
        if processes.rank:  # the same weights everywhere, and each process its own dropout
            seed_everything(recipe.seed + 1_000_003 * processes.rank)
        self.module: nn.Module = module.to(plan.device).to(memory_format=plan.memory_format)
        self.criterion = Criterion(recipe.loss, plan.device)
        self.optimizer = make_optimizer(
            recipe.optimizer,
            (value for value in self.module.parameters() if value.requires_grad),
            fused=plan.fused,
            capturable=plan.cuda_graph,
        )
        self.schedule = Schedule(recipe, self.optimizer, self.steps_per_epoch)
        self.average = None if recipe.ema is None else MovingAverage(self.module, recipe.ema)
        self.sums = Sums(self.criterion, plan.device)
        self.step = Step(
            self.module,
            network.outputs,
            self.criterion,
            self.optimizer,
            self.average,
            self.sums,
            recipe,
            plan,
            processes,
        )
        self.position = Position()
        self.best = Best(recipe.metric)
        self.records = Records(folder, title=network.name, writes=processes.first)
        self.checkpoints = Checkpoints(folder.checkpoints)
        self.watch = Watch(lambda: settle(plan.device), waits_on(plan.device))
        self._ahead = Ahead(plan.device) if plan.device.type == "cuda" else None
        self._lap_began_at = [0.0] * 5
        self._prints = fingerprints(
            network, recipe, data.info.fingerprint, plan, processes.world_size
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
        return batches if self._ahead is None else self._ahead(batches)

    def share(self, batch: Batch) -> float:
        """What makes the mean over the processes' losses the mean over the batch's labels."""
        world = self.processes.world_size
        if not self.processes.many:
            return 1.0
        if self.criterion.counts_labels(batch.labels):
            return batch.count * world / batch.total
        mine = self.criterion.divisor(batch.labels)
        everyone = mine.clone()
        self.processes.add(everyone)
        return float(mine) * world / max(float(everyone), 1e-30)

    def evaluate(self, split: str) -> Figures | None:
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
        self.watch.step(batch.count)
        at = self.position
        if at.step % self.recipe.log_interval == 0:
            self._log()
        elif self.progress.wants_update:
            self._show(None)
        asked = not self.processes.many or at.step % STEPS_BETWEEN_QUESTIONS == 0
        if asked and self.processes.any(self.stop.signal is not None):
            self.save()
            raise Stopped
        if self._save_is_due():
            self.save()

    def end_epoch(self, validation: Figures | None) -> None:
        """What follows an epoch: its exact figures, the schedule, the best, a checkpoint."""
        self.step.guard.check()
        train = self.sums.figures(self.sums.totals(self.processes))
        rate = self.schedule.rates[0]
        pace = self.watch.epoch(self.steps_left)
        self.sums.reset()
        self._lap_began_at = [0.0] * 5
        self.position.next_epoch()
        self.schedule.after_epoch((validation or train).loss)
        at = self.position
        best = self.best.offer(at.epoch, validation, self.evaluated.state_dict())
        seconds = self.watch.epoch_seconds
        timing = {
            "seconds": round(seconds, 4),
            "images_per_second": round(pace.images_per_second, 2),
            "waiting": round(pace.waiting, 4),
        }
        self.records.epoch(at.epoch, at.step, rate, train, validation, best, timing)
        self.progress.epoch(at.epoch, self.recipe.epochs, train, validation, best, seconds, pace)
        if at.epoch == self.recipe.epochs or self.processes.from_first(self._worth_saving()):
            self.save()

    def save(self) -> None:
        """Write a checkpoint, and beside it the weights and records as they are now."""
        self.step.guard.check()
        began = time.monotonic()
        tree = self._tree()
        if self.processes.first:
            at_best = self.best.epoch == self.position.epoch and not self.position.step_in_epoch
            self.records.publish()
            self.checkpoints.save(tree, best=at_best)
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
            self._restore(tree)
        except (KeyError, IndexError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise TrainError(
                "the checkpoint does not belong to this version of netspec",
                "resume with the version that `env.json` names, or start a new run",
            ) from error
        return notes

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
        self.step.guard.step = self.position.step
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
        self.step.guard.check()
        totals = self.sums.totals(self.processes)
        figures = self.sums.figures(totals, self._lap_began_at)
        pace = self.watch.lap(self.steps_left)
        self._lap_began_at = totals
        timing = {
            "images_per_second": round(pace.images_per_second, 2),
            "waiting": round(pace.waiting, 4),
        }
        at = self.position
        self.records.step(at.epoch + 1, at.step, self.schedule.rates[0], figures, timing)
        if self.progress.wants_update:
            self._show(figures)
        self.watch.start_lap()

    def _show(self, figures: Figures | None) -> None:
        at = self.position
        if figures is None and self.plan.device.type == "cpu" and not self.processes.many:
            figures = self.sums.figures(self.sums.tensor.tolist())  # costs nothing to read here
        pace = self.watch.epoch(self.steps_left)
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
        if self.stop.signal is not None and not self.processes.many:
            if self.position.epoch < self.recipe.epochs:  # after the last, all is saved already
                self.save()
            raise Stopped
