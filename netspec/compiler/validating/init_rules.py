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

from typing import Any, Final

from netspec.compiler.language.init_rule import INITIALIZERS, Rule
from netspec.compiler.language.schema import widen
from netspec.compiler.language.schema_validation import Report, check
from netspec.diagnostics import Diagnostic, Span, nearest
from netspec.json_schema import NUMBER, Schema, as_declared
from netspec.source import Mapping, Node, Scalar, plain

_EXAMPLE: Final = "for example `Conv2d: {weight: {normal_: {std: 0.01}}}`"


def init_rules(section: Node | None, report: Report) -> tuple[Rule, ...]:
    """The rules of a section; what is wrong in it is reported, and left out."""
    if section is None or (isinstance(section, Scalar) and section.value is None):
        return ()
    if not isinstance(section, Mapping):
        report(Diagnostic("NS202", "`init` is a mapping", section.span, (), _EXAMPLE))
        return ()
    rules: list[Rule] = []
    for selector, node in section.items.items():
        if not isinstance(node, Mapping) or not node.items:
            message = f"`{selector}` is a mapping of parameters"
            report(Diagnostic("NS202", message, node.span, (), _EXAMPLE))
            continue
        for parameter, rule in node.items.items():
            named = _function(parameter, rule, report)
            if named is not None:
                function, args, span = named
                given = _arguments(function, args, span, report)
                if given is not None:
                    place, key = section.keys[selector], node.keys[parameter]
                    rules.append(Rule(selector, place, parameter, function, given, key))
    return tuple(rules)


def _function(parameter: str, node: Node, report: Report) -> tuple[str, Node | None, Span] | None:
    """The function that a rule names, its arguments and its place; None after a finding."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        name, args, span = node.value, None, node.span
    elif isinstance(node, Mapping) and len(node.items) == 1:
        (name,) = node.items
        args, span = node.items[name], node.keys[name]
    else:
        hint = "for example `zeros_` or `{normal_: {std: 0.01}}`"
        message = f"`{parameter}` is one function of torch.nn.init"
        report(Diagnostic("NS202", message, node.span, (), hint))
        return None
    if name not in INITIALIZERS:
        near = nearest(name, list(INITIALIZERS))
        hint = f"did you mean `{near}`?" if near else "one of " + ", ".join(
            f"`{n}`" for n in INITIALIZERS
        )  # fmt: skip
        report(Diagnostic("NS311", f"there is no initializer `{name}`", span, (), hint))
        return None
    return name, args, span


def _arguments(name: str, args: Node | None, span: Span, report: Report) -> dict[str, Any] | None:
    """The arguments as plain data; None after a finding."""
    if args is None or (isinstance(args, Scalar) and args.value is None):
        if name == "constant_":
            report(Diagnostic("NS203", "`constant_` needs `val`", span))
            return None
        return {}
    problems: list[Diagnostic] = []
    if name == "constant_" and isinstance(args, Scalar):
        check(args, widen(NUMBER), "`val`", problems.append)
        given = {"val": args.value}
    else:
        check(args, _schema(name), f"`{name}`", problems.append)
        given = plain(args) if isinstance(args, Mapping) else {}
    for problem in problems:
        report(problem)
    return None if problems else as_declared(given, {"properties": INITIALIZERS[name]})


def _schema(name: str) -> Schema:
    return {
        "type": "object",
        "properties": {k: widen(v) for k, v in INITIALIZERS[name].items()},
        "additionalProperties": False,
    }
