"""An entry's arguments, evaluated: the op that it makes, or what its block's expressions see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from netspec.compiler.expanding.context import AlreadyReported, Elaboration
from netspec.compiler.expanding.sibling_sizes import SiblingSizes
from netspec.compiler.ir import Scope
from netspec.compiler.language.document import Block, Entry
from netspec.compiler.language.env import Env, extended
from netspec.compiler.language.expression import SIBLINGS, InputShape
from netspec.compiler.language.params import ParamTable, fitted, param_mismatch, param_table
from netspec.compiler.language.schema_validation import check_value, unknown_key
from netspec.diagnostics import Diagnostic, Note, Span
from netspec.json_schema import as_declared
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal
from netspec.source import Mapping, Node, Scalar


def make_op(context: Elaboration, entry: Entry, name: str, scope: Scope) -> Op:
    """The op with its arguments; made once for each of their values.

    Raises `AlreadyReported` after a finding.
    """
    known = context.known(entry.args, scope)
    if known is None:
        return _fresh(context, entry, OPS[name], scope)
    key = (id(entry.args), name, known)
    op = context.made.get(key)
    if op is None:
        if key in context.made:
            raise AlreadyReported
        context.made[key] = None
        op = context.made[key] = _fresh(context, entry, OPS[name], scope)
    return op


def _fresh(context: Elaboration, entry: Entry, op: type[Op], scope: Scope) -> Op:
    """The op from its evaluated arguments. Raises `AlreadyReported` after a finding."""
    nodes = given_nodes(context, entry, op.bare, f"{op.__name__} has no argument that stands alone")
    given = {name: context.value(node, scope) for name, node in nodes.items()}
    text = repr(given)
    context.spend(len(text) // 8, entry.span)
    same = (id(entry.args), op.__name__, text, "given")  # so that `infer` is remembered
    made = context.made.get(same)
    if made is None:
        _check(context, entry, op, given, nodes, scope)
        made = context.made[same] = _made(context, entry, op, given, nodes, scope)
    return made


def given_nodes(
    context: Elaboration, entry: Entry, alone: str | None, message: str
) -> dict[str, Node]:
    """The arguments by name as they are written; `alone` names the one without a name.

    Raises `AlreadyReported` after the finding `message` where no argument may stand alone.
    """
    args = entry.args
    if isinstance(args, Mapping):
        return args.items
    if args is None or (isinstance(args, Scalar) and args.value is None):
        return {}
    if alone is None:
        context.report("NS202", message, args.span)
        raise AlreadyReported
    return {alone: args}


def _check(
    context: Elaboration,
    entry: Entry,
    op: type[Op],
    given: dict[str, Any],
    nodes: dict[str, Node],
    scope: Scope,
) -> None:
    """Hold the values against the op's schema; `4.0` becomes 4 where that is wanted.

    Raises `AlreadyReported` after a finding, which validation may have made already.
    """
    before = len(context.findings)
    for key, value in given.items():
        declared = op.args.get(key)
        if declared is None:
            _unknown(context, entry, key, op.__name__, list(op.args), scope)
        problems: list[Diagnostic] = []
        check_value(value, declared.schema, f"`{key}`", nodes[key].span, problems.append)
        if problems and _told(context, nodes[key], value, scope):
            raise AlreadyReported
        for found in problems:
            hint = found.hint or _mend(nodes[key])
            context.report_at(replace(found, hint=hint), scope)
        given[key] = as_declared(value, declared.schema)
    missing = [a.name for a in op.args.values() if a.required and a.name not in given]
    if missing:
        needs = " and ".join(f"`{m}`" for m in missing)
        hint = "add " + " and ".join(f"`{m}: …`" for m in missing)
        found = Diagnostic("NS203", f"{op.__name__} needs {needs}", entry.span, (), hint)
        context.report_at(found, scope)
        raise AlreadyReported
    known = ((code, node.span) for node in nodes.values() for code in ("NS202", "NS204"))
    if len(context.findings) > before or any(place in context.findings for place in known):
        raise AlreadyReported


def _made(
    context: Elaboration,
    entry: Entry,
    op: type[Op],
    given: dict[str, Any],
    nodes: dict[str, Node],
    scope: Scope,
) -> Op:
    """The op. Raises `AlreadyReported` after a finding where its arguments contradict."""
    try:
        return op(**given)
    except Refusal as refusal:
        node = nodes.get(refusal.argument or "")
        span = entry.span if node is None else node.span
        found = Diagnostic(refusal.code, refusal.message, span, (), refusal.hint)
        context.report_at(found, scope)
        raise AlreadyReported from None


def _unknown(
    context: Elaboration, entry: Entry, key: str, what: str, known: list[str], scope: Scope
) -> NoReturn:
    """Report a name that is no argument, seen only now since `$name` named the layer."""
    at = entry.args.keys[key] if isinstance(entry.args, Mapping) else entry.span
    context.report_at(unknown_key(key, at, what, known), scope)
    raise AlreadyReported


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


def alone_of(context: Elaboration, name: str, span: Span) -> tuple[str | None, str]:
    """The argument of a layer or block that may stand alone, and what is said where none may."""
    if name in OPS:
        return OPS[name].bare, f"{name} has no argument that stands alone"
    alone = _table(context, context.document.blocks[name], span).alone
    return alone, f"`{name}` has no parameter that stands alone"


def _table(context: Elaboration, block: Block, span: Span) -> ParamTable:
    table = context.tables.get(block.name)
    if table is None:
        context.spend(len(block.params), span)
        table = context.tables[block.name] = param_table(block.params)
    return table


def block_env(
    context: Elaboration,
    block: Block,
    entry: Entry,
    scope: Scope,
    bound: dict[str, InputShape | None],
) -> Env:
    """What a block's expressions see: its parameters, and the shapes of its inputs.

    Raises `AlreadyReported` after a finding.
    """
    table = _table(context, block, entry.span)
    message = f"`{block.name}` has no parameter that stands alone"
    nodes = given_nodes(context, entry, table.alone, message)
    context.spend(len(nodes), entry.span)
    for key in nodes:
        if key not in block.params:
            _unknown(context, entry, key, f"`{block.name}`", list(block.params), scope)
    given = {name: context.value(node, scope) for name, node in nodes.items()}
    values: dict[str, Any] = {}
    well = table.required <= given.keys()
    for name, value in given.items():
        param = block.params[name]
        well = well and param_mismatch(param, value) is None
        values[name] = fitted(param, value)
    if not well:
        _refuse_params(context, block, entry, given, nodes, scope)
    values.update(bound)
    known = tuple([shape for shape in bound.values() if shape is not None])
    values[SIBLINGS] = SiblingSizes(context, known)
    return extended(table.defaults, values)


def _refuse_params(
    context: Elaboration,
    block: Block,
    entry: Entry,
    given: dict[str, Any],
    nodes: dict[str, Node],
    scope: Scope,
) -> NoReturn:
    """Report the first parameter that is missing, or whose value does not fit."""
    for param in block.params.values():
        wrong = param_mismatch(param, given[param.name]) if param.name in given else None
        if wrong:
            notes = (Note("declared here", param.span), *context.provenance(scope))
            context.report("NS202", wrong, nodes[param.name].span, None, notes)
            break
        if param.required and param.name not in given:
            message = f"`{block.name}` needs `{param.name}`"
            context.report("NS203", message, entry.span, f"add `{param.name}: …`")
            break
    raise AlreadyReported
