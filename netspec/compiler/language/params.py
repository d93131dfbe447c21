"""Values for parameters: what fits a declaration, and which one may stand alone."""

from __future__ import annotations

from typing import Any

from netspec.compiler.language.document import Param
from netspec.compiler.language.said import said
from netspec.json_schema import as_declared


def param_mismatch(param: Param, value: Any) -> str | None:
    """What is wrong with a value for a parameter, or None."""
    fits: dict[str, tuple[type, ...]] = {
        "int": (int,), "float": (int, float), "bool": (bool,), "str": (str,), "list": (list, tuple),
    }  # fmt: skip
    value = fitted(param, value)
    if param.type is None or (value is None and not param.required):
        return None
    ok = isinstance(value, fits[param.type])
    if isinstance(value, bool) and param.type in ("int", "float"):
        ok = False
    words = {"int": "a whole number", "float": "a number", "bool": "true or false",
             "str": "a word", "list": "a list"}  # fmt: skip
    return None if ok else f"`{param.name}` is {words[param.type]}, not {said(value)}"


def fitted(param: Param, value: Any) -> Any:
    """The value, a number of the kind that the parameter is: `3.0` as 3 for `int`, 0 as 0.0."""
    kinds = {"int": "integer", "float": "number"}
    return as_declared(value, {"type": kinds.get(param.type or "", "")})


def bare_param(params: dict[str, Param]) -> Param | None:
    """The parameter that may stand alone: the only one, or the only one that is required."""
    required = [p for p in params.values() if p.required]
    if len(required) == 1:
        return required[0]
    return next(iter(params.values())) if len(params) == 1 else None
