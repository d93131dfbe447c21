"""Layers written as other configurations write them, told as the one mistake that each is.

A right spec passes through here, so the tables of other tools are imported where one is met.
"""

from __future__ import annotations

from functools import cache

from netspec.compiler.language.document import MODIFIERS, Param
from netspec.compiler.language.names import layer_like, recased
from netspec.compiler.language.said import exact_choice
from netspec.compiler.language.schema_validation import FOLLOWS, lift
from netspec.diagnostics import Diagnostic, Span
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar, Sequence, plain

_TYPE_KEYS = ("_target_", "type", "class_name", "layer", "op", "class", "kind", "module")
_PLACES = ("bottom", "top", "inputs", "outputs")
"""Where a layer's input comes from elsewhere; left to the order here."""


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


def type_as_key(node: Mapping, ndim: int) -> Diagnostic | None:
    """A layer whose name is the value of a key such as `type` or `_target_`, or None.

    ```yaml
    - {type: Conv2d, out_channels: 8, kernel_size: 3}
    ```
    """
    for key in _TYPE_KEYS:
        if len(node.items) == 1 and key not in ("type", "_target_"):  # a child may be called so
            continue
        named = _word(node.items.get(key)).rpartition(".")[2]
        if not named:
            continue
        from netspec.compiler.language.foreign_names import folded
        from netspec.compiler.language.translation import layer_entries, layer_names, own_layer
        from netspec.compiler.language.unknown_layer import write

        names = layer_names(named, ndim)
        if names is None or (own_layer(named) is None and folded(named) == "linear"):
            continue
        others = Mapping(
            {k: v for k, v in node.items.items() if k not in (key, "name", *_PLACES)},
            node.keys,
            node.span,
        )
        known = OPS[names[0].partition(":")[0]].args
        entries = layer_entries(named, others, ndim)
        if entries is None and not all(k in known for k in others.items):
            continue
        arguments = ", ".join(f"{k}: …" for k in others.items)
        first = f"`{names[0]}: {{{arguments}}}`" if arguments else f"`{names[0]}`"
        hint = f"write {first}" if entries is None else (
            write(entries).replace("write ", "write the whole as ", 1)
        )  # fmt: skip
        message = f"a layer is written under its own name, not under `{key}`"
        return Diagnostic("NS206", message, node.keys[key], (), hint)
    return None


def all_code(items: list[Node], ndim: int) -> Diagnostic | None:
    """A list of calls of Python, which are one habit, or None.

    ```yaml
    layers: [nn.Conv2d(3, 8, 3), nn.ReLU()]
    ```
    """
    calls = [word for item in items if "(" in (word := _word(item)) and "$" not in word]
    if len(calls) < 2 or len(calls) < len(items):
        return None
    from netspec.compiler.language.python_code import entries_of_code
    from netspec.compiler.language.unknown_layer import write

    entries = entries_of_code(f"[{', '.join(calls)}]", ndim)
    first, last = items[0].span, items[-1].span
    span = first._replace(end_line=last.end_line, end_column=last.end_column)
    message = "layers are written by their names and arguments, not as calls"
    hint = "for example `Conv2d: {out_channels: 16, kernel_size: 3}`"
    return Diagnostic("NS205", message, span, (), write(entries) if entries else hint)


def row(node: Sequence, ndim: int) -> Diagnostic | None:
    """A layer as a row of where from, how often, which and its arguments, or None.

    ```yaml
    - [-1, 1, Conv2d, [64, 3, 2]]
    ```
    """
    if len(node.items) != 4:
        return None
    source, count, named, given = (plain(item) for item in node.items)
    sources = source if isinstance(source, list) else [source]
    if not all(type(s) is int for s in sources) or type(count) is not int:
        return None
    if not isinstance(named, str) or not isinstance(given, list):
        return None
    from netspec.compiler.language.unknown_layer import foreign_hint, write

    entries = entries_of_row(named.rpartition(".")[2], given, ndim)
    hint = "write a layer's name and its arguments: `Conv2d: {out_channels: 64, kernel_size: 3}`"
    if entries is None:
        known = foreign_hint(named.rpartition(".")[2], None, ndim)
        hint = known or hint
    elif source == -1 and count == 1:
        hint = write(entries)
    elif source == -1 and len(entries) == 1 and count > 1:
        entry = entries[0] if ":" in entries[0] else f"{entries[0]}: {{}}"
        hint = f"write `{{repeat: {count}, {entry}}}`"
    else:
        first = entries[0] if ":" in entries[0] else f"{entries[0]}: {{}}"
        hint = f"name the layers that feed it: `{{from: […], {first}}}`"
    message = "a layer is written under its own name, not in a row"
    return Diagnostic("NS206", message, node.span, (), hint)


def entries_of_row(name: str, given: list[object], ndim: int) -> tuple[str, ...] | None:
    """The entries for a row's layer, whose arguments have no names.

    A row's `Conv` is a convolution with a batch norm and SiLU, its padding half the window.
    """
    if name in ("Conv", "DWConv") and given and all(type(g) is int for g in given[:3]):
        out, kernel, stride = (*given, *(1, 1)[len(given) - 1 :])[:3] if len(given) < 4 else (
            given[:3]
        )  # fmt: skip
        arguments = {"out_channels": out, "kernel_size": kernel}
        if stride != 1:
            arguments["stride"] = stride
        if isinstance(kernel, int) and kernel > 1:
            arguments["padding"] = kernel // 2
        arguments["bias"] = False
        return (exact_choice(f"Conv{ndim}d", arguments, None), f"BatchNorm{ndim}d", "SiLU")
    from netspec.compiler.language.translation import layer_entries, layer_names

    names = layer_names(name, ndim)
    if names is None or names[0] not in OPS:
        return None
    order = list(OPS[names[0]].args)
    if len(given) > len(order):
        return None
    if names[0] == "Concat" or not given:
        return layer_entries(name, None, ndim)
    arguments = {k: v for k, v in zip(order, given, strict=False) if v not in (None, "None")}
    return layer_entries(name, lift(arguments, Span("", 0, 0, 0, 0)), ndim)


def layer_as_name(
    key: str, value: Node, span: Span, blocks: dict[str, dict[str, Param]], ndim: int
) -> Diagnostic | None:
    """A misspelt layer such as `conv2d` or `nn.Conv2d` over a layer's arguments, or None.

    ```yaml
    - conv2d: {out_channels: 8, kernel_size: 3}
    ```
    """
    word = key.rpartition(".")[2]
    hint = _translated(word, value, ndim)
    if hint is None:
        near = _near_layer(key, word, value, blocks)
        if near is None:
            return None
        hint = f"did you mean `{near}`?"
    return Diagnostic("NS205", f"there is no layer `{key}`", span, (), hint)


def _translated(word: str, value: Node, ndim: int) -> str | None:
    """The hint for another tool's layer over its arguments, or None.

    A child may well be called `fc`: its value is then a layer.
    """
    if word in _DARKNET and isinstance(value, Mapping) and set(value.items) <= _FEEDS:
        return f"name the layers that feed it: `{{from: […], {_DARKNET[word]}}}`"
    if isinstance(value, Sequence):
        if not value.items or any(type(plain(item)) is not int for item in value.items):
            return None
    elif isinstance(value, Mapping):
        if not value.items or any(k in MODIFIERS or k[:1].isupper() for k in value.items):
            return None
    elif not isinstance(value, Scalar) or type(value.value) not in (int, float):
        return None
    from netspec.compiler.language.translation import layer_entries, layer_names, own_layer
    from netspec.compiler.language.unknown_layer import write

    names = layer_names(word, ndim)
    if names is None:
        return None
    if isinstance(value, Mapping) and own_layer(word) and all(
        k in OPS[names[0]].args or k in FOLLOWS for k in value.items
    ):  # fmt: skip
        return None  # no more than its case is another's
    entries = layer_entries(word, value, ndim)
    return None if entries is None else write(entries)


_DARKNET = {"route": "Concat: 1", "shortcut": "Add: {}"}
_FEEDS = {"from", "layers", "activation"}


def _near_layer(
    key: str, word: str, value: Node, blocks: dict[str, dict[str, Param]]
) -> str | None:
    """The layer or block that was meant by a key over its arguments, or None."""
    if value.value is None if isinstance(value, Scalar) else not value.items:
        return recased(word, blocks)
    if isinstance(value, Mapping):
        if any(k[:1].isupper() for k in value.items):
            return None
        own = {k for params in blocks.values() for k in params}
        if not all(k in _arguments(len(OPS)) or k in own for k in value.items):
            return None
        near = layer_like(word, blocks, key)
        known = blocks.get(near or "") or (OPS[near].args if near in OPS else {})
        if not any(k in known or k in FOLLOWS for k in value.items):
            return None
        return near
    items = value.items if isinstance(value, Sequence) else [value]
    numbers = all(isinstance(i, Scalar) and isinstance(i.value, int | float) for i in items)
    return layer_like(word, blocks, key) if numbers else None


@cache
def _arguments(count: int) -> frozenset[str]:
    """The arguments of all `count` layers, of which a plugin may bring more."""
    return frozenset(FOLLOWS).union(*(op.args for op in OPS.values()))


def _word(node: Node | None) -> str:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
