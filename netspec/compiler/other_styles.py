"""Layers written as other configurations write them, told as the one mistake that each is."""

from __future__ import annotations

from netspec.compiler.schema_check import FOLLOWS
from netspec.diagnostics import Diagnostic, Span
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar

_TYPE_KEYS = ("type", "layer", "op", "class", "kind", "module")


def arguments_beside(node: Mapping, head: str, strays: list[str]) -> Diagnostic | None:
    """Arguments that stand beside their layer's name instead of under it, or None.

    ```yaml
    - Conv2d:
      out_channels: 8
    ```
    """
    value = node.items[head]
    empty = isinstance(value, Scalar) and value.value is None
    if not (strays and empty and head in OPS and set(strays) <= set(OPS[head].args)):
        return None
    message = f"`{strays[0]}` stands beside `{head}`, and belongs under it"
    hint = f"indent the arguments deeper than `{head}:`"
    return Diagnostic("NS201", message, node.keys[strays[0]], (), hint)


def type_as_key(node: Mapping) -> Diagnostic | None:
    """A layer whose name is the value of a key such as `type`, or None.

    ```yaml
    - {type: Conv2d, out_channels: 8, kernel_size: 3}
    ```
    """
    for key in _TYPE_KEYS:
        if len(node.items) == 1 and key != "type":  # a child may well be called so
            continue
        named = _word(node.items.get(key))
        if named in OPS and all(k in OPS[named].args for k in node.items if k != key):
            others = ", ".join(f"{k}: …" for k in node.items if k != key)
            hint = f"write `{named}: {{{others}}}`" if others else f"write `{named}`"
            message = f"a layer is written under its own name, not under `{key}`"
            return Diagnostic("NS206", message, node.keys[key], (), hint)
    return None


def layer_as_name(key: str, value: Node, span: Span) -> Diagnostic | None:
    """A key such as `conv2d` or `nn.Conv2d` over a layer's arguments, or None.

    ```yaml
    - conv2d: {out_channels: 8, kernel_size: 3}
    ```
    """
    word = key.rpartition(".")[2].replace("_", "").lower()
    if isinstance(value, Scalar):
        fits = value.value is not None and not isinstance(value.value, str)
    else:
        fits = isinstance(value, Mapping) and not any(k[:1].isupper() for k in value.items)
    op = next((op for name, op in OPS.items() if name.lower() == word), None) if fits else None
    if op is None:
        return None
    if isinstance(value, Mapping) and not any(k in op.args or k in FOLLOWS for k in value.items):
        return None
    hint = f"did you mean `{op.__name__}`?"
    return Diagnostic("NS205", f"there is no layer `{key}`", span, (), hint)


def _word(node: Node | None) -> str:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
