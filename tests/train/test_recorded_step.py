"""The bookkeeping around a CUDA graph, with the graph itself stood in for."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from stand_in import plain_cnn
from test_step import SGD, batch, plan_for, same_weights, step_for
from torch import Tensor, nn

from netspec.recipe import recipe_from
from netspec.train.engine import cuda_graph as graph
from netspec.train.engine.cuda_graph import GraphedStep
from netspec.train.errors import TrainError


class Recording:
    """Stands in for a CUDA graph: what is recorded is not run, a replay runs it.

    Only the last recorded call exists; like a graph it keeps the memory of its inputs and reads
    learning rates from the tensors that the optimizer held while it was recorded.
    """

    current: Recording | None = None

    def __init__(self) -> None:
        self.work: Any = None

    @contextmanager
    def recording(self) -> Any:
        Recording.current = self
        try:
            yield
        finally:
            Recording.current = None

    def replay(self) -> None:
        self.work()


class Stream:
    """Stands in for a CUDA stream, where everything happens at once."""

    def __init__(self, device: Any = None) -> None: ...
    def wait_stream(self, other: Any) -> None: ...


@contextmanager
def anyway(*args: Any, **options: Any) -> Any:
    yield


@pytest.fixture
def no_gpu_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What of torch.cuda a recorded step asks for, stood in for."""
    for name, stand_in in (
        ("Stream", Stream),
        ("current_stream", Stream),
        ("stream", anyway),
        ("synchronize", lambda device: None),
        ("CUDAGraph", Recording),
        ("graph", lambda held, **options: held.recording()),
    ):
        monkeypatch.setattr(torch.cuda, name, stand_in)


SIZES = [6, 6, 6, 3, 6, 6, 5, 6, 6, 6, 3, 6, 6, 6, 6, 6]  # batches that are not whole among others


def trained_by(
    module: nn.Module, resumed: tuple[int, ...] = ()
) -> tuple[int, torch.optim.Optimizer]:
    """Train over SIZES with recorded steps, begun anew at ``resumed``; gives the replays."""
    recipe = recipe_from({"optimizer": SGD})
    step, _, optimizer = step_for(module, recipe)
    replays = [0]

    def learn(images: Tensor, labels: Tensor, scale: float) -> None:
        held = Recording.current
        if held is None:
            step._learn(images, labels, scale)
            return
        tensors = [group["lr"] for group in optimizer.param_groups]
        assert all(isinstance(rate, Tensor) for rate in tensors)

        def work() -> None:
            replays[0] += 1
            before = [group["lr"] for group in optimizer.param_groups]
            for group, rate in zip(optimizer.param_groups, tensors, strict=True):
                group["lr"] = rate
            step._learn(images, labels, scale)
            for group, rate in zip(optimizer.param_groups, before, strict=True):
                group["lr"] = rate

        held.work = work

    def graphed() -> GraphedStep:
        return GraphedStep(learn, optimizer, plan_for(recipe), batch_size=6)

    take = graphed()
    for number, count in enumerate(SIZES):
        if number in resumed:
            take = graphed()
        rate = 0.1 / (number + 1)  # rounded on its way into a tensor
        torch.manual_seed(number)
        images, labels = torch.randn(count, 1, 8, 8), torch.randint(10, (count,))
        optimizer.param_groups[0]["lr"] = rate
        take(images, labels, 1.0)
        assert optimizer.param_groups[0]["lr"] == rate
    return replays[0], optimizer


@pytest.mark.usefixtures("no_gpu_needed")
def test_a_recorded_step_trains_as_an_ordinary_one() -> None:
    """The bookkeeping around a CUDA graph: whole batches are replayed, others are not."""
    module = plain_cnn()
    plain = copy.deepcopy(module)
    replays, _ = trained_by(module)
    assert replays == SIZES.count(6) - graph.WARM_UP
    step, _, optimizer = step_for(plain, recipe_from({"optimizer": SGD}))
    for number, count in enumerate(SIZES):
        torch.manual_seed(number)
        optimizer.param_groups[0]["lr"] = 0.1 / (number + 1)
        step(torch.randn(count, 1, 8, 8), torch.randint(10, (count,)))
    for mine, theirs in zip(module.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("no_gpu_needed")
@pytest.mark.parametrize("at", [1, 3, 5, 7, 9, 12])
def test_steps_are_the_same_to_the_bit_replayed_or_not(at: int) -> None:
    """A resumed run takes steps anew that another replays."""
    whole = plain_cnn()
    resumed = copy.deepcopy(whole)
    replays, _ = trained_by(whole)
    fewer, _ = trained_by(resumed, (at,))
    assert fewer < replays
    assert same_weights(whole, resumed)


@pytest.mark.usefixtures("no_gpu_needed")
def test_a_step_that_cannot_be_recorded_says_how_to_go_on() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)

    def learn(images: Tensor, labels: Tensor, scale: float) -> None:
        if Recording.current is not None:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

    graphed = GraphedStep(learn, optimizer, plan_for(recipe_from({})), batch_size=6)
    for _ in range(graph.WARM_UP):
        graphed(*batch(), 1.0)
    with pytest.raises(TrainError) as refused:
        graphed(*batch(), 1.0)
    assert refused.value.message == (
        "the training step cannot be recorded as a CUDA graph: "
        "operation not permitted when stream is capturing"
    )
    assert refused.value.hint == "set `cuda_graph: false` in `train`"
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.usefixtures("no_gpu_needed")
def test_memory_that_runs_out_while_recording_is_told_as_such() -> None:
    def learn(images: Tensor, labels: Tensor, scale: float) -> None:
        if Recording.current is not None:
            raise torch.OutOfMemoryError("CUDA out of memory")

    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    graphed = GraphedStep(learn, optimizer, plan_for(recipe_from({})), batch_size=6)
    for _ in range(graph.WARM_UP):
        graphed(*batch(), 1.0)
    with pytest.raises(torch.OutOfMemoryError):
        graphed(*batch(), 1.0)


@pytest.mark.usefixtures("no_gpu_needed")
def test_every_batch_comes_to_a_recorded_step_in_the_plans_layout() -> None:
    plan = replace(plan_for(recipe_from({})), channels_last=True)
    seen = []

    def learn(images: Tensor, labels: Tensor, scale: float) -> None:
        seen.append(images.is_contiguous(memory_format=torch.channels_last))
        if Recording.current is not None:
            Recording.current.work = lambda: None

    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    graphed = GraphedStep(learn, optimizer, plan, batch_size=2)
    for count in [2] * graph.WARM_UP + [1, 2]:  # the last is recorded
        graphed(torch.randn(count, 3, 4, 4), torch.zeros(count, dtype=torch.int64), 1.0)
    assert seen == [True] * (graph.WARM_UP + 2)
    GraphedStep(learn, optimizer, plan, batch_size=2)(torch.randn(2, 5), torch.zeros(2), 1.0)


@pytest.mark.usefixtures("no_gpu_needed")
def test_a_share_of_a_batch_is_not_replayed() -> None:
    """It is weighed as it stands beside the other processes' shares, which a recording is not."""
    scales = []

    def learn(images: Tensor, labels: Tensor, scale: float) -> None:
        scales.append(scale)
        if Recording.current is not None:
            Recording.current.work = lambda: None

    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    graphed = GraphedStep(learn, optimizer, plan_for(recipe_from({})), batch_size=6)
    for scale in [1.0] * (graph.WARM_UP + 2) + [1.2, 0.8]:  # one is recorded, the next replayed
        graphed(*batch(), scale)
    assert scales == [1.0] * (graph.WARM_UP + 1) + [1.2, 0.8]
