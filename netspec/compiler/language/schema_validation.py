"""JSON Schema held against nodes with spans, each mismatch worded for the person who wrote it.

It reads the part of JSON Schema 2020-12 that `spec_schema` and the ops use; a test holds its
verdicts against those of the `jsonschema` package.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from netspec.compiler.language.expression import ExpressionError, pieces
from netspec.compiler.language.said import said, written
from netspec.compiler.language.schema import EXPRESSION, resolve, spec_schema
from netspec.diagnostics import Diagnostic, Span, nearest
from netspec.json_schema import Schema
from netspec.source import Mapping, Node, Scalar, Sequence

Report = Callable[[Diagnostic], None]

_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a word",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}

_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "y": "true",
             "no": "false", "off": "false", "false": "false", "n": "false"}  # fmt: skip
_NOTHING = ("none", "null", "nil", "off", "no", "false", "disabled")
"""Words in which people write `null`."""
_TUPLE = re.compile(r"\([-+0-9.eE,\s]+\)\Z")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")

_matcher = lru_cache(maxsize=512)(re.compile)


def expression_span(node: Scalar, start: int, end: int) -> Span:
    """The span of a stretch of a scalar's text, where it stands in one line."""
    span = node.span
    if span.line != span.end_line:
        return span
    # a quoted scalar with escapes is longer than its value: then the whole is the best place
    width = span.end_column - span.column
    offset = 1 if node.quoted else 0
    if width != len(str(node.value)) + 2 * offset:
        return span
    column = span.column + offset
    return span._replace(column=column + start, end_column=column + max(end, start + 1))


def kind(value: Any) -> str:
    """The JSON Schema type of a scalar's value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return "string"


def check(node: Node, schema: Schema, what: str, report: Report) -> None:
    """Report each mismatch of `node` with `schema`; `what` names the thing, as in `kernel_size`."""
    if "$ref" in schema:
        schema = resolve(schema, spec_schema())
    if isinstance(node, Scalar):
        _check_scalar(node, schema, what, report)
    elif isinstance(node, Sequence):
        _check_list(node, schema, what, report)
    else:
        _check_mapping(node, schema, what, report)


def check_value(value: Any, schema: Schema, what: str, span: Span, report: Report) -> None:
    """The same for a plain value, an expression's result, all of which stands at `span`."""
    check(lift(value, span), schema, what, report)


def lift(value: Any, span: Span) -> Node:
    """Plain data as nodes, all of which stand at `span`."""
    if isinstance(value, list | tuple):
        return Sequence([lift(item, span) for item in value], span)
    if isinstance(value, dict):
        items = {str(k): lift(v, span) for k, v in value.items()}
        return Mapping(items, dict.fromkeys(items, span), span)
    return Scalar(value, span, quoted=isinstance(value, str))


def _kinds(schema: Schema) -> list[str] | None:
    declared = schema.get("type")
    return [declared] if isinstance(declared, str) else declared


def wanted(schema: Schema) -> str:
    """What a fragment takes, in words: `a whole number or a list`."""
    if "enum" in schema or "anyOf" in schema:
        return one_of(schema)
    words = [
        _NAMES[k]
        for k in _kinds(schema) or ()
        if not (k == "string" and schema.get("pattern") == "\\$")
    ]
    return " or ".join(words) or "something else"


def _choices(schema: Schema) -> list[Any] | None:
    """The choices of an enumeration, which `widen` may have moved aside for expressions."""
    found: list[Any] | None = schema.get("enum")
    return schema["anyOf"][0]["enum"] if "anyOf" in schema else found


def one_of(schema: Schema) -> str:
    """The choices of an enumeration, in backticks."""
    choices = _choices(schema) or []
    return ", ".join(f"`{written(c)}`" for c in choices)


def _check_scalar(node: Scalar, schema: Schema, what: str, report: Report) -> None:
    value = node.value
    if isinstance(value, str) and "$" in value and schema.get("$comment") == EXPRESSION:
        try:
            pieces(value)
        except ExpressionError as problem:
            span = expression_span(node, problem.start, problem.end)
            report(Diagnostic(problem.code, problem.message, span, (), problem.hint))
        return
    kinds = _kinds(schema)
    own = kind(value)
    if kinds is not None and own not in kinds and not (own == "integer" and "number" in kinds):
        _wrong_kind(node, schema, what, report)
        return
    if own == "string" and schema.get("maxProperties") == 1 and "properties" in schema:
        _check_bare_choice(node, schema["properties"], what, report, "null" in (kinds or ()))
        return
    choices = _choices(schema)
    # Python holds 1 and true for equal, JSON does not
    if choices is not None and not any(
        c == value and isinstance(c, bool) is isinstance(value, bool) for c in choices
    ):
        words = [c for c in choices if isinstance(c, str)]
        near = nearest(value, words) if isinstance(value, str) else None
        among = "one of " if len(choices) > 1 else "write "
        hint: str | None = f"did you mean `{near}`?" if near else f"{among}{one_of(schema)}"
        report(Diagnostic("NS204", f"{what} cannot be {said(value)}", node.span, (), hint))
        return
    if own in ("integer", "number"):
        _check_bounds(node, schema, what, report)
    elif own == "string" and "pattern" in schema and not _matcher(schema["pattern"]).search(value):
        if schema["pattern"] == "\\$":
            _wrong_kind(node, schema, what, report)
            return
        examples = schema.get("examples", [])
        hint = "one of " + ", ".join(f"`{w}`" for w in examples) if examples else None
        report(Diagnostic("NS204", f"{what} cannot be {said(value)}", node.span, (), hint))


def _check_bare_choice(
    node: Scalar, entries: dict[str, Schema], what: str, report: Report, null: bool
) -> None:
    """A word alone that stands for one of the entries, as `SGD` does for `{SGD: {}}`."""
    name = str(node.value)
    if name not in entries:
        from netspec.compiler.language.foreign_choices import choice_hint

        nothing = name.lower() in _NOTHING and null
        hint = "write `null`" if nothing else choice_hint(what, name, None, entries)
        report(unknown_key(name, node.span, what, list(entries), hint))
    elif missing := entries[name].get("required", []):
        named = ", ".join(f"{key}: …" for key in missing)
        found = missing_keys(missing, node.span, f"`{name}`")
        report(replace(found, hint=f"write `{name}: {{{named}}}`"))


def _wrong_kind(node: Scalar, schema: Schema, what: str, report: Report) -> None:
    message = f"{what} is {wanted(schema)}, not {said(node.value)}"
    hint: str | None = None
    kinds = _kinds(schema) or []
    if node.value is False and "null" in kinds:
        hint = "write `null`"
    elif isinstance(node.value, str):
        if "boolean" in kinds and node.value.lower() in _BOOLEANS:
            hint = f"write `{_BOOLEANS[node.value.lower()]}`"
        elif "null" in kinds and node.value.lower() in _NOTHING:
            hint = "write `null`"
        elif node.value == "None":
            hint = "leave it out"
        elif _TUPLE.match(node.value) and "array" in kinds:
            hint = f"write `[{node.value[1:-1].strip().rstrip(',')}]`"
        elif odd := next((c for c in node.value if not c.isascii()), None):
            hint = f"`{odd}` is not the ASCII character that it looks like"
        elif node.quoted:
            hint = "write it without quotes" if _NUMBER.match(node.value) else None
        elif schema.get("$comment") == EXPRESSION and node.value.isidentifier():
            hint = f"write `${node.value}` for the value of a parameter called so"
        elif what == "`data`":
            named = "dataset: " if node.value.isidentifier() else "dataset: folder, root: "
            hint = f"write `{{{named}{node.value}}}`"
    report(Diagnostic("NS202", message, node.span, (), hint))


def _check_bounds(node: Scalar, schema: Schema, what: str, report: Report) -> None:
    value: Any = node.value
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    message = None
    if least is not None and value < least:
        message = f"{what} is at least {least}, not {value}"
    elif most is not None and value > most:
        message = f"{what} is at most {most}, not {value}"
    elif above is not None and value <= above:
        message = f"{what} is more than {above}, not {value}"
    elif below is not None and value >= below:
        message = f"{what} is less than {below}, not {value}"
    if message:
        report(Diagnostic("NS204", message, node.span))


def _check_list(node: Sequence, schema: Schema, what: str, report: Report) -> None:
    kinds = _kinds(schema)
    if _choices(schema) is not None or (kinds is not None and "array" not in kinds):
        report(Diagnostic("NS202", f"{what} is {wanted(schema)}, not a list", node.span))
        return
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    count = len(node.items)
    if count < least or (most is not None and count > most):
        needs = (
            f"{least}"
            if least == most
            else f"{least} or more"
            if most is None
            else f"{least} to {most}"
        )
        items = "item" if needs == "1" else "items"
        message = f"{what} has {needs} {items}, not {count}"
        report(Diagnostic("NS204", message, node.span))
        return
    if "items" in schema:
        for item in node.items:
            check(item, schema["items"], f"an item of {what}", report)


def _check_mapping(node: Mapping, schema: Schema, what: str, report: Report) -> None:
    kinds = _kinds(schema)
    if _choices(schema) is not None or (kinds is not None and "object" not in kinds):
        report(Diagnostic("NS202", f"{what} is {wanted(schema)}, not a mapping", node.span))
        return
    properties: dict[str, Schema] = schema.get("properties", {})
    patterns: dict[str, Schema] = schema.get("patternProperties", {})
    additional = schema.get("additionalProperties", True)
    one_choice = bool(properties) and schema.get("maxProperties") == 1
    if one_choice and not node.items.keys() <= properties.keys():
        from netspec.compiler.language.foreign_choices import chosen_by_key

        by_key = chosen_by_key(what, node, properties)
        if by_key is not None:
            report(by_key)
            return
    unknown = False
    told: tuple[str, ...] = ()
    for key, value in node.items.items():
        found = [properties[key]] if key in properties else []
        found += [s for p, s in patterns.items() if _matcher(p).search(key)]
        if not found and additional is False:
            if key not in told:
                from netspec.compiler.language.foreign_choices import choice_hint, recipe_key

                hint = None
                if one_choice:
                    hint = choice_hint(what, key, value, properties)
                elif what == "`train`" and (elsewhere := recipe_key(key, node, list(properties))):
                    hint, also = elsewhere
                    told += also
                report(unknown_key(key, node.keys[key], what, list(properties), hint))
            unknown = True
        elif not found and isinstance(additional, dict):
            found = [additional]
        for fragment in found:
            check(value, fragment, f"`{key}`", report)
    missing = [k for k in schema.get("required", []) if k not in node.items]
    if missing and not unknown:  # a misspelt key is one mistake, not two
        report(missing_keys(missing, node.span, what))
    count = len(node.items)
    if not unknown and count < schema.get("minProperties", 0):
        report(Diagnostic("NS203", f"{what} is empty", node.span))
    if not unknown and count > schema.get("maxProperties", count):
        extra = list(node.items)[schema["maxProperties"]]
        message = f"{what} has one key, and `{extra}` is another"
        report(Diagnostic("NS204", message, node.keys[extra], (), "keep one of them"))


FOLLOWS = frozenset({"in_channels", "in_features", "num_features"})
"""What torch asks for and a spec never says."""


def unknown_key(
    key: str, span: Span, what: str, known: list[str], hint: str | None = None
) -> Diagnostic:
    """NS201, with this hint, or the name here of what other tools call so, or the nearest key."""
    near = _elsewhere(key, what, known) or nearest(key, known)
    if hint is not None:
        pass
    elif key == "name" and what[:1].isupper():
        hint = f"delete it: a layer is named by its key, as in `conv1: {{{what}: …}}`"
    elif key in FOLLOWS:
        hint = "delete it: it follows from the layer before"
    elif near:
        hint = f"did you mean `{near}`?"
    elif known and len(known) <= 24:
        hint = f"{what} takes " + ", ".join(f"`{k}`" for k in known)
    else:
        hint = f"{what} takes no arguments" if not known else None
    return Diagnostic("NS201", f"{what} has no `{key}`", span, (), hint)


def _elsewhere(key: str, what: str, known: list[str]) -> str | None:
    """The key that other tools call so, where it is known."""
    from netspec.compiler.language import foreign_names as foreign

    tables = {"a spec": foreign.SECTIONS, "`data`": foreign.DATA}
    found = tables.get(what, {}).get(key) or foreign.argument_like(key, known)
    return found if found in known else None


def missing_keys(missing: list[str], span: Span, what: str) -> Diagnostic:
    """NS203, naming every key that is missing."""
    named = " and ".join(f"`{k}`" for k in missing)
    hint = "add " + " and ".join(f"`{k}: …`" for k in missing)
    return Diagnostic("NS203", f"{what} needs {named}", span, (), hint)
