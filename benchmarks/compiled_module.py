"""The module that netspec builds beside the one written by hand: torchvision's ResNet-18.

Batch 1 at 32×32, where what Python does between the layers counts most. Both modules hold the same
weights and take turns, so that whatever else runs slows both. A copy of torchvision's module runs
among them: it shows what difference means nothing.

python benchmarks/compiled_module.py
"""

from __future__ import annotations

import argparse
import copy
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import netspec  # noqa: E402  (from this checkout)

WARM_UP = 5
LABELS = ("10 %", "25 %", "median")


def forward(module: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        module(x)


def forward_backward(module: nn.Module, x: Tensor) -> None:
    module(x).sum().backward()


def shares(times: list[float]) -> tuple[float, float, float]:
    """The times below which a tenth, a quarter and a half of all lie."""
    ordered = sorted(times)
    return ordered[len(ordered) // 10], ordered[len(ordered) // 4], statistics.median(ordered)


def compare(
    name: str,
    work: Callable[[nn.Module, Tensor], None],
    modules: dict[str, nn.Module],
    rounds: int,
) -> None:
    """One call of each a round, in an order drawn anew: what ran before leaves its traces."""
    x = torch.randn(1, 3, 32, 32)
    times: dict[str, list[tuple[float, float]]] = {which: [] for which in modules}
    draw = random.Random(0)
    for turn in range(rounds + WARM_UP):
        for which in draw.sample(list(modules), len(modules)):
            wall, processor = time.perf_counter(), time.process_time()
            work(modules[which], x)
            took = time.perf_counter() - wall, time.process_time() - processor
            if turn >= WARM_UP:
                times[which].append(took)
    for kind, what in enumerate(("wall", "processor")):
        print(f"{name}, {what} time of {rounds} calls each, and its ratio to torchvision's")
        theirs = shares([t[kind] for t in times["torchvision"]])
        for which in modules:
            ours = shares([t[kind] for t in times[which]])
            cells = [
                f"{label} {a * 1e3:.3f} ms ({a / b:.3f})"
                for label, a, b in zip(LABELS, ours, theirs, strict=True)
            ]
            print(f"  {which:<20} {', '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    ours = netspec.load(ROOT / "specs" / "resnet18.yaml").build().eval()
    theirs = torchvision.models.resnet18().eval()
    theirs.load_state_dict(ours.state_dict())
    modules = {
        "netspec": ours,
        "torchvision": theirs,
        "torchvision, a copy": copy.deepcopy(theirs),
    }
    print(f"Python {platform.python_version()}, torch {torch.__version__}, torchvision "
          f"{torchvision.__version__}, {options.threads} thread, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    compare("forward", forward, modules, options.rounds)
    compare("forward and backward", forward_backward, modules, options.rounds)


if __name__ == "__main__":
    main()
