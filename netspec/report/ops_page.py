"""The layers and their documentation, as `netspec ops` prints them."""

from __future__ import annotations

from netspec.ops import OPS
from netspec.ops.base import Op
from netspec.report.argument_words import shown, taken


def index() -> str:
    """Every layer with its one-line summary, by family."""
    families: dict[str, list[type[Op]]] = {}
    for op in OPS.values():
        families.setdefault(op.__module__.rpartition(".")[2], []).append(op)
    width = max(map(len, OPS))
    lines = []
    for family, ops in families.items():
        lines.append(family.replace("_", " "))
        lines += [f"  {op.__name__.ljust(width)}  {op.summary()}" for op in ops]
        lines.append("")
    return "\n".join([*lines, "`netspec ops NAME` tells a layer's arguments"])


def page(op: type[Op]) -> str:
    """One layer: its documentation and each argument with type and default."""
    doc = "\n".join(line.strip() for line in (op.__doc__ or "").strip().splitlines())
    lines = [op.__name__, "", doc, ""]
    if not op.args:
        return "\n".join([*lines, "it takes no arguments"])
    width = max(map(len, op.args))
    lines.append("arguments")
    for arg in op.args.values():
        default = "required" if arg.required else f"default {shown(arg.default)}"
        lines.append(f"  {arg.name.ljust(width)}  {arg.doc} ({taken(arg.schema)}; {default})")
    if op.bare:
        lines += ["", f"`{op.__name__}: …` alone gives `{op.bare}`"]
    return "\n".join(lines)
