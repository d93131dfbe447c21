"""The least input size for which every layer works, found from the shape rules alone."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from netspec.compiler.analysis.propagate import Memo, Varies, output_shape
from netspec.compiler.expanding.expand import expand, expand_block
from netspec.compiler.ir import Layer, walk
from netspec.compiler.language.work import TooMuchWork, Work
from netspec.diagnostics import SpecError
from netspec.ops.base import Refusal, Shape

if TYPE_CHECKING:
    from netspec.compiler.ir import NetworkIR

_WORK: Final = 500_000
"""Steps that the search may take."""
_TRIES: Final = 700
"""How many sizes are tried one after another."""


class LeastInput(NamedTuple):
    """The least size that works; or, where the search ended without one, that no size up to
    `above` does."""

    size: int | None
    above: int | None = None


class _Search:
    """Sizes tried on one network, within a budget of work."""

    def __init__(self, network: NetworkIR) -> None:
        self.network = network
        self.work = Work(_WORK)
        self.memo: Memo = {}
        self.remade: dict[tuple[int, tuple[Shape, ...]], Layer] = {}
        self.known: dict[int, str | None] = {}
        self.above = 0
        """No size up to this one works."""

    def windows_fit(self, n: int) -> bool:
        """Whether no window is larger than what it is given; else no size up to n works."""
        if self.problem(n) == "NS402":
            self.above = n
            return False
        return True

    def problem(self, n: int) -> str | None:
        """The code of the first refusal on an input of this size, or None.

        Raises `TooMuchWork`.
        """
        if n not in self.known:
            found = self._tried(n)
            if self.work.overspent:  # then a finding may say nothing but that
                raise TooMuchWork
            self.known[n] = found
        return self.known[n]

    def _tried(self, n: int) -> str | None:
        channels, *sizes = self.network.input_shape
        try:
            self._run((channels, *[n for _ in sizes]))
        except SpecError as found:
            (first,) = found.diagnostics
            return first.code
        except Refusal as refusal:
            return refusal.code
        return None

    def _run(self, shape: Shape) -> None:
        """Raises `Refusal` or `SpecError` where the network does not take this input."""
        network = self.network
        try:
            output_shape(network.root, (shape,), self.memo, self._again, self.work)
        except Varies:
            inputs = (network.inputs[0]._replace(shape=shape),)
            expand(network.document, network.params, inputs, first=True, work=self.work)

    def _again(self, layer: Layer, block_inputs: tuple[Shape, ...]) -> Layer:
        """A block made again for other inputs. Raises `SpecError`."""
        key = (id(layer.origin), block_inputs)
        if key not in self.remade:
            made = expand_block(self.network.document, layer, block_inputs, self.work)
            self.remade[key] = made
        return self.remade[key]


def least_input(network: NetworkIR) -> LeastInput:
    """The least n for which an input of `(channels, n, n)`, or `(channels, n)`, works.

    Where no expression asks for a size, windows that do not fit are monotone: a size that fails
    so fails for every smaller one. So a bisection on those gives a lower bound, and a walk upwards
    from there, which also sees joins that disagree, gives the answer. Other networks are walked
    from 1. None where the input has no spatial dimensions, where there are several inputs, or
    where no size up to its own works.
    """
    if len(network.inputs) > 1 or len(network.input_shape) < 2:
        return LeastInput(None)
    sizes = range(1, max(network.input_shape[1:]) + 1)
    search = _Search(network)
    try:
        if not _asks_for_size(network.root) and not search.windows_fit(1):
            bisect_left(sizes, True, key=search.windows_fit)
        for n in sizes[search.above :][:_TRIES]:
            if search.problem(n) is None:
                return LeastInput(n)
            search.above = n
    except TooMuchWork:
        pass
    return LeastInput(None) if search.above == len(sizes) else LeastInput(None, search.above)


def _asks_for_size(root: Layer) -> bool:
    """Whether an expression uses a size of an input that is not its channels."""
    asked = {name for layer in walk(root) for _, name, _ in layer.size_dependencies}
    return not asked <= {"channels"}
