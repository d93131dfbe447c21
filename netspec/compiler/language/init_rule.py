"""A rule of `init:`: what it selects, and the function of `torch.nn.init` that it names."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from typing import Any, Final

from netspec.diagnostics import Span
from netspec.json_schema import NUMBER, POSITIVE, POSITIVE_NUMBER, Schema, one_of
from netspec.ops.base import Shape

_KAIMING: Final[dict[str, Schema]] = {
    "a": NUMBER,
    "mode": one_of("fan_in", "fan_out"),
    "nonlinearity": one_of("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"),
}

INITIALIZERS: Final[dict[str, dict[str, Schema]]] = {
    "zeros_": {},
    "ones_": {},
    "constant_": {"val": NUMBER},
    "normal_": {"mean": NUMBER, "std": POSITIVE_NUMBER},
    "trunc_normal_": {"mean": NUMBER, "std": POSITIVE_NUMBER, "a": NUMBER, "b": NUMBER},
    "uniform_": {"a": NUMBER, "b": NUMBER},
    "kaiming_normal_": _KAIMING,
    "kaiming_uniform_": _KAIMING,
    "xavier_normal_": {"gain": POSITIVE_NUMBER},
    "xavier_uniform_": {"gain": POSITIVE_NUMBER},
    "orthogonal_": {"gain": POSITIVE_NUMBER},
    "dirac_": {"groups": POSITIVE},
}
"""The functions of `torch.nn.init` that a spec may name, and their arguments."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule: the modules it selects, the parameter, the function and its raw arguments."""

    selector: str
    selector_span: Span
    parameter: str
    function: str
    args: dict[str, Any]
    span: Span


def fans(shape: Shape) -> dict[str, int]:
    """`fan_in` and `fan_out` of a tensor, as `torch.nn.init` defines them; a vector has none."""
    if len(shape) < 2:
        return {}
    receptive = prod(shape[2:])
    return {"fan_in": shape[1] * receptive, "fan_out": shape[0] * receptive}


def matches(selector: str, path: str, kinds: tuple[str, ...]) -> bool:
    """Whether a selector takes the module at `path`, whose classes have the names `kinds`."""
    if names_a_kind(selector):
        return selector in kinds
    return fnmatchcase(path, selector)


def names_a_kind(selector: str) -> bool:
    """Whether a selector is a class's name, and no path such as `AuxLogits.fc`."""
    return selector[:1].isupper() and selector.isalnum()
