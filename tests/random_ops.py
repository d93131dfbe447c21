"""Random single layers: arguments that their schemas accept, and inputs that often fit.

A new op is drawn without a word here. Where arguments at random are hardly ever taken, a row of
`FITTING` draws some that often fit the input; where the number of dimensions matters, `shape_for`
says it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import isqrt, prod
from typing import Any

from netspec.json_schema import Schema
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal, Shape

Draw = random.Random
Args = dict[str, Any]


def integer(draw: Draw, schema: Schema) -> int:
    least = schema.get("minimum", -3)
    return max(least, draw.choice((least, 0, 1, 1, 2, 2, 3, 3, 4, 5, 7)))


def value(draw: Draw, schema: Schema) -> Any:
    """A value that the schema accepts, often one at its edge."""
    if "enum" in schema:
        return draw.choice(schema["enum"])
    kinds = schema["type"]
    kind = kinds if isinstance(kinds, str) else draw.choice(kinds)
    if kind == "null":
        return None
    if kind == "boolean":
        return draw.random() < 0.5
    if kind == "integer":
        return integer(draw, schema)
    if kind == "number":
        least = schema.get("minimum", schema.get("exclusiveMinimum", -2))
        most = schema.get("maximum", 3)
        steps = [0.25, 0.5, 1, 1.5, 2, 0.1, 1.7] if "exclusiveMinimum" in schema else [0]
        return draw.choice((min(most, least + draw.choice(steps)), draw.uniform(least, most) or 1))
    if kind == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems", 4)
        usual = max(least, min(most, 6))
        count = draw.randint(least, usual if draw.random() < 0.95 else most)
        return [value(draw, schema["items"]) for _ in range(count)]
    return draw.choice(("same", "valid"))


DIMS = {
    **dict.fromkeys(("Unfold", "PatchMerging", "PatchMergingV2", "LayerNorm2d", "Softmax2d"), 3),
    **dict.fromkeys(("WindowPartition", "WindowDepartition"), 3),
    **dict.fromkeys(("ShiftedWindowAttention", "ShiftedWindowAttentionV2"), 3),
    **dict.fromkeys(("UpsamplingNearest2d", "UpsamplingBilinear2d"), 3),
    **dict.fromkeys(("RelativePositionalMultiHeadAttention",), 3),
    **dict.fromkeys(("Fold", "MultiheadAttention", "MultiscaleAttention", "RNN", "GRU", "LSTM"), 2),
}
"""How many dimensions the input of a layer mostly has, where its name does not end so."""

ELSEWHERE = {"Buffer"}
"""Layers of which `tests/ops` holds every form, and nothing is drawn."""

LEAST_DIMS = 0
"""The fewest dimensions beside the batch that are drawn."""


def shape_for(draw: Draw, name: str) -> Shape:
    """An input's shape, mostly of a number of dimensions that the layer takes."""
    spatial = name[-1] == "d" and name[-2] in "123" and name not in DIMS
    usual = int(name[-2]) + 1 if spatial else DIMS.get(name) or draw.randint(1, 4)
    dims = usual if draw.random() < 0.9 else draw.randint(LEAST_DIMS, 5)
    if dims == 0:
        return ()
    channels = draw.choice((1, 2, 3, 4, 6, 8, 9, 12))
    return (channels, *(draw.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 11)) for _ in range(dims - 1)))


# where arguments at random are hardly ever taken: arguments that often fit the input


def some_dim(draw: Draw, x: Shape) -> int:
    return draw.choice((draw.randint(1, len(x)), -draw.randint(1, len(x)), draw.randint(-6, 6)))


def split(draw: Draw, total: int) -> list[int]:
    first = draw.choice([d for d in range(1, total + 1) if total % d == 0])
    parts = [first, total // first]
    at = draw.randrange(4)
    if at < 2:
        parts[at] = -1
    return parts


def permuted(draw: Draw, x: Shape) -> list[int]:
    order = list(range(1, len(x) + 1))
    draw.shuffle(order)
    return [d if draw.random() < 0.8 else d - len(x) - 1 for d in (0, *order)]


def trailing(draw: Draw, x: Shape) -> Any:
    count = draw.randint(1, len(x))
    return draw.choice((None, list(x[-count:]), x[-1]))


def divisor(draw: Draw, total: int) -> int:
    return draw.choice([d for d in range(1, total + 1) if total % d == 0])


CORNERS = ("linear", "bilinear", "trilinear")

FITTING: dict[str, Callable[[Draw, Shape], Args]] = {
    "Flatten": lambda d, x: {"start_dim": some_dim(d, x), "end_dim": some_dim(d, x)},
    "Unflatten": lambda d, x: (
        lambda at: {"dim": at + 1, "unflattened_size": split(d, x[at])}
    )(d.randrange(len(x))),
    "Reshape": lambda d, x: {"shape": split(d, prod(x))},
    "Squeeze": lambda d, x: {
        "dim": d.choice(([i + 1 for i, size in enumerate(x) if size == 1] or 1, some_dim(d, x)))
    },
    "Expand": lambda d, x: {
        "shape": [d.choice((-1, s, d.randint(1, 4) if s == 1 else s)) for s in x]
    },
    "ResizeLike": lambda d, x: {
        "mode": d.choice(("nearest", "area", *CORNERS[len(x) - 2 : len(x) - 1])),
        "align_corners": None,
    },
    "Permute": lambda d, x: {"dims": permuted(d, x)},
    "Transpose": lambda d, x: {"dim0": some_dim(d, x), "dim1": some_dim(d, x)},
    "LayerNorm": lambda d, x: {"normalized_shape": trailing(d, x)},
    "RMSNorm": lambda d, x: {"normalized_shape": trailing(d, x)},
    "GroupNorm": lambda d, x: {"num_groups": divisor(d, x[0])},
    "PReLU": lambda d, x: {"num_parameters": x[0]},
    "Select": lambda d, x: {"dim": some_dim(d, x), "index": d.randint(-3, 3)},
    **dict.fromkeys(
        ("Mean", "Sum", "Amax", "Amin", "Var", "Norm", "Normalize"),
        lambda d, x: {"dim": d.choice((some_dim(d, x), [some_dim(d, x) for _ in range(2)]))},
    ),
    "RelativePositionalMultiHeadAttention": lambda d, x: {"head_dim": divisor(d, x[-1])},
}  # fmt: skip


def resize(draw: Draw, x: Shape) -> Args:
    """A size or a factor, for a mode that fits."""
    mode = draw.choice(("nearest", "nearest-exact", "area", "linear", "bilinear", "trilinear"))
    if len(x) == 3 and draw.random() < 0.5:
        mode = draw.choice(("bilinear", "bicubic"))
    size: Any = draw.choice((draw.randint(1, 9), [draw.randint(1, 9) for _ in x[1:]]))
    factor: Any = draw.choice((draw.uniform(0.1, 3), [draw.uniform(0.2, 3) for _ in x[1:]]))
    corners = draw.choice((None, None, True, False))
    given = draw.choice(({"size": size or 1}, {"scale_factor": factor or 1}))
    return {"size": None, "scale_factor": None, "mode": mode, "align_corners": corners, **given}


def fold(draw: Draw, x: Shape) -> Args:
    """Windows of which `x`, `(channels of windows, windows)`, may be the columns."""
    kernel = draw.choice([(h, w) for h in (1, 2, 3) for w in (1, 2, 3) if x[0] % (h * w) == 0])
    rows = divisor(draw, x[-1])
    return {
        "kernel_size": list(kernel),
        "output_size": [rows + kernel[0] - 1, x[-1] // rows + kernel[1] - 1],
        "dilation": 1,
        "padding": 0,
        "stride": 1,
    }


def departition(draw: Draw, x: Shape) -> Args:
    """Windows of which `x`, `(windows, places, channels)`, may consist."""
    rows = divisor(draw, x[0])
    size = isqrt(x[1] if len(x) > 1 else 1)
    return {"p": max(size, 1), "h_partitions": rows, "w_partitions": x[0] // rows}


def multiscale(draw: Draw, x: Shape) -> Args:
    """A grid of which `x`, `(tokens, features)`, may be the positions, and pools of it."""
    positions = max(x[0] - 1, 1)
    depth = divisor(draw, positions)
    height = divisor(draw, positions // depth)
    args: Args = {"input_size": [depth, height, positions // depth // height]}
    args["num_heads"] = draw.choice((1, 2, 3))
    args["output_dim"] = args["num_heads"] * draw.randint(1, 4)
    pools = ([[], []], [[3, 3, 3], [1, 2, 2]], [[2, 3, 5], [2, 1, 3]], [[1, 1, 1], [1, 1, 1]])
    for what in ("q", "kv"):
        args[f"kernel_{what}"], args[f"stride_{what}"] = draw.choice(pools)
    return args


FITTING |= {
    "MultiscaleAttention": multiscale,
    "Fold": fold,
    "WindowDepartition": departition,
    "Upsample": resize,
    "UpsamplingNearest2d": resize,
    "UpsamplingBilinear2d": resize,
}


def columns(draw: Draw) -> tuple[Args, Shape]:
    """Columns that come from an image, and the windows that they are."""
    args = {name: value(draw, a.schema) for name, a in OPS["Unfold"].args.items()}
    image = (draw.choice((1, 2, 3)), draw.randint(3, 9), draw.randint(3, 9))
    try:
        found = OPS["Unfold"](**args).infer(image)
    except Refusal:
        found = (4, 9)
    return {**args, "output_size": list(image[1:])}, found


def args_for(draw: Draw, name: str, x: Shape, fitting: float = 0.7) -> Args:
    """Arguments of a layer for a first input of shape `x`, which mostly fit it."""
    op = OPS[name]
    args = {
        key: value(draw, a.schema)
        for key, a in op.args.items()
        if a.required or draw.random() < 0.45
    }
    if x and name in FITTING and draw.random() < fitting:
        args |= {key: v for key, v in FITTING[name](draw, x).items() if key in op.args}
    if x and "dim" in args and name not in FITTING and draw.random() < fitting:
        args["dim"] = some_dim(draw, x)
    if x and "num_heads" in args and "output_dim" not in args and draw.random() < fitting:
        args["num_heads"] = divisor(draw, x[-1])
    if x and "groups" in args and draw.random() < fitting:
        args["groups"] = divisor(draw, x[0])
        if "out_channels" in args:
            args["out_channels"] = args["groups"] * draw.randint(1, 3)
    return args


def case(draw: Draw) -> tuple[type[Op], Args, tuple[Shape, ...]]:
    """A layer, its arguments and its inputs."""
    name = draw.choice(sorted(set(OPS) - ELSEWHERE))
    op = OPS[name]
    x = shape_for(draw, name)
    if name == "RelativePositionalMultiHeadAttention" and len(x) == 3:
        x = (x[0], draw.choice((1, 4, 9)), x[2])
    if name == "MultiscaleAttention" and len(x) == 2:
        x = (draw.choice((2, 9, 13, 19, 25, 37)), x[1])
    if name == "WindowDepartition" and len(x) == 3 and draw.random() < 0.8:
        x = (x[0], draw.choice((1, 4, 9)), x[2])
    args = args_for(draw, name, x)
    if name == "Fold" and draw.random() < 0.5:
        args, x = columns(draw)
    return op, args, other_inputs(draw, op, x)


def other_inputs(draw: Draw, op: type[Op], x: Shape) -> tuple[Shape, ...]:
    """All inputs of a layer whose first is `x`: often of its shape, or of one that broadcasts."""
    name = op.__name__
    if op.arity[1] == 0:
        return ()
    if op.arity == (1, 1):
        return (x,)
    if name == "AddMM":
        out, into = draw.randint(1, 5), x[-1] if x and draw.random() < 0.9 else 2
        return ((out if draw.random() < 0.9 else 1,), x, (into, out))
    if draw.random() < 0.1 and "Attention" not in name:
        return (x, x[1:] or (1, 2))
    return (x, *others(draw, name, x))


def others(draw: Draw, name: str, x: Shape) -> list[Shape]:
    """The inputs after the first, mostly of shapes that fit."""
    fits = draw.random() < 0.8
    lead = tuple(draw.choice((s, s, s, 1)) for s in x[:-2])
    keys = draw.randint(1, 9)
    key: Shape
    value: Shape
    if name == "MultiheadAttention" and x:
        key, value = (keys, draw.choice((x[-1], 5))), (keys if fits else 3, draw.choice((x[-1], 6)))
        return draw.choice(([], [key, value], [key, value], [key, value, (keys,)]))
    if name == "ScaledDotProductAttention" and len(x) > 1:
        key = (*draw.choice((lead, x[:-2])), keys, x[-1] if fits else 3)
        value = (*key[:-2], keys if draw.random() < 0.7 else 3, draw.choice((x[-1], 5)))
        mask = (*draw.choice((lead, x[:-2])), draw.choice((x[-2], 1)), draw.choice((keys, 1, 2)))
        return draw.choice(([key, value], [key, value], [key, value, mask]))
    if name == "MatMul" and len(x) > 1 and fits:
        return [(*lead, x[-1], draw.randint(1, 5))]
    least, most = OPS[name].arity
    if least == 3:  # an attention that gets no shape to attend to
        return [x, x]
    count = draw.randint(max(1, least - 1), max(least - 1, (most or 3) - 1))
    if name == "Stack" and fits:
        return [x] * count
    if draw.random() < 0.5 and len(x) > 1:
        return [(draw.randint(1, 5), *x[1:])]
    return [tuple(draw.choice((s, s, s, 1)) for s in x) for _ in range(count)]
