"""What an editor says of a value that does not fit, in the words of a spec."""

from __future__ import annotations

from typing import Any

from netspec.compiler.language.schema import EXPRESSION
from netspec.json_schema import Schema

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true`, `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "`null`",
    "string": "text",
}
_MANY = {"integer": "whole numbers", "number": "numbers"}


def expected(schema: Schema) -> str:
    """``expected a whole number, or an expression such as `$n```."""
    takes_expression = schema.get("$comment") == EXPRESSION
    told = _choices(schema) or [
        _kind(kind, schema)
        for kind in _kinds(schema)
        if not (kind == "string" and takes_expression)
    ]
    if takes_expression:
        told.append("an expression such as `$n`")
    *most, last = ", ".join(told or ["something else"]).split(", ")
    return f"expected {', '.join(most)}{' or ' if most else ''}{last}"


def _choices(schema: Schema) -> list[str]:
    """The values that are listed, or the entries of a choice."""
    listed = schema.get("enum")
    if listed is None and "anyOf" in schema:
        listed = next((one["enum"] for one in schema["anyOf"] if "enum" in one), None)
    if listed is None and "maxProperties" in schema and "properties" in schema:
        listed = [*schema["properties"], *([None] if "null" in _kinds(schema) else [])]
    return [f"`{_said(value)}`" for value in listed or ()]


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else [*kinds]


def _kind(kind: str, schema: Schema) -> str:
    if kind != "array":
        return _KINDS[kind]
    inner = [one for one in _kinds(schema.get("items", {})) if one in _MANY]
    of = f" of {_MANY[inner[0]]}" if inner else ""
    least, most = schema.get("minItems"), schema.get("maxItems")
    return f"a list of {least} {_MANY[inner[0]]}" if inner and least == most and least else (
        _KINDS[kind] + of
    )  # fmt: skip


def _said(value: Any) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
    )
