"""What torch itself says to an op's arguments and inputs: a shape, or that it refuses.

A spec is stricter than torch for the reasons of `stated_reasons.OF_LAYERS` alone, which are applied
here to torch's answer so that both can be compared. Sizes that follow from the input are never
written, so they are no reason.
"""

from __future__ import annotations

import re
import warnings
from copy import deepcopy
from math import prod
from typing import Any

import torch
from stated_reasons import OF_LAYERS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from netspec.ops.base import Op, Refusal, Shape
from netspec.ops.embedding import Table

BATCH = 2

SPATIAL = re.compile(
    r"(Conv|ConvTranspose|(Adaptive)?(Max|Avg)Pool|LPPool|InstanceNorm|Dropout"
    r"|ReflectionPad|ReplicationPad|CircularPad)([123])d$"
)
AT_LEAST = re.compile(r"(ZeroPad|ConstantPad)([123])d$")
FEATURES = {
    "FeatureAlphaDropout",
    "Linear",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
    "Softmax",
    "LogSoftmax",
    "Softmin",
}
MATRICES = {"MatMul", "ScaledDotProductAttention"}
NEW_DIMENSION = {"Stack", "Unsqueeze"}
EXACTLY = {"Unfold": 3, "Fold": 2, "MultiheadAttention": 2, "Softmax2d": 3}


class Accepted:
    """Torch takes the inputs: the built module, and its output's shape without the batch."""

    def __init__(self, module: nn.Module, shape: Shape) -> None:
        self.module, self.shape = module, shape

    def __repr__(self) -> str:
        return f"torch gives {self.shape}"


class Refused:
    """Torch refuses; or takes what a spec does not say, for one of the stated reasons."""

    def __init__(self, why: str, stated: str | None = None) -> None:
        self.why, self.stated = why, stated

    def __repr__(self) -> str:
        return f"torch refuses: {self.why}"


def unchecked(op: type[Op], args: dict[str, Any]) -> Op:
    """The op without its own check of its arguments, so that torch is asked about them."""
    lenient = type(op.__name__, (op,), {"check": lambda self: None, "__doc__": op.__doc__})
    return lenient(**args)


def reason(name: str, args: dict[str, Any], inputs: tuple[Shape, ...]) -> str | None:
    """The stated reason for which a spec does not say this, though torch may take it."""
    dims = len(inputs[0])
    if name in FEATURES and not dims:
        return "no features"
    if (match := SPATIAL.match(name)) and dims != int(match[4]) + 1:
        return "single sample"
    if (match := AT_LEAST.match(name)) and dims <= int(match[2]):
        return "single sample"
    if name in EXACTLY and dims != EXACTLY[name]:
        return "single sample"
    if name in ("PixelShuffle", "PixelUnshuffle") and dims < 3:
        return "single sample"
    if name == "AddMM":  # of three inputs, each with dimensions of its own
        bias, x, weight = inputs
        fits = bool(x) and bias == weight[1:] and x[-1] == weight[0]
        return None if fits else "spread"
    if name == "MultiheadAttention":
        return None if len(inputs) != 2 else "keys without values"
    if any(len(x) != dims for x in inputs) or (name in MATRICES and dims < 2):
        return "batch meets another dimension"
    if name == "ScaledDotProductAttention" and inputs[1][-2] != inputs[2][-2]:
        return "keys without values"
    if name in NEW_DIMENSION:
        return "batch is named" if args.get("dim", 1) in (0, -dims - 2) else None
    for key in ("dim", "start_dim", "end_dim", "dim0", "dim1"):
        given = args.get(key)
        named = given if isinstance(given, list | tuple) else [given]
        if any(d is not None and d in (0, -dims - 1) for d in named):
            return "batch is named"
    return (RULES.get(name) or (lambda args, x: None))(args, inputs[0]) or crops(name, args)


def batch_moves(args: dict[str, Any], x: Shape) -> str | None:
    return "batch is named" if args["dims"][0] not in (0, -len(x) - 1) else None


def one_in_each_group(args: dict[str, Any], x: Shape) -> str | None:
    return "one value" if args["num_groups"] == prod(x) else None


def bounds_in_order(args: dict[str, Any], x: Shape) -> str | None:
    low, high = args.get("min"), args.get("max")
    return "bounds" if low is not None and high is not None and low > high else None


def enough_values(args: dict[str, Any], x: Shape) -> str | None:
    named = [args["dim"]] if isinstance(args["dim"], int) else args["dim"]
    sizes = [x[d - 1 if d > 0 else d] for d in named if -len(x) <= d <= len(x) and d]
    return "one value" if prod(sizes) <= args.get("correction", 1) else None


def one_in_each_channel(args: dict[str, Any], x: Shape) -> str | None:
    own = args.get("track_running_stats") is False
    return "one value" if own and prod(x[1:]) == 1 else None


def one_in_each(args: dict[str, Any], x: Shape) -> str | None:
    named = [args["dim"]] if isinstance(args["dim"], int) else args["dim"]
    sizes = [x[d - 1 if d > 0 else d] for d in named if -len(x) <= d <= len(x) and d]
    return "not squeezed" if any(size != 1 for size in sizes) else None


RULES = {
    "Squeeze": one_in_each,
    "Permute": batch_moves,
    "GroupNorm": one_in_each_group,
    "Clamp": bounds_in_order,
    "Var": enough_values,
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), one_in_each_channel),
}
"""What a spec does not say of single layers, of their arguments and their input."""


def crops(name: str, args: dict[str, Any]) -> str | None:
    if name.startswith("CircularPad") and not isinstance(given := args["padding"], int):
        pairs = zip(given[::2], given[1::2], strict=True)
        if any(min(pair) < 0 < max(pair) for pair in pairs):
            return "circular crop"
    return None


def torch_answer(
    op: type[Op], args: dict[str, Any], inputs: tuple[Shape, ...], device: str = "cpu"
) -> Accepted | Refused:
    """Build the layer and run it, in train mode, on a batch of two.

    A refusal has a stated reason where torch itself takes the layer.
    """
    stated = reason(op.__name__, args, inputs)
    said = torch_itself(op, args, inputs, device)
    if isinstance(said, Refused):
        return said
    module, out = said
    if not isinstance(out, torch.Tensor) or out.shape[:1] != (BATCH,):
        stated = stated or "not one tensor"
    elif 0 in out.shape:
        stated = stated or "empty"
    if stated:
        return Refused(OF_LAYERS[stated], stated)
    return Accepted(module, tuple(out.shape[1:]))


def torch_itself(
    op: type[Op], args: dict[str, Any], inputs: tuple[Shape, ...], device: str
) -> tuple[nn.Module, Any] | Refused:
    """The module and what it gives; or how torch refuses."""
    if op.__name__ == "ScaledDotProductAttention" and args.get("is_causal") and len(inputs) > 3:
        return Refused("two masks, of which torch before 2.12 drops one without a word")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device(device):
                module = unchecked(op, args).make(*inputs)
                tensors = given(op, args, inputs)
            return module, first(module(*tensors))
        # torch refuses by whatever comes up on the way
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            return Refused(f"{type(error).__name__}: {error}")
        except (NotImplementedError, ZeroDivisionError, OverflowError, Refusal) as error:
            return Refused(f"{type(error).__name__}: {error}")


def given(
    op: type[Op], args: dict[str, Any], inputs: tuple[Shape, ...], samples: int = BATCH
) -> list[torch.Tensor]:
    """Inputs at random; integers below its table's size for a layer that looks vectors up."""
    if issubclass(op, Table):
        below = args["num_embeddings"]
        return [torch.randint(below, (samples, *shape)) for shape in inputs]
    return [torch.randn(samples, *shape) for shape in inputs]


def first(out: Any) -> Any:
    """The value that the layer's own name stands for, of several."""
    return out[0] if isinstance(out, tuple) else out


UNCOUNTED = re.compile(r"Attention\(|RNN\(|GRU\(|LSTM\(")


def torch_macs(module: nn.Module, inputs: tuple[Shape, ...]) -> int:
    """Multiply-adds for one sample, by torch's own counter, which counts them as two each.

    Attention and recurrence are counted on `meta`: of the CPU's kernels, some are not counted.
    Two samples and three run, since `GroupNorm` refuses one of a single value per group, even in
    eval mode: what they differ by is a sample's own, and what is left is done once a batch.
    """
    device = "meta" if UNCOUNTED.search(repr(module)) else "cpu"
    there = deepcopy(module).eval().to(device)

    integers = isinstance(there, nn.Embedding | nn.EmbeddingBag)
    dtype = torch.int64 if integers else torch.float32

    def zeros(samples: int) -> list[torch.Tensor]:
        return [torch.zeros(samples, *x, device=device, dtype=dtype) for x in inputs]

    def flops(samples: int) -> int:
        with FlopCounterMode(display=False) as counter, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            there(*zeros(samples))
        return int(counter.get_total_flops())

    macs, rest = divmod(2 * flops(BATCH) - flops(BATCH + 1), 2)
    assert rest == 0
    return macs
