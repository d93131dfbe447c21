"""The least input size for which every layer works, found from the shape rules alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.compiler.propagate import Memo, Varies, output_shape
from netspec.diagnostics import SpecError
from netspec.ops.base import Refusal, Shape

if TYPE_CHECKING:
    from netspec.compiler.network import Network


def min_input_size(network: Network) -> int | None:
    """The least n for which an input of `(channels, n, n)`, or `(channels, n)`, works.

    Windows that do not fit are monotone: a size that fails so fails for every smaller one. So
    a bisection on those gives a lower bound, and a walk upwards from there, which also sees
    joins that disagree, gives the answer. None where the input has no spatial dimensions.
    """
    shape = network.input_shape
    if len(shape) < 2:
        return None
    most = max(shape[1:])
    memo: Memo = {}

    def problem(n: int) -> str | None:
        square = (shape[0], *(n,) * (len(shape) - 1))
        return _rerun(network, square, memo)

    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if problem(middle) == "NS402":
            low = middle + 1
        else:
            high = middle
    for n in range(low, most + 1):
        if problem(n) is None:
            return n
    return None


def _expanded(network: Network, shape: Shape) -> str | None:
    """The code of the first finding when the whole spec is expanded on this input, or None."""
    from netspec.compiler.expand import expand

    try:
        expand(network.document, network.params, shape)
    except SpecError as found:
        return found.diagnostics[0].code
    return None


def _rerun(network: Network, shape: Shape, memo: Memo) -> str | None:
    """The code of the first refusal on this input, or None."""
    try:
        output_shape(network.root, (shape,), memo)
    except Varies:
        return _expanded(network, shape)
    except Refusal as refusal:
        return refusal.code
    return None
