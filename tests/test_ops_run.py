"""Random layers that are accepted: the module runs wherever a network may put it.

Each is copied and pickled, takes one sample, trains, takes inputs in other layouts, and is called
again on another shape. NETSPEC_RANDOM_OPS sets how many are drawn, NETSPEC_RANDOM_SEED which.
"""

from __future__ import annotations

import pickle
import random
import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from random_ops import Args, Draw, case
from test_ops_random import COUNT, PARTS, SEED, static_answer
from torch import Tensor, nn
from torch_answer import first, given

from netspec.ops.base import Op, Refusal, Shape

ONE_VALUE = "more than 1 value per channel"
"""What torch says of a norm that sees one sample of one value in training.

A recipe whose batches may be so small is a finding of `check`.
"""
FAILURES = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, AssertionError)


def answer(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    torch.manual_seed(0)
    return first(module(*(x.clone() for x in inputs)))


def same(a: Tensor, b: Tensor) -> bool:
    """To float32's accuracy: another layout adds up in another order."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True)


def permuted(x: Tensor) -> Tensor:
    """The same numbers, laid out the other way around."""
    back = tuple(reversed(range(x.dim())))
    return x.permute(back).contiguous().permute(back)


def channels_last(x: Tensor) -> Tensor:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return x.contiguous(memory_format=formats[x.dim()]) if x.dim() in formats else x


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": lambda x: x,
    "permuted": permuted,
    "channels_last": channels_last,
}


class Fault(Exception):
    """What goes wrong with an accepted layer."""


def fault(op: type[Op], args: Args, inputs: tuple[Shape, ...], draw: Draw) -> str | None:
    """What goes wrong with an accepted layer, or None."""
    made = op(**args)
    module: Any = made.make(*inputs)
    if not inputs:
        others = deepcopy(module), pickle.loads(pickle.dumps(module))
        return None if all(same(other, module) for other in others) else "is copied otherwise"
    two = tuple(given(op, args, inputs))
    output = made.infer(*inputs)
    for step, check in (
        ("in training", lambda: in_training(module, two, output)),
        ("in evaluation", lambda: in_evaluation(module, two, output)),
        ("on one sample", lambda: on_one_sample(made, module, two, output)),
        ("called again", lambda: called_again(made, module, inputs, draw)),
    ):
        try:
            check()
        except Fault as found:
            return f"{step} {found}"
        except FAILURES as error:
            return f"fails {step}: {type(error).__name__}: {error}"
    return None


def in_training(module: Any, two: tuple[Tensor, ...], output: Shape) -> None:
    """Forward and backward in every layout, and a copy that answers the same."""
    copy = deepcopy(module.train())
    for name, layout in LAYOUTS.items():
        leaves = tuple(layout(x.clone()).requires_grad_(x.is_floating_point()) for x in two)
        out = answer(module, tuple(1 * x for x in leaves))
        if tuple(out.shape[1:]) != output:
            raise Fault(f"gives {tuple(out.shape)}")
        if name == "plain" and not same(answer(copy, two), out):
            raise Fault("answers otherwise when copied")
        if out.requires_grad:
            out.sum().backward()


def in_evaluation(module: Any, two: tuple[Tensor, ...], output: Shape) -> None:
    """The same answer from copies and in every layout."""
    expected = answer(module.eval(), two)
    if tuple(expected.shape[1:]) != output:
        raise Fault(f"gives {tuple(expected.shape)}")
    for what, other in (
        ("copied", deepcopy(module)),
        ("pickled", pickle.loads(pickle.dumps(module))),
    ):
        if not same(answer(other, two), expected):
            raise Fault(f"answers otherwise when {what}")
    for name, layout in LAYOUTS.items():
        if not same(answer(module, tuple(map(layout, two))), expected):
            raise Fault(f"answers otherwise on inputs that are {name}")


def on_one_sample(made: Op, module: Any, two: tuple[Tensor, ...], output: Shape) -> None:
    """One sample alone is answered in both modes, and in evaluation as among others."""
    one = tuple(x[:1] for x in two)
    alone = answer(module.eval(), one)
    if tuple(alone.shape) != (1, *output):
        raise Fault(f"gives {tuple(alone.shape)}")
    batch_statistics = made.values.get("track_running_stats") is False
    if not batch_statistics and not same(alone, answer(module, two)[:1]):
        raise Fault("is answered otherwise than among others")
    try:
        alone = answer(module.train(), one)
    except ValueError as error:
        if ONE_VALUE not in str(error):
            raise
    if tuple(alone.shape) != (1, *output):
        raise Fault(f"gives {tuple(alone.shape)} in training")
    module.eval()


def called_again(made: Op, module: Any, inputs: tuple[Shape, ...], draw: Draw) -> None:
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
            raise Fault(f"gives {tuple(out.shape[1:])} on {others}, not {output}")


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
