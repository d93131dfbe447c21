"""The largest batch that a device's memory holds for training: reckoned, then tried."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass

import torch

from netspec.compiler.analysis.step_memory import StepMemory
from netspec.recipe import Recipe, states
from netspec.train.machine.error_advice import out_of_memory
from netspec.train.machine.plan import Plan

# Batches of float32 images that are held at once: the one that is trained on, the next, and what
# it is made from; on a GPU also the copies in the recorded step and in another layout.
IMAGES_HELD = {"cpu": 4, "cuda": 6}
# The driver's context, cuDNN's workspaces and the allocator's unused pieces.
SET_ASIDE = 1.0 * 2**30
KEPT_FREE = 0.08


@dataclass(frozen=True)
class Need:
    """Bytes that training takes: once, and for each sample of the batch."""

    fixed: int
    per_sample: int

    def largest_batch(self, memory: int) -> int:
        """The largest batch that ``memory`` bytes hold; 0 if not even one sample fits."""
        return max(0, int((memory * (1 - KEPT_FREE) - self.fixed) // max(1, self.per_sample)))


def reckon(
    num_params: int, step: StepMemory, input_values: int, recipe: Recipe, plan: Plan
) -> Need:
    """Memory for training from the static analysis.

    ``step`` is what a training step holds of one sample, ``input_values`` the sample's own size.
    Weights, gradients, the optimizer's values and the moving average are float32 whatever the
    precision; what is held of a sample is half the size under autocast.
    """
    optimizer = recipe.optimizer
    copies = 2 + states(optimizer.name, optimizer.args) + (recipe.ema is not None)
    half = plan.autocast is not None
    fixed = num_params * 4 * copies + (num_params * 2 if half else 0)
    if plan.device.type == "cuda":
        fixed += int(SET_ASIDE)
    images = input_values * 4 * IMAGES_HELD.get(plan.device.type, 4)
    held = step.peak.bytes(2 if half else 4)
    # A recorded step keeps its memory to itself; an epoch's last, smaller batch needs its own.
    return Need(fixed, held * (2 if plan.cuda_graph else 1) + images)


def largest_that_runs(
    start: int, limit: int, step: Callable[[int], None], release: Callable[[], None]
) -> tuple[int, list[tuple[int, bool]]]:
    """The largest batch up to ``limit`` for which ``step`` does not run out of memory.

    Tries ``start``, goes up or down from there in strides that double, and halves the gap that
    it has then found until it is within 2 %. ``release`` lets go of memory between two trials.
    Returns the batch with every trial; 0 if not even one sample runs.
    """
    trials: list[tuple[int, bool]] = []

    def runs(batch: int) -> bool:
        try:
            step(batch)
            fits = True
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            fits = False
        release()
        trials.append((batch, fits))
        return fits

    good, bad = 0, limit + 1
    batch, stride = max(1, min(start, limit)), max(1, start // 8)
    while bad - good > max(1, good // 50):
        if runs(batch):
            good = batch
        else:
            bad = batch
        if bad > limit or good == 0:  # one side is still open
            batch = min(limit, good + stride) if good else max(1, bad - stride)
            stride *= 2
        else:
            batch = (good + bad) // 2
        if batch in (good, bad):
            break
    return good, trials


def release_memory() -> None:
    """Let go of what a failed step left behind."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
