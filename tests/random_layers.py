"""A random layer for an input of a known shape: one that networks often have, or any at all."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any, NamedTuple

from random_ops import DIMS, args_for

from netspec.ops import OPS
from netspec.ops.base import Refusal, Shape
from netspec.ops.embedding import Table

MOST = 1_000
"""Values of one layer's output for a sample; what would be larger is drawn anew."""

ACTIVATIONS = ("ReLU", "GELU", "Tanh", "SiLU", "Identity", "Sigmoid", "LeakyReLU")
"""Layers that take any input and need no arguments."""


class Layer(NamedTuple):
    """A layer, its arguments, and what it gives; None where it refuses its input."""

    name: str
    args: dict[str, Any]
    output: Shape | None


def inferred(name: str, args: dict[str, Any], *inputs: Shape) -> Shape | None:
    """What the layer gives, or None where it refuses or gives too much."""
    try:
        out = OPS[name](**args).infer(*inputs)
    except Refusal:
        return None
    return out if prod(out) <= MOST else None


def same(draw: Random, x: Shape, channels: int) -> tuple[str, dict[str, Any]]:
    """A convolution that keeps the sizes, or what keeps the shape of a vector."""
    if not 2 <= len(x) <= 4:
        return "Linear", {"out_features": channels}
    kernel, dilation = draw.choice((1, 3, 5)), draw.choice((1, 1, 2))
    padding = draw.choice((dilation * (kernel - 1) // 2, "same"))
    args = {"out_channels": channels, "kernel_size": kernel, "padding": padding}
    if dilation > 1:
        args["dilation"] = dilation
    if draw.random() < 0.3:
        args["bias"] = False
    if channels == x[0] and draw.random() < 0.2:
        args["groups"] = channels
    return f"Conv{len(x) - 1}d", args


def smaller(draw: Random, x: Shape, channels: int) -> tuple[str, dict[str, Any]]:
    """A strided convolution or a pooling."""
    if not 2 <= len(x) <= 4:
        return "Linear", {"out_features": channels, "bias": draw.random() < 0.5}
    n = f"{len(x) - 1}d"
    kernel: Any = draw.choice((2, 3, 3, [draw.randint(1, 3) for _ in x[1:]]))
    args = {"kernel_size": kernel, "stride": draw.choice((1, 2, 2, 3)), "padding": 1}
    if draw.random() < 0.5:
        return f"Conv{n}", {"out_channels": channels, **args}
    if draw.random() < 0.4:
        args["ceil_mode"] = True
    if draw.random() < 0.5:
        args["kernel_size"], args["padding"] = draw.choice((2, 3)), 0
    return draw.choice((f"MaxPool{n}", f"AvgPool{n}")), args


def larger(draw: Random, x: Shape, channels: int) -> tuple[str, dict[str, Any]]:
    """A transposed convolution or an upsampling."""
    if not 2 <= len(x) <= 4 or draw.random() < 0.3:
        return "Upsample", {"scale_factor": draw.choice((2, 2, 1.5, 0.5))}
    args = {"out_channels": channels, "kernel_size": draw.choice((2, 3)), "stride": 2}
    if draw.random() < 0.4:
        args |= {"padding": 1, "output_padding": draw.choice((0, 1))}
    return f"ConvTranspose{len(x) - 1}d", args


def normed(draw: Random, x: Shape, channels: int) -> tuple[str, dict[str, Any]]:
    """A norm, with weights or without."""
    spatial = f"BatchNorm{max(len(x) - 1, 1)}d"
    name = draw.choice((spatial, spatial, "GroupNorm", "LayerNorm"))
    if name == "GroupNorm":
        return name, {"num_groups": draw.choice((1, x[0]))}
    return (name if name in OPS else "LayerNorm"), {}


def activated(draw: Random, x: Shape, channels: int) -> tuple[str, dict[str, Any]]:
    """An activation or dropout."""
    name = draw.choice((*ACTIVATIONS, "Dropout"))
    return name, {"p": 0.25} if name == "Dropout" else {}


USUAL: tuple[Callable[[Random, Shape, int], tuple[str, dict[str, Any]]], ...] = (
    same, same, same, smaller, smaller, larger, normed, normed, activated, activated,
)  # fmt: skip

APART = {"AddMM", "Buffer"}
"""Layers that no graph draws yet: of three inputs that differ in dimensions; of fixed values."""

FLOATS = {name: op for name, op in OPS.items() if not issubclass(op, Table) and name not in APART}
SINGLE = sorted(name for name, op in FLOATS.items() if op.arity[0] <= 1 and op.arity[1] != 0)
JOINS = sorted(name for name, op in FLOATS.items() if op.arity[1] is None or op.arity[1] > 1)
INPUTLESS = ["Parameter"]


def usual_layer(draw: Random, x: Shape, channels: int) -> Layer:
    """A layer as networks often have it."""
    name, args = draw.choice(USUAL)(draw, x, channels)
    return Layer(name, args, inferred(name, args, x))


def any_layer(draw: Random, x: Shape) -> Layer:
    """A layer of the registry that takes as many dimensions, as far as its name tells."""
    fitting = [n for n in SINGLE if taken(n) in (None, len(x))]
    name = draw.choice(fitting)
    for _ in range(3):
        args = args_for(draw, name, x, fitting=0.9)
        out = inferred(name, args, x)
        if out is not None:
            break
    return Layer(name, args, out)


def taken(name: str) -> int | None:
    """How many dimensions a layer takes, as far as that is known."""
    spatial = name[-1] == "d" and name[-2] in "123" and name not in DIMS
    return int(name[-2]) + 1 if spatial else DIMS.get(name)
