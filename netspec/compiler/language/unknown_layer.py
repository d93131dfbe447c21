"""A layer that there is not: what it is called in other tools, or which was meant.

The tables of other tools are loaded with this file, which is why it is imported for a finding only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from netspec.compiler.language import foreign_names as foreign
from netspec.compiler.language.names import layer_like
from netspec.compiler.language.python_code import entries_of_code
from netspec.compiler.language.said import said
from netspec.compiler.language.translation import changed, layer_entries, layer_names
from netspec.diagnostics import Diagnostic, Span
from netspec.ops import OPS
from netspec.source import Node


def unknown_layer(
    name: str, span: Span, blocks: tuple[str, ...], value: Node | None = None, ndim: int = 2
) -> Diagnostic:
    """NS205, with the layers that another tool calls so, or the nearest layer or block.

    `value` holds the arguments, where there are some; `ndim` is the number of spatial dimensions.
    """
    return Diagnostic(
        "NS205", f"there is no layer {said(name)}", span, (), _hint(name, blocks, value, ndim)
    )


def _hint(name: str, blocks: tuple[str, ...], value: Node | None, ndim: int) -> str:
    if "(" in name:
        entries = entries_of_code(name, ndim)
        if entries:
            return write(entries)
    base = name.split("(")[0].rpartition(".")[2]  # of `nn.ReLU` and `Conv2d(8, 3)`
    declared = [block for block in blocks if block.lower() == base.lower()]
    hint = None if declared else foreign_hint(base, value, ndim)
    if hint and "(" not in name:
        return hint
    near = layer_like(base, (*blocks, "Sequential"), name)
    if near is not None and near[-2:] in ("1d", "2d", "3d") and not re.search("[123]", base):
        fitting = f"{near[:-2]}{ndim}d"
        near = fitting if fitting in OPS else near
    if near and "(" in name:
        return f"write its arguments as a mapping: `{near}: {{…}}`"
    if near:
        return f"did you mean `{near}`?"
    if name[:1].islower():
        return "a layer's name is PascalCase, as torch writes it: `ReLU`"
    return "`netspec ops` lists the layers; declare one of your own under `blocks:`"


def write(entries: Iterable[str]) -> str:
    """The hint that offers entries."""
    return "write " + ", then ".join(f"`{entry}`" for entry in entries)


def foreign_hint(name: str, value: Node | None, ndim: int) -> str | None:
    """How another tool's layer is written here; None for a name that no tool has."""
    if name == "avgpool" and value is None:  # Darknet's has no window: it is the global one
        return write((f"AdaptiveAvgPool{ndim}d: 1", "Flatten"))
    if foreign.folded(name) in foreign.NEEDLESS:
        return foreign.NEEDLESS[foreign.folded(name)]
    known = foreign.looked_up(foreign.LAYERS, name) or foreign.ACTIVATIONS.get(foreign.folded(name))
    if known or (value is not None and layer_names(name, ndim)):
        entries = layer_entries(name, value, ndim)
        if entries and not changed(name, value, entries, ndim):
            return f"did you mean `{entries[0].partition(':')[0]}`?"
        if entries:
            return write(entries)
    if known:
        names = [entry.partition(":")[0] for entry in layer_names(name, ndim) or ()]
        if len(names) > 1:
            return "write " + ", then ".join(f"`{entry}`" for entry in names)
        return f"did you mean `{names[0]}`?"
    beside = foreign.looked_up(foreign.BESIDE, name)
    if beside:
        return f"write {beside}"
    absent = foreign.looked_up(foreign.ABSENT, name)
    if absent:
        return f"{absent} are not offered: write one in Python, and give it with `--plugin`"
    composed = foreign.looked_up(foreign.COMPOSED, name)
    return f"declare a block of it under `blocks:`: {composed}" if composed else None
