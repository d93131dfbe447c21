"""What torch lists of a container: its layers, those with dots in their names within holders."""

from __future__ import annotations

from netspec.compiler.ir import Layer

Held = dict[str, "Layer | Held"]
"""Layers and further holders by their names, in the order in which torch lists them."""


def held(layer: Layer) -> Held:
    """The children of a container that are modules or tensors, each in its holder.

    `convs.0` stands as `0` in the holder `convs`; holders are listed where their first layer is.
    """
    found: Held = {}
    for child in layer.listed:
        if child.kind == "call":
            continue
        *holders, name = child.name.split(".")
        into = found
        for holder in holders:
            inner = into.setdefault(holder, {})
            assert isinstance(inner, dict)  # a layer and a holder have different names
            into = inner
        into[name] = child
    return found
