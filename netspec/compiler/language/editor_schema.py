"""The schema as editors want it: the same verdicts, with more to offer while one types.

What is here was tried out on yaml-language-server, whose completion reads some keywords in ways
of its own; a test drives it.
"""

from __future__ import annotations

from typing import Any

from netspec.compiler.language.schema import LAYER, spec_schema
from netspec.json_schema import Schema
from netspec.ops import OPS


def editor_schema() -> Schema:
    """The JSON Schema that `netspec schema` prints."""
    schema = _eased(spec_schema())
    schema["properties"]["netspec"] |= {"enum": [1]}
    for name in ("layer", "layers"):
        _offer_values(schema["$defs"][name])
    schema["$defs"]["layer"]["defaultSnippets"] = _bare_layers()
    return schema


def _eased(schema: Schema) -> Schema:
    out: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs"):
            out[key] = {name: _eased(fragment) for name, fragment in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = _eased(value)
        elif key == "anyOf":
            out[key] = [_eased(fragment) for fragment in value]
        else:
            out[key] = value
    if "default" in out:
        _tell_default(out)
    if "items" in out and out.get("type") != "array" and "$ref" not in out["items"]:
        # beside `items` the server would write a list where a number will do
        out["allOf"] = [{"items": out.pop("items")}]
    return out


def _tell_default(schema: Schema) -> None:
    """Say the default in the documentation: the server writes every `default` into the file."""
    default = schema.pop("default")
    if isinstance(default, dict):
        return
    words = schema.get("description", "")
    said = f"y default `{_said(default)}`"
    schema["description"] = f"{words} B{said}." if words.endswith(".") else f"{words}; b{said}"
    if isinstance(default, bool | int | float | str):
        schema["examples"] = [default]


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_said, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _offer_values(schema: Schema) -> None:
    """Let what stands after a child's name be completed, which patterns of names prevent."""
    patterns = schema["patternProperties"]
    names = "|".join(f"(?:{pattern})" for pattern in patterns)
    own = [pattern for pattern, fragment in patterns.items() if fragment == LAYER]
    for pattern in own:
        del patterns[pattern]
    known = "|".join(schema["properties"])
    schema["additionalProperties"] = LAYER
    schema["propertyNames"] = {"pattern": f"{names}|^(?:{known})$"}


def _bare_layers() -> list[Schema]:
    """Layers that need no arguments, to be written as one word."""
    return [
        {"label": name, "description": op.summary(), "body": name}
        for name, op in OPS.items()
        if not any(a.required for a in op.args.values())
    ]
