"""One step does what a plain script's does, for every kind of network and recipe."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from stand_in import AuxiliaryCnn, SegmentingCnn, full_cnn, plain_cnn
from torch import Tensor, nn

from netspec.recipe import Recipe, RecipeError, recipe_from
from netspec.train.engine.ema import MovingAverage
from netspec.train.engine.finite_loss import DeviceLossCheck
from netspec.train.engine.learner import make_learner
from netspec.train.engine.metric_sums import MetricSums
from netspec.train.engine.optimizer import load_optimizer, make_optimizer
from netspec.train.engine.schedule import Schedule
from netspec.train.engine.step import TrainingStep
from netspec.train.errors import LossNotFinite, TrainError
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan, choose_device, make_plan

CPU = torch.device("cpu")
ALONE = Processes()
SGD = {"SGD": {"lr": 1.0, "momentum": 0.9}}


def plan_for(recipe: Recipe) -> Plan:
    return make_plan(recipe, CPU, ALONE, images=True)


def step_for(
    module: nn.Module, recipe: Recipe, outputs: tuple[str, ...] = ("logits",)
) -> tuple[TrainingStep, MetricSums, torch.optim.Optimizer]:
    plan = plan_for(recipe)
    learner = make_learner(module, outputs, recipe, replace(plan, fused=False))
    step = TrainingStep(learner, recipe, plan, ALONE)
    return step, learner.sums, learner.optimizer


def batch(count: int = 6, classes: int = 10) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(count, 1, 8, 8), torch.randint(classes, (count,))


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_step_is_the_plain_scripts_step_to_the_bit() -> None:
    module = full_cnn()
    plain = copy.deepcopy(module)
    recipe = recipe_from({"optimizer": {"SGD": {"lr": 0.1, "momentum": 0.9}}, "clip_grad_norm": 1})
    step, sums, _ = step_for(module, recipe)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    images, labels = batch()
    for seed in range(3):
        torch.manual_seed(seed)
        step(images, labels)
        torch.manual_seed(seed)
        optimizer.zero_grad()
        loss = F.cross_entropy(plain(images), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1)
        optimizer.step()
    assert same_weights(module, plain)
    assert sums.metrics(sums.totals(ALONE)).count == 18


@pytest.mark.parametrize("scale", [0.5, 1.5, 2.0])
def test_a_share_of_a_batch_trains_by_its_scale_and_is_counted_as_it_is(scale: float) -> None:
    module = plain_cnn()
    plain = copy.deepcopy(module)
    step, sums, _ = step_for(module, recipe_from({"optimizer": {"SGD": {"lr": 0.1}}}))
    images, labels = batch()
    step(images, labels, scale)
    loss = F.cross_entropy(plain(images), labels)
    (loss * scale).backward()
    torch.optim.SGD(plain.parameters(), lr=0.1).step()
    assert same_weights(module, plain)
    assert sums.metrics(sums.totals(ALONE)).loss == pytest.approx(float(loss.detach()))


def test_auxiliary_heads_count_by_their_weight() -> None:
    module = AuxiliaryCnn()
    plain = copy.deepcopy(module)
    step, sums, _ = step_for(
        module,
        recipe_from({"aux_weight": 0.4, "optimizer": {"SGD": {"lr": 0.1}}}),
        ("logits", "aux1"),
    )
    images, labels = batch()
    torch.manual_seed(0)
    step(images, labels)
    torch.manual_seed(0)
    outputs = plain(images)
    main = F.cross_entropy(outputs["logits"], labels)
    (main + 0.4 * F.cross_entropy(outputs["aux1"], labels)).backward()
    torch.optim.SGD(plain.parameters(), lr=0.1).step()
    assert same_weights(module, plain)
    # The figure is the main output's, so that it compares with validation's.
    assert sums.metrics(sums.totals(ALONE)).loss == pytest.approx(float(main.detach()))


def test_a_label_a_pixel_trains_with_the_same_step() -> None:
    module = SegmentingCnn(3)
    step, sums, _ = step_for(module, recipe_from({"optimizer": {"Adam": {"lr": 0.05}}}))
    images = torch.rand(4, 1, 8, 8)
    labels = (images[:, 0] * 3).long().clamp_max(2)
    losses = []
    for _ in range(60):
        sums.reset()
        step(images, labels)
        losses.append(sums.metrics(sums.totals(ALONE)).loss)
    assert losses[-1] < losses[0] / 3
    assert sums.metrics(sums.totals(ALONE)).count == 4 * 64


def test_channels_last_changes_the_layout_and_no_name() -> None:
    recipe = recipe_from(
        {"channels_last": True, "optimizer": {"SGD": {"lr": 0.1, "momentum": 0.9}}}
    )
    module = plain_cnn()
    names = list(module.state_dict())
    module = module.to(memory_format=plan_for(recipe).memory_format)
    step, _, optimizer = step_for(module, recipe)
    step(*batch())
    assert list(module.state_dict()) == names
    assert module[2].weight.is_contiguous(memory_format=torch.channels_last)

    contiguous = {
        key: {name: value.contiguous() for name, value in buffers.items()}
        for key, buffers in optimizer.state_dict()["state"].items()
    }
    load_optimizer(optimizer, {**optimizer.state_dict(), "state": contiguous})
    momentum = optimizer.state[module[2].weight]["momentum_buffer"]
    assert momentum.stride() == module[2].weight.stride()


def test_images_come_to_the_network_in_the_plans_layout() -> None:
    for wish in (True, False):
        module, seen = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten()), []
        module[0].register_forward_pre_hook(
            lambda module, inputs, seen=seen: seen.append(
                inputs[0].is_contiguous(memory_format=torch.channels_last)
            )
        )
        step, _, _ = step_for(module, recipe_from({"channels_last": wish}))
        step(torch.randn(2, 3, 4, 4), torch.tensor([0, 1]))
        assert seen == [wish]


def test_how_the_optimizer_runs_is_this_machines_matter_and_not_the_checkpoints() -> None:
    weight = nn.Parameter(torch.zeros(2, 2))
    fused, plain = (
        make_optimizer(
            recipe_from({"optimizer": "Adam"}).optimizer, [weight], fused=wish, capturable=False
        )
        for wish in (True, False)
    )
    for one, other in ((fused, plain), (plain, fused)):
        kept = one.param_groups[0]["fused"]
        state = other.state_dict()
        state["param_groups"][0]["lr"] = 0.125
        load_optimizer(one, state)
        assert (one.param_groups[0]["fused"], one.param_groups[0]["lr"]) == (kept, 0.125)


def test_bf16_keeps_weights_and_loss_in_float32() -> None:
    module = plain_cnn()
    step, sums, _ = step_for(module, recipe_from({"precision": "bf16"}))
    step(*batch())
    assert all(value.dtype == torch.float32 for value in module.parameters())
    assert sums.metrics(sums.totals(ALONE)).loss > 0


def test_the_moving_average_is_the_written_formula() -> None:
    module = full_cnn()
    average = MovingAverage(module, 0.75)
    expected = copy.deepcopy(module.state_dict())
    for _ in range(3):
        with torch.no_grad():
            for value in module.parameters():
                value.add_(torch.randn_like(value))
        module[1].num_batches_tracked += 1
        average.update()
        for name, value in module.state_dict().items():
            mean = 0.75 * expected[name] + 0.25 * value
            expected[name] = mean if value.is_floating_point() else value.clone()
    for name, value in average.state_dict().items():
        assert torch.allclose(value, expected[name], atol=1e-5)
    assert not average.module.training


def test_the_device_itself_skips_a_bad_step_and_tells_which() -> None:
    """A fused optimizer on the CPU behaves as on a GPU: it heeds `found_inf`."""
    weight = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([weight], lr=0.1, fused=True)
    told = lambda step, batch: LossNotFinite(f"at step {step}, {batch}")  # noqa: E731
    loss_check = DeviceLossCheck(optimizer, CPU, ALONE, told)
    loss_check.step = 40
    for loss in (1.0, float("nan"), 2.0):
        weight.grad = torch.ones(3)
        loss_check.look(torch.tensor(loss))
        optimizer.step()
    assert torch.allclose(weight.detach(), torch.full((3,), 0.9))  # only the first step counted
    with pytest.raises(TrainError, match="at step 42, None"):
        loss_check.check()
    assert loss_check.step == 43


def rates(train: dict[str, Any], steps_per_epoch: int = 4) -> list[float]:
    recipe = recipe_from(train)
    optimizer = make_optimizer(
        recipe.optimizer, [nn.Parameter(torch.zeros(1))], fused=False, capturable=False
    )
    schedule = Schedule(recipe, optimizer, steps_per_epoch)
    seen = []
    for _ in range(recipe.epochs):
        for _ in range(steps_per_epoch):
            seen.append(schedule.rates[0])
            schedule.after_step()
        schedule.after_epoch(1.0)
    return seen


def test_epoch_schedules_move_at_epochs_and_step_schedules_at_steps() -> None:
    found = rates({"epochs": 3, "optimizer": SGD, "scheduler": {"StepLR": {"step_size": 1}}})
    assert found == pytest.approx([1] * 4 + [0.1] * 4 + [0.01] * 4)
    found = rates({"epochs": 2, "optimizer": SGD, "scheduler": "CosineAnnealingLR"})
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 8
    triangle = {
        "max_lr": 1.0,
        "pct_start": 0.25,
        "anneal_strategy": "linear",
        "div_factor": 5,
        "cycle_momentum": False,
    }
    found = rates({"epochs": 2, "optimizer": SGD, "scheduler": {"OneCycleLR": triangle}})
    assert found[0] == pytest.approx(0.2)
    assert max(found) == pytest.approx(1.0)
    assert found[-1] == pytest.approx(0.2 / 1e4)


def test_a_warm_up_is_a_straight_line_times_the_schedule() -> None:
    found = rates({"epochs": 3, "optimizer": SGD, "warmup": {"epochs": 1, "start_factor": 0.2}})
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8] + [1.0] * 8)


def test_a_plateau_is_told_each_epochs_loss() -> None:
    scheduler = {"ReduceLROnPlateau": {"patience": 0, "factor": 0.5}}
    found = rates({"epochs": 4, "optimizer": SGD, "scheduler": scheduler})
    assert found == pytest.approx([1] * 8 + [0.5] * 4 + [0.25] * 4)


def test_a_plan_says_what_it_picked_and_why() -> None:
    plan = plan_for(recipe_from({}))
    assert (plan.autocast, plan.channels_last, plan.cuda_graph, plan.deterministic) == (
        None,
        False,
        False,
        True,
    )
    assert "CPU with 1 thread · float32" in plan.line
    for wish, message in (
        ({"cuda_graph": True}, "`cuda_graph: true` needs a GPU"),
        ({"precision": "fp16"}, "`precision: fp16` needs a GPU"),
    ):
        with pytest.raises(TrainError, match=message):
            plan_for(recipe_from(wish))


@pytest.mark.parametrize("name", ["cuda:99", "nonsense", "meta", "mps"])
def test_a_device_that_is_not_here_is_refused(name: str) -> None:
    with pytest.raises(TrainError):
        choose_device(name, ALONE)


def test_more_processes_than_gpus_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    third = Processes(rank=2, world_size=3, local_rank=2)
    with pytest.raises(TrainError) as refused:
        choose_device(None, third)
    assert refused.value.message == "process 2 of this machine has no GPU: torch finds 2 GPUs"
    assert choose_device(None, Processes(rank=1, world_size=3, local_rank=1)).index == 1


def test_a_scaler_takes_no_fused_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may skip the first step, after which fused momentum would be memory never written."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GPU")
    recipe = recipe_from({"precision": "fp16"})
    plan = make_plan(recipe, torch.device("cuda", 0), ALONE, images=True)
    assert plan.scaler
    assert not plan.fused
    assert not plan.cuda_graph


def test_a_recipe_whose_keys_do_not_go_together_is_refused() -> None:
    with pytest.raises(RecipeError):
        recipe_from({"epochs": 1, "warmup": 2})


def test_a_warm_up_may_end_within_an_epoch() -> None:
    warmup = {"epochs": 0.5, "start_factor": 0.5}
    assert rates({"epochs": 2, "optimizer": SGD, "warmup": warmup}) == pytest.approx(
        [0.5, 0.75] + [1.0] * 6
    )
    warmup = {"epochs": 1.5, "start_factor": 0.4}
    scheduler = {"StepLR": {"step_size": 1, "gamma": 0.1}}
    found = rates({"epochs": 3, "optimizer": SGD, "warmup": warmup, "scheduler": scheduler})
    rising = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    steps = [1.0] * 4 + [0.1] * 4 + [0.01] * 4
    assert found == pytest.approx([a * b for a, b in zip(steps, rising + [1.0] * 6, strict=True)])


def test_a_warm_up_times_a_schedule_that_counts_steps() -> None:
    warmup = {"epochs": 0.5, "start_factor": 0.5}
    plain = rates({"epochs": 2, "optimizer": SGD, "scheduler": "CosineAnnealingLR"})
    found = rates(
        {"epochs": 2, "optimizer": SGD, "scheduler": "CosineAnnealingLR", "warmup": warmup}
    )
    factors = [0.5, 0.75] + [1.0] * 6
    assert found == pytest.approx([a * b for a, b in zip(plain, factors, strict=True)])
