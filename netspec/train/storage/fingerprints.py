"""What must be the same for a run to go on exactly: the network, the recipe, the data, versions."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
import yaml

from netspec.recipe import Recipe
from netspec.train.errors import TrainError
from netspec.train.machine.plan import Plan
from netspec.train.trainable import Trainable

# These change how fast a run goes or how long it lasts, and no figure of a step already taken.
FREE_TO_CHANGE = ("epochs", "checkpoint_interval", "weights", "weights_folder")
FREE_TO_CHANGE_IN_DATA = ("root", "root_folder", "workers", "in_memory")
# Keys of `data` that came later, and what runs without them did: those runs go on.
LATER_IN_DATA = {
    "skip_broken": False,
    "text": "text",
    "label": "label",
    "tokenizer": "whitespace",
}


def network_fingerprint(network: Trainable) -> str:
    """A hash of everything in the resolved spec but its recipe."""
    spec = yaml.safe_load(network.resolved())
    if isinstance(spec, dict):
        spec.pop("train", None)
    return _hash(spec)


def recipe_fingerprint(recipe: Recipe) -> dict[str, str]:
    """A hash of each key of the recipe that shapes the course of a run."""
    plain = asdict(recipe)
    for key in FREE_TO_CHANGE:
        del plain[key]
    for key in FREE_TO_CHANGE_IN_DATA:
        del plain["data"][key]
    for key, without in LATER_IN_DATA.items():
        if plain["data"][key] == without:
            del plain["data"][key]
    return {key: _hash(value) for key, value in plain.items()}


def versions(plan: Plan) -> dict[str, str]:
    """What the last bits of a result can depend on besides the spec and the data."""
    found = {"python": platform.python_version(), "torch": str(torch.__version__)}
    for name in ("netspec", "torchvision"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    if plan.device.type == "cuda":
        found["device"] = torch.cuda.get_device_name(plan.device)
        found["cuda"] = str(torch.version.cuda)
    else:
        found["device"] = f"{plan.device.type} {platform.machine()}"
        found["threads"] = str(torch.get_num_threads())
    return found


def fingerprints(
    network: Trainable, recipe: Recipe, data: str, plan: Plan, world_size: int
) -> dict[str, Any]:
    """All of it, as a checkpoint keeps it."""
    return {
        "network": network_fingerprint(network),
        "recipe": recipe_fingerprint(recipe),
        "data": data,
        "versions": {**versions(plan), "processes": str(world_size)},
    }


def compare(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Sentences for what may change the last bits; what changes the run itself is refused.

    Raises:
        TrainError: the network, the recipe or the data is not the run's own.
    """
    if then["network"] != now["network"]:
        raise TrainError(
            "the network is not the one that this run trained",
            "resume with the run's own spec (`netspec train --resume RUN`), or start a new run",
        )
    changed = [key for key, value in now["recipe"].items() if then["recipe"].get(key) != value]
    if changed:
        names = ", ".join(f"`{key}`" for key in changed)
        raise TrainError(
            f"the recipe differs from the run's own in {names}",
            "only `epochs` may change in a run that goes on: start a new run for the rest",
        )
    if then["data"] != now["data"]:
        raise TrainError(
            "the data set is not the one that this run was trained on",
            "point `--data` at the same files, or start a new run",
        )
    notes = []
    for key, value in now["versions"].items():
        before = then["versions"].get(key)
        if before != value:
            notes.append(
                f"{key} was `{before}` and is `{value}`: "
                "the run goes on, but not with the same last bits"
            )
    return notes


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
