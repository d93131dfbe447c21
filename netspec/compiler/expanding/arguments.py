"""An entry's arguments, evaluated: the op that it makes, or what its block's expressions see."""

from __future__ import annotations

from typing import Any

from netspec.compiler.expanding.context import AlreadyReported, Elaboration
from netspec.compiler.ir import Layer, Scope
from netspec.compiler.language.document import Block, Entry
from netspec.compiler.language.names import unknown_layer
from netspec.compiler.language.params import bare_param, param_mismatch
from netspec.compiler.language.schema_validation import check_value, said, unknown_key
from netspec.diagnostics import Diagnostic, Note, Span, nearest
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal
from netspec.source import Mapping, Node, Scalar


def op_name(context: Elaboration, entry: Entry, scope: Scope) -> str:
    """The name of the op or block that an entry runs. Raises `AlreadyReported` after a finding."""
    name = entry.op
    if "$" not in name:
        return name
    value = context.evaluated(Scalar(name, entry.span), scope)
    if not isinstance(value, str):
        hint = "the parameter must hold a layer's name, such as `ReLU`"
        context.report(
            "NS205", f"{said(value)} is not a layer", entry.span, hint, context.provenance(scope)
        )
        raise AlreadyReported
    if value == "Sequential":
        hint = "a block under `blocks:` may hold the layers, and a parameter name the block"
        context.report(
            "NS205", "`Sequential` needs its layers", entry.span, hint, context.provenance(scope)
        )
        raise AlreadyReported
    if value not in OPS and value not in context.document.blocks:
        found = unknown_layer(value, entry.span, tuple(context.document.blocks))
        context.report(found.code, found.message, found.span, found.hint, context.provenance(scope))
        raise AlreadyReported
    return value


def make_op(context: Elaboration, entry: Entry, name: str, scope: Scope) -> Op:
    """The op with its arguments; made once for each of their values.

    Raises `AlreadyReported` after a finding.
    """
    known = context.known(entry.args, scope)
    if known is None:
        return _fresh(context, entry, OPS[name], scope)
    key = (id(entry.args), name, known)
    if key not in context.made:
        context.made[key] = None
        context.made[key] = _fresh(context, entry, OPS[name], scope)
    op = context.made[key]
    if op is None:
        raise AlreadyReported
    return op


def _fresh(context: Elaboration, entry: Entry, op: type[Op], scope: Scope) -> Op:
    args = entry.args
    given: dict[str, Any] = {}
    nodes: dict[str, Node] = {}
    if isinstance(args, Mapping):
        for key, node in args.items.items():
            given[key] = context.value(node, scope)
            nodes[key] = node
    elif args is not None and not (isinstance(args, Scalar) and args.value is None):
        if op.bare is None:
            context.report("NS202", f"{op.__name__} has no argument that stands alone", args.span)
            raise AlreadyReported
        given[op.bare] = context.value(args, scope)
        nodes[op.bare] = args
    spans = {key: node.span for key, node in nodes.items()}
    same = (id(args), op.__name__, repr(given), "given")  # so that `infer` is remembered for it
    made = context.made.get(same)
    if made is not None:
        return made
    before = len(context.findings)
    for key, value in given.items():
        declared = op.args.get(key)
        if declared is None:
            at = args.keys[key] if isinstance(args, Mapping) else entry.span
            found = unknown_key(key, at, op.__name__, list(op.args))
            context.report(
                found.code, found.message, found.span, found.hint, context.provenance(scope)
            )
            raise AlreadyReported
        problems: list[Diagnostic] = []
        check_value(
            value,
            declared.schema,
            f"`{key}`",
            spans[key],
            problems.append,
        )
        if problems and _told(context, nodes[key], value, scope):
            raise AlreadyReported
        for found in problems:
            hint = found.hint or _mend(nodes[key])
            context.report(found.code, found.message, found.span, hint, context.provenance(scope))
        given[key] = _whole(value, declared.schema)
    missing = [a.name for a in op.args.values() if a.required and a.name not in given]
    if missing:
        needs = " and ".join(f"`{m}`" for m in missing)
        hint = "add " + " and ".join(f"`{m}: …`" for m in missing)
        context.report(
            "NS203", f"{op.__name__} needs {needs}", entry.span, hint, context.provenance(scope)
        )
        raise AlreadyReported
    if len(context.findings) > before or any(
        ("NS202", s) in context.findings or ("NS204", s) in context.findings for s in spans.values()
    ):
        raise AlreadyReported
    try:
        made = context.made[same] = op(**given)
        return made
    except Refusal as refusal:
        span = spans.get(refusal.argument or "", entry.span)
        context.report(refusal.code, refusal.message, span, refusal.hint, context.provenance(scope))
        raise AlreadyReported from None


def _told(context: Elaboration, raw: Node, value: Any, scope: Scope) -> bool:
    """Whether this value of a block's parameter has been told to be wrong: it is one mistake."""
    text = raw.value if isinstance(raw, Scalar) else None
    if scope.block is None or not (isinstance(text, str) and text[:1] == "$"):
        return False
    told = (scope.block, f"{text} = {value}")
    seen = told in context.unknown
    context.unknown.add(told)
    return seen


def _mend(raw: Node) -> str | None:
    """A hint where arithmetic stands around `$name`, which makes a word of it."""
    text = raw.value if isinstance(raw, Scalar) else None
    if not isinstance(text, str) or "$(" in text or not ("$" in text and set(text) & set("+-*/")):
        return None
    return f"arithmetic stands within `$(…)`: `$({text.replace('$', '')})`"


def block_env(context: Elaboration, block: Block, entry: Entry, scope: Scope) -> dict[str, Any]:
    """The values of a block's parameters. Raises `AlreadyReported` after a finding."""
    args = entry.args
    given: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    if isinstance(args, Mapping):
        for key, node in args.items.items():
            given[key], spans[key] = context.value(node, scope), node.span
    elif args is not None and not (isinstance(args, Scalar) and args.value is None):
        alone = bare_param(block.params)
        if alone is None:
            message = f"`{block.name}` has no parameter that stands alone"
            context.report("NS202", message, args.span)
            raise AlreadyReported
        given[alone.name], spans[alone.name] = context.value(args, scope), args.span
    for key in given:  # only where the block's name is itself a parameter
        if key not in block.params and isinstance(args, Mapping):
            known = list(block.params)
            found = unknown_key(key, args.keys[key], f"`{block.name}`", known)
            context.report(
                found.code, found.message, found.span, found.hint, context.provenance(scope)
            )
            raise AlreadyReported
    env: dict[str, Any] = {}
    for param in block.params.values():
        if param.name in given:
            value = given[param.name]
            wrong = param_mismatch(param, value)
            if wrong:
                notes = (Note("declared here", param.span), *context.provenance(scope))
                context.report("NS202", wrong, spans[param.name], None, notes)
                raise AlreadyReported
            env[param.name] = value
        elif param.required:
            hint = f"add `{param.name}: …`"
            context.report("NS203", f"`{block.name}` needs `{param.name}`", entry.span, hint)
            raise AlreadyReported
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


def listed_order(context: Elaboration, block: Block, made: Layer) -> tuple[int, ...]:
    """The children in the order in which torch is to list them. Raises `AlreadyReported`."""
    places = {child.name: i for i, child in enumerate(made.children)}
    for name, span in block.order:
        if name not in places:
            near = nearest(name, list(places))
            hint = f"did you mean `{near}`?" if near else None
            context.report("NS205", f"no layer of `{block.name}` is called `{name}`", span, hint)
            raise AlreadyReported
    first = list(dict.fromkeys(places[name] for name, _ in block.order))
    return (*first, *(i for i in range(len(made.children)) if i not in first))
