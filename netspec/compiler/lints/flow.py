"""A network as one flat graph of the layers that compute, which is what lints look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netspec.compiler import ir
from netspec.compiler.interpret import interpret, returned
from netspec.compiler.ir import INPUT, Layer, Output
from netspec.compiler.language.document import Document, Entry
from netspec.compiler.language.silenced import silenced
from netspec.diagnostics import Note, Span
from netspec.ops.base import Op
from netspec.source import Mapping, Scalar

if TYPE_CHECKING:
    from netspec.compiler.ir import NetworkIR

PASSING: Final = frozenset({"Identity", "Flatten"})
"""Layers that hand every number on as it is."""


class FlowStep(NamedTuple):
    """One run of a layer that computes.

    `module` is the path of the module that runs, which several steps share where one is called
    again; `sources` are the indices of earlier steps, or `INPUT`.
    """

    layer: Layer
    op: Op
    module: str
    sources: tuple[int, ...]
    training_only: bool

    @property
    def kind(self) -> str:
        """The op's name."""
        return type(self.op).__name__

    @property
    def span(self) -> Span:
        """Where the layer is written."""
        return self.layer.span


class Flow:
    """Every step in the order in which it runs, training-only ones included, and its users."""

    def __init__(self, network: NetworkIR) -> None:
        self.network = network
        self.steps: list[FlowStep] = []
        self._makers: dict[int, int] = {}
        root = network.root
        inputs = tuple(INPUT - i for i in range(len(network.inputs)))
        values = self._within(root, inputs, "", False)
        self.outputs: list[tuple[Output, int]] = [
            (output, values[output.source]) for output in network.output_list
        ]
        self.users: list[list[int]] = [[] for _ in self.steps]
        for i, step in enumerate(self.steps):
            for source in step.sources:
                if source >= 0:
                    self.users[source].append(i)
        self.is_output = {source for _, source in self.outputs}

    def _run(self, layer: Layer, inputs: tuple[int, ...], module: str, training: bool) -> Any:
        training = training or layer.training_only
        if layer.op is not None:
            self.steps.append(FlowStep(layer, layer.op, module, inputs, training))
            step = len(self.steps) - 1
            return (step,) * len(layer.outputs) if layer.outputs else step
        return returned(layer, self._within(layer, inputs, module, training))

    def _within(
        self, layer: Layer, inputs: tuple[int, ...], module: str, training: bool
    ) -> dict[int, int]:
        def call(child: Layer, given: tuple[int, ...]) -> Any:
            owner = layer.children[child.target] if child.kind == "call" else child
            path = f"{module}.{owner.name}" if module else owner.name
            return self._run(child, given, path, training)

        return interpret(layer, inputs, call)

    @cached_property
    def live(self) -> set[int]:
        """The steps of which an output depends."""
        found: set[int] = set()
        todo = [source for _, source in self.outputs]
        while todo:
            at = todo.pop()
            if at >= 0 and at not in found:
                found.add(at)
                todo += self.steps[at].sources
        return found

    def maker(self, source: int) -> int:
        """The step that made a value, looked for through layers that only hand it on."""
        return self.behind(source, _passes, self._makers)

    def behind(
        self, source: int, skipped: Callable[[FlowStep], bool], known: dict[int, int]
    ) -> int:
        """The last step before `source`, itself counted, that is not skipped.

        What is found is kept in `known`, so that no chain is walked for each of its readers.
        """
        found = source
        while found >= 0 and skipped(self.steps[found]):
            found = known.get(found, self.steps[found].sources[0])
        if found != source:
            known[source] = found
        return found

    @cached_property
    def modules(self) -> dict[str, list[int]]:
        """The steps that each module runs."""
        found: dict[str, list[int]] = {}
        for i, step in enumerate(self.steps):
            found.setdefault(step.module, []).append(i)
        return found

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        return {source.name: source.text.split("\n") for source in self.network.document.sources}

    def ignores(self, code: str, span: Span) -> bool:
        """Whether a comment on the line silences the code there."""
        lines = self._lines.get(span.file, [])
        if not 0 < span.line <= len(lines):
            return False
        return code in silenced(lines[span.line - 1])

    @cached_property
    def _entries(self) -> dict[Span, Entry]:
        return entries(self.network.document)

    def place(self, layer: Layer, *arguments: str) -> Span:
        """Where the first of these arguments of a layer is written, or else the layer's name."""
        entry = self._entries.get(layer.span)
        args = entry.args if entry is not None else None
        for name in arguments:
            if isinstance(args, Mapping) and name in args.items:
                return args.items[name].span
            if isinstance(args, Scalar) and layer.op is not None and layer.op.bare == name:
                return args.span
        return layer.span


def _passes(step: FlowStep) -> bool:
    return step.kind in PASSING


def provenance(layer: Layer) -> tuple[Note, ...]:
    """The note that names a layer that came through blocks, and the block's use."""
    return ir.provenance(layer.expanded_from, layer.path)


def entries(document: Document) -> dict[Span, Entry]:
    """Every entry of a spec by its place."""
    found: dict[Span, Entry] = {}
    todo = [document.layers, *(block.body for block in document.blocks.values())]
    while todo:
        entry = todo.pop()
        found[entry.span] = entry
        todo += [child.entry for child in (*entry.children, *(entry.branches or ()))]
    return found
