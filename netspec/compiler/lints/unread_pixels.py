"""NS603: a strided layer whose last window ends before its input does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import Flow, Step, came
from netspec.compiler.network import INPUT
from netspec.compiler.propagate import Memo, output_shape
from netspec.diagnostics import Diagnostic
from netspec.ops.base import AXES, Refusal, Shape, spread, text
from netspec.ops.conv import Conv
from netspec.ops.pool import Pool, pooled_size

SEARCH: Final = 32
"""How far from the spec's own input size a better one is looked for."""

BUDGET: Final = 20_000
"""How many layers that search may look at, so that it stays fast in a deep network."""

_LINES: Final = {"height": "row", "width": "column", "depth": "slice", "length": "position"}


def unread_pixels(flow: Flow) -> Iterator[Diagnostic]:
    """Look at each strided convolution and pool.

    Between windows, a stride larger than the window leaves gaps everywhere; only what is left at
    the end beyond such a gap is a surprise.
    """
    for step in flow.steps:
        if isinstance(step.op, Conv | Pool):
            left = unread(step.op, step.layer.inputs[0])
            if any(left):
                yield _finding(flow, step, left)


def windows(op: Conv | Pool) -> tuple[tuple[int, int, int, int, bool], ...]:
    """Kernel, stride, leading padding and dilation of each spatial dimension, and `ceil_mode`."""
    n = op.ndim
    kernels = spread(op.kernel_size, n)
    if isinstance(op, Conv):
        pads = tuple(before for before, _ in op.pads())
        rows = zip(kernels, spread(op.stride, n), pads, spread(op.dilation, n), strict=True)
        return tuple((*row, False) for row in rows)
    strides = kernels if op.stride is None else spread(op.stride, n)
    rows = zip(kernels, strides, op.pads(), op.dilations(), strict=True)
    return tuple((*row, op.ceil_mode) for row in rows)


def unread(op: Conv | Pool, shape: Shape) -> tuple[int, ...]:
    """How many rows, columns, … at the end of the input no window reads, gaps aside."""
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


def _finding(flow: Flow, step: Step, left: tuple[int, ...]) -> Diagnostic:
    op, shape = step.op, step.layer.inputs[0]
    assert isinstance(op, Conv | Pool)
    axes = AXES[len(left)]
    parts = [
        f"{_LINES[axis]}" if count == 1 else f"{count} {_LINES[axis]}s"
        for axis, count in zip(axes, left, strict=True)
        if count
    ]
    verb = "is" if len(parts) == 1 and max(left) == 1 else "are"
    size = text(shape[1:])
    message = f"the last {' and '.join(parts)} of the {size} input {verb} never read"
    hints = []
    better = _better_sizes(flow, step)
    if better:
        hints.append("an input of " + " or ".join(f"{n}×{n}" if len(left) == 2 else
                     text((n,) * len(left)) for n in better) + " is read whole")  # fmt: skip
    mend = _mend(op, shape)
    if mend:
        hints.append(f"`{mend}` reads them here")
    span = flow.place(step.layer, "stride", "kernel_size")
    hint = "; or ".join(hints) or None
    return Diagnostic("NS603", message, span, came(step.layer), hint)


def _mend(op: Conv | Pool, shape: Shape) -> str | None:
    """The argument that makes the layer read all of this input."""
    if isinstance(op, Pool) and not op.ceil_mode:
        ceil = type(op)(**{**op.values, "ceil_mode": True})
        if not any(unread(ceil, shape)):
            return "ceil_mode: true"
    now = getattr(op, "padding", None)
    if not isinstance(now, int):
        return None
    for padding in range(now + 1, min(spread(op.kernel_size, op.ndim)) // 2 + 1):
        if not any(unread(type(op)(**{**op.values, "padding": padding}), shape)):
            return f"padding: {padding}"
    return None


def _better_sizes(flow: Flow, step: Step) -> list[int]:
    """The nearest larger and smaller square input for which this layer reads all of its own."""
    network = flow.network
    own = network.input_shape
    if len(set(own[1:])) != 1 or not isinstance(step.op, Conv | Pool):
        return []
    n = own[1]
    direct = step.sources == (INPUT,)
    if not direct and len(flow.steps) * SEARCH * 2 > BUDGET:
        return []
    memo: Memo = {}
    found = []
    for candidates in (range(n + 1, n + SEARCH), range(n - 1, max(n - SEARCH, 0), -1)):
        for size in candidates:
            shape = (own[0], *(size,) * (len(own) - 1))
            if _reads_all(flow, step, shape, memo, direct):
                found.append(size)
                break
    return found


def _reads_all(flow: Flow, step: Step, shape: Shape, memo: Memo, direct: bool) -> bool:
    assert isinstance(step.op, Conv | Pool)
    if direct:
        try:
            step.op.infer(shape)
        except Refusal:
            return False
        return not any(unread(step.op, shape))
    try:
        output_shape(flow.network.root, (shape,), memo)
    except Refusal:
        return False
    seen = [inputs[0] for op, inputs in memo if op == id(step.op)]
    return bool(seen) and not any(unread(step.op, seen[-1]))
