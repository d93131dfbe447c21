"""Random single layers: the static answer is torch's, be it a shape or a refusal.

NETSPEC_RANDOM_OPS sets how many are drawn, NETSPEC_RANDOM_SEED which.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter

import pytest
from random_ops import ELSEWHERE, Args, case
from stated_reasons import OF_LAYERS
from torch_answer import Accepted, Refused, reason, torch_answer, torch_macs

from netspec.ops import OPS
from netspec.ops.base import Op, Refusal, Shape

COUNT = int(os.environ.get("NETSPEC_RANDOM_OPS", "5000"))
SEED = int(os.environ.get("NETSPEC_RANDOM_SEED", "1"))
PARTS = 10
COUNTED = 3000
OF_OUTPUTS = {"empty", "not one tensor"}
"""Stated reasons that only what torch gives shows."""


def static_answer(op: type[Op], args: Args, inputs: tuple[Shape, ...]) -> Shape | Refusal:
    try:
        return op(**args).infer(*inputs)
    except Refusal as refusal:
        return refusal


def disagreement(
    op: type[Op], args: Args, inputs: tuple[Shape, ...], tally: Counter[str]
) -> str | None:
    """What netspec says otherwise than torch, or None; the answer is counted in `tally`."""
    if op.arity == (0, 0):
        return tensor_disagreement(op, args)
    ours = static_answer(op, args, inputs)
    theirs = torch_answer(op, args, inputs)
    where = f"{op.__name__} {args} on {inputs}:"
    if isinstance(ours, Refusal):
        if isinstance(theirs, Accepted):
            return f"{where} refused with {ours.code} ({ours.message}), but {theirs}"
        tally[f"refused: {theirs.stated}" if theirs.stated else "refused by torch too"] += 1
        return None
    tally["accepted"] += 1
    if not isinstance(theirs, Accepted):
        return f"{where} gives {ours}, but {theirs}"
    if ours != theirs.shape:
        return f"{where} gives {ours}, but {theirs}"
    made = op(**args)
    tensors = {k: tuple(v.shape) for k, v in theirs.module.state_dict().items()}
    if tensors != {**made.parameters(*inputs), **made.buffers(*inputs)}:
        return f"{where} holds {tensors} in torch"
    counted = made.macs(*inputs)
    # what has no matrices mostly multiplies none, which is looked at now and then
    matrices = any(len(shape) > 1 for shape in tensors.values()) or len(inputs) > 1
    if counted or matrices or not tally["accepted"] % 16:
        measured = torch_macs(theirs.module, inputs)
        if counted != measured:
            return f"{where} counts {counted} multiply-adds, but torch {measured}"
    return None


def tensor_disagreement(op: type[Op], args: Args) -> str | None:
    """The same of a layer without inputs, which torch makes as a tensor."""
    made = op(**args)
    shape = tuple(made.make().shape)
    held = made.parameters() or made.buffers()
    if [shape] != list(held.values()) or shape[-len(made.infer()) :] != made.infer():
        return f"{op.__name__} {args} is {shape} in torch"
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_random_layers_are_answered_as_torch_answers_them(part: int) -> None:
    draw = random.Random(f"{SEED}-{part}")
    tally: Counter[str] = Counter()
    cases = (case(draw) for _ in range(COUNT // PARTS))
    found = [said for one in cases if (said := disagreement(*one, tally))]
    print(dict(tally))  # seen with `pytest -rP`
    assert not found, "\n".join(found)


def test_the_draw_is_neither_mostly_accepted_nor_mostly_refused() -> None:
    draw = random.Random(SEED)
    accepted: Counter[str] = Counter()
    for _ in range(COUNTED):
        op, args, inputs = case(draw)
        if not isinstance(static_answer(op, args, inputs), Refusal):
            accepted[op.__name__] += 1
    assert 0.5 < accepted.total() / COUNTED < 0.8
    assert set(accepted) == set(OPS) - ELSEWHERE, "a row of `random_ops.FITTING` may draw what fits"


def test_each_stated_reason_is_one_that_layers_need() -> None:
    draw = random.Random(SEED)
    needed: set[str] = set()
    for _ in range(10 * COUNTED):
        op, args, inputs = case(draw)
        if op.arity == (0, 0) or not isinstance(static_answer(op, args, inputs), Refusal):
            continue
        stated = reason(op.__name__, args, inputs)
        if stated in needed or (stated is None and needed >= OF_OUTPUTS):
            continue
        said = torch_answer(op, args, inputs)
        needed |= {said.stated} if isinstance(said, Refused) and said.stated else set()
        if needed == set(OF_LAYERS):
            break
    assert needed == set(OF_LAYERS)


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
