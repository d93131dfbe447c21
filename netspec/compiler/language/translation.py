"""A layer in another tool's words → the same in this language's.

What comes out was held against the schema: a hint never offers what the next check refuses.
"""

from __future__ import annotations

from typing import Any, Final

from netspec.compiler.language import foreign_names as foreign
from netspec.compiler.language.said import Inexact, exact_choice
from netspec.compiler.language.schema import op_schema
from netspec.compiler.language.schema_validation import check_value
from netspec.diagnostics import Span
from netspec.json_schema import Schema
from netspec.ops import OPS
from netspec.source import Mapping, Node, Scalar, plain

LONGEST: Final = 160
"""How long the entries of a hint may be together; longer ones are told by their names."""

_ANY_ACTIVATION: Final = "Activation"
_NORM_KEYS: Final = ("batch_normalize", "norm_cfg", "norm")
_ACTIVATION_KEYS: Final = ("activation", "act_cfg", "act", "nonlinearity")


WHOLE_KEYS: Final = (*_NORM_KEYS, *_ACTIVATION_KEYS)
"""Arguments that are layers of their own here."""


class Untranslated(Exception):
    """An argument has no counterpart here."""


def layer_entries(name: str, value: Node | None, ndim: int) -> tuple[str, ...] | None:
    """The entries for another tool's layer with its arguments; None where there are none.

    `ndim` is the number of spatial dimensions, for names that leave it open.
    """
    parts = layer_names(name, ndim)
    if parts is None:
        return None
    head, *rest = parts
    given = value if value is not None else Scalar(None, _NOWHERE)
    try:
        if head == _ANY_ACTIVATION:
            items = dict(_flattened(given)) if isinstance(given, Mapping) else {"": given}
            return tuple(_activation(next(iter(items.values())))) or None
        if ":" in head:  # a layer whose arguments follow from its name
            if arguments_of(given, "Flatten"):
                return None
            found = [head, *rest]
        else:
            found = _with_arguments(head, rest, given, name, ndim)
    except (Untranslated, Inexact):
        return None
    return tuple(found) if len(", then ".join(found)) <= LONGEST else None


def changed(name: str, value: Node | None, entries: tuple[str, ...], ndim: int) -> bool:
    """Whether the entries for a layer are more than its arguments under another name."""
    head = (layer_names(name, ndim) or [""])[0]
    if len(entries) > 1 or head not in OPS:
        return True
    given = None if value is None else plain(value)
    if not isinstance(given, dict):
        bare = OPS[head].bare
        given = {} if given is None or bare is None else {bare: given}
    try:
        return entries[0] not in (
            exact_choice(head, given, bare) for bare in (OPS[head].bare, None)
        )
    except Inexact:
        return True


def layer_names(name: str, ndim: int) -> list[str] | None:
    """The layers that another tool's layer is, with arguments where the name gives some."""
    found = foreign.looked_up(foreign.LAYERS, name)
    if found is None:
        own = own_layer(name)
        found = own
    if found is None and foreign.folded(name) == "activation":
        return [_ANY_ACTIVATION]
    if found is None:
        activation = foreign.ACTIVATIONS.get(foreign.folded(name))
        found = activation or None
    if found is None:
        return None
    return [part.replace("*", str(ndim)) for part in found.split(" + ")]


def own_layer(name: str) -> str | None:
    """The layer of this language that is so called but for case, `_` and `-`."""
    if name in OPS:
        return name
    same = foreign.folded(name)
    return next((own for own in OPS if foreign.folded(own) == same), None)


def arguments_of(node: Node, target: str, called: str = "") -> dict[str, Any]:
    """The arguments of what is `called` so elsewhere, in this language's names.

    Raises `Untranslated`.
    """
    op = OPS[target]
    if isinstance(node, Scalar) and node.value is None:
        return {}
    if not isinstance(node, Mapping):
        alone = "scale_factor" if target == "Upsample" else op.bare or next(iter(op.args), "")
        return {alone: plain(node)}
    out: dict[str, Any] = {}
    for key, value in _flattened(node):
        if key in foreign.FOLLOWING or key in (*_ACTIVATION_KEYS, *_NORM_KEYS, "top"):
            continue
        factor = target == "Upsample" and key in ("size", "stride", "factor", "scale")
        if factor and (key not in op.args or called != target):
            name = "scale_factor"
        else:
            name = key if key in op.args else _renamed(key, list(op.args))
        out[name] = plain(value)
    return out


def _renamed(key: str, known: list[str]) -> str:
    found = foreign.argument_like(key, known)
    if found is None:
        raise Untranslated
    return found


def _flattened(node: Mapping) -> list[tuple[str, Node]]:
    """The arguments, those under Caffe's `convolution_param` or Keras's `config` too."""
    found: list[tuple[str, Node]] = []
    for key, value in node.items.items():
        if (key == "config" or key.endswith("_param")) and isinstance(value, Mapping):
            found += value.items.items()
        else:
            found.append((key, value))
    return found


def _with_arguments(head: str, rest: list[str], value: Node, name: str, ndim: int) -> list[str]:
    if head not in OPS:
        raise Untranslated
    given = dict(_flattened(value)) if isinstance(value, Mapping) else {}
    if head.startswith("MaxPool") and foreign.folded(str(plain(given.get("pool", _NOTHING)))) in (
        "ave", "avg"
    ):  # fmt: skip
        head = head.replace("Max", "Avg")
    given.pop("pool", None)
    arguments = arguments_of(
        Mapping(given, {}, value.span) if isinstance(value, Mapping) else value, head, name
    )
    _values(arguments, head, foreign.folded(name))
    following = list(rest)
    for key in _NORM_KEYS:
        if key in given:
            following = [entry for entry in following if not entry.startswith("BatchNorm")]
            following = [*_norm(given[key], ndim), *following]
    for key in _ACTIVATION_KEYS:
        if key in given:
            following = [entry for entry in following if entry not in ("ReLU",)]
            following += _activation(given[key])
    if following[:1] == [f"BatchNorm{ndim}d"] and "bias" in OPS[head].args:
        arguments.setdefault("bias", False)
    return [written_entry(head, arguments), *following]


def _norm(node: Node, ndim: int) -> list[str]:
    value = plain(node)
    if value in (None, 0, False):
        return []
    if isinstance(value, dict):
        value = value.get("type")
    if value in (1, True) or foreign.folded(str(value)) in ("bn", "syncbn", f"batchnorm{ndim}d"):
        return [f"BatchNorm{ndim}d"]
    raise Untranslated


def _activation(node: Node) -> list[str]:
    value = plain(node)
    if isinstance(value, dict):
        value = value.get("type")
    found = foreign.ACTIVATIONS.get(foreign.folded(str(value).lower() if value else "none"))
    if found is None:
        raise Untranslated
    return [found] if found else []


def _values(arguments: dict[str, Any], head: str, name: str) -> None:
    """Turn the values that mean the same and are written otherwise."""
    padding = arguments.get("padding")
    if isinstance(padding, str) and padding.lower() in ("valid", "same"):
        same = padding.lower() == "same"
        kernel, stride = arguments.get("kernel_size"), arguments.get("stride", 1)
        if not same:
            del arguments["padding"]
        elif stride == 1 and head.startswith("Conv"):
            arguments["padding"] = "same"
        elif isinstance(kernel, int) and kernel % 2:
            arguments["padding"] = kernel // 2
        elif head.startswith(("MaxPool", "AvgPool")) and kernel == stride:
            del arguments["padding"]
        else:
            raise Untranslated
    if name == "convolutional" and padding == 1:  # Darknet's `pad=1` is half the window
        arguments["padding"] = int(arguments.get("kernel_size", 1)) // 2
    if name.startswith(("maxpooling", "averagepooling")):
        arguments.setdefault("kernel_size", 2)
    if name.startswith("upsampling"):
        arguments.setdefault("scale_factor", 2)
    if name == "batchnormalization" and isinstance(arguments.get("momentum"), float):
        # the share of the old average in Keras, of the new value in torch
        arguments["momentum"] = round(1 - arguments["momentum"], 10)
    if head == "Upsample" and isinstance(arguments.get("scale_factor"), list):
        raise Untranslated
    if name in ("view", "reshape"):
        _without_batch(arguments)
    if head == "Mul" or head == "Add":
        arguments.clear()
    if name == "concatenate" and arguments.get("dim") in (-1, 3):  # channels are last in Keras
        arguments["dim"] = 1
    if arguments.get("kernel_size") == arguments.get("stride") and "Pool" in head:
        arguments.pop("stride", None)


def _without_batch(arguments: dict[str, Any]) -> None:
    """Leave out the batch of a shape, which torch writes as -1."""
    shape = arguments.get("shape")
    if isinstance(shape, list) and len(shape) > 1 and shape[0] == -1:
        arguments["shape"] = shape[1:]


def written_entry(name: str, arguments: dict[str, Any]) -> str:
    """A layer with its arguments as a spec writes it. Raises `Untranslated` where it is none."""
    op = OPS[name]
    if any(key not in op.args for key in arguments):
        raise Untranslated
    _require(arguments, op_schema(op), name)
    if any(a.required and a.name not in arguments for a in op.args.values()):
        raise Untranslated
    return exact_choice(name, arguments, op.bare)


def _require(arguments: dict[str, Any], schema: Schema, name: str) -> None:
    wrong: list[object] = []
    check_value(arguments, {**schema, "required": []}, name, _NOWHERE, wrong.append)
    if wrong:
        raise Untranslated


_NOWHERE: Final = Span("", 0, 0, 0, 0)
_NOTHING: Final = Scalar(None, _NOWHERE)
