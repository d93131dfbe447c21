"""What a caller in Python sets over a spec, as the command line's `--set` and `--input` do."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from netspec.compiler.language.schema_validation import lift
from netspec.compiler.sources.override import DEEPEST, Overrides, lifted_shape
from netspec.diagnostics import Diagnostic, Span, SpecError
from netspec.source import MAX_DEPTH, MAX_NUMBER, Node


def overrides_from(
    keywords: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    train: Mapping[str, Any] | None,
    input: Sequence[int] | None,
) -> Overrides:
    """Parameters by keyword and by name, keys of the recipe, and the input without the batch.

    `train` is nested as in YAML, where the keys of `data` are set one by one, or has dotted keys
    such as `data.resize`. Raises `SpecError` (NS308) for what is no plain data.
    """
    values = dict(keywords)
    for name, value in _named(params, "params", "params={'num_classes': 10}").items():
        if name in values:
            raise _error(f"the parameter `{name}` is given twice", f"params.{name}",
                         "leave out the keyword, or the key of `params`")  # fmt: skip
        values[name] = value
    given = {name: _plain(value, f"params.{name}") for name, value in values.items()}
    shape = None if input is None else lifted_shape(_plain(input, "input"), _span("input"))
    return Overrides(given, shape, _settings(train))


def _settings(train: Mapping[str, Any] | None) -> dict[str, Node]:
    """The recipe's keys, those of `data` with a dot."""
    settings: dict[str, Node] = {}
    for key, value in _named(train, "train", "train={'epochs': 3}").items():
        inner = {key: value}
        if key == "data" and isinstance(value, Mapping):
            inner = {f"data.{name}": v for name, v in _named(value, "train.data", None).items()}
        for dotted, one in inner.items():
            where = f"train.{dotted}"
            if dotted.count(".") >= DEEPEST:
                raise _error(f"`{where}` is no setting of the recipe", where)
            if dotted in settings:
                raise _error(f"`{where}` is given twice", where, "leave out one of them")
            settings[dotted] = lift(_plain(one, where), _span(where))
    return settings


def _named(given: Mapping[str, Any] | None, what: str, example: str | None) -> Mapping[str, Any]:
    """A mapping of names, empty where nothing is given. Raises `SpecError` for anything else."""
    if given is None:
        return {}
    hint = f"for example `{example}`" if example else None
    if not isinstance(given, Mapping):
        raise _error(f"`{what}` is a mapping of names to values", what, hint)
    for name in given:
        if not isinstance(name, str) or not all(name.split(".")):
            raise _error(f"`{name}` is no name in `{what}`", what, hint)
    return given


def _plain(value: Any, where: str, depth: int = 0) -> Any:
    """The value as plain data. Raises `SpecError` for what no spec could hold."""
    if depth > MAX_DEPTH:
        raise _error(f"`{where}` is more than {MAX_DEPTH} levels deep", where)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # a single number of numpy or torch
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if isinstance(value, Real):
        number = int(value) if isinstance(value, Integral) else float(value)
        if not abs(number) <= MAX_NUMBER:  # NaN too
            said = "too large" if abs(number) < math.inf else "not a finite number"
            raise _error(f"the value of `{where}` is {said}", where,
                         f"the largest is {MAX_NUMBER:.0e}")  # fmt: skip
        return number
    if isinstance(value, Mapping):
        named = _named(value, where, None)
        return {name: _plain(item, f"{where}.{name}", depth + 1) for name, item in named.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(item, where, depth + 1) for item in value]
    hint = "give a number, a word, true or false, None, a list or a mapping"
    raise _error(f"`{where}` cannot be of the type `{type(value).__name__}`", where, hint)


def _span(where: str) -> Span:
    return Span(where, 0, 0, 0, 0)


def _error(message: str, where: str, hint: str | None = None) -> SpecError:
    return SpecError((Diagnostic("NS308", message, _span(where), (), hint),))
