"""A training step of netspec beside a plain script's, on the same network, in one run.

    python benchmarks/train_step.py [--runs 5] [--record benchmarks/RESULTS.md]

Both sides train copies of one module, with the same weights, on the same batch in memory, so that
only the step is timed: the plain script's is written as tutorials write it (float32, `loss.item()`
and the right answers' `.item()` in every step), netspec's is the one that `netspec train` runs,
with its sums, its schedule and its look at the loss. Each run times one side and then the other,
and the order changes from run to run.

On a CPU the time counted is the process's own (one thread), which other programs on the machine
do not lengthen; with `--wall` it is the clock's, with all threads.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import netspec
from netspec.recipe import Recipe, recipe_from
from netspec.train.engine.learner import make_learner
from netspec.train.engine.schedule import Schedule
from netspec.train.engine.step import TrainingStep
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import apply_plan, make_plan

SPECS = Path(__file__).resolve().parent.parent / "specs"
# Spec, batch size, steps a run.
NETWORKS = (
    ("resnet-digits", 64, 12),
    ("alexnet-cifar10", 32, 3),
    ("resnet18-cifar", 16, 2),
    ("googlenet-plain", 2, 2),
)
RECIPE = {"optimizer": {"SGD": {"lr": 0.001, "momentum": 0.9, "weight_decay": 5e-4}}}

StepOnce = Callable[[Tensor, Tensor], None]


def plain(module: nn.Module, recipe: Recipe) -> StepOnce:
    """The tutorials' step."""
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(module.parameters(), **recipe.optimizer.args)
    totals = {"loss": 0.0, "right": 0.0, "count": 0}

    def step(images: Tensor, labels: Tensor) -> None:
        optimizer.zero_grad()
        outputs = module(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        totals["loss"] += loss.item()
        _, predicted = outputs.max(1)
        totals["count"] += labels.size(0)
        totals["right"] += predicted.eq(labels).sum().item()

    return step


def ours(module: nn.Module, recipe: Recipe) -> StepOnce:
    """The step of `netspec train`."""
    alone = Processes()
    plan = make_plan(recipe, torch.device("cpu"), alone, images=True)
    apply_plan(plan)
    learner = make_learner(module, ("logits",), recipe, plan)
    step = TrainingStep(learner, recipe, plan, alone)
    schedule = Schedule(recipe, learner.optimizer, 100)

    def once(images: Tensor, labels: Tensor) -> None:
        step(images, labels)
        schedule.after_step()

    return once


def timed(step: StepOnce, batch: tuple[Tensor, Tensor], steps: int, clock: Clock) -> float:
    """Seconds a step."""
    began = clock()
    for _ in range(steps):
        step(*batch)
    return (clock() - began) / steps


Clock = Callable[[], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--wall", action="store_true")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    clock = time.perf_counter if given.wall else time.process_time
    if not given.wall:
        torch.set_num_threads(1)
    recipe = recipe_from(RECIPE)
    rows = []
    for name, size, steps in NETWORKS:
        network = netspec.load(SPECS / f"{name}.yaml")
        torch.manual_seed(0)
        module = network.build().train()
        batch = (torch.randn(size, *network.input_shape), torch.randint(10, (size,)))
        sides = {"plain": plain(module, recipe), "ours": ours(copy.deepcopy(module), recipe)}
        found: dict[str, list[float]] = {"plain": [], "ours": []}
        for side in sides.values():
            timed(side, batch, 1, clock)
        for run in range(given.runs):
            for side in list(sides)[:: 1 if run % 2 == 0 else -1]:
                found[side].append(timed(sides[side], batch, steps, clock))
        ratios = [p / o for p, o in zip(found["plain"], found["ours"], strict=True)]
        rows.append((name, size, found, ratios))
        print(row(name, size, found, ratios), flush=True)
    if given.record:
        with given.record.open("a") as file:
            file.write(section(rows, given.runs, wall=given.wall))


def row(name: str, size: int, found: dict[str, list[float]], ratios: list[float]) -> str:
    times = (
        f"{statistics.median(found[side]) * 1e3:.1f} ({min(found[side]) * 1e3:.1f} – "
        f"{max(found[side]) * 1e3:.1f})"
        for side in ("plain", "ours")
    )
    middle = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})"
    return f"| `{name}`, batch {size} | " + " | ".join(times) + f" | {middle} |"


def section(
    rows: list[tuple[str, int, dict[str, list[float]], list[float]]], runs: int, *, wall: bool
) -> str:
    what = (
        f"clock's time, {torch.get_num_threads()} threads" if wall else "process time, one thread"
    )
    lines = [
        "",
        f"## Training step on a CPU, {datetime.date.today()}",
        "",
        f"One batch in memory, {runs} runs of each side in turn after one step thrown away, "
        f"{what} (`benchmarks/train_step.py`). {cpu_name()}, {os.cpu_count()} cores; Python "
        f"{platform.python_version()}, torch {torch.__version__}, netspec {netspec.__version__}.",
        "",
        "| network | plain script, ms a step | netspec, ms a step | plain ÷ netspec |",
        "|---|---|---|---|",
        *(row(*found) for found in rows),
        "",
    ]
    return "\n".join(lines)


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown CPU"


if __name__ == "__main__":
    main()
