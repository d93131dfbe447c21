"""The arguments of a layer in another tool's words, told as the one habit that they are."""

from __future__ import annotations

import re

from netspec.compiler.language.schema_validation import FOLLOWS
from netspec.compiler.language.translation import WHOLE_KEYS, layer_entries
from netspec.compiler.language.unknown_layer import write
from netspec.diagnostics import Diagnostic
from netspec.ops import OPS
from netspec.source import Mapping, Node, parse_value


def foreign_arguments(name: str, value: Mapping, ndim: int) -> Diagnostic | None:
    """Several arguments that are called so elsewhere, or an activation among them; or None.

    One that is called otherwise is told by `unknown_key`.
    """
    unknown = [key for key in value.items if key not in OPS[name].args]
    if unknown and all(re.fullmatch(r"\w+ *=[^=]+", key) for key in unknown):
        return _with_equals(name, value, unknown, ndim)
    if not unknown or (len(unknown) == 1 and unknown[0] not in WHOLE_KEYS):
        return None
    entries = layer_entries(name, value, ndim)
    if entries is None or all(key in FOLLOWS for key in unknown):
        return None
    hint = write(entries).replace("write ", "write the whole as ", 1)
    message = f"{name} has no `{unknown[0]}`"
    return Diagnostic("NS201", message, value.keys[unknown[0]], (), hint)


def _with_equals(name: str, value: Mapping, unknown: list[str], ndim: int) -> Diagnostic:
    """Arguments as Python has them, which YAML reads as names.

    ```yaml
    Conv2d: {out_channels=8, kernel_size=3}
    ```
    """
    items: dict[str, Node] = {}
    for key, given in value.items.items():
        word, _, text = key.partition("=")
        items[word.strip()] = parse_value(text.strip(), "") if key in unknown else given
    entries = layer_entries(name, Mapping(items, {}, value.span), ndim)
    hint = "write `name: value` for `name=value`"
    if entries is not None:
        hint = write(entries).replace("write ", "write the whole as ", 1)
    message = f"{name} has no `{unknown[0]}`"
    return Diagnostic("NS201", message, value.keys[unknown[0]], (), hint)
