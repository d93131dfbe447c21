"""What an editor inserts: layers and settings with values that are right as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netspec.json_schema import Schema
from netspec.ops import OPS
from netspec.ops.base import Op

# What a setting without a default is filled with, by its name and, where that matters, its owner's.
_VALUES: dict[str, Any] = {
    "out_channels": 64, "kernel_size": 3, "out_features": 10, "num_heads": 4, "num_groups": 4,
    "shape": [8, -1], "unflattened_size": [2, -1], "dims": [0, 2, 3, 1], "dim0": 1, "dim1": 2,
    "dim": 1, "index": 0, "chunks": 2, "groups": 2, "upscale_factor": 2, "downscale_factor": 2,
    "scale_factor": 2, "window_size": [4, 4], "shift_size": [0, 0], "p": 2, "norm_type": 2,
    "padding": 1, "factor": 0.1, "offset": 1, "exponent": 2, "min": 0,
    "threshold": 0.1, "value": 0, "size": 5, "output_size": 1, "head_dim": 8,
    "h_partitions": 2, "w_partitions": 2, "degrees": 10, "step_size": 30, "milestones": [30, 60],
    "gamma": 0.95, "T_0": 10, "max_lr": 0.1, "repeat": 2, "each": 2,
    "from": "input", "branches": ["Identity", "Identity"], "if": True, "layers": ["Identity"],
}  # fmt: skip
_OWN_VALUES: dict[tuple[str, str], Any] = {
    ("Parameter", "shape"): [1, 64], ("Buffer", "shape"): [1, 64], ("Expand", "shape"): [-1, 8, -1],
    ("StochasticDepth", "p"): 0.1,
    **{("MultiscaleAttention", name): found for name, found in {
        "input_size": [2, 4, 4], "output_dim": 16, "kernel_q": [3, 3, 3], "stride_q": [1, 2, 2],
        "kernel_kv": [3, 3, 3], "stride_kv": [1, 2, 2], "residual_pool": True,
        "residual_with_cls_embed": False, "rel_pos_embed": True,
    }.items()},
    ("ShiftedWindowAttention3d", "window_size"): [4, 4, 4],
    ("ShiftedWindowAttention3d", "shift_size"): [0, 0, 0],
    ("Fold", "output_size"): 8, ("Fold", "kernel_size"): 2, ("RandomCrop", "size"): 32,
    ("Cutout", "size"): 8, ("RandomResizedCrop", "size"): 224, ("Mean", "dim"): [2, 3],
}  # fmt: skip

_ONE_OF = {
    **dict.fromkeys(("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"), "scale_factor"),
    "Clamp": "min",
}
"""Layers that need one of several arguments, and the one that they are offered with."""


def needed_settings(name: str, op: type[Op]) -> list[str]:
    """The arguments without which a layer is not right."""
    required = [key for key, argument in op.args.items() if argument.required]
    return [*required, *([_ONE_OF[name]] if name in _ONE_OF else [])]


def example(owner: str, name: str, schema: Schema) -> Any:
    """A value for a setting without a default: one that its schema takes; None where none is."""
    found = _OWN_VALUES.get((owner, name), _VALUES.get(name))
    if "enum" in schema:
        return schema["enum"][0]
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if isinstance(found, str | bool):
        return found
    if isinstance(found, int) and "integer" in kinds:
        return max(found, schema.get("minimum", found))
    if found is not None and ("array" in kinds if isinstance(found, list) else "number" in kinds):
        return found
    return max(1, schema.get("minimum", 1)) if kinds[:1] == ["integer"] else None


def layer_snippets() -> list[Schema]:
    """Each layer: by its name alone where that is enough, else with the arguments that it needs."""
    return [_entry(name, op.summary(), _needed(name, op)) for name, op in OPS.items()]


def choice_snippets(entries: Mapping[str, Schema]) -> list[Schema]:
    """Each of the entries of a choice, such as an optimizer."""
    return [
        _entry(name, entry.get("description", ""), _filled(name, entry))
        for name, entry in entries.items()
    ]


def setting_snippets(owner: str, settings: Mapping[str, Schema]) -> list[Schema]:
    """Each setting of a mapping with its default, or with a value that is right.

    The values are text: what is text in a spec is not put into quotes, and a mapping is in braces.
    """
    out = []
    for name, schema in settings.items():
        value = schema.get("default", example(owner, name, schema))
        body = _text(value) if value not in (None, []) and not isinstance(value, dict) else "$1"
        out.append(_entry(name, schema.get("description", ""), body))
    return out


def _needed(name: str, op: type[Op]) -> str:
    return _settings(name, ((key, op.args[key].schema) for key in needed_settings(name, op)))


def _filled(name: str, entry: Schema) -> str:
    return _settings(name, ((key, entry["properties"][key]) for key in entry.get("required", ())))


def _settings(owner: str, needed: Iterable[tuple[str, Schema]]) -> str:
    """``{out_channels: ${1:64}, kernel_size: ${2:3}}``, or nothing."""
    pairs, place = [], 1
    for key, schema in needed:
        value = example(owner, key, schema)
        pairs.append(f"{key}: {_text(value, place)}")
        place += len(value) if isinstance(value, list) else 1
    return f"{{{', '.join(pairs)}}}" if pairs else ""


def _text(value: Any, first: int = 1) -> str:
    """A value as a place to fill, ``${1:64}``; a list as one for each of its items, in brackets."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_text(item, first + n) for n, item in enumerate(value))}]"
    word = str(value).lower() if value is None or isinstance(value, bool) else value
    return f"${{{first}:{'null' if value is None else word}}}"


def _entry(label: str, description: str, body: str) -> Schema:
    return {"label": label, "description": description, "body": {label: body} if body else label}
