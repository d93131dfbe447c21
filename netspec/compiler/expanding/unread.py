"""Layers whose value reaches no output: they are made, and never run."""

from __future__ import annotations

from netspec.compiler.ir import Layer, changed, sibling, walk


def without_unread(layer: Layer, needed: tuple[int, ...], unread: list[Layer]) -> Layer:
    """The container, in which each layer that does not run is marked so.

    `needed` are the sources that the container gives. A layer runs where one of them depends on
    it; a plugin's does in any case, since it may do more than give a value. Those whose value
    nobody takes at all are added to `unread`.
    """
    children = layer.children
    read = set(needed)
    replaced: dict[int, Layer] = {}
    for index, child in enumerate(children):
        read.update(child.sources)
        if child.children:
            made = without_unread(child, child.results or (child.result,), unread)
            if made is not child:
                replaced[index] = made
    if not read.issuperset(range(len(children))):
        for index, made in _not_running(layer, needed, replaced):
            replaced[index] = made
        taken = set(map(sibling, read))
        unread += [replaced.get(i, c) for i, c in enumerate(children) if i not in taken]
    if not replaced:
        return layer
    return changed(layer, children=tuple([replaced.get(i, c) for i, c in enumerate(children)]))


def _not_running(
    layer: Layer, needed: tuple[int, ...], replaced: dict[int, Layer]
) -> list[tuple[int, Layer]]:
    """The children on which nothing that is needed depends, marked."""
    live = set(map(sibling, needed))
    found: list[tuple[int, Layer]] = []
    for index in range(len(layer.children) - 1, -1, -1):
        child = replaced.get(index, layer.children[index])
        if index in live or _has_effect(child):
            live.update(map(sibling, child.sources))
        else:
            found.append((index, changed(child, runs=False)))
    return found


def _has_effect(layer: Layer) -> bool:
    return any(found.op is not None and found.op.foreign for found in walk(layer))
