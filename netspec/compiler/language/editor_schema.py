"""The schema as editors want it: the same verdicts, with more to offer while one types.

What is here was tried out on yaml-language-server, whose completion reads some keywords in ways
of its own; a test drives it. The one verdict more: a name of a layer with a slip of the fingers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from netspec.compiler.language.document import MODIFIERS
from netspec.compiler.language.editor_messages import expected
from netspec.compiler.language.misspelt_names import misspelt_names
from netspec.compiler.language.own_blocks import block_snippet, own_blocks
from netspec.compiler.language.schema import LAYER, spec_schema
from netspec.compiler.language.snippets import (
    choice_snippets,
    example,
    layer_snippets,
    setting_snippets,
)
from netspec.json_schema import Schema
from netspec.ops import OPS

OF_MAPPINGS = ("properties", "patternProperties", "additionalProperties", "propertyNames",
               "required")  # fmt: skip
"""Keywords that speak of a mapping's keys."""
INPUT: Schema = {
    "label": "[3, 32, 32]",
    "description": "an image: channels, height and width",
    "body": "[${1:3}, ${2:32}, ${3:32}]",
}
BLOCK: Schema = {
    "label": "a block",
    "description": "layers under a name of their own",
    "body": {"${1:Block}": {"layers": "[${2:ReLU}]"}},
}


def editor_schema(blocks: object = None) -> Schema:
    """The JSON Schema that `netspec schema` prints; ``blocks`` are a spec's own, as plain data."""
    own = own_blocks(blocks)
    schema = spec_schema()
    fragments = schema["$defs"] | own
    for name in ("layer", "layers"):
        fragments[name] = {**fragments[name], "properties": {**fragments[name]["properties"], **{
            block: {"$ref": f"#/$defs/{block}", "description": piece["description"]}
            for block, piece in own.items()
        }}}  # fmt: skip
    defs = {name: _eased(fragment, name) for name, fragment in fragments.items()}
    sections = {name: _eased(fragment, name) for name, fragment in schema["properties"].items()}
    sections["netspec"] |= {"enum": [1]}
    sections["input"]["defaultSnippets"] = [INPUT]
    sections["blocks"]["defaultSnippets"] = [BLOCK]
    snippets = [*layer_snippets(), *(block_snippet(name, piece) for name, piece in own.items())]
    for name in ("layer", "layers"):
        _offer_layers(defs[name], fragments[name], snippets)
        defs[name]["errorMessage"] = "expected layers: a list, a mapping or a layer's name"
    for branch in ("then", "else"):  # a layer and a sequence of layers have the same keys
        defs[f"layers_{branch}"] = defs["layers"][branch]
        for name in ("layer", "layers"):
            defs[name][branch] = {"$ref": f"#/$defs/layers_{branch}"}
    defs["misspelt"] = misspelt_names(OPS, own)
    defs["layer"] |= {
        "allOf": [*defs["layer"]["allOf"], {"$ref": "#/$defs/misspelt"}],
        "patternErrorMessage": "expected a layer or a block: their names begin with a capital",
    }
    return {**schema, "properties": sections, "$defs": defs}


def _eased(schema: Schema, owner: str = "") -> Schema:
    """A fragment with more to offer; ``owner`` is the layer, the choice or the section it is of."""
    out: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: _setting(fragment, owner, name) for name, fragment in value.items()}
        elif key == "patternProperties":
            out[key] = {name: _eased(fragment) for name, fragment in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = _eased(value)
        elif key == "anyOf":
            out[key] = [{**_eased(one), "errorMessage": expected(schema)} for one in value]
        else:
            out[key] = value
    if "default" in out:
        _tell_default(out)
    if "items" in out and out.get("type") != "array":
        # beside `items` the server would write a list where a number will do, and never end where
        # a layer's items are layers
        out["allOf"] = [{"items": out.pop("items")}]
    if "properties" in out:
        _offer_in_braces(out, schema, owner)
    if "pattern" in out:
        out["patternErrorMessage"] = expected(schema)
    if ("type" in out or "enum" in out) and "additionalProperties" not in out:
        out["errorMessage"] = expected(schema)
    return out


def _setting(schema: Schema, owner: str, name: str) -> Schema:
    """A key's fragment; one without a default is filled with a value that is right."""
    out = _eased(schema, name)
    if "$ref" in schema or "properties" in schema or "enum" in schema or "examples" in out:
        return out
    value = example(owner, name, schema)
    if isinstance(value, bool | int | float | str) and schema.get("default") is None:
        out["examples"] = [value]
    return out


def _offer_in_braces(out: Schema, schema: Schema, owner: str) -> None:
    """Offer something after `{` too: for an empty mapping the server has no `properties`.

    Where it is empty, snippets stand in for them.
    """
    keys = {key: out.pop(key) for key in OF_MAPPINGS if key in out}
    settings = schema["properties"]
    empty: Schema = {"required": keys["required"]} if "required" in keys else {}
    if owner and "required" in keys:
        keys["title"] = owner
    if schema.get("maxProperties") == 1:
        told = {name: entry.get("description", "") for name, entry in settings.items()}
        out["defaultSnippets"] = choice_snippets(settings)
        out["allOf"] = [*out.get("allOf", ()), _told_of(told, schema.get("description", ""))]
        keys["errorMessage"] = expected(schema)
        longer = {name for name, entry in settings.items() if entry.get("required")}
        _suggest_once(keys["properties"], longer)
    elif owner not in ("layer", "layers"):
        empty["defaultSnippets"] = setting_snippets(owner, settings)
    out |= {
        "if": {"type": "object", "minProperties": 1},
        "then": keys,
        # Without a type the server would take it for a plain value's.
        "else": {"if": {"type": "object"}, "then": {"type": "object", **empty}},
    }


def _suggest_once(offered: dict[str, Schema], longer: Collection[str]) -> None:
    """What needs arguments is offered by its snippet, which has them, and not without."""
    for name in longer:
        told = {"description": offered[name].get("description", ""), "doNotSuggest": True}
        offered[name] = {**told, "allOf": [offered[name]]}  # beside `$ref` it would not count


def _told_of(described: Mapping[str, str], of_all: str = "") -> Schema:
    """Descriptions of bare words, for those who point at one; ``of_all`` stands before each."""
    before = f"{of_all}\n\n" if of_all else ""
    told = [
        {
            "if": {"const": name},
            "then": {"title": name, "markdownDescription": f"{before}`{name}`: {text}"},
        }
        for name, text in described.items()
    ]
    return {"if": {"type": "string"}, "then": {"allOf": told}}


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


def _offer_layers(schema: Schema, plain: Schema, snippets: list[Schema]) -> None:
    """Offer layers as keys, and let what stands after a child's name be completed.

    Patterns of names prevent that. Beside a layer it is not so, and nothing is: there the server
    would offer layers as arguments.
    """
    keys = schema["then"]
    longer = [snippet for snippet in snippets if isinstance(snippet["body"], dict)]
    modifiers = {name: plain["properties"][name] for name in MODIFIERS}
    schema["else"]["then"]["defaultSnippets"] = [*snippets, *setting_snippets("layer", modifiers)]
    names = "|".join(f"(?:{pattern})" for pattern in plain["patternProperties"])
    keys["propertyNames"] = {
        "$ref": "#/$defs/misspelt",
        "pattern": f"{names}|^(?:{'|'.join(plain['properties'])})$",
        "patternErrorMessage": "expected a name of letters, digits and `_`",
    }
    others = {
        pattern: piece for pattern, piece in plain["patternProperties"].items() if piece != LAYER
    }
    of_children = {**keys, "patternProperties": others, "additionalProperties": LAYER}
    mapping = {**keys, "properties": dict(keys["properties"]), "type": "object"}
    _suggest_once(mapping["properties"], [snippet["label"] for snippet in longer])
    layers = "|".join(snippet["label"] for snippet in snippets)
    schema["then"] = {
        "if": {"propertyNames": {"pattern": "^[^A-Z$]"}},
        "then": of_children,
        "else": {
            "if": {"propertyNames": {"pattern": f"^(?!(?:{layers})$)"}},
            "then": {
                "if": {"maxProperties": 1},  # nothing but what is being typed: a word will do
                "then": {**mapping, "defaultSnippets": snippets},
                "else": {**mapping, "defaultSnippets": longer},
            },
            "else": mapping,
        },
    }
    # Of the names alone that a layer may be, the server tells what the one that is there means.
    words = [snippet for snippet in snippets if snippet not in longer]
    schema["anyOf"] = [
        *(
            {
                "const": word["label"],
                "markdownDescription": f"`{word['label']}`: {word['description']}",
            }
            for word in words
        ),
        {},
    ]
