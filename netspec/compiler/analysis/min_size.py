"""The least input size for which every layer works, found from the shape rules alone."""

from __future__ import annotations

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
_PROBE: Final = 20
"""Steps of one size, beside those of the layers."""
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
        self.remade: dict[tuple[int, tuple[Shape, ...]], Layer | SpecError] = {}
        self.known: dict[int, str | None] = {}

    def problem(self, n: int) -> str | None:
        """The code of the first refusal on an input of this size, or None.

        Raises `TooMuchWork`.
        """
        if n not in self.known:
            self.known[n] = self._tried(n)
        return self.known[n]

    def _tried(self, n: int) -> str | None:
        self.work.spend(_PROBE)
        shape = self.network.input_shape
        square = (shape[0], *(n,) * (len(shape) - 1))
        try:
            output_shape(self.network.root, (square,), self.memo, self._again, self.work)
        except Varies:
            return self._expanded(square)
        except SpecError as found:
            return found.diagnostics[0].code
        except Refusal as refusal:
            return refusal.code
        return None

    def _again(self, layer: Layer, block_inputs: tuple[Shape, ...]) -> Layer:
        """A block made again for other inputs. Raises `SpecError` and `TooMuchWork`."""
        key = (id(layer.origin), block_inputs)
        if key not in self.remade:
            try:
                made = expand_block(self.network.document, layer, block_inputs, self.work)
                self.remade[key] = made
            except SpecError as problem:
                self.remade[key] = problem
            self.work.spend(0)
        found = self.remade[key]
        if isinstance(found, SpecError):
            raise found
        return found

    def _expanded(self, shape: Shape) -> str | None:
        """The code of the first finding when the whole spec is expanded on this input, or None."""
        network = self.network
        try:
            inputs = (network.inputs[0]._replace(shape=shape),)
            expand(network.document, network.params, inputs, first=True, work=self.work)
        except SpecError as found:
            self.work.spend(0)
            return found.diagnostics[0].code
        return None


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
    most = max(network.input_shape[1:])
    search = _Search(network)
    low = 1  # every size below is known to fail
    try:
        if not _asks_for_size(network.root):
            high = 1
            while high < most and search.problem(high) == "NS402":  # small ones fail at once
                low, high = high + 1, min(2 * high, most)
            while low < high:
                middle = (low + high) // 2
                if search.problem(middle) == "NS402":
                    low = middle + 1
                else:
                    high = middle
        last = min(most, low + _TRIES)
        while low <= last:
            if search.problem(low) is None:
                return LeastInput(low)
            low += 1
    except TooMuchWork:
        last = -1
    return LeastInput(None) if last == most else LeastInput(None, low - 1)


def _asks_for_size(root: Layer) -> bool:
    """Whether an expression uses a size of an input that is not its channels."""
    asking = [layer for layer in walk(root) if layer.size_dependencies]
    return any(name != "channels" for layer in asking for _, name, _ in layer.size_dependencies)
