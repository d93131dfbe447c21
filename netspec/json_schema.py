"""Pieces of JSON Schema, of which the tables of layers and of the recipe are made.

Only the keywords that netspec's own validator knows are used: no `oneOf` and no `$ref`, which make
unreadable findings and poor completion in editors.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

BOOL: Final[Schema] = {"type": "boolean"}
POSITIVE: Final[Schema] = {"type": "integer", "minimum": 1}
INTEGER: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
POSITIVE_NUMBER: Final[Schema] = {"type": "number", "exclusiveMinimum": 0}
PROBABILITY: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}


def sizes(ndim: int, minimum: int = 1) -> Schema:
    """One integer for every dimension, or a list of `ndim` of them, none beyond torch's `int`."""
    bound: Schema = {"minimum": minimum, "maximum": 2**31 - 1}
    return {
        "type": ["integer", "array"],
        **bound,
        "items": {"type": "integer", **bound},
        "minItems": ndim,
        "maxItems": ndim,
    }


def one_of(*values: str | bool | int | None) -> Schema:
    """One of the listed scalars, which may be of several kinds."""
    names = {str: "string", bool: "boolean", int: "integer", type(None): "null"}
    kinds = list(dict.fromkeys(names[type(value)] for value in values))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": list(values)}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    kinds = schema["type"]
    widened = {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return widened


def as_declared(value: Any, schema: Schema) -> Any:
    """The value with each number of the kind that its schema declares.

    `3.0` becomes 3 where a whole number is wanted, as an expression may divide and YAML reads
    `1e3` as a fraction; `0` becomes 0.0 where any number may stand. What is neither is left.
    """
    kinds = schema.get("type", ())
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        whole = "integer" in kinds and "number" not in kinds and value.is_integer()
        return int(value) if whole else value
    if isinstance(value, int):
        return float(value) if "number" in kinds and "integer" not in kinds else value
    if isinstance(value, list | tuple):
        return [as_declared(item, schema.get("items", {})) for item in value]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: as_declared(item, known.get(key, {})) for key, item in value.items()}
    return value
