"""Weights that two layers share, made one tensor. Imports torch."""

from __future__ import annotations

from torch import nn

from netspec.compiler.ir import Layer


def tie(module: nn.Module, layer: Layer) -> None:
    """Give every tied layer of the network the weight of the other, before weights are drawn."""
    todo = [layer]
    while todo:
        found = todo.pop()
        if found.kind == "call":
            continue
        if found.tied:
            shared = module.get_submodule(found.tied).weight
            module.get_submodule(found.path).weight = shared
        todo += found.children
