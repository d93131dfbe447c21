"""A network's spec written out complete: no `extends`, every override in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from netspec.compiler.document import SECTIONS
from netspec.diagnostics import SpecError
from netspec.source import Scalar, parse_value, plain

if TYPE_CHECKING:
    from netspec.compiler.network import Network


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


def _number(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(value))


_Dumper.add_representer(str, _word)
_Dumper.add_representer(float, _number)


def resolved(network: Network) -> str:
    """The text of a spec that gives this very network and recipe, alone."""
    data: dict[str, Any] = plain(network.document.root)
    data["name"] = network.name
    data["input"] = list(network.input_shape)
    if network.params:
        data["params"] = network.params
    if network.train:
        data["train"] = network.train
    ordered = {key: data[key] for key in SECTIONS if key in data and key != "extends"}
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100,
                     default_flow_style=None)  # fmt: skip
