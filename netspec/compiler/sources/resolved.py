"""A network's spec written out complete: no `extends`, every override in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from netspec.compiler.language.document import PARAM_TYPES, SECTIONS
from netspec.compiler.language.fill import fill
from netspec.compiler.sources.kept_comments import with_comments
from netspec.diagnostics import SpecError
from netspec.ops.dtype import FLOAT
from netspec.source import Node, Scalar, Sequence, parse_value, plain

if TYPE_CHECKING:
    from netspec.compiler.ir import Input, NetworkIR


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _word(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Quote what YAML 1.2 would read as something other than this word."""
    style = None
    try:
        node = parse_value(text, "")
        if not isinstance(node, Scalar) or node.value != text:
            style = "'"
    except SpecError:
        style = "'"
    if "\n" in text:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


class _Quoted(str):
    """A word in quotes, since without them it would be the type of a parameter."""


def _quoted(dumper: _Dumper, text: _Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'")


def _number(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    written = repr(value)
    if "." not in written:  # without a point, the dumper would not trust `1e-05` to be a number
        written = written.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", written)


_Dumper.add_representer(str, _word)
_Dumper.add_representer(float, _number)
_Dumper.add_representer(_Quoted, _quoted)


def _plain(node: Node) -> Any:
    """Plain data, in which a word stays in quotes where they tell it from a type."""
    if isinstance(node, Scalar):
        quoted = node.quoted and node.value in PARAM_TYPES
        return _Quoted(node.value) if quoted else node.value
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return {key: _plain(item) for key, item in node.items.items()}


def _input(given: Input) -> Any:
    """An input as a spec writes it."""
    if given.dtype == FLOAT and given.shape:
        return list(given.shape)
    data: dict[str, Any] = {"shape": list(given.shape)}
    if given.dtype != FLOAT:
        data["dtype"] = given.dtype.name
    if given.dtype.below is not None:
        data["below"] = given.dtype.below
    return data


def resolved(network: NetworkIR, train: Mapping[str, Any]) -> str:
    """The text of a spec that gives this very network and recipe, alone.

    `train` are keys of the recipe that are set over its own, those of `data` one by one.
    """
    data: dict[str, Any] = _plain(network.document.root)
    data["name"] = network.name
    if "inputs" in data:
        data["inputs"] = {one.name: _input(one) for one in network.inputs}
    else:
        data["input"] = _input(network.inputs[0])
    if network.params:
        data["params"] = {
            name: _Quoted(value) if isinstance(value, str) and value in PARAM_TYPES else value
            for name, value in network.params.items()
        }
    if network.document.train is not None:
        data["train"] = plain(fill(network.document.train, network.params))
    if train:
        own = data.get("train") or {}
        inner = {**(own.get("data") or {}), **train.get("data", {})}
        data["train"] = {**own, **train, **({"data": inner} if inner else {})}
    ordered = {key: data[key] for key in SECTIONS if key in data and key != "extends"}
    text = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100,
                     default_flow_style=None)  # fmt: skip
    return with_comments(text, network.document.root, network.document.sources)
