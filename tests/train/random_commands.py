"""Commands that train a recipe drawn at random, on data of many kinds, and go on with the run."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import signal
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import yaml
from random_recipes import ABSURD, CHEAP, USUAL, items, mapping
from small_sets import class_tree
from torch import nn

from netspec.cli.main import main
from netspec.recipe import TORCHVISION_SETS, TRAIN_SCHEMA
from netspec.train.data import Batch
from netspec.train.engine.training import Training

Draw = random.Random
Named = dict[str, Any]

HEAD = ["Flatten", {"Linear": 2}]
CONV = {"Conv2d": {"out_channels": 4, "kernel_size": 3, "padding": 1}}
NETWORKS: tuple[tuple[list[int], Any], ...] = (
    ([3, 8, 8], HEAD),
    ([3, 8, 8], HEAD),
    ([1, 8, 8], ["Flatten", {"Linear": 10}]),
    ([3, 8, 8], [CONV, "BatchNorm2d", "ReLU", {"Dropout": 0.5}, *HEAD]),
    ([3, 8, 8], ["Flatten", "BatchNorm1d", {"Linear": 2}]),
    ([3, 8, 8], ["Flatten", {"Linear": 2}, "LogSoftmax"]),
    ([3, 8, 8], ["Flatten", {"Linear": 1}]),
    ([3, 9, 7], HEAD),
    ([3, 1, 1], HEAD),
    ([4, 8, 8], HEAD),
    ([16], [{"Linear": 2}]),
    ([2], ["ReLU"]),
    ([2, 5], HEAD),
    ([2, 3, 4, 4], HEAD),
    ([3, 8, 8], [{"Conv2d": {"out_channels": 2, "kernel_size": 1}}]),
    ([3, 8, 8], [{"Conv2d": {"out_channels": 2, "kernel_size": 3}}]),
    (
        [3, 8, 8],
        {
            "body": CONV,
            "helper": {"from": "body", "when": "training", "Sequential": HEAD},
            "head": {"from": "body", "Sequential": HEAD},
        },
    ),
)
"""Inputs and layers: with and without norms, auxiliary heads and parameters; images and others."""
TEXTS = (
    *("", "~", "null", "[]", "{}", "[", "{a", "'", '"', "!!int x", "&a b", "*a", "a: b: c", "- 1"),
    *(
        "0x10",
        "1_000",
        "1e-3",
        "1.e3",
        ".5",
        "+1",
        "-0",
        "yes",
        "true",
        "2026-01-01",
        "nan",
        ".inf",
    ),
    *("[1, [2, [3]]]", "{SGD: 0.1}", "{lr: 0.1}", "SGD", "$(1 + 1)", "é", "\x1b[31m", "\0", "a\nb"),
)
"""Values of `--set` as people and others write them."""
KEYS = (
    *("train", "train.", "train..epochs", ".train", "train.epochs.x", "epochs", "params.x", "x"),
    *("train.optimizer.SGD.lr", "train.data", "train.data.root", "train.optimizer.Adam.betas"),
    *("train.augment.0", "train.loss", "train.scheduler.StepLR", "train.no.such.key", ""),
)
TWO_STEPS = 2


@dataclass(frozen=True)
class Places:
    """Data sets and files of weights that commands name; some are none."""

    data: tuple[str, ...]
    weights: tuple[str, ...]
    image: str


def make_places(root: Path) -> Places:
    """A folder of images, archives of it and what is neither; weights that fit and others."""
    tree = class_tree(root / "tree")
    flat = class_tree(root / "flat", parts=(".",))
    with zipfile.ZipFile(root / "tree.zip", "w") as archive:
        for path in sorted(tree.rglob("*.png")):
            archive.write(path, path.relative_to(tree))
    with tarfile.open(root / "tree.tar.gz", "w:gz") as packed:
        packed.add(tree, "tree")
    (root / "empty").mkdir()
    (root / "text.zip").write_text("no archive")
    (root / "one.gz").write_bytes(gzip.compress(b"x"))
    broken = class_tree(root / "broken")
    (broken / "train" / "cat" / "00.png").write_bytes(b"no image")
    data = ("tree", "tree", "flat", "tree.zip", "tree.tar.gz", "empty", "text.zip", "one.gz")
    image = tree / "test" / "cat" / "00.png"
    return Places(
        (*(str(root / name) for name in (*data, "broken", "absent")), str(flat), str(image)),
        _weights(root),
        str(image),
    )


def _weights(root: Path) -> tuple[str, ...]:
    """Weights of `Flatten, Linear: 2` on [3, 8, 8], of another number of classes, and odd ones."""
    names = []
    for name, layer in {
        "fits": nn.Linear(192, 2),
        "classes": nn.Linear(192, 5),
        "shape": nn.Linear(7, 2),
        "half": nn.Linear(192, 2).half(),
    }.items():
        state = {f"1.{key}": value for key, value in layer.state_dict().items()}
        safetensors.torch.save_file(state, root / f"{name}.safetensors")
        names.append(f"{name}.safetensors")
    torch.save({f"1.{k}": v for k, v in nn.Linear(192, 2).state_dict().items()}, root / "fits.pth")
    torch.save({"state_dict": {"1.weight": torch.zeros(2, 192), "epoch": 3}}, root / "more.pth")
    (root / "cut.safetensors").write_bytes((root / "fits.safetensors").read_bytes()[:100])
    (root / "text.pth").write_text("no weights")
    names += ["fits.safetensors", "fits.pth", "more.pth", "cut.safetensors", "text.pth", "none.pth"]
    return tuple(str(root / name) for name in (*names, "tree"))


def random_spec(draw: Draw, places: Places) -> Named:
    """A spec of a small network with a `train:` section."""
    shape, layers = draw.choice(NETWORKS)
    train = mapping(draw, TRAIN_SCHEMA)
    for key in list(train) if draw.random() < 0.7 else ():  # fewer keys, of which each may be wrong
        if draw.random() < 0.7:
            del train[key]
    if draw.random() < 0.7:
        shape, layers = NETWORKS[0]
    data = train.get("data")
    train["data"] = {**(data if isinstance(data, dict) else {}), **_data(draw, places)}
    train["epochs"] = draw.choice((1, 1, 2, 1_000_000))
    if draw.random() < 0.3:
        train["augment"] = items(draw, TRAIN_SCHEMA["properties"]["augment"])
    if draw.random() < 0.15:
        train["weights"] = draw.choice(places.weights)
    if draw.random() < 0.02:
        train["compile"] = True
    spec: Named = {"netspec": 1, "name": "drawn", "input": shape, "layers": layers}
    if isinstance(layers, dict):
        spec["outputs"] = {"logits": "head", "aux": "helper"}
    return {**spec, "train": train}


def _data(draw: Draw, places: Places) -> Named:
    kind = draw.random()
    if kind < 0.5:
        return {"dataset": "synthetic", "samples": draw.choice(CHEAP["samples"])}
    if kind < 0.85:
        named = {"dataset": draw.choice(("folder", "folder", "folder", None))}
        return {**named, "root": draw.choice(places.data), "workers": draw.choice((0, 0, 0, 1))}
    if kind < 0.9:
        return {"dataset": "digits"}
    root = {"root": draw.choice(places.data)} if draw.random() < 0.5 else {}
    return {"dataset": draw.choice(TORCHVISION_SETS), **root}


def random_settings(draw: Draw, train: Named) -> list[str]:
    """`--set` words: values of the recipe and others, as text."""
    words = []
    for _ in range(draw.choice((0, 0, 0, 0, 1, 1, 2))):
        kind = draw.random()
        if kind < 0.8:
            path, value = _leaf(draw, mapping(draw, TRAIN_SCHEMA))
            if (path and path[0] in ("epochs", "weights", "compile")) or "workers" in path:
                continue
            key = ".".join(("train", *path))
        else:
            key, value = draw.choice(KEYS), draw.choice((*USUAL, *ABSURD))
            if train and draw.random() < 0.5:
                key = f"train.{draw.choice(list(train))}"
        text = json.dumps(value) if draw.random() < 0.8 else draw.choice(TEXTS)
        words += ["--set", f"{key}={text}" if draw.random() < 0.97 else text]
    return words


def _leaf(draw: Draw, tree: Any) -> tuple[list[str], Any]:
    """A key and its value, at any depth."""
    path: list[str] = []
    while isinstance(tree, dict) and tree and (not path or draw.random() < 0.8):
        key = draw.choice(list(tree))
        path.append(key)
        tree = tree[key]
    return path, tree


def random_flags(draw: Draw, places: Places) -> list[str]:
    """Other options of `train`."""
    flags: list[str] = []
    options = {
        "--data": lambda: draw.choice(places.data),
        "--weights": lambda: draw.choice(places.weights),
        "--batch-size": lambda: str(draw.choice((0, 1, 2, 3, 7, 10**9, "x"))),
        "--workers": lambda: str(draw.choice((0, 0, 1, -1, "two"))),
        "--device": lambda: draw.choice(
            ("cpu", "cpu", "auto", "cuda", "mps", "cuda:99", "xpu", "")
        ),
        "--input": lambda: draw.choice(("3,8,8", "1,8,8", "3,16,16", "192", "0", "a", "3,8,8,8,8")),
    }
    for name, value in options.items():
        if draw.random() < 0.06:
            flags += [name, value()]
    return flags


def commands(draw: Draw, places: Places, work: Path) -> Iterator[list[str]]:
    """`train`, and what may follow it: going on with changes, evaluation, prediction."""
    spec = random_spec(draw, places)
    path = work / "spec.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    settings = random_settings(draw, spec["train"])
    yield ["train", str(path), *settings, *random_flags(draw, places)]
    if not any(work.glob("runs/*/*/env.json")):
        return
    for _ in range(draw.choice((1, 1, 2))):
        yield _following(draw, places, spec, path, settings)


def _following(
    draw: Draw, places: Places, spec: Named, path: Path, settings: list[str]
) -> list[str]:
    kind = draw.random()
    if kind < 0.15:
        return ["eval", "latest", "--split", draw.choice(("test", "validation", "train"))]
    if kind < 0.3:
        return ["predict", "latest", places.image]
    if kind < 0.5:
        return ["train", str(path), *settings, "--resume", draw.choice(("auto", "latest"))]
    if kind < 0.7:
        more = random_settings(draw, spec["train"])
        return ["train", "--resume", "latest", *more, *random_flags(draw, places)]
    changed = draw.choice(list(TRAIN_SCHEMA["properties"]))
    if changed not in ("data", "compile", "weights"):
        spec["train"].update({changed: _leaf(draw, mapping(draw, TRAIN_SCHEMA))[1]})
    if draw.random() < 0.3:
        spec["input"], spec["layers"] = draw.choice(NETWORKS[:3])
    if draw.random() < 0.2:
        spec["train"]["data"] = _data(draw, places)
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    return ["train", str(path), *settings, "--resume", draw.choice(("auto", "latest"))]


STEPS = [0]  # of the command that runs
AFTER_STEP = Training.after_step


def stopped_after_two_steps(training: Training, batch: Batch) -> None:
    """In the place of `Training.after_step`: as if a signal had asked the run to stop."""
    STEPS[0] += 1
    if STEPS[0] >= TWO_STEPS:
        training.stop.signal = signal.SIGTERM
    AFTER_STEP(training, batch)


def ran(words: list[str]) -> tuple[int, str]:
    """The exit code of `netspec WORDS`, and what it said on both streams."""
    said, before = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True), sys.argv
    code = STEPS[0] = 0
    sys.argv = ["netspec", *words]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = before
    said.seek(0)
    return code, said.read()
