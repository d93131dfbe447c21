"""Small builders of JSON Schema, so that the tables beside this file read as tables.

Only the keywords that netspec's own validator knows are used: no `oneOf` and no `$ref`, which make
unreadable findings and poor completion in editors.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

_UNSET: Any = object()


def _schema(kind: str | list[str], doc: str, default: Any, keywords: Mapping[str, Any]) -> Schema:
    schema: Schema = {"type": kind, "description": doc}
    if default is not _UNSET:
        schema["default"] = default
    return schema | dict(keywords)


def number(doc: str, default: Any = _UNSET, *, null: bool = False, **keywords: Any) -> Schema:
    """A real number; `keywords` are JSON Schema's bounds."""
    return _schema(["number", "null"] if null else "number", doc, default, keywords)


def integer(doc: str, default: Any = _UNSET, *, null: bool = False, **keywords: Any) -> Schema:
    """A whole number; `keywords` are JSON Schema's bounds."""
    return _schema(["integer", "null"] if null else "integer", doc, default, keywords)


def boolean(doc: str, default: Any = _UNSET) -> Schema:
    """True or false."""
    return _schema("boolean", doc, default, {})


def string(doc: str, default: Any = _UNSET, *, null: bool = False) -> Schema:
    """Any text."""
    return _schema(["string", "null"] if null else "string", doc, default, {})


def one_of(doc: str, values: Sequence[Any], default: Any = _UNSET) -> Schema:
    """One of the listed scalars, which may be of several kinds."""
    names = {str: "string", bool: "boolean", int: "integer", type(None): "null"}
    kinds = list(dict.fromkeys(names[type(value)] for value in values))
    return _schema(kinds[0] if len(kinds) == 1 else kinds, doc, default, {"enum": list(values)})


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
    keywords: Schema = {"items": {"type": kind, **bounds}, "minItems": least}
    if most is not None:
        keywords["maxItems"] = most
    # A bound beside `items` speaks of the bare number, as JSON Schema ignores it for a list.
    return _schema(
        kinds if len(kinds) > 1 else "array", doc, default, keywords | (bounds if single else {})
    )


def mapping(
    doc: str,
    properties: Mapping[str, Schema],
    *,
    required: Sequence[str] = (),
    bare: str | None = None,
    null: bool = False,
    default: Any = _UNSET,
) -> Schema:
    """A mapping with these keys and no others.

    `bare` names the key whose value may stand in the place of the whole mapping, as `Cutout: 12`
    stands for `Cutout: {size: 12}`.
    """
    kinds = ["object"]
    keywords: Schema = {"properties": dict(properties), "additionalProperties": False}
    if required:
        keywords["required"] = list(required)
    if bare is not None:
        inner = properties[bare]
        given = inner["type"]
        kinds += [kind for kind in ([given] if isinstance(given, str) else given) if kind != "null"]
        bounds = ("items", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum")
        keywords |= {key: inner[key] for key in bounds if key in inner}
    if null:
        kinds.append("null")
    return _schema(kinds if len(kinds) > 1 else "object", doc, default, keywords)


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
    return _schema(kinds, doc, default, keywords)
