"""Values for parameters: what fits a declaration, and which one may stand alone."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from netspec.compiler.language.document import Param
from netspec.compiler.language.records import is_layer
from netspec.compiler.language.said import said
from netspec.json_schema import INTEGER, NUMBER, as_declared

_TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "str": ((str,), "a word"),
    "list": ((list, tuple), "a list"),
    "mapping": ((dict,), "a mapping of fields"),
    "Layer": ((), "a layer"),
}


def param_mismatch(param: Param, value: Any) -> str | None:
    """What is wrong with a value for a parameter, or None."""
    value = fitted(param, value)
    if param.type is None or (value is None and not param.required):
        return None
    fits, words = _TYPES[param.type]
    number = isinstance(value, bool) and param.type in ("int", "float")  # as Python has it
    if isinstance(value, fits) and not number:
        if value.__class__ is not dict or not is_layer(value):
            return None
    elif is_layer(value) and (param.type == "Layer" or _like_its_default(param, value)):
        return None
    return f"`{param.name}` is {words}, not {said(value)}"


def _like_its_default(param: Param, value: Any) -> bool:
    """Whether a layer with arguments stands where the default names a layer."""
    return isinstance(value, dict) and is_layer(param.default)


def fitted(param: Param, value: Any) -> Any:
    """The value, a number of the kind that the parameter is: `3.0` as 3 for `int`, 0 as 0.0."""
    if type(value) is float and param.type == "int":
        return as_declared(value, INTEGER)
    if type(value) is int and param.type == "float":
        return as_declared(value, NUMBER)
    return value


def bare_param(params: dict[str, Param]) -> Param | None:
    """The parameter that may stand alone: the only one, or the only one that is required."""
    required = [p for p in params.values() if p.required]
    if len(required) == 1:
        return required[0]
    return next(iter(params.values())) if len(params) == 1 else None


class ParamTable(NamedTuple):
    """A block's parameters as its uses need them: which may stand alone, and what is bound."""

    alone: str | None
    required: frozenset[str]
    defaults: dict[str, Any]


def param_table(params: dict[str, Param]) -> ParamTable:
    """The table of a block's parameters."""
    alone = bare_param(params)
    return ParamTable(
        None if alone is None else alone.name,
        frozenset(p.name for p in params.values() if p.required),
        {p.name: p.default for p in params.values() if not p.required},
    )
