"""The arguments of a layer in another tool's words, told as the one habit that they are."""

from __future__ import annotations

from netspec.compiler.language.schema_validation import FOLLOWS
from netspec.compiler.language.translation import WHOLE_KEYS, layer_entries
from netspec.compiler.language.unknown_layer import write
from netspec.diagnostics import Diagnostic
from netspec.ops import OPS
from netspec.source import Mapping


def foreign_arguments(name: str, value: Mapping, ndim: int) -> Diagnostic | None:
    """Several arguments that are called so elsewhere, or an activation among them; or None.

    One that is called otherwise is told by `unknown_key`.
    """
    unknown = [key for key in value.items if key not in OPS[name].args]
    if not unknown or (len(unknown) == 1 and unknown[0] not in WHOLE_KEYS):
        return None
    entries = layer_entries(name, value, ndim)
    if entries is None or all(key in FOLLOWS for key in unknown):
        return None
    hint = write(entries).replace("write ", "write the whole as ", 1)
    message = f"{name} has no `{unknown[0]}`"
    return Diagnostic("NS201", message, value.keys[unknown[0]], (), hint)
