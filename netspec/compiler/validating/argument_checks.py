"""The arguments of layers and blocks, as far as they can be checked before any value is known."""

from __future__ import annotations

from typing import NoReturn

from netspec.compiler.language.document import PARAM_TYPES, Param
from netspec.compiler.language.expression import ExpressionError, pieces
from netspec.compiler.language.params import bare_param, param_mismatch
from netspec.compiler.language.said import written
from netspec.compiler.language.schema import op_schema
from netspec.compiler.language.schema_validation import (
    check,
    expression_span,
    missing_keys,
    unknown_key,
)
from netspec.diagnostics import MAX_FINDINGS, Diagnostic, Note, Span, SpecError, nearest
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar, Sequence, plain


class ArgumentChecks:
    """The findings so far, the parameters of every block, and checks of arguments."""

    def __init__(self) -> None:
        self.findings: list[Diagnostic] = []
        self.block_params: dict[str, dict[str, Param]] = {}
        self.unknown: set[str] = set()
        # after a mistake in `blocks`, what uses blocks is no mistake
        self.broken_blocks: set[str] = set()
        self.lost_blocks = False
        self.ndim = 2  # spatial dimensions of the input, as hints need to know

    def report(self, finding: Diagnostic) -> None:
        """Take a finding. Raises `SpecError` where there are as many as one check tells."""
        self.findings.append(finding)
        if len(self.findings) >= MAX_FINDINGS:
            self.fail()

    def say(
        self, code: str, message: str, span: Span, hint: str | None = None, *notes: Note
    ) -> None:
        """Make a finding and take it."""
        self.report(Diagnostic(code, message, span, notes, hint))

    def fail(self) -> NoReturn:
        """Raise `SpecError` with the findings so far."""
        raise SpecError(tuple(self.findings))

    def arguments(self, name: str, value: Node | None, span: Span, *, partly: bool = False) -> None:
        """Check what stands under the name of a layer; `partly` where more may be given later."""
        if name == "Sequential":
            return
        op = OPS[name]
        if value is None:
            missing = [a.name for a in op.args.values() if a.required]
            if missing and not partly:
                self.report(missing_keys(missing, span, name))
            return
        schema = op_schema(op)
        if isinstance(value, Mapping):
            if not value.items.keys() <= op.args.keys():
                from netspec.compiler.validating.foreign_arguments import foreign_arguments

                other = foreign_arguments(name, value, self.ndim)
                if other is not None:
                    self.report(other)
                    return
            before = len(self.findings)
            check(value, {**schema, "required": []}, name, self.report)
            missing = [k for k in schema.get("required", []) if k not in value.items]
            unknown = any(f.code == "NS201" for f in self.findings[before:])
            if missing and not unknown and not partly:
                self.report(missing_keys(missing, span, name))
            return
        required = [a.name for a in op.args.values() if a.required]
        if is_null(value):
            if required and not partly:
                self.report(missing_keys(required, span, name))
        elif op.bare is None or not set(required) <= {op.bare}:
            what = f"{name} has no argument that stands alone" if op.args else (
                f"{name} takes no arguments"
            )  # fmt: skip
            self.say("NS202", what, value.span, _with_names(name, required, list(op.args), value))
        else:
            bare = schema["properties"][op.bare]
            if isinstance(value, Sequence) and op.linear and len(value.items) == 2:
                hint = f"did you mean `{written(plain(value.items[1]))}`?"
                message = f"`{op.bare}` is a whole number: what comes in follows by itself"
                self.say("NS202", message, value.span, hint)
                return
            check(value, bare, f"`{op.bare}`", self.report)

    def block_arguments(
        self, name: str, value: Node | None, span: Span, *, partly: bool = False
    ) -> None:
        """Check what stands under the name of a block; `partly` where more may be given later."""
        if name in self.broken_blocks:
            return
        params = self.block_params[name]
        required = [p.name for p in params.values() if p.required]
        if isinstance(value, Mapping):
            unknown = [k for k in value.items if k not in params]
            for key in unknown:
                if f"{name}.{key}" not in self.unknown:
                    self.unknown.add(f"{name}.{key}")
                    self.report(unknown_key(key, value.keys[key], f"`{name}`", list(params)))
            for key, node in value.items.items():
                self.expressions(node)
                if key in params:
                    self.param_value(name, params[key], node)
            missing = [k for k in required if k not in value.items]
            if missing and not unknown and not partly:
                self.report(missing_keys(missing, span, f"`{name}`"))
            return
        if value is None or is_null(value):
            if required and not partly:
                self.report(missing_keys(required, span, f"`{name}`"))
            return
        alone = bare_param(params)
        if alone is None:
            hint = f"write `{name}: {{{next(iter(params), '')}: …}}`" if params else f"`- {name}`"
            message = f"`{name}` has no parameter that stands alone"
            if f"{name}:" not in self.unknown:
                self.unknown.add(f"{name}:")
                self.say("NS202", message, value.span, hint)
        else:
            self.expressions(value)
            self.param_value(name, alone, value)

    def param_value(self, block: str, param: Param, node: Node) -> None:
        """Check a value for a parameter, unless it is an expression."""
        if node.__class__ is not Scalar:
            self.value_within(node)
        if isinstance(node, Scalar) and isinstance(node.value, str) and "$" in node.value:
            return
        wrong = param_mismatch(param, plain(node))
        if not wrong:
            return
        hint = None
        if param.type == "str" and isinstance(param.default, str):  # a type that is misspelt?
            near = nearest(param.default, PARAM_TYPES)
            hint = f"its default is `{param.default}`: did you mean `{near}`?" if near else None
        if hint is None or f"{block}:{param.name}" not in self.unknown:
            self.unknown.add(f"{block}:{param.name}")
            self.say("NS202", wrong, node.span, hint, Note("declared here", param.span))

    def value_within(self, node: Node) -> None:
        """Check the mappings in a parameter's value, which need to know of all layers."""

    def expressions(self, node: Node) -> None:
        """Check that every expression within is one, whatever its value."""
        if isinstance(node, Scalar):
            if isinstance(node.value, str) and "$" in node.value:
                try:
                    pieces(node.value)
                except ExpressionError as problem:
                    at = expression_span(node, problem.start, problem.end)
                    self.say(problem.code, problem.message, at, problem.hint)
        else:
            items = node.items if isinstance(node, Sequence) else list(node.items.values())
            for item in items:
                self.expressions(item)


def is_null(node: Node) -> bool:
    """Whether nothing is written."""
    return isinstance(node, Scalar) and node.value is None


def _with_names(op: str, required: list[str], args: list[str], value: Node) -> str:
    """How to write an op that was given a value without a name."""
    size = value.value if isinstance(value, Scalar) and type(value.value) is int else None
    if required:
        first = "…" if size is None else size
        named = ", ".join([f"{required[0]}: {first}", *(f"{x}: …" for x in required[1:])])
        return f"write `{op}: {{{named}}}`"
    if size is not None and "Norm" in op:
        return f"write `{op}`: sizes follow from its input; or name what you set: `{args[0]}: …`"
    if args:
        return f"write `{op}: {{{args[0]}: …}}`"
    return f"write `{op}`"
