"""Modules put where `state_dict` has them, in holders if their names have dots. Imports torch."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from netspec.compiler.analysis.holders import Held
from netspec.compiler.ir import Layer

Made = Mapping[str, nn.Module | Tensor]
"""The modules and tensors of a container by the names of their layers."""


def put(module: nn.Module, children: Held, made: Made) -> None:
    """Register what is `made` in `module`, and in holders made for it."""
    for name, child in children.items():
        found = made[child.name] if isinstance(child, Layer) else _holder(child, made)
        if isinstance(found, nn.Parameter):
            module.register_parameter(name, found)
        elif isinstance(found, Tensor):
            kept = isinstance(child, Layer) and child.op is not None and bool(child.op.buffers())
            module.register_buffer(name, found, persistent=kept)
        else:
            module.add_module(name, found)


def _holder(children: Held, made: Made) -> nn.Module:
    """A list of modules or of tensors where they are numbered in order, else a plain module."""
    holder = nn.Module()
    put(holder, children, made)
    if list(children) == [str(i) for i in range(len(children))]:
        if not holder._parameters and not holder._buffers:
            return nn.ModuleList(holder.children())
        if not holder._modules and not holder._buffers:
            return nn.ParameterList(holder.parameters())
    return holder
