"""Each `init` rule on each tensor that it starts: would torch run it? Told without torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netspec.compiler.ir import owners
from netspec.compiler.language.expression import ExpressionError, evaluate
from netspec.compiler.language.schema_validation import check_value
from netspec.compiler.validating.init_rules import (
    INITIALIZERS,
    Rule,
    fans,
    init_rules,
    matches,
    names_a_kind,
)
from netspec.diagnostics import Diagnostic, nearest
from netspec.ops.base import Shape, described

if TYPE_CHECKING:
    from netspec.compiler.ir import Layer, Network

_DIMS: Final = {
    "kaiming_normal_": (2, None), "kaiming_uniform_": (2, None), "xavier_normal_": (2, None),
    "xavier_uniform_": (2, None), "orthogonal_": (2, None), "dirac_": (3, 5),
}  # fmt: skip
"""How many dimensions a function needs, at least and at most."""

_BOUNDS: Final = {"uniform_": (0.0, 1.0), "trunc_normal_": (-2.0, 2.0)}
"""What `a` and `b` are where they are not given; `a` is the lower one."""


class _Tensor(NamedTuple):
    """A parameter: its module's path, that module's kind where it is known, its name and shape."""

    module: str
    kind: str | None
    name: str
    shape: Shape


def misapplied(network: Network) -> list[Diagnostic]:
    """NS311 and others for the first mistake of each rule, the spec's own and those of blocks."""
    document = network.document
    found: dict[Rule, Diagnostic] = {}
    _check(network.root, init_rules(document.init), network.params, found)
    if any(block.init is not None for block in document.blocks.values()):
        rules = {name: init_rules(block.init) for name, block in document.blocks.items()}
        for layer in network.layers:
            for block, params in layer.inits:
                _check(layer, rules[block], params, found)
    return list(found.values())


def _check(
    root: Layer, rules: tuple[Rule, ...], params: dict[str, Any], found: dict[Rule, Diagnostic]
) -> None:
    if not rules:
        return
    tensors = list(_tensors(root))
    known = {tensor.name for tensor in tensors} | {"weight", "bias"}
    for rule in rules:
        if rule.parameter not in known and rule not in found:
            near = nearest(rule.parameter, sorted(known))
            hint = f"did you mean `{near}`?" if near else "for example `weight` or `bias`"
            message = f"no layer has a parameter `{rule.parameter}`"
            found[rule] = Diagnostic("NS311", message, rule.span, (), hint)
    well: set[tuple[int, Shape]] = set()  # what is right for one tensor is for those of its shape
    for tensor in tensors:
        applied = [r for r in rules if r.parameter == tensor.name and _may_select(r, tensor)]
        if not applied or (id(applied[-1]), tensor.shape) in well or applied[-1] in found:
            continue
        problem = _problem(applied[-1], tensor, params)
        if problem is not None:
            found[applied[-1]] = problem
        well.add((id(applied[-1]), tensor.shape))


def _tensors(root: Layer) -> Iterator[_Tensor]:
    """Every parameter, with the path of its module from `root`."""
    start = len(root.path) + 1 if root.path else 0
    for layer in owners(root):
        assert layer.op is not None
        for name, shape in layer.op.parameters(*layer.inputs).items():
            path = f"{layer.path}.{name}" if name else layer.path
            module, _, own = path[start:].rpartition(".")
            plain = name and "." not in name
            yield _Tensor(module, type(layer.op).__name__ if plain else None, own, shape)


def _may_select(rule: Rule, tensor: _Tensor) -> bool:
    """Whether the rule takes the tensor's module; of one within a layer the kind is not known."""
    if tensor.kind is None and names_a_kind(rule.selector):
        return False
    return matches(rule.selector, tensor.module, (tensor.kind or "",))


def _problem(rule: Rule, tensor: _Tensor, params: dict[str, Any]) -> Diagnostic | None:
    path = f"{tensor.module}.{tensor.name}" if tensor.module else tensor.name
    least, most = _DIMS.get(rule.function, (0, None))
    if len(tensor.shape) < least or (most is not None and len(tensor.shape) > most):
        needs = f"{least} dimensions or more" if most is None else f"{least} to {most} dimensions"
        message = f"`{rule.function}` needs {needs}, and `{path}` is {described(tensor.shape)}"
        hint = "for a vector, `zeros_`, `ones_`, `constant_`, `normal_` or `uniform_`"
        return Diagnostic("NS311", message, rule.span, (), hint)
    env = {**params, **fans(tensor.shape)}
    found: list[Diagnostic] = []
    args: dict[str, Any] = {}
    for name, raw in rule.args.items():
        args[name] = raw
        if not (isinstance(raw, str) and "$" in raw):
            continue
        try:
            args[name] = evaluate(raw, env)
        except ExpressionError as problem:
            message = f"{problem.message}, for `{path}`"
            hint = "a vector has neither `fan_in` nor `fan_out`"
            vector = len(tensor.shape) < 2 and "fan_" in raw
            return Diagnostic(
                problem.code, message, rule.span, (), hint if vector else problem.hint
            )
        schema = INITIALIZERS[rule.function][name]
        check_value(args[name], schema, f"`{name}`", rule.span, found.append)
    if found:
        return found[0]
    low, high = _BOUNDS.get(rule.function, (0.0, 0.0))
    low, high = args.get("a", low), args.get("b", high)
    if rule.function in _BOUNDS and low > high:
        message = f"`{rule.function}` draws from `a` to `b`, and {low} is more than {high}"
        return Diagnostic("NS311", message, rule.span, (), "give both, the lower one as `a`")
    return None
