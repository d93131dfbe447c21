"""What an argument takes and what it is without a word, as pages of layers and recipes say it."""

from __future__ import annotations

from typing import Any

from netspec.json_schema import Schema

_WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "word",
    "boolean": "true or false",
    "object": "mapping",
    "null": "null",
}
_MANY = {"integer": "whole numbers", "number": "numbers", "string": "words"}
_BEYOND = 2**31 - 1
"""A bound as large as this bounds nothing that people write."""


def taken(schema: Schema) -> str:
    """What a fragment of schema takes: `whole number from 1`, `a or b`, `list of 2 numbers`."""
    if "enum" in schema:
        return " or ".join(shown(choice) for choice in schema["enum"])
    kinds = schema.get("type", "anything")
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    words = [_listed(schema) if name == "array" else _WORDS.get(name, name) for name in names]
    bounds = _bounds(schema) or _bounds(schema.get("items", {}))
    if not bounds:
        return " or ".join(words)
    return f"{' or '.join(words)}{',' if len(words) > 1 else ''} {bounds}"


def _listed(schema: Schema) -> str:
    kind = schema.get("items", {}).get("type")
    many = _MANY.get(kind if isinstance(kind, str) else "", "values")
    least, most = schema.get("minItems"), schema.get("maxItems")
    if most is None:
        return f"list of {many}"
    return f"list of {most} {many}" if least == most else f"list of {least} to {most} {many}"


def _bounds(schema: Schema) -> str:
    words = [
        f"{word} {_counted(schema[key])}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema and abs(schema[key]) < _BEYOND
    ]
    return " ".join(words)


def without(schema: Schema, required: bool) -> str:
    """What holds where the argument is left out: `required`, `default 0.9`, or nothing to say."""
    if required:
        return "required"
    return f"default {shown(schema['default'])}" if "default" in schema else ""


def shown(value: Any) -> str:
    """A value as YAML's flow style has it, long fractions rounded."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    if isinstance(value, float) and len(str(value)) > 8:
        return f"{value:.4g}"
    return str(value)


def _counted(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else shown(bound)
