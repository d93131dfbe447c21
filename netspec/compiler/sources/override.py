"""What the command line or a caller sets over a spec: parameters, the input, the recipe."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.compiler.language.document import Document
from netspec.compiler.language.params import fitted, param_mismatch
from netspec.compiler.language.records import unfit_key
from netspec.compiler.language.said import said
from netspec.compiler.language.schema_validation import lift
from netspec.diagnostics import Diagnostic, Note, Span, SpecError, nearest
from netspec.recipe import TRAIN_SCHEMA, Recipe
from netspec.source import Mapping, Node, parse_value, plain


class Overrides(NamedTuple):
    """`params` by name; `input` without the batch, and `train` by dotted key, as nodes.

    `places` tells of parameters where they were set, as the command line does.
    """

    params: dict[str, Any]
    input: Node | None = None
    train: dict[str, Node] = {}  # noqa: RUF012 - never changed
    places: dict[str, Span] = {}  # noqa: RUF012 - never changed


NONE = Overrides({})

DEEPEST = 8
"""How many dots a key may have; no setting lies deeper than `train.optimizer.SGD.lr`."""


def parse_overrides(settings: list[str], shape: str | None) -> Overrides:
    """Read `NAME=VALUE` settings and an input such as `3,227,227`.

    Raises `SpecError` (NS308) that names the setting.
    """
    params: dict[str, Any] = {}
    train: dict[str, Node] = {}
    places: dict[str, Span] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        key = key.strip()
        where = f"--set {setting}"
        span = Span(where, 0, 0, 0, 0)
        if not equals or not all(key.split(".")):
            hint = "for example `--set num_classes=10` or `--set train.epochs=3`"
            raise _error(f"`{setting}` is not `NAME=VALUE`", span, hint)
        try:
            node = lift(plain(parse_value(value, where)), span)
        except SpecError as problem:
            said_of = problem.diagnostics[0]
            raise _error(f"`{setting}`: {said_of.message}", span, said_of.hint) from None
        if key.count(".") > DEEPEST:
            raise _error(f"`{key}` is no setting of the recipe", span, None)
        if key.startswith("train."):
            train[key.removeprefix("train.")] = node
        else:
            params[key.removeprefix("params.")] = plain(node)
            places[key.removeprefix("params.")] = span
    return Overrides(params, None if shape is None else parse_shape(shape), train, places)


_LONGEST_SIZE = 20


def parse_shape(text: str) -> Node:
    """`3,227,227` as a shape. Raises `SpecError` (NS308)."""
    span = Span("--input", 0, 0, 0, 0)
    parts = text.replace("x", ",").replace("×", ",").strip("[]() ").split(",")
    sound = all(part.strip().isdecimal() and len(part) < _LONGEST_SIZE for part in parts)
    if not 1 <= len(parts) <= 4 or not sound or not all(0 < int(p) <= 10**9 for p in parts):
        raise _error(f"`{text}` is not an input's shape", span, "for example `--input 3,227,227`")
    return lift([int(part) for part in parts], span)


def lifted_shape(value: Any, span: Span) -> Node:
    """Plain data that a caller gave as the input's shape. Raises `SpecError` (NS308)."""
    sizes = value if isinstance(value, list) else []
    if not 1 <= len(sizes) <= 4 or any(type(s) is not int or not 1 <= s <= 10**9 for s in sizes):
        raise _error(f"{said(value)} is not an input's shape", span, "for example `(3, 227, 227)`")
    return lift(value, span)


def _error(message: str, span: Span, hint: str | None) -> SpecError:
    return SpecError((Diagnostic("NS308", message, span, (), hint),))


def override(root: Mapping, overrides: Overrides) -> Mapping:
    """The root with the input and the recipe set; parameters wait for their declaration."""
    items, keys = dict(root.items), dict(root.keys)
    if overrides.input is not None:
        if "inputs" in items:
            hint = "change their shapes in the spec, or make parameters of them"
            message = "this spec has several inputs, and which one is meant is not said"
            raise _error(message, overrides.input.span, hint)
        old = items.get("input")
        items["input"] = overrides.input
        if isinstance(old, Mapping):  # the kind of its numbers stays
            parts = {**old.items, "shape": overrides.input}
            items["input"] = Mapping(parts, {"shape": overrides.input.span, **old.keys}, old.span)
        keys.setdefault("input", overrides.input.span)
    for key, node in overrides.train.items():
        path = ["train", *key.split(".")]
        train = items.get("train")
        meant = _argument(path[1:], train if isinstance(train, Mapping) else None)
        if meant is not None:
            message = f"`train.{key}` is no setting of the recipe"
            raise _error(message, node.span, f"did you mean `train.{meant}`?")
        items, keys = _put(items, keys, path, node)
    return Mapping(items, keys, root.span)


_ONE_OF = ("optimizer", "scheduler", "loss")
"""The keys of a recipe that hold one choice and its arguments."""


def _put(
    items: dict[str, Node], keys: dict[str, Span], path: list[str], node: Node
) -> tuple[dict[str, Node], dict[str, Span]]:
    head, rest = path[0], path[1:]
    items, keys = dict(items), dict(keys)
    keys.setdefault(head, node.span)
    if not rest:
        items[head], keys[head] = node, node.span
        return items, keys
    old = items.get(head)
    if head in _ONE_OF and isinstance(old, Mapping) and rest[0] not in old.items:
        old = None  # another optimizer takes the place of the one that the spec names
    inner = (old.items, old.keys) if isinstance(old, Mapping) else ({}, {})
    if head in _ONE_OF and rest[0] in inner[0] and rest[1:]:
        entry = TRAIN_SCHEMA["properties"][head]["properties"].get(rest[0], {})
        inner = ({**inner[0], rest[0]: _named(entry, inner[0][rest[0]])}, inner[1])
    put, put_keys = _put(*inner, rest, node)
    items[head] = Mapping(put, put_keys, old.span if isinstance(old, Mapping) else node.span)
    return items, keys


def _named(entry: dict[str, Any], given: Node) -> Node:
    """A choice's arguments by name, where its first stood alone, as in `SGD: 0.1`."""
    first = next(iter(entry.get("properties", {})), None)
    if first is None or isinstance(given, Mapping) or plain(given) is None:
        return given
    return Mapping({first: given}, {first: given.span}, given.span)


def parameters(document: Document, overrides: Overrides) -> dict[str, Any]:
    """The value of every parameter. Raises `SpecError` (NS308)."""
    findings: list[Diagnostic] = []
    values: dict[str, Any] = {}
    declared = document.params
    for name in overrides.params:
        if name not in declared:
            near = nearest(name, list(declared))
            known = ", ".join(f"`{k}`" for k in declared)
            hint = f"its parameters are {known}" if known else "it has no parameters"
            hint = f"did you mean `{near}`?" if near else hint
            hint = _elsewhere(name, document.train) or hint
            message = f"the spec has no parameter `{name}`"
            span = document.root.keys.get("params", document.root.span)
            span = overrides.places.get(name, span)
            findings.append(Diagnostic("NS308", message, span, (), hint))
    for name, param in declared.items():
        if name in overrides.params:
            value = overrides.params[name]
            wrong = param_mismatch(param, value)
            key = None if wrong else unfit_key(value)
            if key is not None:
                wrong = f"`{name}` has a key `{key}`, which cannot name a field"
            if wrong:
                place, notes = param.span, (Note(f"{said(value)} was set from outside the file"),)
                if name in overrides.places:
                    place = overrides.places[name]
                    notes = (Note("the parameter is declared here", param.span),)
                whole = isinstance(value, float) and param.type == "int"
                mend = f"write its default with a point, as in `{name}: 0.0`" if whole else None
                findings.append(Diagnostic("NS308", wrong, place, notes, mend))
            value = fitted(param, value)
            values[name] = list(value) if isinstance(value, tuple) else value
        elif param.required:
            message = f"the parameter `{name}` has no value"
            hint = f"give it with `--set {name}=…`, or a default in the spec"
            findings.append(Diagnostic("NS308", message, param.span, (), hint))
        else:
            values[name] = param.default
    if findings:
        raise SpecError(tuple(findings))
    return values


def _elsewhere(name: str, train: Mapping | None) -> str | None:
    """How to set what is no parameter: the input, or a key of the recipe."""
    if name == "input":
        return "the input has an option of its own, as in `--input 3,227,227`"
    if name == "train":
        return "a recipe is set key by key, as in `--set train.epochs=3`"
    key = _argument(name.split("."), train)
    if key is None and name.partition(".")[0] in TRAIN_SCHEMA["properties"]:
        key = name
    return None if key is None else f"did you mean `train.{key}`?"


def _argument(path: list[str], train: Mapping | None) -> str | None:
    """`optimizer.SGD.lr` for `optimizer.lr` or `lr`; None for what is no argument of a choice."""
    head, rest = (path[0], path[1:]) if path[0] in _ONE_OF else (None, path)
    if len(rest) != 1:
        return None
    for key in _ONE_OF if head is None else (head,):
        entries = TRAIN_SCHEMA["properties"][key]["properties"]
        if rest[0] in entries:
            return None
        given = train.items.get(key) if train is not None else None
        chosen = plain(given) if given is not None else _USUAL.get(key)
        name = next(iter(chosen), None) if isinstance(chosen, dict) else chosen
        if name is None:
            name = next((n for n in entries if rest[0] in entries[n]["properties"]), None)
        if isinstance(name, str) and name in entries and rest[0] in entries[name]["properties"]:
            return f"{key}.{name}.{rest[0]}"
    return None


_USUAL = {"optimizer": Recipe.optimizer.name, "loss": Recipe.loss.name}
