"""The module that a container becomes where `nn.Sequential` cannot say it. Imports torch."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class GraphStep(NamedTuple):
    """One step of a forward pass: run the child `name` on the values at `sources`.

    Values are numbered: first the outer values that the container reads, the last of them first,
    then its own input, and each step adds one; one whose module gives a tuple adds all `outputs`
    of it. `done` are the values that no later step needs.
    """

    name: str
    sources: tuple[int, ...]
    done: tuple[int, ...]
    training_only: bool
    outputs: int = 0


class NamedValue(NamedTuple):
    """One named output, the value that it is, and whether only training has it."""

    name: str
    value: int
    training_only: bool


class Graph(nn.Module):
    """Children by their names in the spec, and the steps that run them.

    `forward` takes `(N, *input_shape)` and gives `(N, *output_shape)`. A network with several
    named outputs gives a dict of them; in eval mode, those that only training has are left out,
    and a single one comes without the dict.
    """

    def __init__(
        self,
        steps: tuple[GraphStep, ...],
        result: int,
        outputs: tuple[NamedValue, ...],
        results: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self._results = results
        self._steps = steps
        self._result = result
        self._outputs = outputs

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        """Run the steps in order."""
        return self._run([x], x)

    def _run(self, values: list[Tensor | None], x: Tensor) -> Tensor | dict[str, Tensor]:
        modules = self._with_held() if self._held else self._modules
        training = self.training
        for name, sources, done, training_only, outputs in self._steps:
            if training_only and not training:
                values += [None] * (outputs or 1)
                continue
            if outputs:
                values += modules[name](*[values[s] for s in sources])  # type: ignore[misc]
            elif len(sources) == 1:
                values.append(modules[name](values[sources[0]]))  # type: ignore[misc]
            elif sources:
                values.append(modules[name](*[values[s] for s in sources]))  # type: ignore[misc]
            else:
                values.append(self._tensor(name, x))
            for index in done:  # as a hand-written forward lets go of what it no longer needs
                values[index] = None
        if self._outputs:
            return self._named(values)
        if self._results:
            return tuple([values[at] for at in self._results])  # type: ignore[return-value]
        return values[self._result]  # type: ignore[return-value]

    def _tensor(self, name: str, x: Tensor) -> Tensor:
        """A tensor of this container; one of `_batched` is given to each sample of `x`."""
        holder, _, own = name.rpartition(".")
        module = self.get_submodule(holder) if holder else self
        tensor = module._parameters[own] if own in module._parameters else module._buffers[own]
        assert tensor is not None
        if name in self._batched:
            return tensor.expand(x.shape[0], *self._batched[name])
        return tensor

    _batched: dict[str, tuple[int, ...]] = {}  # noqa: RUF012 - never changed

    _held: tuple[str, ...] = ()
    """The names with dots: of modules that stand in holders."""

    def _with_held(self) -> dict[str, nn.Module | None]:
        """The children by their names in the spec, those in holders too."""
        held = {name: self.get_submodule(name) for name in self._held}
        return {**self._modules, **held}

    def _named(self, values: list[Tensor | None]) -> Tensor | dict[str, Tensor]:
        found = {
            name: values[value]
            for name, value, training_only in self._outputs
            if self.training or not training_only
        }
        if len(found) == 1 and not self.training:
            return next(iter(found.values()))  # type: ignore[return-value]
        return found  # type: ignore[return-value]


class OpenGraph(Graph):
    """A graph of several inputs: those of its block, and values around it that it reads."""

    def forward(self, x: Tensor, *outer: Tensor) -> Tensor | dict[str, Tensor]:
        """Run the steps in order; `outer` are the inputs after the first."""
        return self._run([*reversed(outer), x], x)


class InputsGraph(Graph):
    """A network of several inputs, given by place or by name."""

    def __init__(
        self,
        steps: tuple[GraphStep, ...],
        result: int,
        outputs: tuple[NamedValue, ...],
        inputs: tuple[str, ...],
    ) -> None:
        super().__init__(steps, result, outputs)
        self._inputs = inputs

    def forward(self, *given: Tensor, **named: Tensor) -> Tensor | dict[str, Tensor]:
        """Run the steps in order. Raises `TypeError` for inputs too few, too many or unknown."""
        if named or len(given) != len(self._inputs):
            given = self._by_name(given, named)
        return self._run([*reversed(given)], given[0])

    def _by_name(self, given: tuple[Tensor, ...], named: dict[str, Tensor]) -> tuple[Tensor, ...]:
        rest = self._inputs[len(given) :]
        if len(given) > len(self._inputs) or set(named) != set(rest):
            takes = ", ".join(self._inputs)
            got = ", ".join([*("a tensor" for _ in given), *named]) or "nothing"
            raise TypeError(f"the network takes the inputs {takes}, and was given {got}")
        return (*given, *(named[name] for name in rest))
