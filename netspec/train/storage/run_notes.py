"""What a run notes of itself in `env.json`, held against its form: it may be a stranger's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

from netspec.train.errors import TrainError
from netspec.train.storage.read_plain import read_plain


def read_notes(path: Path) -> dict[str, Any]:
    """What ``env.json`` says, which is used and not only shown.

    Raises:
        TrainError: it cannot be read, or says something in a form that netspec does not write.
    """
    hint = "put the run's own file back; `--weights` uses its weights without it"
    try:
        env = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError):
        raise TrainError(f"`{path}` cannot be read as a run's `env.json`", hint) from None
    wrong = _first_wrong(env, _ENV, "") if isinstance(env, dict) else "all of it"
    if not wrong and isinstance(env.get("data"), dict):
        data = env["data"]
        wrong = _first_wrong(data, _DATA, "data.")
        if not wrong and len({len(data[key]) for key in ("mean", "std") if key in data}) > 1:
            wrong = "data.std"
    if wrong:
        raise TrainError(f"`{path}` is not as netspec writes it: `{wrong}`", hint)
    found: dict[str, Any] = env
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(_is_number(one) and abs(one) < 1e9 for one in value)


def _are_deviations(value: Any) -> bool:
    return _are_numbers(value) and all(one > 0 for one in value)


def _are_paths(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(path) and path for path in value.values())


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_data(value: Any) -> bool:
    return isinstance(value, dict)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


_Form = Mapping[str, Callable[[Any], bool]]
_ENV: Final[_Form] = {
    "spec": _is_text,
    "overrides": _are_paths,
    "data": _is_data,
    "starts": _is_list,
}
_DATA: Final[_Form] = {
    "classes": _are_texts,
    "mean": _are_numbers,
    "std": _are_deviations,
    "by_class": _is_truth,
}


def _first_wrong(found: Mapping[str, Any], form: _Form, before: str) -> str:
    """The first key whose value is of another form; empty where there is none."""
    wrong = (key for key, fits in form.items() if key in found and not fits(found[key]))
    return next((before + key for key in wrong), "")
