"""The optimizers of `train.optimizer`: torch.optim's classes by their own names and arguments.

Switches that choose torch's implementation (`foreach`, `fused`, `capturable`) are the trainer's
business and are not offered.
"""

from collections.abc import Mapping
from typing import Any

from netspec.json_schema import Schema
from netspec.recipe.schema import boolean, mapping, number, numbers


def _lr(default: float) -> Schema:
    return number("Learning rate.", default, minimum=0)


def _weight_decay(default: float = 0) -> Schema:
    return number("Factor of the L2 penalty on every parameter.", default, minimum=0)


def _eps(default: float = 1e-8) -> Schema:
    return number("Added to the denominator for numerical stability.", default, minimum=0)


_BETAS = numbers(
    "Decay rates of the running averages of the gradient and of its square.",
    [0.9, 0.999],
    least=2,
    most=2,
    minimum=0,
    exclusiveMaximum=1,
)
_MOMENTUM = number("Share of the earlier steps that goes on into each step.", 0, minimum=0)
_MAXIMIZE = boolean("Maximise the loss instead of minimising it.", False)
_DECOUPLED = boolean("Apply weight decay to the parameters directly, as AdamW does.", False)
_AMSGRAD = boolean("Keep the maximum of the running average of squared gradients.", False)

OPTIMIZERS: dict[str, Schema] = {
    "SGD": mapping(
        "Stochastic gradient descent, with momentum where it is given.",
        {
            "lr": _lr(1e-3),
            "momentum": _MOMENTUM,
            "dampening": number("Share of each new gradient that is left out of the momentum.", 0),
            "weight_decay": _weight_decay(),
            "nesterov": boolean("Nesterov momentum; needs `momentum` and no `dampening`.", False),
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "Adam": mapping(
        "Steps from running averages of the gradient and of its square.",
        {
            "lr": _lr(1e-3),
            "betas": _BETAS,
            "eps": _eps(),
            "weight_decay": _weight_decay(),
            "amsgrad": _AMSGRAD,
            "maximize": _MAXIMIZE,
            "decoupled_weight_decay": _DECOUPLED,
        },
        bare=True,
    ),
    "AdamW": mapping(
        "Adam with weight decay decoupled from the gradient.",
        {
            "lr": _lr(1e-3),
            "betas": _BETAS,
            "eps": _eps(),
            "weight_decay": _weight_decay(0.01),
            "amsgrad": _AMSGRAD,
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "NAdam": mapping(
        "Adam with Nesterov momentum.",
        {
            "lr": _lr(2e-3),
            "betas": _BETAS,
            "eps": _eps(),
            "weight_decay": _weight_decay(),
            "momentum_decay": number(
                "Pace at which the momentum rises to its full size.", 4e-3, minimum=0
            ),
            "decoupled_weight_decay": _DECOUPLED,
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "RAdam": mapping(
        "Adam whose adaptive steps begin once enough gradients have been averaged.",
        {
            "lr": _lr(1e-3),
            "betas": _BETAS,
            "eps": _eps(),
            "weight_decay": _weight_decay(),
            "decoupled_weight_decay": _DECOUPLED,
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "RMSprop": mapping(
        "Gradients divided by a running average of their size.",
        {
            "lr": _lr(1e-2),
            "alpha": number("Decay of the running average.", 0.99, minimum=0),
            "eps": _eps(),
            "weight_decay": _weight_decay(),
            "momentum": _MOMENTUM,
            "centered": boolean("Divide by an estimate of the variance instead.", False),
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "Adagrad": mapping(
        "Gradients divided by the root of the sum of their squares.",
        {
            "lr": _lr(1e-2),
            "lr_decay": number(
                "The rate is divided by 1 plus this for each step before.", 0, minimum=0
            ),
            "weight_decay": _weight_decay(),
            "initial_accumulator_value": number("Start of the sum of squares.", 0, minimum=0),
            "eps": _eps(1e-10),
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "Adadelta": mapping(
        "Steps scaled by running averages of squared gradients and of squared steps.",
        {
            "lr": _lr(1.0),
            "rho": number("Decay of the running averages.", 0.9, minimum=0, maximum=1),
            "eps": _eps(1e-6),
            "weight_decay": _weight_decay(),
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
    "Adamax": mapping(
        "Adam with the greatest of the past gradients in the place of their squares.",
        {
            "lr": _lr(2e-3),
            "betas": _BETAS,
            "eps": _eps(),
            "weight_decay": _weight_decay(),
            "maximize": _MAXIMIZE,
        },
        bare=True,
    ),
}


_STATES = {
    "Adam": 2, "AdamW": 2, "NAdam": 2, "RAdam": 2, "Adamax": 2, "Adadelta": 2, "RMSprop": 1,
    "Adagrad": 1,
}  # fmt: skip


def states(name: str, args: Mapping[str, Any]) -> int:
    """How many tensors of its own size an optimizer keeps for every parameter.

    Read off the classes of `torch.optim`; of others it is taken to be two.
    """
    momentum = bool(args.get("momentum"))
    if name == "SGD":
        return int(momentum)
    more = bool(args.get("amsgrad")) + bool(args.get("centered"))
    return _STATES.get(name, 2) + more + (momentum and name == "RMSprop")
