"""Random single layers: the static answer is torch's, be it a shape or a refusal.

NETSPEC_RANDOM_OPS sets how many are drawn, NETSPEC_RANDOM_SEED which.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from math import prod
from typing import Any

import pytest
from torch_answer import Accepted, torch_answer, torch_macs

from netspec.json_schema import Schema
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal, Shape

COUNT = int(os.environ.get("NETSPEC_RANDOM_OPS", "5000"))
SEED = int(os.environ.get("NETSPEC_RANDOM_SEED", "1"))
PARTS = 10

Draw = random.Random
Args = dict[str, Any]

INPUTLESS = {"Parameter", "Buffer"}
CORNERS = ("linear", "bilinear", "trilinear")


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
        count = draw.randint(schema.get("minItems", 0), schema.get("maxItems", 4))
        return [value(draw, schema["items"]) for _ in range(count)]
    return draw.choice(("same", "valid"))


def shape_for(draw: Draw, name: str) -> Shape:
    """An input's shape, mostly of a number of dimensions that the layer takes."""
    usual = int(name[-2]) + 1 if name[-1] == "d" and name[-2] in "123" else draw.randint(1, 4)
    if name in ("Unfold", "WindowPartition", "PatchMerging", "PatchMergingV2", "LayerNorm2d"):
        usual = 3
    if "Window" in name or name.startswith("Relative"):
        usual = 3
    if name in ("Fold", "MultiheadAttention", "RNN", "GRU", "LSTM"):
        usual = 2
    dims = usual if draw.random() < 0.9 else draw.randint(0, 5)
    if not dims:
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


FITTING: dict[str, Callable[[Draw, Shape], Args]] = {
    "Flatten": lambda d, x: {"start_dim": some_dim(d, x), "end_dim": some_dim(d, x)},
    "Unflatten": lambda d, x: (
        lambda at: {"dim": at + 1, "unflattened_size": split(d, x[at])}
    )(d.randrange(len(x))),
    "Reshape": lambda d, x: {"shape": split(d, prod(x))},
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
    "CumSum": lambda d, x: {"dim": some_dim(d, x)},
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
    "GLU": lambda d, x: {"dim": some_dim(d, x)},
    "MultiheadAttention": lambda d, x: {"num_heads": divisor(d, x[-1])},
    "ShiftedWindowAttention": lambda d, x: {"num_heads": divisor(d, x[-1])},
    "ShiftedWindowAttentionV2": lambda d, x: {"num_heads": divisor(d, x[-1])},
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


def fold(draw: Draw) -> tuple[Args, Shape]:
    """Columns that come from an image."""
    args = {name: value(draw, a.schema) for name, a in OPS["Unfold"].args.items()}
    image = (draw.choice((1, 2, 3)), draw.randint(3, 9), draw.randint(3, 9))
    try:
        columns = OPS["Unfold"](**args).infer(image)
    except Refusal:
        columns = (4, 9)
    return {**args, "output_size": list(image[1:])}, columns


def case(draw: Draw) -> tuple[type[Op], Args, tuple[Shape, ...]]:
    """A layer, its arguments and its inputs."""
    name = draw.choice(sorted(set(OPS) - INPUTLESS))
    op = OPS[name]
    x = shape_for(draw, name)
    if name == "RelativePositionalMultiHeadAttention" and len(x) == 3:
        x = (x[0], draw.choice((1, 4, 9)), x[2])
    args = {
        key: value(draw, a.schema)
        for key, a in op.args.items()
        if a.required or draw.random() < 0.45
    }
    if name == "Fold" and draw.random() < 0.8:
        args, x = fold(draw)
    elif name == "WindowDepartition" and x and draw.random() < 0.8:
        x = (args["h_partitions"] * args["w_partitions"], args["p"] ** 2, x[0])
    elif name.startswith("Upsampl") and draw.random() < 0.8:
        args |= {key: v for key, v in resize(draw, x).items() if key in op.args}
    elif name in FITTING and x and draw.random() < 0.8:
        args |= FITTING[name](draw, x)
    if "groups" in args and x and draw.random() < 0.8:
        args["groups"] = divisor(draw, x[0])
        if "out_channels" in args:
            args["out_channels"] = args["groups"] * draw.randint(1, 3)
    inputs: tuple[Shape, ...] = (x,)
    if op.arity[1] != 1:
        inputs = (x, *others(draw, name, x))
        if draw.random() < 0.1 and "Attention" not in name:
            inputs = (x, x[1:] or (1, 2))
        if name == "AddMM":
            out, into = draw.randint(1, 5), x[-1] if x and draw.random() < 0.9 else 2
            inputs = ((out if draw.random() < 0.9 else 1,), x, (into, out))
    return op, args, inputs


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
        value = (*key[:-1], draw.choice((x[-1], 5)))
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


def static_answer(op: type[Op], args: Args, inputs: tuple[Shape, ...]) -> Shape | Refusal:
    try:
        return op(**args).infer(*inputs)
    except Refusal as refusal:
        return refusal


def disagreement(op: type[Op], args: Args, inputs: tuple[Shape, ...]) -> str | None:
    """What netspec says otherwise than torch, or None."""
    ours = static_answer(op, args, inputs)
    theirs = torch_answer(op, args, inputs)
    where = f"{op.__name__} {args} on {inputs}:"
    if isinstance(ours, Refusal):
        if isinstance(theirs, Accepted):
            return f"{where} refused with {ours.code} ({ours.message}), but {theirs}"
        return None
    if not isinstance(theirs, Accepted):
        return f"{where} gives {ours}, but {theirs}"
    if ours != theirs.shape:
        return f"{where} gives {ours}, but {theirs}"
    made = op(**args)
    tensors = {k: tuple(v.shape) for k, v in theirs.module.state_dict().items()}
    if tensors != {**made.parameters(*inputs), **made.buffers(*inputs)}:
        return f"{where} holds {tensors} in torch"
    counted = made.macs(*inputs)
    if counted and counted != (measured := torch_macs(theirs.module, inputs)):
        return f"{where} counts {counted} multiply-adds, but torch {measured}"
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_random_layers_are_answered_as_torch_answers_them(part: int) -> None:
    draw = random.Random(f"{SEED}-{part}")
    cases = (case(draw) for _ in range(COUNT // PARTS))
    found = [said for one in cases if (said := disagreement(*one))]
    assert not found, "\n".join(found)


def test_the_draw_is_neither_mostly_accepted_nor_mostly_refused() -> None:
    draw = random.Random(SEED)
    answers = [static_answer(*case(draw)) for _ in range(2000)]
    refused = sum(isinstance(answer, Refusal) for answer in answers)
    assert 0.2 < refused / len(answers) < 0.6


SUGGESTION = re.compile(r"`(\w+): (-?[\w.]+)`")


def test_what_a_hint_suggests_mends_the_layer() -> None:
    draw = random.Random(SEED)
    tried = 0
    for _ in range(6000):
        op, args, inputs = case(draw)
        said = static_answer(op, args, inputs)
        if not isinstance(said, Refusal) or said.code not in ("NS402", "NS408", "NS410"):
            continue
        if any(isinstance(given, list) for given in args.values()):
            continue  # a number for every dimension, where each had its own, says less
        for name, number in SUGGESTION.findall(said.hint or ""):
            tried += 1
            mended = args | {name: int(number) if number.isdigit() else number}
            again = static_answer(op, mended, inputs)
            same = isinstance(again, Refusal) and (again.code, again.argument) == (
                said.code, said.argument,
            )  # fmt: skip
            assert not same, f"{op.__name__} {args} on {inputs}: {said.hint} gives {again}"
    assert tried > 100
