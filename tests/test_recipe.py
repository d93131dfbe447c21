"""The recipe: what `train:` may say, what it means, and what it refuses."""

from __future__ import annotations

import inspect
import subprocess
import sys
from enum import Enum
from typing import Any

import jsonschema
import pytest
import torch
from torchvision.transforms import v2

from netspec import loads
from netspec.diagnostics import SpecError
from netspec.recipe import (
    IMAGENET,
    TRAIN_SCHEMA,
    UNCHANGED,
    Choice,
    DataRecipe,
    Normalization,
    Recipe,
    RecipeError,
    Warmup,
    notes,
    recipe_from,
)
from netspec.recipe.augmentations import AUGMENTATIONS
from netspec.recipe.losses import LOSSES
from netspec.recipe.optimizers import OPTIMIZERS
from netspec.recipe.schedulers import LENGTH, SCHEDULERS
from netspec.train.data.augment.augmentation import augmentation
from netspec.train.data.augment.geometry import Crop

VALID = jsonschema.Draft202012Validator(TRAIN_SCHEMA)

SAMPLE: dict[str, Any] = {
    "seed": 0,
    "epochs": 77,
    "batch_size": 500,
    "data": {
        "dataset": "CIFAR10",
        "root": "data",
        "validation": 0.2,
        "resize": None,
        "normalize": "auto",
    },
    "augment": [
        {"RandomCrop": {"size": 32, "padding": 4, "padding_mode": "reflect"}},
        "RandomHorizontalFlip",
        {"Cutout": 12},
    ],
    "loss": {"CrossEntropyLoss": {"label_smoothing": 0.0}},
    "aux_weight": 0.3,
    "optimizer": {"SGD": {"lr": 0.2, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}},
    "scheduler": {
        "OneCycleLR": {
            "max_lr": 0.2,
            "pct_start": 0.2,
            "anneal_strategy": "linear",
            "div_factor": 5,
            "cycle_momentum": False,
        }
    },
    "ema": None,
    "precision": "auto",
    "channels_last": "auto",
    "compile": False,
    "cuda_graph": "auto",
}


def test_a_full_recipe_is_valid_and_means_what_it_says() -> None:
    VALID.validate(SAMPLE)
    recipe = recipe_from(SAMPLE)
    assert recipe.epochs == 77
    assert recipe.eval_batch_size == 500
    assert recipe.data.validation == 0.2
    assert recipe.augment == (
        Choice("RandomCrop", {"size": 32, "padding": 4, "padding_mode": "reflect"}),
        Choice("RandomHorizontalFlip"),
        Choice("Cutout", {"size": 12}),
    )
    assert recipe.scheduler is not None
    assert recipe.scheduler.name == "OneCycleLR"
    assert recipe.scheduler_interval == "step"


def test_an_empty_recipe_has_every_default_of_the_schema() -> None:
    assert recipe_from({}) == Recipe()
    properties = TRAIN_SCHEMA["properties"]
    written = {key: schema["default"] for key, schema in properties.items() if key != "data"}
    data = {key: schema["default"] for key, schema in properties["data"]["properties"].items()}
    assert recipe_from(written | {"data": data}) == Recipe()


def fragments(schema: Any) -> list[dict[str, Any]]:
    found = [schema]
    for inner in schema.get("properties", {}).values():
        found += fragments(inner)
    if "items" in schema:
        found += fragments(schema["items"])
    return found


def test_the_schema_is_one_and_uses_only_what_netspec_interprets() -> None:
    jsonschema.Draft202012Validator.check_schema(TRAIN_SCHEMA)
    words = """
        type description default properties additionalProperties required enum items minItems
        maxItems minimum maximum exclusiveMinimum exclusiveMaximum minProperties maxProperties
        pattern
    """
    known = set(words.split())
    for fragment in fragments(TRAIN_SCHEMA):
        assert set(fragment) <= known


def test_every_key_is_described_and_closed() -> None:
    for fragment in fragments(TRAIN_SCHEMA):
        for key, inner in fragment.get("properties", {}).items():
            assert inner["description"].endswith("."), key
        if "properties" in fragment:
            assert fragment["additionalProperties"] is False


def signature(made: type) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(made).parameters)


def plain(value: Any) -> Any:
    if isinstance(value, Enum):  # torchvision's ways to interpolate
        return value.value
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("home", "entries"),
    [
        pytest.param(torch.optim, OPTIMIZERS, id="optimizers"),
        pytest.param(torch.optim.lr_scheduler, SCHEDULERS, id="schedulers"),
        pytest.param(torch.nn, LOSSES, id="losses"),
    ],
)
def test_names_arguments_and_defaults_are_torchs_own(home: Any, entries: dict[str, Any]) -> None:
    for name, schema in entries.items():
        parameters = signature(getattr(home, name))
        for argument, described in schema["properties"].items():
            theirs = parameters[argument].default
            if LENGTH.get(name) == argument:  # filled in from the length of the run
                continue
            if theirs is inspect.Parameter.empty:
                assert argument in schema["required"], (name, argument)
            else:
                assert described["default"] == plain(theirs), (name, argument)


# torchvision's None, and the ranges that it writes as one number, mean the same as ours.
SAME = {("RandomCrop", "padding"): 0, ("ColorJitter", "*"): 0}


def test_augmentations_have_torchvisions_arguments_and_defaults() -> None:
    for name, schema in AUGMENTATIONS.items():
        if name == "Cutout":
            continue
        parameters = signature(getattr(v2, name))
        for argument, described in schema["properties"].items():
            theirs = parameters[argument].default
            if theirs is inspect.Parameter.empty:
                assert argument in schema["required"], (name, argument)
            else:
                same = SAME.get((name, argument), SAME.get((name, "*"), plain(theirs)))
                assert described["default"] == same, (name, argument)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_can_be_made_from_its_choice(name: str) -> None:
    properties = OPTIMIZERS[name]["properties"]
    written = {key: schema["default"] for key, schema in properties.items()}
    chosen = recipe_from({"optimizer": {name: written}}).optimizer
    getattr(torch.optim, chosen.name)([torch.zeros(1, requires_grad=True)], **chosen.args)


ARGUMENTS: dict[str, Any] = {
    "StepLR": 30,
    "MultiStepLR": [30, 60],
    "ExponentialLR": 0.9,
    "CosineAnnealingWarmRestarts": 10,
    "OneCycleLR": 0.1,
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_can_be_made_from_its_choice(name: str) -> None:
    chosen = recipe_from({"scheduler": {name: ARGUMENTS.get(name, {})}}).scheduler
    assert chosen is not None
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    length = {LENGTH[name]: 100} if name in LENGTH else {}
    getattr(torch.optim.lr_scheduler, name)(optimizer, **length | chosen.args)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"optimizer": "AdamW"}, {"optimizer": Choice("AdamW")}),
        ({"optimizer": {"Adam": 1e-3}}, {"optimizer": Choice("Adam", {"lr": 1e-3})}),
        (
            {"optimizer": {"Adam": {"betas": [0.9, 0.99]}}},
            {"optimizer": Choice("Adam", {"betas": (0.9, 0.99)})},
        ),
        ({"scheduler": {"StepLR": 30}}, {"scheduler": Choice("StepLR", {"step_size": 30})}),
        ({"ema": 0.99}, {"ema": 0.99}),
        ({"ema": {"decay": 0.99}}, {"ema": 0.99}),
        ({"ema": {}}, {"ema": 0.999}),
        ({"warmup": 5}, {"warmup": Warmup(5)}),
        ({"batch_size": 64}, {"batch_size": 64, "eval_batch_size": 64}),
        ({"loss": "MSELoss"}, {"loss": Choice("MSELoss")}),
    ],
)
def test_short_forms_mean_their_long_ones(written: dict[str, Any], meant: dict[str, Any]) -> None:
    VALID.validate(written)
    recipe = recipe_from(written)
    assert {key: getattr(recipe, key) for key in meant} == meant


BARE = {
    **dict.fromkeys(OPTIMIZERS, "lr"),
    "StepLR": "step_size",
    "MultiStepLR": "milestones",
    "ExponentialLR": "gamma",
    "CosineAnnealingLR": "T_max",
    "CosineAnnealingWarmRestarts": "T_0",
    "OneCycleLR": "max_lr",
    "RandomCrop": "size",
    "RandomHorizontalFlip": "p",
    "RandomVerticalFlip": "p",
    "Cutout": "size",
    "RandomErasing": "p",
    "RandomResizedCrop": "size",
    "RandomRotation": "degrees",
}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        *(("optimizer", name) for name in OPTIMIZERS),
        *(("scheduler", name) for name in SCHEDULERS),
        *(("loss", name) for name in LOSSES),
        *(("augment", name) for name in AUGMENTATIONS),
    ],
)
def test_a_bare_value_is_the_one_argument_that_people_mean(key: str, name: str) -> None:
    value: Any = [30, 60] if name == "MultiStepLR" else 1 if key == "augment" else 0.5
    if name in ("StepLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts"):
        value = 30
    entry = {name: value}
    written = {key: [entry] if key == "augment" else entry}
    assert VALID.is_valid(written) == (name in BARE)
    if name in BARE:
        chosen = getattr(recipe_from(written), key)
        chosen = chosen[0] if key == "augment" else chosen
        meant = tuple(value) if isinstance(value, list) else value
        assert chosen == Choice(name, {BARE[name]: meant})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("auto", None),
        ("imagenet", IMAGENET),
        ("none", UNCHANGED),
        (None, UNCHANGED),
        ({"mean": 0.5, "std": 0.5}, Normalization((0.5,), (0.5,))),
        ({"mean": [0.1, 0.2, 0.3], "std": 1}, Normalization((0.1, 0.2, 0.3), (1.0,))),
    ],
)
def test_normalize_is_a_word_or_given(written: Any, meant: Normalization | None) -> None:
    VALID.validate({"data": {"normalize": written}})
    assert recipe_from({"data": {"normalize": written}}).data.normalize == meant


OFF = {
    "augment": ((), []),
    "scheduler": (None, None),
    "warmup": (None, None),
    "ema": (None, None),
    "clip_grad_norm": (None, None),
    "checkpoint_interval": (None, None),
}
"""The keys that say something to do, and what a recipe has where nothing is to be done."""


@pytest.mark.parametrize("key", OFF)
def test_null_means_none_wherever_there_can_be_none(key: str) -> None:
    meant, other = OFF[key]
    for written in ({key: None}, {key: other}, {}):
        VALID.validate(written)
        assert getattr(recipe_from(written), key) == meant


def test_null_holds_nothing_out_and_resizes_nothing() -> None:
    written = {"data": {"validation": None, "resize": None, "channels": None}}
    VALID.validate(written)
    assert recipe_from(written).data == DataRecipe(dataset=None)


def test_null_is_no_padding_as_torchvision_has_it() -> None:
    written = {"augment": [{"RandomCrop": {"size": 4, "padding": None}}]}
    VALID.validate(written)
    (crop,) = augmentation(recipe_from(written).augment, 0, torch.zeros(3), torch.ones(3)).steps
    assert isinstance(crop, Crop)
    assert crop.padding == (0, 0, 0, 0)


@pytest.mark.parametrize("word", ["none", "None", "null", "off", "no", "false"])
@pytest.mark.parametrize("key", OFF)
def test_other_words_for_null_are_told(key: str, word: str) -> None:
    """All of it is refused but null itself, and the hint says what is meant."""
    spec = f"netspec: 1\ninput: [3, 8, 8]\nlayers: [Flatten, Linear: 10]\ntrain: {{{key}: {word}}}"
    if word == "null":
        loads(spec)
        return
    with pytest.raises(SpecError) as refused:
        loads(spec)
    (finding,) = refused.value.diagnostics
    assert finding.hint == "write `null`", finding


@pytest.mark.parametrize(("written", "meant"), [(224, (224, 224)), ([32, 64], (32, 64))])
def test_resize_is_height_and_width(written: Any, meant: tuple[int, int]) -> None:
    assert recipe_from({"data": {"resize": written}}).data.resize == meant


@pytest.mark.parametrize(
    ("scheduler", "asked", "interval"),
    [
        (None, "auto", "epoch"),
        ({"StepLR": 30}, "auto", "epoch"),
        ({"StepLR": 3000}, "step", "step"),
        ({"OneCycleLR": 0.1}, "auto", "step"),
        ("CosineAnnealingLR", "auto", "step"),
        ({"CosineAnnealingLR": {"T_max": 90}}, "auto", "epoch"),
        ("CosineAnnealingLR", "epoch", "epoch"),
        ("ReduceLROnPlateau", "auto", "epoch"),
        ("LinearLR", "auto", "step"),
    ],
)
def test_a_schedule_without_a_length_is_stepped_per_batch_over_the_whole_run(
    scheduler: Any, asked: str, interval: str
) -> None:
    recipe = recipe_from({"scheduler": scheduler, "scheduler_interval": asked})
    assert recipe.scheduler_interval == interval


MISTAKES: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    (
        {"optimizer": {"SGD": {"nesterov": True}}},
        ("optimizer", "SGD", "nesterov"),
        "Nesterov momentum needs `momentum` above 0 and no `dampening`",
    ),
    (
        {"scheduler": {"OneCycleLR": 0.1}, "warmup": 1},
        ("warmup",),
        "`OneCycleLR` rises by itself at the start",
    ),
    (
        {"scheduler": "ReduceLROnPlateau", "warmup": 1},
        ("warmup",),
        "`ReduceLROnPlateau` follows the validation loss, not a plan",
    ),
    (
        {"scheduler": {"OneCycleLR": 0.1}, "scheduler_interval": "epoch"},
        ("scheduler_interval",),
        "`OneCycleLR` is stepped per batch",
    ),
    (
        {"scheduler": "ReduceLROnPlateau", "scheduler_interval": "step"},
        ("scheduler_interval",),
        "`ReduceLROnPlateau` looks at whole epochs",
    ),
    (
        {"scheduler": {"OneCycleLR": 0.1}, "optimizer": "Adagrad"},
        ("scheduler", "OneCycleLR", "cycle_momentum"),
        "`Adagrad` has no momentum to cycle",
    ),
    (
        {"scheduler": {"MultiStepLR": [60, 30]}},
        ("scheduler", "MultiStepLR", "milestones"),
        "the milestones do not rise",
    ),
    (
        {"epochs": 5, "warmup": 5},
        ("warmup",),
        "the warm-up of 5 epochs fills the run of 5",
    ),
    (
        {"augment": ["RandomVerticalFlip", {"RandomResizedCrop": {"size": 8, "scale": [1, 0.5]}}]},
        ("augment", 1, "RandomResizedCrop", "scale"),
        "the range from 1 to 0.5 is empty",
    ),
    (
        {"augment": [{"RandomRotation": -10}]},
        ("augment", 0, "RandomRotation", "degrees"),
        "-10 is below 0",
    ),
    (
        {"augment": [{"RandomCrop": {"size": 8, "padding": [1, 2, 3]}}]},
        ("augment", 0, "RandomCrop", "padding"),
        "3 paddings fit no image of four sides",
    ),
    (
        {"data": {"normalize": "imagnet"}},
        ("data", "normalize"),
        "`imagnet` is no way to normalise",
    ),
    (
        {"data": {"normalize": {"mean": [0.5, 0.5], "std": [1, 1, 1]}}},
        ("data", "normalize"),
        "`mean` has 2 values and `std` has 3",
    ),
]


@pytest.mark.parametrize(("written", "key", "message"), MISTAKES, ids=[m[2] for m in MISTAKES])
def test_keys_that_do_not_go_together_are_refused_by_name(
    written: dict[str, Any], key: tuple[str | int, ...], message: str
) -> None:
    VALID.validate(written)
    with pytest.raises(RecipeError) as caught:
        recipe_from(written)
    assert caught.value.key == key
    assert caught.value.message == message
    assert caught.value.hint
    assert not caught.value.hint.endswith(".")


@pytest.mark.parametrize(
    "written",
    [
        {"epochs": 0},
        {"batch_size": 1.5},
        {"optimizer": {"SGD": {"learning_rate": 0.1}}},
        {"optimizer": {"SGD": {}, "Adam": {}}},
        {"optimizer": {"LBFGS": {}}},
        {"augment": [{"RandomHorizontalFlip": {"p": 1.5}}]},
        {"data": {"dataset": "CIFAR11"}},
        {"data": {"validation": 1}},
        {"data": {"normalize": {"mean": 0.5}}},
        {"precision": "float64"},
        {"channels_last": "yes"},
        {"ema": {"decay": 1}},
        {"clip_grad_norm": 0},
    ],
)
def test_what_the_schema_refuses(written: dict[str, Any]) -> None:
    assert not VALID.is_valid(written)


def test_the_recipe_needs_neither_torch_nor_numpy() -> None:
    program = "import sys, netspec.recipe; print({'torch', 'numpy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert told.stdout.strip() == "set()", told.stderr


def test_a_rate_that_one_cycle_overrides_is_told() -> None:
    cycle = {"OneCycleLR": {"max_lr": 0.2}}
    written = {"optimizer": {"SGD": {"lr": 0.1}}, "scheduler": cycle}
    assert notes(recipe_from(written)) == [
        "`OneCycleLR` sets the learning rate, 0.2 at most; the optimizer's `lr: 0.1` has no effect"
    ]
    assert not notes(recipe_from({"optimizer": {"SGD": {"lr": 0.2}}, "scheduler": cycle}))
    assert not notes(recipe_from({"optimizer": "SGD", "scheduler": cycle}))
    assert not notes(recipe_from({"optimizer": {"SGD": {"lr": 0.1}}}))
