"""The names and shapes of `state_dict()`, from the layers alone."""

from __future__ import annotations

from netspec.compiler.analysis.holders import Held, held
from netspec.compiler.ir import Layer
from netspec.ops.base import Shape


def state_shapes(root: Layer) -> dict[str, Shape]:
    """Every parameter and buffer by its name, in the order in which torch lists them."""
    found: dict[str, Shape] = {}
    _collect(root, found)
    return found


def _collect(layer: Layer, found: dict[str, Shape]) -> None:
    if layer.kind == "call":
        return
    if layer.op is None:
        _collect_held(held(layer), found)
        return
    parameters = layer.op.parameters(*layer.inputs)
    buffers = layer.op.buffers(*layer.inputs)
    named = {**parameters, **buffers}
    for name in _module_by_module(list(named)):
        found[f"{layer.path}.{name}" if name else layer.path] = named[name]


def _module_by_module(names: list[str]) -> list[str]:
    """Names of tensors as torch lists them: a module's own, then those of each module in it."""
    own = [name for name in names if "." not in name]
    within: dict[str, list[str]] = {}
    for name in names:
        module, dot, rest = name.partition(".")
        if dot:
            within.setdefault(module, []).append(rest)
    inner = [f"{m}.{name}" for m, rest in within.items() for name in _module_by_module(rest)]
    return own + inner


def _collect_held(children: Held, found: dict[str, Shape]) -> None:
    """A module's own tensors first, then the modules and holders within it."""
    modules: list[Layer | Held] = []
    buffers: list[Layer] = []
    for child in children.values():
        if not (isinstance(child, Layer) and is_tensor(child)):
            modules.append(child)
        elif child.op is not None and child.op.parameters():
            _collect(child, found)
        else:
            buffers.append(child)
    for child in (*buffers, *modules):
        if isinstance(child, Layer):
            _collect(child, found)
        else:
            _collect_held(child, found)


def is_tensor(layer: Layer) -> bool:
    """Whether the layer is a tensor of its container (`Parameter`, `Buffer`), and no module."""
    return layer.op is not None and not any(layer.op.arity)
