"""How long `netspec check` takes: cold against importing torch, warm, and on large networks.

python benchmarks/check.py
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))

COLD = [sys.executable, "-m", "netspec", "check", "specs/alexnet.yaml"]
TORCH = [sys.executable, "-c", "import torch, torchvision"]

LARGE = """\
netspec: 1
input: [8, 32, 32]
layers:
  body:
    repeat: {repeats}
    layers:
      - Conv2d: {{out_channels: 8, kernel_size: 3, padding: 1, bias: false}}
      - BatchNorm2d
      - ReLU
      - Dropout: 0.1
  pool: {{AdaptiveAvgPool2d: 1}}
"""
"""Five layers a repeat, with the sequence that holds them."""


def seconds(command: list[str]) -> tuple[float, float]:
    """Wall time of a process, and the processor time that it took."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def spread(values: list[float], unit: float = 1e3) -> str:
    low, high = min(values) * unit, max(values) * unit
    return f"{statistics.median(values) * unit:.1f} ms (from {low:.1f} to {high:.1f})"


def cold(runs: int) -> None:
    """Both commands in turn, so that whatever else runs slows both."""
    for command in (COLD, TORCH):
        seconds(command)  # files into memory
    checks, imports = [], []
    for _ in range(runs):
        checks.append(seconds(COLD))
        imports.append(seconds(TORCH))
    for what, index in (("wall", 0), ("processor", 1)):
        ours, theirs = ([times[index] for times in both] for both in (checks, imports))
        print(f"cold, {runs} runs each in turn, {what} time")
        print(f"  netspec check specs/alexnet.yaml   {spread(ours)}")
        print(f"  import torch, torchvision          {spread(theirs)}")
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        medians = statistics.median(ours) / statistics.median(theirs)
        print(f"  ratio of medians                   {medians:.3f} "
              f"(pair by pair from {min(ratios):.3f} to {max(ratios):.3f})")  # fmt: skip


def took(work: Callable[[], object], runs: int) -> tuple[list[float], list[float]]:
    """Wall and processor times."""
    wall, processor = [], []
    for _ in range(runs):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        processor.append(time.process_time() - cpu)
        wall.append(time.perf_counter() - start)
    return wall, processor


def warm(runs: int) -> None:
    """Every spec in one process, as `netspec check specs` does it, with lints and least sizes."""
    from netspec.compiler.sources.override import NONE
    from netspec.report.check import check, fine

    def all_specs() -> None:
        for path in SPECS:
            fine(check(str(path), NONE))

    all_specs()
    times = [[t / len(SPECS) for t in kind] for kind in took(all_specs, runs)]
    print(f"warm, {len(SPECS)} specs in one process, {runs} runs, a spec on average")
    print(f"  wall time        {spread(times[0])}")
    print(f"  processor time   {spread(times[1])}")
    slow = [(min(took(lambda path=path: fine(check(str(path), NONE)), 2)[1]), path)
            for path in SPECS]  # fmt: skip
    print("  the slowest five, processor time")
    for least, path in sorted(slow, reverse=True)[:5]:
        print(f"    {path.relative_to(ROOT)!s:<42} {least * 1e3:.0f} ms")


def large(runs: int) -> None:
    """Networks of 1,000 to 10,000 layers by `repeat`."""
    from netspec.compiler.sources.override import NONE
    from netspec.report.check import check, fine

    print(f"large networks by `repeat`, {runs} runs")
    for layers in (1_000, 2_000, 5_000, 10_000):
        text = LARGE.format(repeats=layers // 5).encode()
        done = check("-", NONE, text)
        assert done.network is not None
        count = len(done.network.layers)
        wall, processor = took(lambda text=text: fine(check("-", NONE, text)), runs)
        each = statistics.median(processor) / count * 1e6
        print(f"  {count:>6,} layers   wall {spread(wall)}, processor {spread(processor)}, "
              f"{each:.0f} µs a layer")  # fmt: skip


def asked_runs(doc: str | None, default: int) -> int:
    """How many runs the command line asks for; prints what they are measured on."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--runs", type=int, default=default)
    runs: int = parser.parse_args().runs
    sys.path.insert(0, str(ROOT))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    return runs


def main() -> None:
    runs = asked_runs(__doc__, 7)
    cold(runs)
    warm(runs)
    large(runs)


if __name__ == "__main__":
    main()
