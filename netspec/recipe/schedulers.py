"""The learning-rate schedulers of `train.scheduler`: torch's classes by their own names.

Lengths (`step_size`, `milestones`, `T_max`, …) count epochs, or steps with `scheduler_interval:
step`. A length that torch demands but that follows from the recipe is filled in.
"""

from collections.abc import Mapping
from typing import Any

from netspec.json_schema import Schema
from netspec.recipe.schema import boolean, integer, mapping, number, numbers, one_of

_GAMMA = "Factor by which the learning rate is multiplied."
_ETA_MIN = number("Least learning rate.", 0.0, minimum=0)

SCHEDULERS: dict[str, Schema] = {
    "StepLR": mapping(
        "Multiplies the learning rate by `gamma` every `step_size` epochs.",
        {
            "step_size": integer("Epochs between two drops.", minimum=1),
            "gamma": number(_GAMMA, 0.1, exclusiveMinimum=0),
        },
        required=["step_size"],
        bare=True,
    ),
    "MultiStepLR": mapping(
        "Multiplies the learning rate by `gamma` at each milestone.",
        {
            "milestones": numbers("Epochs of the drops, in rising order.", whole=True, minimum=1),
            "gamma": number(_GAMMA, 0.1, exclusiveMinimum=0),
        },
        required=["milestones"],
        bare=True,
    ),
    "ExponentialLR": mapping(
        "Multiplies the learning rate by `gamma` every epoch.",
        {"gamma": number(_GAMMA, exclusiveMinimum=0)},
        required=["gamma"],
        bare=True,
    ),
    "CosineAnnealingLR": mapping(
        "Half a cosine from the learning rate down to `eta_min`.",
        {
            "T_max": integer("Length; the whole run, step by step, if left out.", minimum=1),
            "eta_min": _ETA_MIN,
        },
        bare=True,
    ),
    "CosineAnnealingWarmRestarts": mapping(
        "Half cosines down to `eta_min`, each started again from the learning rate.",
        {
            "T_0": integer("Epochs until the first restart.", minimum=1),
            "T_mult": integer("Factor by which each period grows.", 1, minimum=1),
            "eta_min": _ETA_MIN,
        },
        required=["T_0"],
        bare=True,
    ),
    "OneCycleLR": mapping(
        "Up to `max_lr` and down again over the whole run, stepped per batch; with "
        "`anneal_strategy: linear` and `cycle_momentum: false` it is a triangle.",
        {
            "max_lr": number("Highest learning rate.", exclusiveMinimum=0),
            "pct_start": number("Share of the run spent rising.", 0.3, minimum=0, maximum=1),
            "anneal_strategy": one_of("Shape of both flanks.", ["cos", "linear"], "cos"),
            "cycle_momentum": boolean("Let momentum run opposite to the learning rate.", True),
            "base_momentum": number("Lowest momentum.", 0.85, minimum=0, exclusiveMaximum=1),
            "max_momentum": number("Highest momentum.", 0.95, minimum=0, exclusiveMaximum=1),
            "div_factor": number(
                "The run starts from `max_lr` divided by this.", 25.0, exclusiveMinimum=0
            ),
            "final_div_factor": number(
                "The run ends at its start divided by this.", 10000.0, exclusiveMinimum=0
            ),
            "three_phase": boolean("Come down to the start before the final fall.", False),
        },
        required=["max_lr"],
        bare=True,
    ),
    "LinearLR": mapping(
        "A straight line from `start_factor` to `end_factor` times the learning rate.",
        {
            "start_factor": number(
                "Factor at the start.", 0.3333333333333333, exclusiveMinimum=0, maximum=1
            ),
            "end_factor": number("Factor at the end.", 1.0, minimum=0, maximum=1),
            "total_iters": integer("Length; the whole run, step by step, if left out.", minimum=1),
        },
    ),
    "PolynomialLR": mapping(
        "Down to zero along a power of the time that is left.",
        {
            "total_iters": integer("Length; the whole run, step by step, if left out.", minimum=1),
            "power": number("The power.", 1.0, exclusiveMinimum=0),
        },
    ),
    "ReduceLROnPlateau": mapping(
        "Multiplies the learning rate by `factor` after epochs without progress of the "
        "validation loss, or of the training loss where nothing is held out.",
        {
            "factor": number(
                "Factor by which the learning rate is multiplied.",
                0.1,
                exclusiveMinimum=0,
                exclusiveMaximum=1,
            ),
            "patience": integer("Epochs without progress that are let pass.", 10, minimum=0),
            "threshold": number("Change that counts as progress.", 1e-4, minimum=0),
            "threshold_mode": one_of(
                "Whether `threshold` is relative or absolute.", ["rel", "abs"], "rel"
            ),
            "cooldown": integer("Epochs to wait after a drop.", 0, minimum=0),
            "min_lr": number("Least learning rate.", 0, minimum=0),
            "eps": number("Least change of the learning rate.", 1e-8, minimum=0),
        },
    ),
}

# The argument that holds a schedule's whole length, filled in where the recipe leaves it out.
LENGTH = {
    "CosineAnnealingLR": "T_max",
    "LinearLR": "total_iters",
    "PolynomialLR": "total_iters",
    "OneCycleLR": "total_steps",
}


def changes_momentum(name: str, args: Mapping[str, Any]) -> bool:
    """Whether a scheduler turns more than the learning rate, which a CUDA graph would freeze."""
    return name == "OneCycleLR" and bool(args.get("cycle_momentum", True))
