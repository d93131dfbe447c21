"""Small runs drawn at random that between them use every feature whose state a checkpoint holds."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import netspec

Draw = random.Random
Named = dict[str, Any]

OPTIMIZERS: Mapping[str, Named] = {
    "SGD": {"SGD": 0.05},
    "SGD with momentum": {"SGD": {"lr": 0.05, "momentum": 0.9, "dampening": 0.1}},
    "SGD with Nesterov momentum": {
        "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}
    },
    "Adam": {"Adam": {"lr": 0.003, "betas": [0.8, 0.99]}},
    "Adam with AMSGrad": {"Adam": {"lr": 0.003, "amsgrad": True}},
    "AdamW": {"AdamW": {"lr": 0.003, "weight_decay": 0.1}},
    "AdamW with AMSGrad": {"AdamW": {"lr": 0.003, "amsgrad": True}},
    "NAdam": {"NAdam": {"lr": 0.002, "decoupled_weight_decay": True}},
    "RAdam": {"RAdam": {"lr": 0.003, "betas": [0.5, 0.6]}},
    "RMSprop": {"RMSprop": {"lr": 0.002}},
    "RMSprop with momentum, centred": {"RMSprop": {"lr": 0.001, "momentum": 0.8, "centered": True}},
    "Adagrad": {"Adagrad": {"lr": 0.01, "lr_decay": 0.1, "initial_accumulator_value": 0.1}},
    "Adadelta": {"Adadelta": {"lr": 1.0}},
    "Adamax": {"Adamax": {"lr": 0.002}},
}
SCHEDULERS: Mapping[str, Named] = {
    "StepLR": {"StepLR": {"step_size": 2, "gamma": 0.5}},
    "MultiStepLR": {"MultiStepLR": {"milestones": [1, 3, 7], "gamma": 0.5}},
    "ExponentialLR": {"ExponentialLR": {"gamma": 0.8}},
    "CosineAnnealingLR": {"CosineAnnealingLR": {"eta_min": 1e-4}},
    "CosineAnnealingWarmRestarts": {"CosineAnnealingWarmRestarts": {"T_0": 2, "T_mult": 2}},
    "OneCycleLR": {"OneCycleLR": {"max_lr": 0.05}},
    "OneCycleLR in three phases": {
        "OneCycleLR": {"max_lr": 0.02, "three_phase": True, "anneal_strategy": "linear"}
    },
    "LinearLR": {"LinearLR": {"start_factor": 1.0, "end_factor": 0.1}},
    "PolynomialLR": {"PolynomialLR": {"power": 2.0}},
    "ReduceLROnPlateau": {"ReduceLROnPlateau": {"factor": 0.5, "patience": 0}},
}
AS_LONG_AS_THE_RUN = (
    *("CosineAnnealingLR", "OneCycleLR", "OneCycleLR in three phases", "LinearLR"),
    "PolynomialLR",
)
LOSSES: Mapping[str, Named | str] = {
    "CrossEntropyLoss": "CrossEntropyLoss",
    "class weights": {"CrossEntropyLoss": {"weight": [1.0, 2.0, 0.5, 1.5]}},
    "label smoothing": {"CrossEntropyLoss": {"label_smoothing": 0.1}},
    "a label that is ignored": {"CrossEntropyLoss": {"ignore_index": 3}},
    "BCEWithLogitsLoss": {"BCEWithLogitsLoss": {"pos_weight": [1.0, 2.0, 3.0, 1.0]}},
    "MSELoss": "MSELoss",
    "SmoothL1Loss": {"SmoothL1Loss": {"beta": 0.5}},
}
AUGMENTATIONS: Mapping[str, Any] = {
    "RandomCrop": {"RandomCrop": {"size": 8, "padding": 1}},
    "RandomHorizontalFlip": "RandomHorizontalFlip",
    "RandomVerticalFlip": "RandomVerticalFlip",
    "Cutout": {"Cutout": 3},
    "RandomErasing": {"RandomErasing": 0.5},
    "RandomResizedCrop": {"RandomResizedCrop": {"size": 8, "scale": [0.5, 1.0]}},
    "RandomRotation": {"RandomRotation": 20},
    "RandomAffine": {"RandomAffine": {"degrees": 10, "translate": [0.1, 0.1]}},
    "ColorJitter": {"ColorJitter": {"brightness": 0.2, "contrast": 0.2}},
}
NORMS: Mapping[str, Any] = {
    "no norm": "Identity",
    "BatchNorm": "BatchNorm2d",
    "BatchNorm's plain mean": {"BatchNorm2d": {"momentum": None}},
    "BatchNorm without weights": {"BatchNorm2d": {"affine": False, "momentum": 0.3}},
    "InstanceNorm with statistics": {"InstanceNorm2d": {"track_running_stats": True}},
    "GroupNorm": {"GroupNorm": 2},
}
RANDOM_LAYERS: Mapping[str, Any] = {
    "no random layer": "Identity",
    "Dropout": {"Dropout": 0.3},
    "Dropout2d": {"Dropout2d": 0.2},
    "AlphaDropout": {"AlphaDropout": 0.2},
    "FeatureAlphaDropout": {"FeatureAlphaDropout": 0.2},
    "StochasticDepth": {"StochasticDepth": 0.2},
    "RReLU": {"RReLU": {"lower": 0.1, "upper": 0.4}},
}
DATA: Mapping[str, Named] = {
    "made images": {"dataset": "synthetic", "samples": 40},
    "a folder, decoded once": {"dataset": "folder", "channels": 1},
    "a folder, decoded each time": {
        "dataset": "folder", "channels": 1, "in_memory": False, "workers": 0
    },
    "a folder, decoded by workers": {
        "dataset": "folder", "channels": 1, "in_memory": False, "workers": 1
    },
    "an archive": {"dataset": "folder", "channels": 1, "archive": True},
}  # fmt: skip
SAVING = ("as time allows", "after every epoch", "after every row of the log", "after every step")
ONCE_IN = {"several processes": 12, "compile": 30, "a loss scaler": 12}
"""Dear ones are drawn once in so many."""
NAMED = (
    *(OPTIMIZERS, SCHEDULERS, LOSSES, AUGMENTATIONS, NORMS, RANDOM_LAYERS, DATA),
    *(dict.fromkeys(SAVING), ONCE_IN),
)
FEATURES = frozenset[str]().union(*NAMED) | {
    *("no scheduler", "scheduler by step", "scheduler by epoch", "warm-up", "moving average"),
    *("auxiliary head", "no auxiliary head", "clipping", "bf16", "float32", "channels last"),
    *("best by accuracy", "best by loss", "nothing held out", "held out", "starting weights"),
    *("evaluation in other batches", "a learned parameter", "a layer called again"),
    *("momentum in a cycle", "epochs grow", "an uneven last batch", "deterministic"),
    "figures of one's own to normalize",
}


@dataclass(frozen=True)
class KilledRun:
    """A spec, how it is trained, and the features that it uses.

    ``grows_from`` is the number of epochs that the run is begun with, where that is fewer.
    """

    spec: str
    features: frozenset[str]
    saving: str
    grows_from: int | None = None
    processes: int = 1
    options: Named = field(default_factory=dict)

    def network(self, epochs: int | None = None) -> netspec.Network:
        """The network, with other epochs if given."""
        return netspec.loads(self.spec, train={} if epochs is None else {"epochs": epochs})

    @property
    def epochs(self) -> int:
        """How many epochs the run has in the end."""
        return int(json.loads(self.spec)["train"]["epochs"])


def draw_run(draw: Draw) -> KilledRun:
    """A run of a few steps that combines features."""
    used: set[str] = set()

    def pick(choices: Mapping[str, Any], share: float = 1.0) -> Any:
        if draw.random() >= share:
            return None
        name = draw.choice(list(choices))
        used.add(name)
        return choices[name]

    def whether(name: str, share: float = 0.3, otherwise: str | None = None) -> bool:
        chosen = draw.random() < (1 / ONCE_IN[name] if name in ONCE_IN else share)
        if chosen or otherwise:
            used.add(name if chosen else str(otherwise))
        return chosen

    layers, outputs = _layers(pick, whether)
    train: Named = {
        "epochs": draw.choice((2, 3, 4)),
        "seed": draw.randrange(2**40),
        "batch_size": 8,
        "log_interval": draw.choice((1, 2, 3)),
        "loss": pick(LOSSES),
        "optimizer": pick(OPTIMIZERS),
        "augment": [one for _ in range(2) if (one := pick(AUGMENTATIONS, 0.7)) is not None],
        "data": dict(pick(DATA)),
    }
    _schedule(train, draw, pick, whether, used)
    _rest(train, draw, whether)
    saving = draw.choice(SAVING)
    used.add(saving)
    if saving == "after every step":
        train["checkpoint_interval"] = draw.choice((1, 1, 2, 3))
    processes = 2 if whether("several processes") else 1
    options: Named = {"archive": train["data"].pop("archive", False)}
    options["scaler"] = train["precision"] == "float32" and processes == 1
    options["scaler"] = options["scaler"] and whether("a loss scaler")
    options["start"] = whether("starting weights", 0.2)
    grows_from = None
    if not used & {*AS_LONG_AS_THE_RUN} and whether("epochs grow", 0.25):
        grows_from = draw.randint(1, train["epochs"] - 1)
    spec = {"netspec": 1, "name": "killed", "input": [1, 8, 8], "layers": layers, **outputs}
    return KilledRun(
        json.dumps({**spec, "train": train}, indent=1),
        frozenset(used),
        saving,
        grows_from,
        processes,
        options,
    )


def _layers(pick: Any, whether: Any) -> tuple[Named, Named]:
    layers: Named = {
        "conv": {"Conv2d": {"out_channels": 4, "kernel_size": 3, "padding": 1}},
        "norm": pick(NORMS),
        "random": pick(RANDOM_LAYERS),
        "relu": "ReLU",
    }
    if whether("a layer called again"):
        layers["turn"] = {"Conv2d": {"out_channels": 4, "kernel_size": 1}}
        layers["again"] = {"call": "turn"}
    layers["pool"] = {"MaxPool2d": 2}
    if whether("a learned parameter"):
        layers["scale"] = {"Parameter": {"shape": [4, 1, 1], "fill": 1.0}}
        layers["scaled"] = {"from": ["pool", "scale"], "Mul": {}}
    features = list(layers)[-1]
    outputs: Named = {}
    if whether("auxiliary head", otherwise="no auxiliary head"):
        head = ["Flatten", {"Dropout": 0.2}, {"Linear": 4}]
        layers["helper"] = {"from": features, "when": "training", "Sequential": head}
        outputs = {"outputs": {"logits": "head", "aux": "helper"}}
    layers["head"] = {"from": features, "Sequential": ["Flatten", {"Linear": 4}]}
    return layers, outputs


def _schedule(train: Named, draw: Draw, pick: Any, whether: Any, used: set[str]) -> None:
    scheduler = pick(SCHEDULERS, 0.8)
    if scheduler is None:
        used.add("no scheduler")
    else:
        (name,) = scheduler
        train["scheduler"] = {name: dict(scheduler[name])}
        if name == "OneCycleLR":
            cycles = _has_momentum(train["optimizer"])
            train["scheduler"][name]["cycle_momentum"] = cycles
            used |= {"momentum in a cycle"} if cycles else set()
        free = name not in ("OneCycleLR", "ReduceLROnPlateau")
        interval = draw.choice(("step", "epoch")) if free else "auto"
        train["scheduler_interval"] = interval
        by_step = interval == "step" or name == "OneCycleLR"
        used.add("scheduler by step" if by_step else "scheduler by epoch")
    planned = scheduler is None or not {*scheduler} & {"OneCycleLR", "ReduceLROnPlateau"}
    if planned and whether("warm-up"):
        train["warmup"] = {"epochs": draw.choice((0.5, 1, 1.5)), "start_factor": 0.2}


def _has_momentum(optimizer: Named) -> bool:
    """Whether there is a momentum, or a `beta` in its place, for a cycle to change."""
    ((name, args),) = optimizer.items()
    with_betas = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
    return name in with_betas or (isinstance(args, dict) and "momentum" in args)


def _rest(train: Named, draw: Draw, whether: Any) -> None:
    data = train["data"]
    if whether("held out", 0.7, otherwise="nothing held out"):
        data["validation"] = 0.25
        train["metric"] = "loss" if whether("best by loss", 0.5, "best by accuracy") else "accuracy"
    if whether("figures of one's own to normalize", 0.2):
        data["normalize"] = {"mean": 0.4, "std": 0.3}
    if whether("an uneven last batch", 0.4):
        train["batch_size"] = 7
    if whether("evaluation in other batches"):
        train["eval_batch_size"] = 5
    if whether("moving average", 0.4):
        train["ema"] = draw.choice((0.5, 0.9, 0.99))
    if whether("clipping"):
        train["clip_grad_norm"] = 0.5
    train["precision"] = "bf16" if whether("bf16", 0.2, "float32") else "float32"
    if whether("channels last"):
        train["channels_last"] = True
    if whether("deterministic", 0.1):
        train["deterministic"] = True
    if whether("compile"):
        train["compile"] = True
