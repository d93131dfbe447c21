"""Random layers that are accepted: the module runs wherever a network may put it.

Each is copied and pickled, takes one sample, trains, takes inputs in other layouts, and is called
again on another shape. NETSPEC_RANDOM_OPS sets how many are drawn, NETSPEC_RANDOM_SEED which.
"""

from __future__ import annotations

import pickle
import random
import warnings
from copy import deepcopy
from typing import Any

import pytest
import torch
from test_ops_random import COUNT, PARTS, SEED, Args, Draw, case, static_answer
from torch import Tensor, nn
from torch_answer import first, given

from netspec.ops.base import Op, Refusal, Shape

NO_VARIANCE = "more than 1 value per channel"
"""What torch says of a batch norm that sees one sample of a vector, which training never gives."""


def answer(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    torch.manual_seed(0)
    return first(module(*inputs))


def same(a: Tensor, b: Tensor) -> bool:
    """To float32's accuracy: another layout adds up in another order."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True)


def permuted(x: Tensor) -> Tensor:
    """The same numbers, laid out the other way around."""
    back = tuple(reversed(range(x.dim())))
    return x.permute(back).contiguous().permute(back)


def fault(op: type[Op], args: Args, inputs: tuple[Shape, ...], draw: Draw) -> str | None:
    """What goes wrong with an accepted layer, or None."""
    made = op(**args)
    output = made.infer(*inputs)
    module: Any = made.make(*inputs)
    two = tuple(given(op, args, inputs))
    step = ""
    try:
        step = "in training"
        leaves = tuple(x.clone().requires_grad_(x.is_floating_point()) for x in two)
        out = answer(module.train(), tuple(1 * x for x in leaves))
        if out.requires_grad:
            step = "backward"
            out.sum().backward()
        step = "in evaluation"
        expected = answer(module.eval(), tuple(x.clone() for x in two))
        if tuple(expected.shape[1:]) != output:
            return f"gives {tuple(expected.shape)} in evaluation"
        for step, other in (
            ("copied", deepcopy(module)),
            ("pickled", pickle.loads(pickle.dumps(module))),
        ):
            if not same(answer(other, tuple(x.clone() for x in two)), expected):
                return f"answers otherwise when {step}"
        for step, layout in (("permuted", permuted), ("channels_last", channels_last)):
            if not same(answer(module, tuple(layout(x.clone()) for x in two)), expected):
                return f"answers otherwise on inputs that are {step}"
        step = "on one sample in evaluation"
        if tuple(answer(module, tuple(x[:1].clone() for x in two)).shape[1:]) != output:
            return "gives another shape for one sample"
        step = "called again"
        return called_again(made, module, inputs, draw)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        return f"fails {step}: {type(error).__name__}: {error}"


def channels_last(x: Tensor) -> Tensor:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return x.contiguous(memory_format=formats[x.dim()]) if x.dim() in formats else x


def called_again(made: Op, module: Any, inputs: tuple[Shape, ...], draw: Draw) -> str | None:
    """Run the module on other shapes that `call` would take."""
    for _ in range(3):
        others = tuple(
            tuple(draw.choice((size, size, size + draw.randint(1, 3))) for size in shape)
            for shape in inputs
        )
        try:
            output = made.infer(*others)
        except Refusal:
            continue
        decided = (made.fixed, made.parameters, made.buffers)
        if any(rule(*inputs) != rule(*others) for rule in decided):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = answer(module, tuple(given(type(made), made.values, others)))
        if tuple(out.shape[1:]) != output:
            return f"gives {tuple(out.shape[1:])} on {others}, not {output}"
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_accepted_runs(part: int) -> None:
    draw = random.Random(f"{SEED}-{part}-run")
    found = []
    for _ in range(COUNT // PARTS):
        op, args, inputs = case(draw)
        if isinstance(static_answer(op, args, inputs), Refusal):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = fault(op, args, inputs, draw)
        if said:
            found.append(f"{op.__name__} {args} on {inputs} {said}")
    assert not found, "\n".join(found)
