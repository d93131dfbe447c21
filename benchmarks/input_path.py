"""The input path beside a plain script's, on the same JPEG files, in one run.

    python benchmarks/input_path.py FOLDER [--runs 5] [--record benchmarks/RESULTS.md]

FOLDER holds the 60,000 CIFAR-10 images as `train/<class>/*.jpg` and `test/<class>/*.jpg`. The plain
script is written as tutorials write it: ImageFolder, Pillow transforms image by image, a DataLoader
with 2 workers. Both shuffle, crop with padding, flip and normalise every image of both folders,
once a run, in turn; the first run of each is thrown away. The first decoding, which netspec does
once and keeps, is shown apart.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import PIL
import torch
import torchvision
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data

WORKERS = 2
AUGMENT = [{"RandomCrop": {"size": 32, "padding": 4}}, "RandomHorizontalFlip"]


def plain(
    root: Path, batch_size: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> DataLoader:
    """The script's loader."""
    transform = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )
    parts = [ImageFolder(str(root / part), transform) for part in ("train", "test")]
    return DataLoader(ConcatDataset(parts), batch_size, shuffle=True, num_workers=WORKERS)


def ours(data: Data, batch_size: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The same images through netspec."""
    for split in ("train", "test"):
        for batch in data.batches(split, epoch=epoch, batch_size=batch_size, augment=True):
            yield batch.images, batch.labels


def speed(batches: Iterator[tuple[Tensor, Tensor]] | DataLoader) -> tuple[float, int]:
    """Images a second, and how many there were."""
    count = 0
    began = time.perf_counter()
    for images, _ in batches:
        count += len(images)
    return count / (time.perf_counter() - began), count


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def spread(speeds: list[float]) -> str:
    return f"{statistics.median(speeds):,.0f} | {min(speeds):,.0f} – {max(speeds):,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("root", type=Path, metavar="FOLDER")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--record", type=Path, help="append the figures to this file")
    options = parser.parse_args()

    recipe = recipe_from({"data": {"dataset": "folder"}, "augment": AUGMENT})
    with tempfile.TemporaryDirectory() as cache:
        os.environ["NETSPEC_CACHE"] = cache
        opening = []
        for _ in range(2):
            began = time.perf_counter()
            data = open_data(recipe, (3, 32, 32), num_classes=10, root=options.root)
            opening.append(time.perf_counter() - began)
        loader = plain(options.root, options.batch_size, data.info.mean, data.info.std)
        speeds: dict[str, list[float]] = {"plain": [], "netspec": []}
        for run in range(options.runs + 1):
            measured = {
                "plain": speed(loader),
                "netspec": speed(ours(data, options.batch_size, run)),
            }
            assert measured["plain"][1] == measured["netspec"][1]
            print(
                f"run {run}: plain {measured['plain'][0]:,.0f}, netspec "
                f"{measured['netspec'][0]:,.0f} images/s",
                flush=True,
            )
            if run:
                for name in speeds:
                    speeds[name].append(measured[name][0])
        count = measured["plain"][1]

    ratios = [fast / slow for fast, slow in zip(speeds["netspec"], speeds["plain"], strict=True)]
    text = f"""
## Input path on a CPU, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}

{count:,} CIFAR-10 JPEG files at 32 px, shuffled, cropped with padding 4, flipped, normalised; \
batches of {options.batch_size}; {options.runs} runs of each in turn after one thrown away \
(`benchmarks/input_path.py`). {processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} \
torch threads; Python {platform.python_version()}, torch {torch.__version__}, torchvision \
{torchvision.__version__}, Pillow {PIL.__version__}.

| images a second | median | least – greatest |
|---|---|---|
| plain script, DataLoader with {WORKERS} workers | {spread(speeds["plain"])} |
| netspec, decoded images from the cache | {spread(speeds["netspec"])} |

netspec ÷ plain, run by run: median {statistics.median(ratios):.1f}, {min(ratios):.1f} – \
{max(ratios):.1f}. Apart from that, netspec's first opening decoded all files in \
{opening[0]:.1f} s, once; opening them again from the cache took {opening[1]:.2f} s.
"""
    print(text)
    if options.record:
        with options.record.open("a") as out:
            out.write(text)


if __name__ == "__main__":
    main()
