"""An entry's arguments, evaluated: the op that it makes, or what its block's expressions see."""

from __future__ import annotations

from typing import Any

from netspec.compiler.expanding.context import Poison, Scope, Walk
from netspec.compiler.ir import Layer
from netspec.compiler.language.document import Block, Entry
from netspec.compiler.language.names import unknown_layer
from netspec.compiler.language.params import bare_param, param_mismatch
from netspec.compiler.language.schema_validation import check_value, said, unknown_key
from netspec.diagnostics import Diagnostic, Note, Span, nearest
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal
from netspec.source import Mapping, Node, Scalar


def op_name(walk: Walk, entry: Entry, scope: Scope) -> str:
    """The name of the op or block that an entry runs. Raises `Poison` after a finding."""
    name = entry.op
    if "$" not in name:
        return name
    value = walk.evaluated(Scalar(name, entry.span), scope)
    if not isinstance(value, str):
        hint = "the parameter must hold a layer's name, such as `ReLU`"
        walk.say("NS205", f"{said(value)} is not a layer", entry.span, hint, walk.came(scope))
        raise Poison
    if value == "Sequential":
        hint = "a block under `blocks:` may hold the layers, and a parameter name the block"
        walk.say("NS205", "`Sequential` needs its layers", entry.span, hint, walk.came(scope))
        raise Poison
    if value not in OPS and value not in walk.document.blocks:
        found = unknown_layer(value, entry.span, tuple(walk.document.blocks))
        walk.say(found.code, found.message, found.span, found.hint, walk.came(scope))
        raise Poison
    return value


def make_op(walk: Walk, entry: Entry, name: str, scope: Scope) -> Op:
    """The op with its arguments; made once for each of their values.

    Raises `Poison` after a finding.
    """
    known = walk.known(entry.args, scope)
    if known is None:
        return _fresh(walk, entry, OPS[name], scope)
    key = (id(entry.args), name, known)
    if key not in walk.made:
        walk.made[key] = None
        walk.made[key] = _fresh(walk, entry, OPS[name], scope)
    op = walk.made[key]
    if op is None:
        raise Poison
    return op


def _fresh(walk: Walk, entry: Entry, op: type[Op], scope: Scope) -> Op:
    args = entry.args
    given: dict[str, Any] = {}
    nodes: dict[str, Node] = {}
    if isinstance(args, Mapping):
        for key, node in args.items.items():
            given[key] = walk.value(node, scope)
            nodes[key] = node
    elif args is not None and not (isinstance(args, Scalar) and args.value is None):
        if op.bare is None:
            walk.say("NS202", f"{op.__name__} has no argument that stands alone", args.span)
            raise Poison
        given[op.bare] = walk.value(args, scope)
        nodes[op.bare] = args
    spans = {key: node.span for key, node in nodes.items()}
    same = (id(args), op.__name__, repr(given), "given")  # so that `infer` is remembered for it
    made = walk.made.get(same)
    if made is not None:
        return made
    before = len(walk.findings)
    for key, value in given.items():
        declared = op.args.get(key)
        if declared is None:
            at = args.keys[key] if isinstance(args, Mapping) else entry.span
            found = unknown_key(key, at, op.__name__, list(op.args))
            walk.say(found.code, found.message, found.span, found.hint, walk.came(scope))
            raise Poison
        problems: list[Diagnostic] = []
        check_value(
            value,
            declared.schema,
            f"`{key}`",
            spans[key],
            problems.append,
        )
        if problems and _told(walk, nodes[key], value, scope):
            raise Poison
        for found in problems:
            hint = found.hint or _mend(nodes[key])
            walk.say(found.code, found.message, found.span, hint, walk.came(scope))
        given[key] = _whole(value, declared.schema)
    missing = [a.name for a in op.args.values() if a.required and a.name not in given]
    if missing:
        needs = " and ".join(f"`{m}`" for m in missing)
        hint = "add " + " and ".join(f"`{m}: …`" for m in missing)
        walk.say("NS203", f"{op.__name__} needs {needs}", entry.span, hint, walk.came(scope))
        raise Poison
    if len(walk.findings) > before or any(
        ("NS202", s) in walk.findings or ("NS204", s) in walk.findings for s in spans.values()
    ):
        raise Poison
    try:
        made = walk.made[same] = op(**given)
        return made
    except Refusal as refusal:
        span = spans.get(refusal.argument or "", entry.span)
        walk.say(refusal.code, refusal.message, span, refusal.hint, walk.came(scope))
        raise Poison from None


def _told(walk: Walk, raw: Node, value: Any, scope: Scope) -> bool:
    """Whether this value of a block's parameter has been told to be wrong: it is one mistake."""
    text = raw.value if isinstance(raw, Scalar) else None
    if scope.block is None or not (isinstance(text, str) and text[:1] == "$"):
        return False
    told = (scope.block, f"{text} = {value}")
    seen = told in walk.unknown
    walk.unknown.add(told)
    return seen


def _mend(raw: Node) -> str | None:
    """A hint where arithmetic stands around `$name`, which makes a word of it."""
    text = raw.value if isinstance(raw, Scalar) else None
    if not isinstance(text, str) or "$(" in text or not ("$" in text and set(text) & set("+-*/")):
        return None
    return f"arithmetic stands within `$(…)`: `$({text.replace('$', '')})`"


def block_env(walk: Walk, block: Block, entry: Entry, scope: Scope) -> dict[str, Any]:
    """The values of a block's parameters. Raises `Poison` after a finding."""
    args = entry.args
    given: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    if isinstance(args, Mapping):
        for key, node in args.items.items():
            given[key], spans[key] = walk.value(node, scope), node.span
    elif args is not None and not (isinstance(args, Scalar) and args.value is None):
        alone = bare_param(block.params)
        if alone is None:
            message = f"`{block.name}` has no parameter that stands alone"
            walk.say("NS202", message, args.span)
            raise Poison
        given[alone.name], spans[alone.name] = walk.value(args, scope), args.span
    for key in given:  # only where the block's name is itself a parameter
        if key not in block.params and isinstance(args, Mapping):
            known = list(block.params)
            found = unknown_key(key, args.keys[key], f"`{block.name}`", known)
            walk.say(found.code, found.message, found.span, found.hint, walk.came(scope))
            raise Poison
    env: dict[str, Any] = {}
    for param in block.params.values():
        if param.name in given:
            value = given[param.name]
            wrong = param_mismatch(param, value)
            if wrong:
                notes = (Note("declared here", param.span), *walk.came(scope))
                walk.say("NS202", wrong, spans[param.name], None, notes)
                raise Poison
            env[param.name] = value
        elif param.required:
            hint = f"add `{param.name}: …`"
            walk.say("NS203", f"`{block.name}` needs `{param.name}`", entry.span, hint)
            raise Poison
        else:
            env[param.name] = param.default
    return env


def _whole(value: Any, schema: dict[str, Any]) -> Any:
    """`4.0` as 4 where a whole number is wanted, since an expression may divide."""
    kinds = schema.get("type")
    wants = kinds == "integer" or (isinstance(kinds, list) and "number" not in kinds)
    if isinstance(value, float) and wants and value.is_integer():
        return int(value)
    if isinstance(value, list) and wants:
        return [_whole(item, schema.get("items", schema)) for item in value]
    return value


def listed_order(walk: Walk, block: Block, made: Layer) -> tuple[int, ...]:
    """The children in the order in which torch is to list them. Raises `Poison`."""
    places = {child.name: i for i, child in enumerate(made.children)}
    for name, span in block.order:
        if name not in places:
            near = nearest(name, list(places))
            hint = f"did you mean `{near}`?" if near else None
            walk.say("NS205", f"no layer of `{block.name}` is called `{name}`", span, hint)
            raise Poison
    first = list(dict.fromkeys(places[name] for name, _ in block.order))
    return (*first, *(i for i in range(len(made.children)) if i not in first))
