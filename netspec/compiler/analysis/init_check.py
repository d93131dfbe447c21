"""Each `init` rule on each tensor that it starts: would torch run it? Told without torch."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple

from netspec.compiler.analysis.state import is_tensor
from netspec.compiler.ir import Layer, owners, walk
from netspec.compiler.language.document import Block, Document
from netspec.compiler.language.env import Env, extended
from netspec.compiler.language.expression import ExpressionError, evaluate
from netspec.compiler.language.init_rule import (
    INITIALIZERS,
    Rule,
    fans,
    matches,
    names_a_kind,
)
from netspec.compiler.language.schema_validation import check_value
from netspec.compiler.language.work import MAX_WORK, TooMuchWork, Work
from netspec.counted import counted
from netspec.diagnostics import MAX_FINDINGS, Diagnostic, nearest
from netspec.ops import OPS
from netspec.ops.base import Shape, described

_DIMS: Final = {
    "kaiming_normal_": (2, None), "kaiming_uniform_": (2, None), "xavier_normal_": (2, None),
    "xavier_uniform_": (2, None), "orthogonal_": (2, None), "dirac_": (3, 5),
}  # fmt: skip
"""How many dimensions a function needs, at least and at most."""

_BOUNDS: Final = {"uniform_": (0.0, 1.0), "trunc_normal_": (-2.0, 2.0)}
"""What `a` and `b` are where they are not given; `a` is the lower one."""


MAX_HELD: Final = 300_000
"""How often rules may be held against parameters."""
_CHARACTERS: Final = 64
"""Characters of a path that cost as much as one comparison."""


class Held(NamedTuple):
    """What is left to spend on rules: comparisons with parameters, and steps of expressions."""

    pairs: Work
    expressions: Work


class _Tensor(NamedTuple):
    """A parameter: its module's path and kind, none where that is not known, its name and shape."""

    module: str
    kinds: tuple[str, ...]
    name: str
    shape: Shape


def init_findings(document: Document, params: dict[str, Any], root: Layer) -> list[Diagnostic]:
    """NS311 and others: selectors that select nothing, or else the first mistake of each rule.

    NS307 where there are more rules on more layers than can be looked at in bounded time.
    """
    held = Held(Work(MAX_HELD), Work())
    try:
        return _all_unmatched(document, root, held) or _misapplied(document, params, root, held)
    except TooMuchWork:
        sections = (document.init, *(block.init for block in document.blocks.values()))
        rule = next(rules[0] for rules in sections if rules)
        message = f"`init` rules are held against parameters more than {MAX_HELD:,} times"
        if held.expressions.overspent:
            message = f"expressions of `init` take more than {MAX_WORK:,} steps, over all tensors"
        hint = "one rule for a kind of layer does the same as many for its paths"
        return [Diagnostic("NS307", message, rule.selector_span, (), hint)]


def init_findings_of_kinds(document: Document) -> list[Diagnostic]:
    """NS311 for kinds of layers that are nowhere in the spec, where its layers are not known."""
    written = _Written(document)
    kinds = written.kinds | set(OPS)
    sections = (document.init, *(block.init for block in document.blocks.values()))
    return [
        _no_layer(rule, sorted(written.kinds & set(OPS)))
        for rules in sections
        for rule in _by_selector(rules)
        if names_a_kind(rule.selector) and rule.selector not in kinds
    ]


def _misapplied(document: Document, params: Env, root: Layer, held: Held) -> list[Diagnostic]:
    """The first mistake of each rule, the spec's own and those of blocks."""
    found: dict[Rule, Diagnostic] = {}
    _check(root, document.init, params, found, held)
    for layer, block, values in _block_rules(document, root):
        _check(layer, block.init, values, found, held)
    return list(found.values())


def _block_rules(document: Document, root: Layer) -> Iterator[tuple[Layer, Block, Env]]:
    """Every layer that a block with rules of its own made, and what the rules see."""
    if any(block.init for block in document.blocks.values()):
        for layer in walk(root):
            for name, values in layer.inits:
                yield layer, document.blocks[name], values


def _all_unmatched(document: Document, root: Layer, held: Held) -> list[Diagnostic]:
    """NS311 for each selector that selects no layer.

    A kind of layer that the spec names somewhere is well, even where this network, a variant of
    its family, has none of it.
    """
    written = _Written(document)
    findings = _unmatched(document.init, root, written, held)
    checked: set[str] = set()
    for layer, block, _ in _block_rules(document, root):
        if block.name not in checked:
            checked.add(block.name)
            findings += _unmatched(block.init, layer, written, held)
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


def _by_selector(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The first rule of each selector, in the order written."""
    first: dict[str, Rule] = {}
    for rule in rules:
        first.setdefault(rule.selector, rule)
    return tuple(first.values())


def _unmatched(
    rules: tuple[Rule, ...], root: Layer, written: _Written, held: Held
) -> list[Diagnostic]:
    if not rules:
        return []
    below = _Below(root)
    held.pairs.spend(len(below.layers))

    def selects(selector: str) -> bool:
        if names_a_kind(selector):  # of what is within a layer the kind is not known
            return selector in below.kinds or selector in written.kinds or bool(below.inner)
        if selector in below.within:
            return True
        if not any(sign in selector for sign in "*?["):
            return False
        held.pairs.spend(below.cost)
        return any(fnmatchcase(path, selector) for path in below.within)

    wrong = (rule for rule in _by_selector(rules) if not selects(rule.selector))
    return [
        _no_layer(rule, sorted(below.kinds) if names_a_kind(rule.selector) else below.paths)
        for rule in islice(wrong, MAX_FINDINGS)
    ]


class _Below:
    """What a selector can select below a layer, found when first asked for."""

    def __init__(self, root: Layer) -> None:
        self.root = root
        self.layers = list(walk(root))

    @cached_property
    def kinds(self) -> set[str]:
        return {type(layer.op).__name__ for layer in self.layers if layer.op is not None}

    @cached_property
    def paths(self) -> list[str]:
        """Of layers, and of what holds tensors with dots in their names."""
        paths = [x.path for x in self.layers if x is not self.root]
        dotted = [x.path for x in self.layers if "." in x.name and is_tensor(x)]
        return [self.relative(x) for x in (*paths, *[x.rpartition(".")[0] for x in dotted])]

    @cached_property
    def inner(self) -> list[str]:
        """Of modules that stand within a layer, as its parameters' names tell."""
        return [
            self.relative(f"{layer.path}.{name}").rpartition(".")[0]
            for layer in self.layers
            if layer.op is not None
            for name in layer.op.parameters(*layer.inputs)
            if "." in name
        ]

    @cached_property
    def within(self) -> set[str]:
        return {*self.paths, *self.inner, ""}

    @cached_property
    def cost(self) -> int:
        return sum(map(_cost, self.within))

    def relative(self, path: str) -> str:
        return path.removeprefix(f"{self.root.path}.")


def _cost(path: str) -> int:
    """Comparisons that the one with this path costs as much as."""
    return 1 + len(path) // _CHARACTERS


def _no_layer(rule: Rule, known: list[str]) -> Diagnostic:
    near = nearest(rule.selector, known)
    hint = f"did you mean `{near}`?" if near else "name a kind of layer, or a path"
    message = f"no layer is selected by `{rule.selector}`"
    return Diagnostic("NS311", message, rule.selector_span, (), hint)


def _check(
    root: Layer,
    rules: tuple[Rule, ...],
    params: Env,
    found: dict[Rule, Diagnostic],
    held: Held,
) -> None:
    if not rules:
        return
    tensors = list(_tensors(root))
    held.pairs.spend(len(tensors))
    of_name: dict[str, list[Rule]] = {}
    for rule in rules:
        of_name.setdefault(rule.parameter, []).append(rule)
    known = {tensor.name for tensor in tensors} | {"weight", "bias"}
    for rule in rules:
        if rule.parameter not in known and rule not in found:
            near = nearest(rule.parameter, sorted(known))
            hint = f"did you mean `{near}`?" if near else "for example `weight` or `bias`"
            message = f"no layer has a parameter `{rule.parameter}`"
            found[rule] = Diagnostic("NS311", message, rule.span, (), hint)
    looked_at: set[tuple[Rule, Shape]] = set()  # what holds for one holds for all of its shape
    for tensor in tensors:
        named = of_name.get(tensor.name, [])
        held.pairs.spend(len(named) * _cost(tensor.module))
        taken = (r for r in reversed(named) if matches(r.selector, tensor.module, tensor.kinds))
        last = next(taken, None)
        if last is None or last in found or (last, tensor.shape) in looked_at:
            continue
        looked_at.add((last, tensor.shape))
        problem = _problem(last, tensor, params, held.expressions)
        if problem is not None:
            found[last] = problem


def _tensors(root: Layer) -> Iterator[_Tensor]:
    """Every parameter, with the path of its module from `root`."""
    for layer in owners(root):
        assert layer.op is not None
        for name, shape in layer.op.starts(*layer.inputs).items():
            path = f"{layer.path}.{name}" if name else layer.path
            module, _, own = path.removeprefix(f"{root.path}.").rpartition(".")
            kinds = (type(layer.op).__name__,) if own == name else ()  # else it stands within
            yield _Tensor(module, kinds, own, shape)


def _problem(rule: Rule, tensor: _Tensor, params: Env, work: Work) -> Diagnostic | None:
    path = f"{tensor.module}.{tensor.name}" if tensor.module else tensor.name
    dims = len(tensor.shape)
    least, most = _DIMS.get(rule.function, (dims, None))
    if dims < least or (most is not None and dims > most):
        needs = (
            f"{counted(least, 'dimension')} or more"
            if most is None
            else f"{least} to {counted(most, 'dimension')}"
        )
        message = f"`{rule.function}` needs {needs}, and `{path}` is {described(tensor.shape)}"
        hint = "for a vector, `zeros_`, `ones_`, `constant_`, `normal_` or `uniform_`"
        return Diagnostic("NS311", message, rule.span, (), hint)
    env = extended(params, fans(tensor.shape))
    found: list[Diagnostic] = []
    args: dict[str, Any] = {}
    for name, raw in rule.args.items():
        args[name] = raw
        if not (isinstance(raw, str) and "$" in raw):
            continue
        try:
            args[name] = evaluate(raw, env, work)
        except ExpressionError as problem:
            message = f"{problem.message}, for `{path}`"
            hint = "a vector has neither `fan_in` nor `fan_out`"
            vector = dims < 2 and "fan_" in raw
            return Diagnostic(
                problem.code, message, rule.span, (), hint if vector else problem.hint
            )
        schema = INITIALIZERS[rule.function][name]
        check_value(args[name], schema, f"`{name}`", rule.span, found.append)
    if found:
        return found[0]
    if rule.function in _BOUNDS:
        low, high = _BOUNDS[rule.function]
        low, high = args.get("a", low), args.get("b", high)
        if low > high:
            message = f"`{rule.function}` draws from `a` to `b`, and {low:g} is more than {high:g}"
            return Diagnostic("NS311", message, rule.span, (), "give both, the lower one as `a`")
    return None
