"""`init:`: how weights start. A selector, then a parameter's name, then a `torch.nn.init` rule.

```yaml
init:
  Conv2d: {weight: {kaiming_normal_: {mode: fan_out, nonlinearity: relu}}, bias: zeros_}
  classifier.*: {weight: {normal_: {std: 0.01}}}
```

A PascalCase selector names a kind of layer, any other the paths of modules, where `*` stands for
any text. Modules are taken in torch's order; for each of a module's parameters the last rule
that matches applies. A block may have an `init:` of its own, whose paths start at the block: it
runs as soon as a copy is made, and the spec's own rules run once the whole network is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, Final

from netspec.compiler.language.schema import widen
from netspec.compiler.language.schema_validation import check
from netspec.diagnostics import MAX_FINDINGS, Diagnostic, Span, SpecError, nearest
from netspec.ops.base import NUMBER, POSITIVE, POSITIVE_NUMBER, Schema, Shape, choice
from netspec.source import Mapping, Node, Scalar, plain

if TYPE_CHECKING:
    from netspec.compiler.ir import Layer, Network
    from netspec.compiler.language.document import Document

_KAIMING: Final[dict[str, Schema]] = {
    "a": NUMBER,
    "mode": choice("fan_in", "fan_out"),
    "nonlinearity": choice("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"),
}

INITIALIZERS: Final[dict[str, dict[str, Schema]]] = {
    "zeros_": {},
    "ones_": {},
    "constant_": {"val": NUMBER},
    "normal_": {"mean": NUMBER, "std": POSITIVE_NUMBER},
    "trunc_normal_": {"mean": NUMBER, "std": POSITIVE_NUMBER, "a": NUMBER, "b": NUMBER},
    "uniform_": {"a": NUMBER, "b": NUMBER},
    "kaiming_normal_": _KAIMING,
    "kaiming_uniform_": _KAIMING,
    "xavier_normal_": {"gain": POSITIVE_NUMBER},
    "xavier_uniform_": {"gain": POSITIVE_NUMBER},
    "orthogonal_": {"gain": POSITIVE_NUMBER},
    "dirac_": {"groups": POSITIVE},
}
"""The functions of `torch.nn.init` that a spec may name, and their arguments."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule: the modules it selects, the parameter, the function and its raw arguments."""

    selector: str
    parameter: str
    function: str
    args: dict[str, Any]
    span: Span


def fans(shape: Shape) -> dict[str, int]:
    """`fan_in` and `fan_out` of a tensor, as `torch.nn.init` defines them; a vector has none."""
    if len(shape) < 2:
        return {}
    receptive = prod(shape[2:])
    return {"fan_in": shape[1] * receptive, "fan_out": shape[0] * receptive}


def matches(selector: str, path: str, kinds: tuple[str, ...]) -> bool:
    """Whether a selector takes the module at `path`, whose classes have the names `kinds`."""
    if names_a_kind(selector):
        return selector in kinds
    return fnmatchcase(path, selector)


def names_a_kind(selector: str) -> bool:
    """Whether a selector is a class's name, and no path such as `AuxLogits.fc`."""
    return selector[:1].isupper() and selector.isalnum()


def init_rules(section: Mapping | None) -> tuple[Rule, ...]:
    """Read the section. Raises `SpecError` with every mistake in it."""
    findings: list[Diagnostic] = []
    rules: list[Rule] = []
    if section is not None:
        for selector, node in section.items.items():
            if not isinstance(node, Mapping):
                hint = "for example `Conv2d: {weight: {normal_: {std: 0.01}}}`"
                message = f"`{selector}` is a mapping of parameters"
                findings.append(Diagnostic("NS202", message, node.span, (), hint))
                continue
            for parameter, rule in node.items.items():
                made = _rule(selector, parameter, rule, node.keys[parameter], findings)
                if made is not None:
                    rules.append(made)
    if findings:
        raise SpecError(tuple(findings))
    return tuple(rules)


def _rule(
    selector: str, parameter: str, node: Node, key: Span, findings: list[Diagnostic]
) -> Rule | None:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        name, args, span = node.value, None, node.span
    elif isinstance(node, Mapping) and len(node.items) == 1:
        (name,) = node.items
        args, span = node.items[name], node.keys[name]
    else:
        hint = "for example `zeros_` or `{normal_: {std: 0.01}}`"
        message = f"`{parameter}` is one function of torch.nn.init"
        findings.append(Diagnostic("NS202", message, node.span, (), hint))
        return None
    if name not in INITIALIZERS:
        near = nearest(name, list(INITIALIZERS))
        hint = f"did you mean `{near}`?" if near else "one of " + ", ".join(
            f"`{n}`" for n in INITIALIZERS
        )  # fmt: skip
        findings.append(Diagnostic("NS311", f"there is no initializer `{name}`", span, (), hint))
        return None
    given: dict[str, Any] = {}
    if name == "constant_" and isinstance(args, Scalar) and args.value is not None:
        check(args, widen(NUMBER), "`val`", findings.append)
        given = {"val": args.value}
    elif args is not None and not (isinstance(args, Scalar) and args.value is None):
        schema: Schema = {
            "type": "object",
            "properties": {k: widen(v) for k, v in INITIALIZERS[name].items()},
            "additionalProperties": False,
        }
        check(args, schema, f"`{name}`", findings.append)
        given = plain(args) if isinstance(args, Mapping) else {}
    elif name == "constant_":
        findings.append(Diagnostic("NS203", "`constant_` needs `val`", span))
    return Rule(selector, parameter, name, given, key)


def unmatched(network: Network, section: Mapping | None) -> list[Diagnostic]:
    """NS311 for each selector that selects no layer.

    A kind of layer that the spec names somewhere is well, even where this network, a variant of
    its family, has none of it.
    """
    document = network.document
    written = _Written(document)
    findings = _unmatched(section, network.root, written) if section is not None else []
    checked: set[str] = set()
    if any(block.init is not None for block in document.blocks.values()):
        for layer in network.layers:
            for name, _ in layer.inits:
                found = document.blocks[name].init
                if found is not None and name not in checked:
                    checked.add(name)
                    findings += _unmatched(found, layer, written)
    return findings


class _Written:
    """The kinds of layers that a spec names, found when first asked for."""

    def __init__(self, document: Document) -> None:
        self.document = document

    @cached_property
    def kinds(self) -> set[str]:
        entries = [self.document.layers, *(b.body for b in self.document.blocks.values())]
        found: set[str] = set()
        while entries:
            entry = entries.pop()
            found.add(entry.op)
            entries += [c.entry for c in (*entry.children, *(entry.branches or ()))]
        values: list[Any] = [p.default for p in self.document.params.values()]
        while values:  # a parameter may name a layer
            value = values.pop()
            if isinstance(value, list):
                values += value
            elif isinstance(value, str):
                found.add(value)
        return found


def _unmatched(section: Mapping, root: Layer, written: _Written) -> list[Diagnostic]:
    from netspec.compiler.ir import walk

    layers = list(walk(root))
    start = len(root.path) + 1 if root.path else 0
    kinds = {type(x.op).__name__ for x in layers if x.op is not None}
    paths = [x.path[start:] for x in layers if x is not root]
    findings: list[Diagnostic] = []
    for selector in section.items:
        if names_a_kind(selector):
            ok = selector in kinds or selector in written.kinds or bool(_inner(layers, start))
            near = nearest(selector, sorted(kinds)) if not ok else None
        else:
            ok = any(fnmatchcase(p, selector) for p in paths) or any(
                fnmatchcase(p, selector) for p in ("", *_inner(layers, start))
            )
            near = nearest(selector, paths) if not ok else None
        if not ok:
            hint = f"did you mean `{near}`?" if near else "name a kind of layer, or a path"
            message = f"no layer is selected by `{selector}`"
            span = section.keys[selector]
            findings.append(Diagnostic("NS311", message, span, (), hint))
        if len(findings) >= MAX_FINDINGS:
            break
    return findings


def _inner(layers: list[Layer], start: int) -> list[str]:
    """The paths of modules that stand within a layer, as its parameters' names tell."""
    return [
        f"{layer.path[start:]}.{name}".rpartition(".")[0]
        for layer in layers
        if layer.op is not None
        for name in layer.op.parameters(*layer.inputs)
        if "." in name
    ]
