"""What processes make of each other's shares, the others being stood in for."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspec.recipe import Choice
from netspec.train.data import Batch
from netspec.train.engine import training
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.gradients import average_gradients
from netspec.train.engine.training import Training, _seeded_module
from netspec.train.machine.distributed import Processes

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Beside(Processes):
    """A process beside others whose part of every sum is given."""

    others: tuple[Tensor, ...] = ()

    def all_reduce(self, tensor: Tensor) -> None:
        for other in self.others:
            tensor += other


def test_gradients_are_the_mean_of_all_processes() -> None:
    weight = nn.Parameter(torch.zeros(2, 3, 2, 2).to(memory_format=torch.channels_last))
    bias, frozen = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.zeros(2))
    mine = [torch.randn(2, 3, 2, 2), torch.randn(4)]
    theirs = [[torch.randn(2, 3, 2, 2), torch.randn(4)] for _ in range(2)]
    weight.grad, bias.grad = (value.clone() for value in mine)
    others = tuple(torch.cat([value.reshape(-1) for value in one]) for one in theirs)
    average_gradients([weight, frozen, bias], Beside(world_size=3, others=others))
    for found, *parts in zip((weight, bias), mine, *theirs, strict=True):
        assert found.grad is not None
        assert torch.allclose(found.grad, sum(parts) / 3)
    assert frozen.grad is None


def test_where_nothing_has_a_gradient_there_is_nothing_to_share() -> None:
    average_gradients([nn.Parameter(torch.zeros(2))], Beside(world_size=2))


def share(labels: Tensor, others: Tensor, choice: Choice) -> float:
    """What a process's loss is multiplied by before the mean over two processes is taken."""
    criterion = Criterion(choice, CPU)
    count, total = len(labels), len(labels) + len(others)
    images = torch.zeros(count, 1)
    beside = Beside(world_size=2, others=(criterion.divisor(others),))
    run = SimpleNamespace(processes=beside, criterion=criterion)
    return Training.share(cast(Any, run), Batch(images, labels, count, total))


@pytest.mark.parametrize(
    "choice",
    [
        Choice("CrossEntropyLoss"),
        Choice("CrossEntropyLoss", {"weight": (1.0, 5.0, 0.25)}),
        Choice("CrossEntropyLoss", {"ignore_index": 2}),
    ],
    ids=["by count", "by class weights", "by labels that count"],
)
def test_the_mean_of_unequal_shares_is_the_mean_over_the_batch(choice: Choice) -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 3), torch.tensor([0, 1, 2, 2, 1, 0, 2])
    criterion = Criterion(choice, CPU)
    whole = criterion(logits, labels)
    cut = 4
    parts = (slice(cut), slice(cut, None))
    losses = [
        share(labels[one], labels[other], choice) * criterion(logits[one], labels[one])
        for one, other in (parts, parts[::-1])
    ]
    assert float(sum(losses)) / 2 == pytest.approx(float(whole), rel=1e-6)


def test_a_batch_in_which_no_label_counts_weighs_nothing() -> None:
    nothing = torch.full((2,), -100)
    choice = Choice("CrossEntropyLoss", {"ignore_index": -100})
    assert share(nothing, nothing, choice) == 0.0


def test_alone_a_share_is_all_there_is() -> None:
    run = SimpleNamespace(processes=Processes(), criterion=Criterion(Choice("MSELoss"), CPU))
    labels = torch.zeros(3, dtype=torch.int64)
    assert Training.share(cast(Any, run), Batch(torch.zeros(3, 1), labels, 3, 3)) == 1.0


@pytest.mark.parametrize(("rank", "expected"), [(0, 6.0), (1, 0.0)])
def test_with_another_number_of_processes_the_first_takes_all_sums(
    rank: int, expected: float
) -> None:
    """So that an epoch's figures still count each sample once."""
    saved = [{"sums": torch.full((5,), float(n)), "generators": None} for n in (1, 2, 3)]
    sums = SimpleNamespace(tensor=torch.full((5,), 9.0))
    kept: list[Any] = []
    run = SimpleNamespace(processes=Processes(rank, 2), sums=sums, plan=SimpleNamespace(device=CPU))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "restore_generators", lambda state, device: kept.append(state))
        Training._restore_process(cast(Any, run), saved)
        assert torch.equal(sums.tensor, torch.full((5,), expected))
        assert kept == [None]
        run.processes = Processes(rank, 3)
        Training._restore_process(cast(Any, run), saved)
        assert torch.equal(sums.tensor, torch.full((5,), rank + 1.0))
        run.processes = Processes(3, 4)  # one more than there were: it draws as it was seeded
        Training._restore_process(cast(Any, run), saved)
        assert torch.equal(sums.tensor, torch.zeros(5))
        assert len(kept) == 2


def test_the_loss_of_a_batch_is_its_own_mean() -> None:
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    criterion = Criterion(Choice("CrossEntropyLoss"), CPU)
    assert torch.equal(criterion(logits, labels), F.cross_entropy(logits, labels))


def drawn_by(rank: int, seed: int) -> tuple[dict[str, Tensor], float]:
    """The weights that a process begins with, and the first number that it draws after."""
    network = SimpleNamespace(build=lambda: nn.Linear(3, 2))
    recipe = SimpleNamespace(seed=seed)
    run = SimpleNamespace(network=network, recipe=recipe, processes=Processes(rank, 3))
    module = _seeded_module(cast(Any, run), None)
    return dict(module.state_dict()), float(torch.rand(()))


@pytest.mark.parametrize("seed", [0, 1])
def test_processes_begin_with_the_same_weights_and_drop_out_otherwise(seed: int) -> None:
    first, *others = [drawn_by(rank, seed) for rank in range(3)]
    for weights, _ in others:
        assert all(torch.equal(weights[name], first[0][name]) for name in weights)
    assert len({number for _, number in (first, *others)}) == 3
    assert drawn_by(2, seed)[1] == others[1][1]


def test_another_seed_gives_other_weights() -> None:
    assert not torch.equal(drawn_by(0, 0)[0]["weight"], drawn_by(0, 1)[0]["weight"])
