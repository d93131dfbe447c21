"""Training on a GPU beside plain scripts: the same files, the same network, the same batch.

    python benchmarks/gpu_recipes.py FOLDER [--only SPEC] [--runs 5] [--record RESULTS.md]

FOLDER holds CIFAR-10 as `train/<class>/*.jpg` and `test/<class>/*.jpg`. The plain script is written
as tutorials write theirs: float32, ImageFolder with Pillow transforms image by image in workers, a
loop with `.item()` in every step. netspec runs as `netspec train` does, with everything left to
`auto`; its figures are those of its own log, the first epoch, which decodes and warms up, thrown
away. `googlenet-plain` is fed CIFAR-10 made grey, as its own data set is not among the files.

Printed: images a second of both sides, their ratio, the share of time that netspec's step waited
for data, and the share of the GPU's bf16 peak that its multiply-adds come to (three passes of two
operations each: forward, and backward to inputs and to weights).
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import gc
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

import netspec
from netspec.train.reporting.records import read_rows
from netspec.train.run import TrainOptions, train

SPECS = Path(__file__).resolve().parent.parent / "specs"
WORKERS = 4
WARM_UP = 20
# Dense bf16 operations a second by the makers' data sheets.
PEAKS = {"H200": 989e12, "H100 80GB HBM3": 989e12, "H100 PCIe": 756e12, "A100": 312e12}


@dataclass(frozen=True)
class Recipe:
    """A spec, its batch, the plain script's transforms, and the steps that are timed of it."""

    spec: str
    batch: int
    transform: transforms.Compose
    data: Mapping[str, Any]
    optimizer: str
    augment: tuple[Any, ...]
    plain_steps: int
    epochs: int


def to_tensor(mean: float, std: float, channels: int) -> list[Any]:
    return [transforms.ToTensor(), transforms.Normalize([mean] * channels, [std] * channels)]


HALF = {"mean": [0.5], "std": [0.5]}
RECIPES = (
    Recipe(
        "alexnet-original",
        256,
        transforms.Compose([transforms.Resize((227, 227)), *to_tensor(0.5, 0.5, 3)]),
        {"resize": 227, "normalize": HALF},
        "SGD",
        (),
        60,
        3,
    ),
    Recipe(
        "resnet18-cifar",
        128,
        transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                *to_tensor(0.5, 0.5, 3),
            ]
        ),
        {"normalize": HALF},
        "SGD",
        ({"RandomCrop": {"size": 32, "padding": 4}}, "RandomHorizontalFlip"),
        200,
        4,
    ),
    Recipe(
        "googlenet-plain",
        16,
        transforms.Compose(
            [transforms.Grayscale(), transforms.Resize((224, 224)), *to_tensor(0.5, 0.5, 1)]
        ),
        {"resize": 224, "channels": 1, "normalize": HALF},
        "Adam",
        (),
        300,
        3,
    ),
)


def plain(recipe: Recipe, module: nn.Module, root: Path, device: torch.device) -> float:
    """Images a second of the tutorials' loop."""
    loader = DataLoader(
        ImageFolder(str(root / "train"), recipe.transform),
        batch_size=recipe.batch,
        shuffle=True,
        num_workers=WORKERS,
    )
    # The other side sets these switches for its own runs; a script leaves them as torch has them.
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = True
    module = module.to(device).train()
    criterion = nn.CrossEntropyLoss()
    optimizer: torch.optim.Optimizer = (
        torch.optim.Adam(module.parameters(), lr=1e-3)
        if recipe.optimizer == "Adam"
        else torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9)
    )
    running, right, seen, began, counted = 0.0, 0.0, 0, time.perf_counter(), 0
    for step, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        outputs = module(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
        _, predicted = outputs.max(1)
        right += predicted.eq(labels).sum().item()
        seen += labels.size(0)
        counted += labels.size(0)
        if step == WARM_UP - 1:
            began, counted = time.perf_counter(), 0
        if step == WARM_UP + recipe.plain_steps - 1:
            break
    return counted / (time.perf_counter() - began)


def ours(
    recipe: Recipe, network: Any, root: Path, device: torch.device, runs: Path
) -> tuple[float, float]:
    """Images a second of `netspec train`, and the share of time that it waited for data."""
    args = {"lr": 1e-3} if recipe.optimizer == "Adam" else {"lr": 0.01, "momentum": 0.9}
    section = {
        "epochs": recipe.epochs,
        "batch_size": recipe.batch,
        "data": {"dataset": "folder", **recipe.data},
        "augment": list(recipe.augment),
        "optimizer": {recipe.optimizer: args},
    }
    trained = dataclasses.replace(network, train=section)
    result = train(trained, TrainOptions(data=root, device=str(device), run_dir=runs, silent=True))
    rows = [row for row in read_rows(result.folder / "metrics.jsonl") if row["kind"] == "epoch"]
    timings = [row["timing"] for row in rows[1:]]
    rate = statistics.median(timing["images_per_second"] for timing in timings)
    return rate, max(timing["waiting"] for timing in timings)


def measure(recipe: Recipe, root: Path, device: torch.device, count: int) -> str:
    network = netspec.load(SPECS / f"{recipe.spec}.yaml", num_classes=10)
    slow, fast, ratios, waits = [], [], [], []
    with tempfile.TemporaryDirectory() as runs:
        for _ in range(count):
            slow.append(plain(recipe, network.build(), root, device))
            gc.collect()  # a recorded graph's memory goes with the run that recorded it
            rate, waiting = ours(recipe, network, root, device, Path(runs))
            gc.collect()
            fast.append(rate)
            waits.append(waiting)
            ratios.append(rate / slow[-1])
    peak = next((v for k, v in PEAKS.items() if k in device_name(device)), None)
    used = statistics.median(fast) * network.macs * 2 * 3
    share = "–" if peak is None else f"{used / peak:.1%}"
    return (
        f"| `{recipe.spec}`, batch {recipe.batch} | {spread(slow, ',.0f')} | "
        f"{spread(fast, ',.0f')} | {spread(ratios, '.1f')} | {max(waits):.1%} | {share} |"
    )


def spread(values: list[float], form: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} – {high:{form}})"


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=[recipe.spec for recipe in RECIPES])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU here")
    chosen = [recipe for recipe in RECIPES if given.only in (None, recipe.spec)]
    lines = [
        "",
        f"## Training on a GPU, {datetime.date.today()}",
        "",
        f"{given.runs} runs of each side in turn (`benchmarks/gpu_recipes.py`). "
        f"{device_name(device)}; Python {platform.python_version()}, torch {torch.__version__}, "
        f"torchvision {torchvision.__version__}, netspec {netspec.__version__}; the plain script "
        f"with {WORKERS} workers.",
        "",
        "| network | plain, images/s | netspec, images/s | ratio | waiting | share of bf16 peak |",
        "|---|---|---|---|---|---|",
    ]
    keep("\n".join(lines), given.record)
    for recipe in chosen:
        keep(measure(recipe, given.folder, device, given.runs), given.record)


def keep(text: str, path: Path | None) -> None:
    """Print at once, and write, so that what was measured outlives an interruption."""
    print(text, flush=True)
    if path is not None:
        with path.open("a") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
