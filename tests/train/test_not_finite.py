"""The advice about a loss that is not finite fits the case."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from stand_in import full_cnn
from torch import Tensor, nn

from netspec.recipe import recipe_from
from netspec.train.engine.learner import make_learner
from netspec.train.engine.not_finite import Batch, Case, not_finite, seen
from netspec.train.engine.step import TrainingStep
from netspec.train.errors import LossNotFinite
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import make_plan

FINE = Batch(count=4, bad_images=0, labels_count=True, outputs_finite=True, greatest_output=1e20)


def told(
    train: dict[str, Any] | None = None,
    *,
    step: int = 100,
    half: bool = False,
    weights_finite: bool = True,
    batch: Batch | None = None,
) -> tuple[str, str]:
    case = Case(step, recipe_from(train or {}), 0.1, half, weights_finite, batch)
    error = not_finite(case)
    return error.message, error.hint or ""


def test_a_run_that_diverges_needs_smaller_steps() -> None:
    message, hint = told(batch=FINE)
    assert message == (
        "the loss is not a finite number at step 100; the weights were left as they were"
    )
    assert hint == (
        "start a new run with a lower learning rate (`lr: 0.01` in place of 0.1), `warmup: 1` or "
        "`clip_grad_norm: 1`"
    )


@pytest.mark.parametrize(
    ("train", "said", "unsaid"),
    [
        ({"warmup": 1}, "`clip_grad_norm: 1`", "warmup"),
        ({"clip_grad_norm": 0.5}, "`warmup: 1`", "clip_grad_norm"),
        ({"clip_grad_norm": 5}, "`clip_grad_norm: 1` in place of 5", "fp16"),
        ({"warmup": 1, "clip_grad_norm": 1}, "(`lr: 0.01` in place of 0.1)", "`warmup"),
        ({"scheduler": {"OneCycleLR": {"max_lr": 2}}}, "`max_lr: 0.2` in place of 2", "warmup"),
    ],
)
def test_no_advice_asks_for_what_the_recipe_does(
    train: dict[str, Any], said: str, unsaid: str
) -> None:
    for weights_finite in (True, False):
        hint = told(train, weights_finite=weights_finite)[1]
        assert said in hint
        assert unsaid not in hint


def test_half_precision_is_named_where_it_is_used_and_nowhere_else() -> None:
    assert "65,504" in told(half=True)[0]
    assert "`precision: bf16`" in told(half=True)[1]
    assert "learning rate" not in told(half=True)[1]
    for step in (1, 100):
        assert "fp16" not in "".join(told(step=step))


def test_in_the_first_step_no_learning_rate_is_to_blame() -> None:
    for batch in (None, FINE):
        message, hint = told(step=1, batch=batch)
        assert "the first weights already give it" in message
        assert "`init`" in hint
        assert "lower learning rate" not in hint
    message, hint = told(step=1, weights_finite=False)
    assert "the weights that the run starts from are not all finite" in message
    assert "`--weights`" in hint


def network(make: Any) -> nn.Module:
    class Changed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = full_cnn()

        def forward(self, images: Tensor) -> Tensor:
            changed: Tensor = make(self.body(images))
            return changed

    return Changed()


def failed(
    module: nn.Module, images: Tensor, labels: Tensor, train: dict[str, Any] | None = None
) -> LossNotFinite:
    """What a real step raises."""
    recipe = recipe_from({"batch_size": 4, **(train or {})})
    plan = make_plan(recipe, torch.device("cpu"), Processes(), images=True)
    step = TrainingStep(make_learner(module, (), recipe, plan), recipe, plan, Processes())
    before = [value.clone() for value in module.parameters()]
    with pytest.raises(LossNotFinite) as caught:
        step(images, labels)
    for value, old in zip(module.parameters(), before, strict=True):
        assert torch.equal(value, old) or not torch.isfinite(old).all()
    return caught.value


IMAGES, LABELS = torch.rand(4, 1, 8, 8), torch.tensor([0, 1, 2, 3])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_images_that_are_not_finite_are_counted(bad: float) -> None:
    images = IMAGES.clone()
    images[1, 0, 3, 3] = images[3, 0, 0, 0] = bad
    error = failed(full_cnn(), images, LABELS)
    assert "2 of the batch's 4 images hold values that are not finite" in error.message
    assert "learning rate" not in (error.hint or "")


def test_a_batch_in_which_no_label_counts_is_told() -> None:
    ignoring = {"loss": {"CrossEntropyLoss": {"ignore_index": 3}}}
    error = failed(full_cnn(), IMAGES, torch.full((4,), 3), ignoring)
    assert "no label of the batch counts" in error.message
    weightless = {"loss": {"CrossEntropyLoss": {"weight": [0.0] * 4 + [1.0] * 6}}}
    error = failed(full_cnn(), IMAGES, LABELS, weightless)
    assert "`weight`" in (error.hint or "")


def test_outputs_that_are_finite_point_at_the_loss() -> None:
    zero = {"loss": {"BCEWithLogitsLoss": {"weight": [3e38] * 10}}}
    error = failed(full_cnn(), IMAGES, LABELS, zero)
    assert "`BCEWithLogitsLoss` of them is not" in error.message


def test_outputs_that_overflow_at_once_point_at_the_first_weights() -> None:
    error = failed(network(lambda logits: logits * math.inf), IMAGES, LABELS)
    assert "the first weights already give it" in error.message


def test_weights_that_are_not_finite_are_told() -> None:
    module = full_cnn()
    with torch.no_grad():
        next(module.parameters()).fill_(math.nan)
    assert "weights that the run starts from" in failed(module, IMAGES, LABELS).message


def test_what_a_step_saw_is_read_from_its_tensors() -> None:
    logits = torch.tensor([[1.0, -3.0]])
    assert seen(torch.zeros(1, 5, dtype=torch.int64), logits, True) == Batch(1, 0, True, True, 3.0)
    logits = torch.tensor([[1.0, math.nan]])
    assert seen(torch.zeros(1, 1), logits, False) == Batch(1, 0, False, False, 0.0)
