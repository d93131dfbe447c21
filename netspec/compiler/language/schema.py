"""The JSON Schema of a spec, made from the ops' own arguments, for editors and `validate`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from netspec.compiler.language.document import MODIFIERS, PARAM_TYPES
from netspec.json_schema import Schema
from netspec.ops import OPS
from netspec.ops.base import Op
from netspec.ops.dtype import DTYPES
from netspec.ops.parametrize import PARAMETRIZATIONS
from netspec.recipe import TRAIN_SCHEMA

EXPRESSION: Final = "expression"
"""The `$comment` of a fragment that also takes `$name` and `$(expression)`."""

VARIABLE: Final = "^(?!(?:input|index)$)[a-z_][A-Za-z0-9_]*$"
"""The names of parameters and of the items of a loop, but for the words of expressions."""

LAYER: Final[Schema] = {"$ref": "#/$defs/layer"}
LAYERS: Final[Schema] = {"$ref": "#/$defs/layers"}


def widen(schema: Schema) -> Schema:
    """The same fragment, which also takes an expression wherever a value stands."""
    out: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties"):
            out[key] = {name: widen(fragment) for name, fragment in value.items()}
        elif key == "items":
            out[key] = widen(value)
        else:
            out[key] = value
    if "type" not in out and "enum" not in out:
        return out
    if "enum" in out:
        choice: Schema = {"enum": out.pop("enum")}
        out.pop("type", None)
        out["anyOf"] = [choice, {"type": "string", "pattern": "\\$"}]
        out["$comment"] = EXPRESSION
        return out
    kinds = out["type"] if isinstance(out["type"], list) else [out["type"]]
    if "object" in kinds and "pattern" not in out:
        return out
    if "string" in kinds:
        if "pattern" in out:
            out["pattern"] = f"\\$|(?:{out['pattern']})"
    else:
        kinds = [*kinds, "string"]
        out["pattern"] = "\\$"
    out["type"] = kinds if len(kinds) > 1 else kinds[0]
    out["$comment"] = EXPRESSION
    return out


def op_schema(op: type[Op]) -> Schema:
    """What may stand beside a layer's name: its arguments, its one bare argument, or nothing."""
    schema = widen(op.schema())
    required = schema.get("required", [])
    kinds = ["object"]
    if not required:
        kinds.append("null")
    if op.bare and set(required) <= {op.bare}:
        bare = schema["properties"][op.bare]
        more = bare["type"] if isinstance(bare.get("type"), list) else [bare.get("type", "string")]
        kinds += [k for k in more if k not in kinds]
        for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "items",
                    "minItems", "maxItems", "pattern", "anyOf", "$comment"):  # fmt: skip
            if key in bare and key != "anyOf":
                schema[key] = bare[key]
    schema["type"] = kinds
    return schema


SHAPE: Final[Schema] = {
    "type": ["array", "string"],
    "items": {
        "type": ["integer", "string"],
        "minimum": 1,
        "pattern": "\\$",
        "$comment": EXPRESSION,
    },
    "maxItems": 4,
    "pattern": "\\$",
    "$comment": EXPRESSION,
    "description": "the shape of one sample, without the batch",
}

INPUT: Final[Schema] = {
    **SHAPE,
    "type": ["array", "object", "string"],
    "minItems": 1,
    "properties": {
        "shape": SHAPE,
        "dtype": {
            "anyOf": [{"enum": list(DTYPES)}, {"type": "string", "pattern": "\\$"}],
            "$comment": EXPRESSION,
            "description": "the kind of numbers",
            "default": "float32",
        },
        "below": {
            "type": ["integer", "string"],
            "minimum": 1,
            "pattern": "\\$",
            "$comment": EXPRESSION,
            "description": "a number that integers stay below, such as the size of a vocabulary",
        },
    },
    "required": ["shape"],
    "additionalProperties": False,
}
"""One input: its shape alone, or with the kind of its numbers."""

NAME: Final[Schema] = {
    "type": ["string", "integer"],
    "pattern": "^[A-Za-z0-9_$]",
    "minimum": 0,
}
"""A layer's name, of which a whole number is one: the layers of a list are called `0`, `1`, …"""


def _modifiers() -> dict[str, Schema]:
    count: Schema = {
        "type": ["integer", "string", "object"],
        "minimum": 0,
        "pattern": "\\$",
        "minProperties": 1,
        "maxProperties": 1,
        "patternProperties": {
            VARIABLE: {"type": ["array", "integer", "string"], "minimum": 0, "pattern": "\\$"}
        },
        "additionalProperties": False,
        "$comment": EXPRESSION,
    }
    return {
        "name": {
            **NAME,
            "description": "the layer's name in a list, or one that a key could not be; with "
            "dots it stands in a holder, as `convs.0` does in `convs`",
        },
        "from": {
            **NAME,
            "type": ["string", "integer", "array"],
            "items": NAME,
            "minItems": 1,
            "description": "the earlier siblings that feed this layer, or `input`",
        },
        "branches": {
            "type": ["object", "array"],
            "items": LAYER,
            "additionalProperties": LAYER,
            "description": "layers that are each fed this layer's input, for it to join",
        },
        "if": {
            "type": ["boolean", "string"],
            "pattern": "\\$",
            "$comment": EXPRESSION,
            "description": "where false, the layer is an identity that owns no module",
        },
        "else": {
            **NAME,
            "type": ["string", "integer", "object", "array"],  # or layers of a child called so
            "description": "what passes on where `if` is false: an earlier sibling, or `input`",
        },
        "repeat": {**count, "description": "so many copies, in a sequence of their own"},
        "each": {**count, "description": "so many copies, as siblings in this sequence"},
        "call": {**NAME, "description": "an earlier layer to run again, weights shared"},
        "tie": {**NAME, "description": "an earlier layer whose weight this layer shares"},
        "when": {"enum": ["training"], "description": "a layer that runs only in training"},
        "parametrize": widen(PARAMETRIZE),
        "layers": {**LAYERS, "description": "a sequence of layers"},
    }


def _parametrize() -> Schema:
    """One parametrization with its arguments or its name alone, a list of them, or none."""
    entries: dict[str, Schema] = {
        name: {
            "type": ["object", "null"],
            "description": found.summary,
            "properties": found.args,
            "additionalProperties": False,
        }
        for name, found in PARAMETRIZATIONS.items()
    }
    one: Schema = {
        "type": ["object", "string"],
        "properties": entries,
        "pattern": f"^(?:{'|'.join(entries)})$",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {
        **one,
        "type": ["object", "string", "array", "null"],
        "items": one,
        "minItems": 1,
        "description": "the layer's weight as a function of what is learned",
    }


PARAMETRIZE: Final = _parametrize()
"""What may stand under `parametrize`, without expressions."""


def spec_schema() -> Schema:
    """The whole schema, JSON Schema 2020-12, with every layer that is registered now."""
    return _schema(tuple(OPS))


@lru_cache(maxsize=2)
def _schema(names: tuple[str, ...]) -> Schema:
    defs: dict[str, Schema] = {}
    properties = _modifiers()
    for name, op in ((name, OPS[name]) for name in names):
        defs[name] = op_schema(op)
        properties[name] = {"$ref": f"#/$defs/{name}", "description": op.summary()}
    properties["Sequential"] = {**LAYERS, "description": "a sequence of its own"}
    reserved = "|".join(MODIFIERS)
    child = f"^(?!(?:{reserved})$)[a-z_0-9]"
    defs["layers"] = {
        "type": ["object", "array", "string"],
        "items": LAYER,
        "properties": properties,
        "patternProperties": {child: LAYER, "^[A-Z$]": {}},
        "additionalProperties": False,
        "description": "a list or a mapping of layers: a sequence, run in the order written",
    }
    defs["layer"] = {
        "type": ["object", "array", "string"],
        "items": LAYER,
        "pattern": "^[A-Z$]",
        "properties": properties,
        "patternProperties": {child: LAYER, "^[A-Z$]": {}},
        "additionalProperties": False,
        "description": "a layer: its name alone, or its name with its arguments",
    }
    params: Schema = {
        "type": ["object", "null"],
        "patternProperties": {VARIABLE: {}},
        "additionalProperties": False,
        "description": "each parameter with its default, or with its type where it is required: "
        + ", ".join(PARAM_TYPES),
    }
    defs["block"] = {
        "type": "object",
        "properties": {
            "description": {"type": "string", "description": "what the block is"},
            "params": params,
            "inputs": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[a-z_][A-Za-z0-9_]*$"},
                "minItems": 1,
                "maxItems": 64,
                "uniqueItems": True,
                "description": "what the block calls its inputs, in the order of `from`; "
                "`input`, where this is left out",
            },
            "layers": {**LAYERS, "description": "what the block is made of"},
            "outputs": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": NAME,
                "description": "the values that the block gives, each under its name, where it is "
                "not the last layer's alone",
            },
            "order": {
                "type": "array",
                "items": NAME,
                "minItems": 1,
                "description": "layers in the order in which torch lists them, where they run "
                "in another; the rest follow",
            },
            "init": {
                "type": "object",
                "description": "how its weights start, run as soon as each copy is made",
            },
        },
        "required": ["layers"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "netspec, version 1",
        "type": "object",
        "properties": {
            "netspec": {"type": "integer", "description": "the version of the language: 1"},
            "extends": {"type": "string", "description": "a spec that this one changes"},
            "name": {"type": "string", "description": "the network's name"},
            "description": {"type": "string", "description": "what the network is"},
            "params": params,
            "input": {
                **INPUT,
                "description": "the input's shape without the batch: [channels, height, width]",
            },
            "inputs": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 64,
                "additionalProperties": INPUT,
                "description": "several inputs, each with its shape, in the order of `forward`",
            },
            "blocks": {
                "type": "object",
                "patternProperties": {"^[A-Z][A-Za-z0-9]*$": {"$ref": "#/$defs/block"}},
                "additionalProperties": False,
                "description": "layers of one's own, with parameters",
            },
            "layers": {**LAYERS, "description": "the network"},
            "outputs": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": NAME,
                "description": "the layers whose outputs the network returns; the first are logits",
            },
            "init": {
                "type": "object",
                "description": "how weights start: a layer's name or a path, then parameters",
            },
            "train": widen(TRAIN_SCHEMA),
        },
        "required": ["netspec"],
        "additionalProperties": False,
        "$defs": defs,
    }


def resolve(schema: Schema, root: Schema) -> Schema:
    """The fragment that a `$ref` names, or the fragment itself."""
    ref = schema.get("$ref")
    if ref is None:
        return schema
    found: Any = root["$defs"][str(ref).rsplit("/", 1)[1]]
    fragment: Schema = found
    return fragment
