"""The least input size for which every layer works, found from the shape rules alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from netspec.compiler.analysis.propagate import Again, Memo, Varies, output_shape
from netspec.compiler.expanding.expand import expand, expand_block
from netspec.compiler.ir import Layer
from netspec.diagnostics import SpecError
from netspec.ops.base import Refusal, Shape

if TYPE_CHECKING:
    from netspec.compiler.ir import NetworkIR

_WORK: Final = 300_000
"""How many layers the walk may look at."""
_SMALL: Final = 3_000
"""Networks of fewer layers are walked in full."""
_TRIES: Final = (32, 700)


def min_input_size(network: NetworkIR) -> int | None:
    """The least n for which an input of `(channels, n, n)`, or `(channels, n)`, works.

    Windows that do not fit are monotone: a size that fails so fails for every smaller one. So
    a bisection on those gives a lower bound, and a walk upwards from there, which also sees
    joins that disagree, gives the answer. None where the input has no spatial dimensions, or
    where that walk would be too long.
    """
    shape = network.input_shape
    if len(shape) < 2:
        return None
    most = max(shape[1:])
    memo: Memo = {}
    remade: dict[tuple[int, Shape], Layer | SpecError] = {}

    def again(layer: Layer, block_input: Shape) -> Layer:
        key = (id(layer.origin), block_input)
        if key not in remade:
            try:
                remade[key] = expand_block(network.document, layer, block_input)
            except SpecError as problem:
                remade[key] = problem
        made = remade[key]
        if isinstance(made, SpecError):
            raise made
        return made

    @cache
    def problem(n: int) -> str | None:
        square = (shape[0], *(n,) * (len(shape) - 1))
        return _rerun(network, square, memo, again)

    low, high = 1, 1
    while high < most and problem(high) == "NS402":  # small sizes are refused at once, so first
        low, high = high + 1, min(2 * high, most)
    while low < high:
        middle = (low + high) // 2
        if problem(middle) == "NS402":
            low = middle + 1
        else:
            high = middle
    for n in range(low, min(most, low + _tries(network)) + 1):
        if problem(n) is None:
            return n
    return None


def _tries(network: NetworkIR) -> int:
    """How many sizes to walk over, so that neither a deep network nor a long input takes long."""
    least, most = _TRIES
    return most if len(network.layers) <= _SMALL else max(least, _WORK // len(network.layers))


def _expanded(network: NetworkIR, shape: Shape) -> str | None:
    """The code of the first finding when the whole spec is expanded on this input, or None."""
    try:
        expand(network.document, network.params, shape, first=True)
    except SpecError as found:
        return found.diagnostics[0].code
    return None


def _rerun(network: NetworkIR, shape: Shape, memo: Memo, again: Again) -> str | None:
    """The code of the first refusal on this input, or None."""
    try:
        output_shape(network.root, (shape,), memo, again)
    except Varies:
        return _expanded(network, shape)
    except SpecError as found:
        return found.diagnostics[0].code
    except Refusal as refusal:
        return refusal.code
    return None
