"""NS603: a strided layer whose last window ends before its input does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.analysis.propagate import Memo, output_shape
from netspec.compiler.lints.flow import Flow, FlowStep, provenance
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Note, Span
from netspec.ops.base import AXES, Op, Refusal, Shape, ntuple, text
from netspec.ops.conv import Conv
from netspec.ops.pad import Pad
from netspec.ops.pool import Pool, pooled_size

SEARCH: Final = 32
"""How far from the spec's own input size a better one is looked for."""

BUDGET: Final = 20_000
"""How many layers that search may look at, so that it stays fast in a deep network."""

MOST_NOTES: Final = 4

_LINES: Final = {"height": "row", "width": "column", "depth": "slice", "length": "position"}


def unread_pixels(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each strided convolution and pool; the first finding notes the others.

    What a layer such as `ZeroPad2d` has put there is no part of the input.
    Between windows, a stride larger than the window leaves gaps everywhere; only what is left at
    the end beyond such a gap is a surprise.
    """
    first: tuple[FlowStep, tuple[int, ...]] | None = None
    others: dict[Span, Note] = {}
    for step in flow.steps:
        if not isinstance(step.op, Conv | Pool):
            continue
        left = _without_padding(flow, step, unread(step.op, step.layer.inputs[0]))
        if not any(left):
            continue
        place = flow.place(step.layer, "stride", "kernel_size")
        if flow.ignores("NS603", place):
            continue
        if first is None:
            first = step, left
        elif place not in others and place != flow.place(first[0].layer, "stride", "kernel_size"):
            size = text(step.layer.inputs[0][1:])
            others[place] = Note(f"so {_said(left)} of the {size} input here", place)
    if first is not None:
        notes = list(others.values())
        if len(notes) > MOST_NOTES:
            more = len(notes) - MOST_NOTES + 1
            notes = [*notes[: MOST_NOTES - 1], Note(f"and so in {counted(more, 'more layer')}")]
        yield _finding(flow, *first, notes)


def _without_padding(flow: Flow, step: FlowStep, left: tuple[int, ...]) -> tuple[int, ...]:
    """The rows and columns left unread, without those that a padding before the layer made."""
    source = flow.maker(step.sources[0])
    if source < 0 or not isinstance(flow.steps[source].op, Pad):
        return left
    pad = flow.steps[source].op
    assert isinstance(pad, Pad)
    if pad.ndim != len(left):
        return left
    pairs = zip(left, pad.pairs(), strict=True)
    return tuple(max(0, count - max(0, after)) for count, (_, after) in pairs)


def windows(op: Conv | Pool) -> tuple[tuple[int, int, int, int, bool], ...]:
    """Kernel, stride, leading padding and dilation of each spatial dimension, and `ceil_mode`."""
    n = op.ndim
    kernels = ntuple(op.kernel_size, n)
    if isinstance(op, Conv):
        pads = tuple(before for before, _ in op.pads())
        rows = zip(kernels, ntuple(op.stride, n), pads, ntuple(op.dilation, n), strict=True)
        return tuple((*row, False) for row in rows)
    strides = kernels if op.stride is None else ntuple(op.stride, n)
    rows = zip(kernels, strides, op.pads(), op.dilations(), strict=True)
    return tuple((*row, op.ceil_mode) for row in rows)


def unread(op: Conv | Pool, shape: Shape) -> tuple[int, ...]:
    """How many rows, columns, … at the end of the input no window reads, gaps aside."""
    if op.stride == 1:  # every window begins where the next row does
        return (0,) * op.ndim
    rows = zip(shape[1:], windows(op), strict=True)
    return tuple(_unread(size, *window) for size, window in rows)


def _unread(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil: bool) -> int:
    if stride == 1:
        return 0
    count = pooled_size(size, kernel, stride, pad, dilation, ceil)
    reach = dilation * (kernel - 1) + 1
    last = (count - 1) * stride - pad + reach  # the end of the last window
    left = size - last
    return left if left > max(0, stride - reach) else 0


def _said(left: tuple[int, ...]) -> str:
    """`are the last row and 2 columns`."""
    parts = [
        _LINES[axis] if count == 1 else f"{count} {_LINES[axis]}s"
        for axis, count in zip(AXES[len(left)], left, strict=True)
        if count
    ]
    verb = "is" if len(parts) == 1 and max(left) == 1 else "are"
    return f"{verb} the last {' and '.join(parts)}"


def _finding(flow: Flow, step: FlowStep, left: tuple[int, ...], others: list[Note]) -> Diagnostic:
    op, shape = step.op, step.layer.inputs[0]
    assert isinstance(op, Conv | Pool)
    verb, _, lines = _said(left).partition(" ")
    message = f"{lines} of the {text(shape[1:])} input {verb} never read"
    hints = []
    better = _better_sizes(flow)
    if better:
        sizes = " or ".join(text((n,) * (len(flow.network.input_shape) - 1)) for n in better)
        hints.append(f"an input of {sizes} is read whole")
    mend = _mend(op, shape)
    if mend:
        hints.append(f"`{mend}` reads them here")
    span = flow.place(step.layer, "stride", "kernel_size")
    notes = (*provenance(step.layer), *others)
    return Diagnostic("NS603", message, span, notes, "; or ".join(hints) or None)


def _mend(op: Conv | Pool, shape: Shape) -> str | None:
    """The argument that makes the layer read all of this input."""
    if isinstance(op, Pool) and not op.ceil_mode:
        ceil = type(op)(**{**op.values, "ceil_mode": True})
        if not any(unread(ceil, shape)):
            return "ceil_mode: true"
    now = getattr(op, "padding", None)
    if not isinstance(now, int):
        return None
    for padding in range(now + 1, min(ntuple(op.kernel_size, op.ndim)) // 2 + 1):
        if not any(unread(type(op)(**{**op.values, "padding": padding}), shape)):
            return f"padding: {padding}"
    return None


def _better_sizes(flow: Flow) -> list[int]:
    """The nearest larger and smaller square input of which every layer reads all."""
    own = flow.network.input_shape
    if (
        len(flow.network.inputs) > 1
        or len(set(own[1:])) != 1
        or len(flow.steps) * SEARCH * 2 > BUDGET
    ):
        return []
    ops = {id(step.op): step.op for step in flow.steps}
    n = own[1]
    found = []
    for candidates in (range(n + 1, n + SEARCH), range(n - 1, max(n - SEARCH, 0), -1)):
        for size in candidates:
            if _reads_all(flow, ops, (own[0], *(size,) * (len(own) - 1))):
                found.append(size)
                break
    return found


def _reads_all(flow: Flow, ops: dict[int, Op], shape: Shape) -> bool:
    memo: Memo = {}
    try:
        output_shape(flow.network.root, (shape,), memo)
    except Refusal:
        return False
    for place, inputs in memo:
        op = ops.get(place)
        if isinstance(op, Conv | Pool) and any(unread(op, inputs[0])):
            return False
    return True
