"""An evaluation leaves the network as it found it, and counts every sample of a split once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from stand_in import full_cnn
from torch import Tensor, nn

from netspec.recipe import Choice, recipe_from
from netspec.train.data import Batch
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.evaluate import evaluate, infer
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan, make_plan

CPU = torch.device("cpu")
PLAN = make_plan(recipe_from({}), CPU, Processes(), images=True)
CRITERION = Criterion(Choice("CrossEntropyLoss"), CPU)


def batches(*counts: int) -> Iterator[Batch]:
    torch.manual_seed(2)
    for count in counts:
        yield Batch(torch.randn(count, 1, 8, 8), torch.randint(10, (count,)), count, count)


def whole(module: nn.Module, *counts: int) -> tuple[Tensor, Tensor]:
    """Logits and labels of all of them, in eval mode."""
    given = list(batches(*counts))
    with torch.no_grad():
        logits = [module.eval()(batch.images) for batch in given]
    return torch.cat(logits), torch.cat([batch.labels for batch in given])


def test_its_figures_are_those_of_the_whole_split_at_once() -> None:
    module = full_cnn()
    logits, labels = whole(module, 5, 5, 2)
    figures = evaluate(module, batches(5, 5, 2), CRITERION, PLAN, Processes())
    assert figures.loss == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-5)
    assert figures.count == 12
    assert figures.accuracy == pytest.approx(float((logits.argmax(1) == labels).double().mean()))
    five = (logits.topk(5).indices == labels[:, None]).any(1)
    assert figures.top5 == pytest.approx(float(five.double().mean()))


@pytest.mark.parametrize("training", [True, False])
def test_the_network_goes_on_in_the_mode_that_it_was_in(training: bool) -> None:
    module = full_cnn().train(training)
    averages = module[1].running_mean.clone()
    modes = []
    module[0].register_forward_hook(lambda module, inputs, output: modes.append(module.training))
    evaluate(module, batches(3), CRITERION, PLAN, Processes())
    assert modes == [False]
    assert module.training is training
    assert torch.equal(module[1].running_mean, averages)

    def enough(logits: Tensor, labels: Tensor) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(module, batches(3), CRITERION, PLAN, Processes(), enough)
    assert module.training is training


def test_each_batch_is_shown_to_who_looks() -> None:
    seen: list[tuple[tuple[int, ...], int]] = []
    evaluate(
        full_cnn(),
        batches(4, 1),
        CRITERION,
        PLAN,
        Processes(),
        lambda logits, labels: seen.append((tuple(logits.shape), len(labels))),
    )
    assert seen == [((4, 10), 4), ((1, 10), 1)]


class TwoOutputs(nn.Module):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"logits": images.flatten(1) + 1, "other": images.flatten(1)}


def test_the_first_output_is_the_one_that_counts() -> None:
    images = torch.randn(3, 2)
    assert torch.equal(infer(TwoOutputs(), images, PLAN), images + 1)


def plan(**changes: object) -> Plan:
    return replace(PLAN, **changes)  # type: ignore[arg-type]


def test_logits_are_float32_in_every_precision_and_carry_no_gradient() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    kinds = []
    module[1].register_forward_hook(lambda module, inputs, output: kinds.append(output.dtype))
    (batch,) = batches(3)
    exact = infer(module, batch.images, PLAN)
    rough = infer(module, batch.images, plan(autocast=torch.bfloat16))
    assert kinds == [torch.float32, torch.bfloat16]
    assert exact.dtype == rough.dtype == torch.float32
    assert not exact.requires_grad
    assert torch.allclose(exact, rough, atol=0.05)


def test_images_come_to_the_network_in_the_plans_layout() -> None:
    seen = []
    module = nn.Conv2d(3, 2, 1)
    module.register_forward_pre_hook(
        lambda module, inputs: seen.append(
            inputs[0].is_contiguous(memory_format=torch.channels_last)
        )
    )
    images = torch.randn(2, 3, 4, 4)
    for channels_last in (False, True):
        infer(module, images, plan(channels_last=channels_last))
    assert seen == [False, True]
