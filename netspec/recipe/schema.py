"""Entries of the recipe's tables: pieces of JSON Schema with what they mean and their defaults."""

from collections.abc import Mapping, Sequence
from typing import Any

from netspec import json_schema
from netspec.json_schema import BOOL, INTEGER, NUMBER, Schema, nullable

_UNSET: Any = object()


def _entry(piece: Schema, doc: str, default: Any) -> Schema:
    """A piece of schema, said in words; its keys in the order in which people read them."""
    said: Schema = {"type": piece["type"], "description": doc}
    if default is not _UNSET:
        said["default"] = default
    return said | piece


def number(doc: str, default: Any = _UNSET, *, null: bool = False, **bounds: Any) -> Schema:
    """A real number; `bounds` are JSON Schema's."""
    piece = NUMBER | bounds
    return _entry(nullable(piece) if null else piece, doc, default)


def integer(doc: str, default: Any = _UNSET, *, null: bool = False, **bounds: Any) -> Schema:
    """A whole number; `bounds` are JSON Schema's."""
    piece = INTEGER | bounds
    return _entry(nullable(piece) if null else piece, doc, default)


def boolean(doc: str, default: Any = _UNSET) -> Schema:
    """True or false."""
    return _entry(BOOL, doc, default)


def string(doc: str, default: Any = _UNSET, *, null: bool = False) -> Schema:
    """Any text."""
    piece: Schema = {"type": "string"}
    return _entry(nullable(piece) if null else piece, doc, default)


def one_of(doc: str, values: Sequence[Any], default: Any = _UNSET) -> Schema:
    """One of the listed scalars, which may be of several kinds."""
    return _entry(json_schema.one_of(*values), doc, default)


def numbers(
    doc: str,
    default: Any = _UNSET,
    *,
    least: int = 1,
    most: int | None = None,
    single: bool = False,
    null: bool = False,
    whole: bool = False,
    **bounds: Any,
) -> Schema:
    """A list of `least` to `most` numbers; with `single` one bare number will do."""
    kind = "integer" if whole else "number"
    kinds = ["array", *([kind] if single else []), *(["null"] if null else [])]
    piece: Schema = {"type": kinds if len(kinds) > 1 else "array"}
    piece |= {"items": {"type": kind, **bounds}, "minItems": least}
    if most is not None:
        piece["maxItems"] = most
    # A bound beside `items` speaks of the bare number, as JSON Schema ignores it for a list.
    return _entry(piece | (bounds if single else {}), doc, default)


def mapping(
    doc: str,
    properties: Mapping[str, Schema],
    *,
    required: Sequence[str] = (),
    bare: bool = False,
    null: bool = False,
    default: Any = _UNSET,
) -> Schema:
    """A mapping with these keys and no others.

    With `bare` the value of the first key may stand in the place of the whole mapping, as
    `Cutout: 12` stands for `Cutout: {size: 12}`.
    """
    kinds = ["object"]
    keywords: Schema = {"properties": dict(properties), "additionalProperties": False}
    if required:
        keywords["required"] = list(required)
    if bare:
        inner = next(iter(properties.values()))
        given = inner["type"]
        kinds += [kind for kind in ([given] if isinstance(given, str) else given) if kind != "null"]
        bounds = ("items", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
                  "exclusiveMaximum")  # fmt: skip
        keywords |= {key: inner[key] for key in bounds if key in inner}
    if null:
        kinds.append("null")
    return _entry({"type": kinds if len(kinds) > 1 else "object", **keywords}, doc, default)


def choice(
    doc: str, entries: Mapping[str, Schema], *, null: bool = False, default: Any = _UNSET
) -> Schema:
    """Exactly one of the named entries with its arguments, or its bare name if it needs none."""
    kinds = ["object", "string", *(["null"] if null else [])]
    alone = [name for name, entry in entries.items() if not entry.get("required")]
    keywords: Schema = {
        "properties": dict(entries),
        "pattern": f"^(?:{'|'.join(alone)})$",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return _entry({"type": kinds, **keywords}, doc, default)
