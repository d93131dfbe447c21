"""How long the networks of torchvision take to check: all in one process, and the largest cold.

python benchmarks/zoo.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from check import COLD, ROOT, asked_runs, seconds, spread

FOLDER = ROOT / "specs" / "torchvision"


def largest() -> Path:
    """The spec with the most layers."""
    import netspec

    layers: Callable[[Path], int] = lambda path: len(netspec.load(path).layers)  # noqa: E731
    return max(sorted(FOLDER.glob("*.yaml")), key=layers)


def main() -> None:
    runs = asked_runs(__doc__, 5)
    most = largest().relative_to(ROOT)
    commands = {
        f"all {len(list(FOLDER.glob('*.yaml')))} in one process": FOLDER.relative_to(ROOT),
        f"{most.stem}, cold": most,
    }
    for what, path in commands.items():
        command = [*COLD[:-1], str(path)]
        seconds(command)  # files into memory
        times = [seconds(command) for _ in range(runs)]
        print(f"`netspec check {path}`: {what}, {runs} runs")
        print(f"  wall       {spread([wall for wall, _ in times])}")
        print(f"  processor  {spread([processor for _, processor in times])}")


if __name__ == "__main__":
    main()
