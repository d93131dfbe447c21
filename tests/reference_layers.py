"""The layers of the reference: for each the module that torch has for it, made for its input.

What is not in the table is made as its op makes it. A spec is stricter than torch for the reasons
that `torch_answer.reason` states, and for no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from stated_reasons import OF_LAYERS
from torch import Tensor, nn
from torch_answer import reason, unchecked

from netspec.ops import OPS


class Refused(Exception):
    """The spec does not describe a network that runs; `stated` is a reason that is not torch's."""

    def __init__(self, why: str, stated: str | None = None) -> None:
        self.stated = stated
        super().__init__(why)


def conv(name: str) -> Callable[..., nn.Module]:
    def make(x: Tensor, out_channels: int, kernel_size: Any, **rest: Any) -> nn.Module:
        return getattr(nn, name)(x.shape[1], out_channels, kernel_size, **rest)

    return make


def plain(name: str) -> Callable[..., nn.Module]:
    def make(x: Tensor, **args: Any) -> nn.Module:
        return getattr(nn, name)(**args)

    return make


def norm(name: str) -> Callable[..., nn.Module]:
    def make(x: Tensor, **rest: Any) -> nn.Module:
        if name == "BatchNorm1d" and x.dim() not in (2, 3):
            raise ValueError(f"{name} on {tuple(x.shape)}")
        return getattr(nn, name)(x.shape[1], **rest)

    return make


def linear(x: Tensor, out_features: int, **rest: Any) -> nn.Module:
    return nn.Linear(x.shape[-1], out_features, **rest)


def group_norm(x: Tensor, num_groups: int, **rest: Any) -> nn.Module:
    return nn.GroupNorm(num_groups, x.shape[1], **rest)


class Join(nn.Module):
    """`Add`, `Mul` or `Concat` of all inputs."""

    def __init__(self, kind: str, dim: int = 1) -> None:
        super().__init__()
        self.kind, self.dim = kind, dim

    def forward(self, *inputs: Tensor) -> Tensor:
        if self.kind == "Concat":
            return torch.cat(inputs, self.dim)
        out = inputs[0]
        for x in inputs[1:]:
            out = out + x if self.kind == "Add" else out * x
        return out


LAYERS: dict[str, Callable[..., nn.Module]] = {
    "Linear": linear,
    "GroupNorm": group_norm,
    **{
        name: plain(name)
        for name in (
            "Flatten", "PixelShuffle", "Upsample", "ReLU", "GELU", "Identity", "Tanh", "SiLU",
            "Dropout",
        )
    },
}  # fmt: skip
"""For each layer the function that makes its module of the input and the arguments."""

for dims in "123":
    for kind in ("Conv", "ConvTranspose"):
        LAYERS[f"{kind}{dims}d"] = conv(f"{kind}{dims}d")
    for kind in ("BatchNorm", "InstanceNorm"):
        LAYERS[f"{kind}{dims}d"] = norm(f"{kind}{dims}d")
    for kind in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool", "ReflectionPad",
                 "ReplicationPad", "Dropout"):  # fmt: skip
        LAYERS[f"{kind}{dims}d"] = plain(f"{kind}{dims}d")

JOINS = ("Add", "Mul", "Concat")


def as_arguments(name: str, args: Any) -> dict[str, Any]:
    """Arguments by their names, lists as torch wants them."""
    if not isinstance(args, dict):
        bare = OPS[name].bare
        assert bare is not None
        args = {bare: args}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in args.items()}


def made(name: str, args: Any, inputs: list[Tensor]) -> nn.Module:
    """The module of a layer for these inputs. Raises `Refused`, and what torch raises."""
    op = OPS[name]
    least, most = op.arity
    if not least <= len(inputs) <= (len(inputs) if most is None else most):
        raise Refused(f"{name} of {len(inputs)} inputs", "number of inputs")
    args = as_arguments(name, args)
    shapes = tuple(tuple(x.shape[1:]) for x in inputs)
    if inputs and (why := reason(name, args, shapes)):
        raise Refused(OF_LAYERS[why], why)
    if name in JOINS:
        return Join(name, **args)
    if name in LAYERS:
        return LAYERS[name](inputs[0], **args)
    module: nn.Module = unchecked(op, args).make(*shapes)
    return module
