"""A spec's own blocks as an editor's schema has them: known layers, with parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from netspec.compiler.language.document import PARAM_TYPES
from netspec.json_schema import Schema
from netspec.source import Node, plain

_FILLED = {
    "int": 1, "float": 0.5, "bool": "true", "str": "text", "list": "[1]", "mapping": "{width: 1}",
    "Layer": "ReLU",
}  # fmt: skip


def written_blocks(root: Node) -> object:
    """What stands under ``blocks`` in a whole spec, as plain data."""
    spec = plain(root)
    return spec.get("blocks") if isinstance(spec, dict) else None


def own_blocks(blocks: object) -> dict[str, Schema]:
    """A fragment for each of a spec's ``blocks``; what is no block is passed over.

    A parameter with its type for a value has no default, and is required.
    """
    if not isinstance(blocks, Mapping):
        return {}
    return {
        name: _fragment(block)
        for name, block in blocks.items()
        if isinstance(name, str) and re.match("^[A-Z][A-Za-z0-9]*$", name)
        and isinstance(block, Mapping)
    }  # fmt: skip


def block_snippet(name: str, fragment: Schema) -> Schema:
    """A block by its name alone where that is enough, else with the parameters that it needs."""
    needed = [
        f"{key}: ${{{place}:{_FILLED[fragment['properties'][key]['x-type']]}}}"
        for place, key in enumerate(fragment["required"], 1)
    ]
    body: Any = {name: f"{{{', '.join(needed)}}}"} if needed else name
    return {"label": name, "description": fragment["description"], "body": body}


def _fragment(block: Mapping[str, Any]) -> Schema:
    given = block.get("params")
    params = given if isinstance(given, Mapping) else {}
    described = block.get("description")
    settings: dict[str, Schema] = {}
    for key, value in params.items():
        if isinstance(value, str) and value in PARAM_TYPES:
            settings[str(key)] = {"description": f"required: {value}", "x-type": value}
        else:
            settings[str(key)] = {"description": "a parameter of the block", "default": value}
    return {
        "description": described if isinstance(described, str) else "a block of this spec",
        "properties": settings,
        "additionalProperties": False,
        "required": [key for key, setting in settings.items() if "x-type" in setting],
    }
