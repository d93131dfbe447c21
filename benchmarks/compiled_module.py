"""The module that netspec builds beside the one written by hand: torchvision's ResNet-18.

Batch 1 at 32×32, where what Python does between the layers counts most. Both modules hold the same
weights and take turns, so that whatever else runs slows both.

python benchmarks/compiled_module.py
"""

from __future__ import annotations

import argparse
import copy
import os
import platform
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


def forward(module: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        module(x)


def forward_backward(module: nn.Module, x: Tensor) -> None:
    module(x).sum().backward()


Times = list[tuple[float, float]]


def once(
    work: Callable[[nn.Module, Tensor], None], module: nn.Module, x: Tensor, calls: int
) -> tuple[float, float]:
    """Wall and processor time of one call, the mean of `calls`."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        work(module, x)
    return (time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls


def compare(
    name: str,
    work: Callable[[nn.Module, Tensor], None],
    modules: dict[str, nn.Module],
    reference: nn.Module,
    rounds: int,
) -> None:
    """All take turns; a copy of the reference among them shows what difference means nothing."""
    x = torch.randn(1, 3, 32, 32)
    everyone = {**modules, "torchvision": reference}
    names = list(everyone)
    times: dict[str, Times] = {which: [] for which in names}
    for turn in range(rounds + 2):
        first = turn % len(names)
        for which in names[first:] + names[:first]:
            measured = once(work, everyone[which], x, 5)
            if turn >= 2:  # the first two warm up
                times[which].append(measured)
    for kind, what in enumerate(("wall", "processor")):
        print(f"{name}, {what} time, {rounds} rounds of 5")
        theirs = [t[kind] * 1e3 for t in times["torchvision"]]
        for which in names:
            ours = [t[kind] * 1e3 for t in times[which]]
            pairs = sorted(a / b for a, b in zip(ours, theirs, strict=True))
            low, high = pairs[len(pairs) // 4], pairs[-len(pairs) // 4]
            print(f"  {which:<24} {statistics.median(ours):7.3f} ms, least {min(ours):7.3f}; "
                  f"ratio {statistics.median(pairs):.3f} (half of the pairs from {low:.3f} to "
                  f"{high:.3f}), of the least {min(ours) / min(theirs):.3f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    ours = netspec.load(ROOT / "specs" / "resnet18.yaml").build()
    theirs = torchvision.models.resnet18()
    theirs.load_state_dict(ours.state_dict())
    control = copy.deepcopy(theirs)
    print(f"Python {platform.python_version()}, torch {torch.__version__}, torchvision "
          f"{torchvision.__version__}, {options.threads} thread, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    modules = {"netspec": ours.eval(), "a copy of torchvision's": control.eval()}
    for name, work in (("forward", forward), ("forward and backward", forward_backward)):
        compare(name, work, modules, theirs.eval(), options.rounds)


if __name__ == "__main__":
    main()
