"""The rules of a user's own layer: whatever goes wrong in one is a refusal that says where."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from types import FrameType, FunctionType, TracebackType
from typing import Any, Final, get_args

from netspec.counted import counted
from netspec.diagnostics import CODES
from netspec.ops.base import Op, Refusal, Saved, Saves, Shape

RULES: Final = (
    "check", "infer", "parameters", "buffers", "fixed", "macs", "saving", "extra_saved",
    "kept_inputs", "make",
)  # fmt: skip
"""The methods of an op that a plugin may write."""

HINT: Final = "mend the plugin; where the inputs are to blame, its rule raises `Refusal`"


def guard_rules(op: type[Op]) -> None:
    """Turn what a plugin's rules raise, or give that makes no sense, into `Refusal` NS411."""
    op.foreign = True
    for name in RULES:
        rule = getattr(op, name)
        if not rule.__module__.startswith("netspec."):
            setattr(op, name, _guarded(rule, f"{op.__name__}.{name}", _CHECKS.get(name)))


def check_declared(op: type[Op]) -> None:
    """Raise `ValueError` for class attributes that netspec cannot read."""
    if op.saves not in get_args(Saves):
        words = ", ".join(get_args(Saves))
        raise ValueError(f"`{op.__name__}.saves` is none of {words}")
    counts = op.arity if isinstance(op.arity, tuple) and len(op.arity) == 2 else (-1, -1)
    least, most = counts
    if type(least) is not int or least < 0 or not (most is None or type(most) is int):
        raise ValueError(f"`{op.__name__}.arity` is no pair of a least and a largest number")
    if most is not None and most < least:
        raise ValueError(
            f"`{op.__name__}.arity` takes at least {counted(least, 'input')} and at most {most}"
        )
    for name in RULES:
        if not isinstance(getattr(op, name), FunctionType):
            raise ValueError(f"`{op.__name__}.{name}` is no method")


def try_rules(op: Op, shapes: tuple[Shape, ...]) -> None:
    """Ask every rule but `make` once, so that a wrong one is a finding at its layer.

    Raises `Refusal` NS411.
    """
    for name in ("parameters", "buffers", "fixed", "macs", "saving", "extra_saved"):
        getattr(op, name)(*shapes)
    kept = op.kept_inputs((True,) * len(shapes), *shapes) if shapes else ()
    if not set(kept) <= set(range(len(shapes))):
        message = f"`{type(op).__name__}.kept_inputs` names an input that is not there"
        raise Refusal("NS411", message, hint=HINT)


def _guarded(
    rule: Callable[..., Any], called: str, sound: Callable[[Any], str | None] | None
) -> Callable[..., Any]:
    @wraps(rule)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            given = rule(*args, **kwargs)
        except Refusal as refusal:
            if _sound(refusal):
                raise
            what = f"{_said(refusal.code)} and {_said(refusal.message)}"
            place = _place(refusal.__traceback__, rule)
            message = f"`{called}` at {place} refuses with {what}, which are no code and sentence"
            raise Refusal("NS411", message, hint=HINT) from refusal
        except (Exception, SystemExit) as error:
            place = _place(error.__traceback__, rule)
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            raise Refusal("NS411", f"`{called}` failed at {place}: {what}", hint=HINT) from error
        wrong = None if sound is None else sound(given)
        if wrong is not None:
            place = _written(rule.__code__.co_filename, rule.__code__.co_firstlineno)
            raise Refusal("NS411", f"`{called}` at {place} gives {wrong}", hint=HINT)
        return given

    return run


def _sound(refusal: Refusal) -> bool:
    """Whether a refusal can be told: an error of the registry, in words."""
    known = isinstance(refusal.code, str) and refusal.code in CODES
    words = isinstance(refusal.message, str) and isinstance(refusal.hint, str | None)
    return known and words and CODES[refusal.code].severity == "error"


def _place(traceback: TracebackType | None, rule: Callable[..., Any]) -> str:
    """Where an error came up: the last line of the rule's own file, or of any."""
    own = last = None
    while traceback is not None:
        frame: FrameType = traceback.tb_frame
        last = (frame.f_code.co_filename, traceback.tb_lineno)
        if frame.f_code.co_filename == rule.__code__.co_filename:
            own = last
        traceback = traceback.tb_next
    found = own or last
    return _written(*found) if found else "an unknown place"


def _written(file: str, line: int) -> str:
    """A place as findings write it, the file as seen from here where that is shorter."""
    try:
        near = os.path.relpath(file)
    except ValueError:  # on another drive
        near = file
    return f"{near if len(near) < len(file) else file}:{line}"


def _sizes(given: Any, least: int) -> bool:
    return isinstance(given, tuple) and all(type(n) is int and n >= least for n in given)


def _not_shape(given: Any) -> str | None:
    return (
        None if _sizes(given, least=1) else f"{_said(given)}, which is no shape: a tuple of sizes"
    )


def _not_places(given: Any) -> str | None:
    return None if _sizes(given, least=0) else f"{_said(given)}, which are no places of inputs"


def _not_tensors(given: Any) -> str | None:
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        return f"{_said(given)}, which is no dict of names and shapes"
    wrong = [shape for shape in given.values() if not _sizes(shape, least=0)]
    return f"{_said(wrong[0])} for a tensor's shape" if wrong else None


def _not_tuple(given: Any) -> str | None:
    return None if isinstance(given, tuple) else f"{_said(given)}, which is no tuple"


def _not_count(given: Any) -> str | None:
    return None if type(given) is int and given >= 0 else f"{_said(given)}, which is no count"


def _not_saves(given: Any) -> str | None:
    known = get_args(Saves)
    return None if given in known else f"{_said(given)}, which is none of {', '.join(known)}"


def _not_saved(given: Any) -> str | None:
    return None if isinstance(given, Saved) else f"{_said(given)}, which is no `Saved`"


def _said(given: Any) -> str:
    shown = " ".join(repr(given).split())
    return f"`{shown if len(shown) <= 60 else shown[:57] + '…'}`"


_CHECKS: Final[dict[str, Callable[[Any], str | None]]] = {
    "infer": _not_shape,
    "parameters": _not_tensors,
    "buffers": _not_tensors,
    "fixed": _not_tuple,
    "macs": _not_count,
    "saving": _not_saves,
    "extra_saved": _not_saved,
    "kept_inputs": _not_places,
}
