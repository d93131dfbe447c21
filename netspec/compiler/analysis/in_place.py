"""Which values a layer may overwrite."""

from __future__ import annotations

from collections.abc import Collection

from netspec.compiler.analysis.state import is_tensor
from netspec.compiler.ir import Layer


def sole_reader(layer: Layer, needed: Collection[int]) -> frozenset[int]:
    """The sources that one child of `layer` alone reads, and that are new tensors, no views.

    To overwrite any other would change what somebody else reads. `needed` are the sources that
    the network gives out.
    """
    readers: dict[int, list[int]] = {}
    for i, child in enumerate(layer.children):
        if child.runs:
            for source in child.sources:
                readers.setdefault(source, []).append(i)
    called = {child.target for child in layer.children if child.kind == "call"}
    kept = {layer.result, *layer.results, *needed}
    return frozenset(
        i
        for i, child in enumerate(layer.children)
        if child.op is not None
        and child.op.parameters(*child.inputs)
        and not is_tensor(child)
        and not child.outputs
        and i not in kept
        and len(readers.get(i, ())) == 1
        and called.isdisjoint(readers[i])
    )


def overwrites(layer: Layer, sole_readers: frozenset[int]) -> bool:
    """Whether `layer`, whose parent owns these sources, works in its input's memory."""
    asked = layer.op is not None and layer.op.overwrites
    return asked and sole_readers.issuperset(layer.sources)
