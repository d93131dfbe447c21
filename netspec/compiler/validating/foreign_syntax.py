"""Layers written as other configurations write them, told as the one mistake that each is."""

from __future__ import annotations

from functools import cache

from netspec.compiler.language.document import Param
from netspec.compiler.language.names import layer_like, recased
from netspec.compiler.language.schema_validation import FOLLOWS
from netspec.diagnostics import Diagnostic, Span
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar, Sequence

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


def layer_as_name(
    key: str, value: Node, span: Span, blocks: dict[str, dict[str, Param]]
) -> Diagnostic | None:
    """A misspelt layer such as `conv2d` or `nn.Conv2d` over a layer's arguments, or None.

    ```yaml
    - conv2d: {out_channels: 8, kernel_size: 3}
    ```
    """
    word = key.rpartition(".")[2]
    if value.value is None if isinstance(value, Scalar) else not value.items:
        near = recased(word, blocks)
    elif isinstance(value, Mapping):
        if any(k[:1].isupper() for k in value.items):
            return None
        own = {k for params in blocks.values() for k in params}
        if not all(k in _arguments(len(OPS)) or k in own for k in value.items):
            return None
        near = layer_like(word, blocks, key)
        known = blocks.get(near or "") or (OPS[near].args if near in OPS else {})
        if not any(k in known or k in FOLLOWS for k in value.items):
            return None
    else:
        items = value.items if isinstance(value, Sequence) else [value]
        numbers = all(isinstance(i, Scalar) and isinstance(i.value, int | float) for i in items)
        near = layer_like(word, blocks, key) if numbers else None
    if near is None:
        return None
    hint = f"did you mean `{near}`?"
    return Diagnostic("NS205", f"there is no layer `{key}`", span, (), hint)


@cache
def _arguments(count: int) -> frozenset[str]:
    """The arguments of all `count` layers, of which a plugin may bring more."""
    return frozenset(FOLLOWS).union(*(op.args for op in OPS.values()))


def _word(node: Node | None) -> str:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
