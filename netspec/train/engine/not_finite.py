"""What to do about a loss that is not finite: the advice that fits the case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from netspec.counted import counted
from netspec.recipe import Recipe
from netspec.train.data import Inputs
from netspec.train.engine.inputs import count, tensors
from netspec.train.errors import LossNotFinite

LARGE = 1e4
"""Outputs beyond this are no logits that a loss is meant for: the run has diverged."""
BOUNDED = ("CrossEntropyLoss", "NLLLoss")
"""Losses that are 0 / 0 where no label of a batch counts."""


@dataclass(frozen=True)
class Batch:
    """What a bad step saw: of ``count`` images, how many hold values that are not finite."""

    count: int
    bad_images: int
    labels_count: bool
    outputs_finite: bool
    greatest_output: float


@dataclass(frozen=True)
class Case:
    """All that is known of a loss that is not finite.

    ``rate`` is the learning rate that the optimizer was given. ``batch`` is None where the device
    itself passed over the step, and the batch is no longer there.
    """

    step: int
    recipe: Recipe
    rate: float
    half: bool
    weights_finite: bool
    batch: Batch | None = None


def seen(images: Inputs, logits: Tensor, labels_count: bool) -> Batch:
    """What a bad step saw of ``images`` [N, …] and ``logits`` [N, …]; waits for the device."""
    held = [values for values in tensors(images) if values.is_floating_point()]
    bad = sum((~torch.isfinite(v.detach().flatten(1))).any(1).int() for v in held)
    found = logits.detach().float()
    finite = bool(torch.isfinite(found).all())
    return Batch(
        count=count(images),
        bad_images=int((bad > 0).sum()) if isinstance(bad, Tensor) else 0,
        labels_count=labels_count,
        outputs_finite=finite,
        greatest_output=float(found.abs().max()) if finite and found.numel() else 0.0,
    )


def all_finite(weights: Iterable[Tensor]) -> bool:
    """Whether every one of the ``weights`` is; waits for the device."""
    return all(bool(torch.isfinite(weight).all()) for weight in weights)


def not_finite(case: Case) -> LossNotFinite:
    """The error for a step, counted from 1 over the whole run, with advice that fits it."""
    why, hint = _why(case)
    what = f"the loss is not a finite number at step {case.step}"
    message = f"{what}: {why}" if why else what
    if case.weights_finite:
        message += "; the weights were left as they were"
    return LossNotFinite(message, hint)


def _why(case: Case) -> tuple[str, str]:
    """The reason, as far as it is known, and what to do about it."""
    batch = case.batch
    if batch is not None and batch.bad_images:
        return (
            f"{batch.bad_images} of the batch's {counted(batch.count, 'image')} hold values that "
            "are not finite",
            "find the images whose pixels are not finite numbers, and mend them or leave them out",
        )
    if batch is not None and not batch.labels_count and case.recipe.loss.name in BOUNDED:
        return (
            "no label of the batch counts, each is ignored or of a class whose `weight` is 0",
            "look at `ignore_index` and `weight` of the loss, or take a larger `batch_size`",
        )
    if not case.weights_finite:
        return _bad_weights(case)
    if batch is not None and batch.outputs_finite and batch.greatest_output < LARGE:
        return (
            f"the network's outputs are finite, and `{case.recipe.loss.name}` of them is not",
            "look at the arguments of `loss`, and at what the network's last layer gives",
        )
    if case.half:
        return (
            "fp16 holds no number beyond 65,504",
            "set `precision: bf16`, which holds larger ones, or `precision: float32`",
        )
    if case.step == 1:
        return (
            "the first weights already give it",
            "no learning rate mends the first step: start from smaller weights (`init`), put a "
            "norm behind layers that let values grow, or look at `normalize` and the images",
        )
    return "", _smaller_steps(case)


def _bad_weights(case: Case) -> tuple[str, str]:
    if case.step == 1:
        return (
            "the weights that the run starts from are not all finite",
            "look at `init`, or at the file that `--weights` names",
        )
    return "weights are no longer finite, as the step before was too large", _smaller_steps(case)


def _smaller_steps(case: Case) -> str:
    """What keeps a run from diverging, but for what it does already."""
    recipe = case.recipe
    scheduler = recipe.scheduler
    cycle = scheduler is not None and scheduler.name == "OneCycleLR"
    name, rate = "lr", case.rate
    if scheduler is not None and cycle:
        name, rate = "max_lr", float(scheduler.args["max_lr"])
    ways = [f"a lower learning rate (`{name}: {rate / 10:.4g}` in place of {rate:.4g})"]
    if recipe.warmup is None and not cycle:
        ways.append("`warmup: 1`")
    if recipe.clip_grad_norm is None:
        ways.append("`clip_grad_norm: 1`")
    elif recipe.clip_grad_norm > 1:
        ways.append(f"`clip_grad_norm: 1` in place of {recipe.clip_grad_norm:.4g}")
    *most, last = ways
    return f"start a new run with {', '.join(most)}{' or ' if most else ''}{last}"
