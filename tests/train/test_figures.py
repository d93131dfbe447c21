"""An epoch's figures are exact means over its samples, whatever the batches were."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from netspec.recipe import Choice
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.metric_sums import MetricSums
from netspec.train.machine.distributed import Processes
from netspec.train.metrics import Metrics

CPU = torch.device("cpu")
ALONE = Processes()


def summed(
    choice: Choice, logits: Tensor, labels: Tensor, sizes: list[int], *, top5: bool = False
) -> Metrics:
    criterion = Criterion(choice, CPU)
    sums = MetricSums(criterion, CPU, top5=top5)
    start = 0
    for size in sizes:
        part = slice(start, start + size)
        sums.add(criterion(logits[part], labels[part]), logits[part], labels[part])
        start += size
    return sums.metrics(sums.totals(ALONE))


def drawn(count: int = 23, classes: int = 7) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    return torch.randn(count, classes), torch.randint(classes, (count,))


@pytest.mark.parametrize("sizes", [[23], [10, 10, 3], [22, 1], [1] * 23, [0, 23, 0]])
def test_batches_of_any_size_give_the_mean_over_samples(sizes: list[int]) -> None:
    logits, labels = drawn()
    figures = summed(Choice("CrossEntropyLoss"), logits, labels, sizes, top5=True)
    assert figures.loss == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-6)
    assert figures.accuracy == float((logits.argmax(1) == labels).sum()) / 23
    five = (logits.topk(5).indices == labels[:, None]).any(1)
    assert figures.top5 == float(five.sum()) / 23
    assert figures.count == 23


@pytest.mark.parametrize(
    ("choice", "reference"),
    [
        (
            Choice("CrossEntropyLoss", {"label_smoothing": 0.1}),
            lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
        ),
        (
            Choice("CrossEntropyLoss", {"weight": (1.0, 2, 3, 4, 5, 6, 7)}),
            lambda x, y: F.cross_entropy(x, y, weight=torch.arange(1.0, 8)),
        ),
        (
            Choice("CrossEntropyLoss", {"ignore_index": 3}),
            lambda x, y: F.cross_entropy(x, y, ignore_index=3),
        ),
        (Choice("NLLLoss"), F.nll_loss),
        (
            Choice("BCEWithLogitsLoss", {"pos_weight": (1.0, 2, 3, 4, 5, 6, 7)}),
            lambda x, y: F.binary_cross_entropy_with_logits(
                x, F.one_hot(y, 7).float(), pos_weight=torch.arange(1.0, 8)
            ),
        ),
        (Choice("MSELoss"), lambda x, y: F.mse_loss(x, F.one_hot(y, 7).float())),
        (
            Choice("SmoothL1Loss", {"beta": 0.5}),
            lambda x, y: F.smooth_l1_loss(x, F.one_hot(y, 7).float(), beta=0.5),
        ),
    ],
)
def test_every_loss_is_torchs_over_the_whole_set(choice: Choice, reference: Any) -> None:
    logits, labels = drawn()
    figures = summed(choice, logits, labels, [10, 10, 3])
    assert figures.loss == pytest.approx(float(reference(logits, labels)), rel=1e-5)


def test_with_a_label_a_pixel_the_means_are_over_pixels_that_count() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 3, 4, 4), torch.randint(3, (5, 4, 4))
    labels[:, 0] = 2
    figures = summed(Choice("CrossEntropyLoss", {"ignore_index": 2}), logits, labels, [2, 2, 1])
    counted = labels != 2
    right = (logits.argmax(1) == labels) & counted
    expected = F.cross_entropy(logits, labels, ignore_index=2)
    assert figures.loss == pytest.approx(float(expected), rel=1e-5)
    assert figures.count == int(counted.sum())
    assert figures.accuracy == float(right.sum()) / float(counted.sum())


def test_one_hot_losses_take_a_label_a_pixel_too() -> None:
    logits, labels = torch.randn(2, 3, 4, 4), torch.randint(3, (2, 4, 4))
    criterion = Criterion(Choice("BCEWithLogitsLoss", {"pos_weight": (1.0, 2.0, 3.0)}), CPU)
    target = F.one_hot(labels, 3).float()
    expected = F.binary_cross_entropy_with_logits(
        logits.movedim(1, -1), target, pos_weight=torch.tensor([1.0, 2.0, 3.0])
    )
    assert criterion(logits, labels) == expected


def test_an_interval_is_what_came_since_its_beginning() -> None:
    logits, labels = drawn()
    criterion = Criterion(Choice("CrossEntropyLoss"), CPU)
    sums = MetricSums(criterion, CPU)
    sums.add(criterion(logits[:10], labels[:10]), logits[:10], labels[:10])
    before = sums.totals(ALONE)
    sums.add(criterion(logits[10:], labels[10:]), logits[10:], labels[10:])
    figures = sums.metrics(sums.totals(ALONE), before)
    assert figures.loss == pytest.approx(float(F.cross_entropy(logits[10:], labels[10:])), rel=1e-6)
    assert figures.count == 13


def test_nothing_counted_has_no_mean() -> None:
    sums = MetricSums(Criterion(Choice("CrossEntropyLoss"), CPU), CPU)
    assert math.isnan(sums.metrics(sums.totals(ALONE)).loss)


def test_pixels_that_padding_brought_in_count_for_nothing() -> None:
    """A padded crop labels them with what torch ignores by default."""
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3, 5, 5), torch.randint(3, (4, 5, 5))
    labels[0, :, :3] = -100
    labels[3] = -100
    figures = summed(Choice("CrossEntropyLoss"), logits, labels, [2, 1, 1])
    assert figures.count == int((labels != -100).sum())
    # The last batch has no label that counts, so its mean is not a number; it has no weight.
    kept = summed(Choice("CrossEntropyLoss"), logits[:3], labels[:3], [2, 1])
    assert kept.loss == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-6)
    criterion = Criterion(Choice("CrossEntropyLoss"), CPU)
    assert not criterion.counts_labels(labels)
    assert criterion.counts_labels(torch.zeros(4, dtype=torch.int64))


@pytest.mark.parametrize("sizes", [[23], [9, 9, 5]])
def test_a_weighted_loss_with_ignored_labels_is_torchs_mean_over_those_that_count(
    sizes: list[int],
) -> None:
    logits, labels = drawn()
    weight = torch.arange(1.0, 8)
    choice = Choice("CrossEntropyLoss", {"weight": tuple(weight.tolist()), "ignore_index": 3})
    assert (labels == 3).any()
    found = summed(choice, logits, labels, sizes)
    reference = F.cross_entropy(logits, labels, weight=weight, ignore_index=3)
    assert found.loss == pytest.approx(float(reference), rel=1e-6)
    counted = labels != 3
    assert found.count == int(counted.sum())
    right = (logits.argmax(1) == labels)[counted].sum()
    assert found.accuracy == pytest.approx(float(right / counted.sum()))


def test_a_batch_of_ignored_labels_counts_for_nothing() -> None:
    _, labels = drawn(6)
    ignored = torch.full((6,), -100)
    criterion = Criterion(Choice("CrossEntropyLoss", {"ignore_index": -100}), CPU)
    assert float(criterion.divisor(ignored)) == 0
    assert float(criterion.divisor(labels)) == 6


def test_single_samples_count_beyond_what_float32_can_add() -> None:
    sums = MetricSums(Criterion(Choice("CrossEntropyLoss"), CPU), CPU)
    sums.tensor += torch.tensor([2.0**24, 2.0**24, 2.0**24, 2.0**24, 0.0], dtype=torch.float64)
    logits, labels = torch.tensor([[9.0, 0.0]]), torch.tensor([0])
    for _ in range(3):
        sums.add(torch.tensor(1.0), logits, labels)
    assert sums.totals(ALONE)[:4] == [2.0**24 + 3] * 4
