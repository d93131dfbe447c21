"""The recipe in other tools' words: what is meant by a key or a choice that there is not."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any, Final

from netspec.compiler.language import foreign_names as foreign
from netspec.compiler.language.said import Inexact, exact, exact_choice
from netspec.diagnostics import Diagnostic
from netspec.json_schema import Schema
from netspec.source import Mapping, Node, Scalar, parse_value, plain

TYPE_KEYS: Final = ("type", "_target_", "class_name", "name", "class", "kind")
"""Keys under which other configurations write what to make."""

_TABLES: Final = {
    "`optimizer`": foreign.OPTIMIZERS,
    "`scheduler`": foreign.SCHEDULERS,
    "`loss`": foreign.LOSSES,
    "an item of `augment`": foreign.AUGMENTATIONS,
}

_SPARE: Final = ("last_epoch", "by_epoch", "begin", "end", "reduction", "params", "loss_weight",
                 "_partial_", "foreach", "fused", "verbose")  # fmt: skip
"""Arguments that say nothing here."""


def choice_hint(what: str, name: str, value: Node | None, entries: dict[str, Schema]) -> str | None:
    """How another tool's optimizer, scheduler, loss or augmentation is written here.

    `value` is None where the name stands alone. None for a name that no tool has.
    """
    braces = value is None and not what.startswith("an item")
    name, arguments = (None if value is not None else _call(name)) or (
        name,
        _arguments(plain(value) if value is not None else None),
    )
    if what.startswith("an item") and foreign.folded(name) in foreign.ELSEWHERE:
        return foreign.ELSEWHERE[foreign.folded(name)]
    word = name.rpartition(".")[2]
    found = foreign.looked_up(_TABLES.get(what, {}), word)
    if found == "":
        return f"it is not offered; {what} takes " + ", ".join(f"`{e}`" for e in entries)
    found = found or _own(word, entries)
    if found is None:
        return None
    target, _, given = found.partition(": ")
    try:
        entry = _entry(target, {**_given(given), **arguments}, entries)
    except (_Untranslated, Inexact):
        missing = entries[target].get("required", [])
        if arguments or not missing:
            return f"did you mean `{target}`?"
        entry = f"{target}: {{{', '.join(f'{key}: …' for key in missing)}}}"
    if entry == target:
        return f"did you mean `{target}`?"
    return f"write `{{{entry}}}`" if braces and ": " in entry else f"write `{entry}`"


def _call(text: str) -> tuple[str, dict[str, Any]] | None:
    """The name and the named arguments of a call of Python such as `optim.SGD(lr=0.1)`, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = ast.parse(text[:_LONGEST].strip(), mode="eval").body
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)):
            return None
        named = {kw.arg: ast.literal_eval(kw.value) for kw in node.keywords if kw.arg is not None}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
    return name, named


_LONGEST: Final = 300


def name_hint(name: str, choices: dict[str, dict[str, Schema]]) -> str | None:
    """What a name of another tool is called in a recipe, for one who asks what it means.

    `choices` are the entries under each key that chooses, such as `optimizer`. None for a name that
    no tool has.
    """
    for key, entries in choices.items():
        what = "an item of `augment`" if key == "augment" else f"`{key}`"
        found = _own(name, entries)
        found = foreign.looked_up(_TABLES[what], name) if found is None else found
        if found == "":
            return f"it is not offered; `{key}` takes " + ", ".join(f"`{e}`" for e in entries)
        if found is not None:
            return f"did you mean `{found.partition(': ')[0]}`?"
    if foreign.folded(name) in foreign.ELSEWHERE:
        return re.sub("^delete it(?:: |, and )", "", foreign.ELSEWHERE[foreign.folded(name)])
    other = foreign.SETTINGS.get(name) or foreign.DATA.get(name)
    return f"did you mean `{other}`?" if other else None


def chosen_by_key(what: str, node: Mapping, entries: dict[str, Schema]) -> Diagnostic | None:
    """A choice whose name is the value of a key such as `type`, or None.

    ```yaml
    optimizer: {type: SGD, lr: 0.1}
    ```
    """
    for key in TYPE_KEYS:
        word = node.items.get(key)
        if not (isinstance(word, Scalar) and isinstance(word.value, str)):
            continue
        name = word.value.rpartition(".")[2]
        found = foreign.looked_up(_TABLES.get(what, {}), name) or _own(name, entries)
        if not found:
            continue
        target, _, given = found.partition(": ")
        hint = f"write `{target}: {{…}}`"
        try:
            others = _given(given) | {
                k: plain(v) for k, v in node.items.items() if k != key and k not in _SPARE
            }
            entry = _entry(target, others, entries)
            hint = f"write the whole as `{_placed(what, entry)}`"
        except (_Untranslated, Inexact):
            pass
        message = f"{what} is written under its own name, not under `{key}`"
        return Diagnostic("NS201", message, node.keys[key], (), hint)
    return _nameless(what, node, entries)


def _nameless(what: str, node: Mapping, entries: dict[str, Schema]) -> Diagnostic | None:
    """Arguments without the choice that they are of, or None.

    ```yaml
    optimizer: {lr: 0.1, momentum: 0.9}
    ```
    """
    if not node.items or any(key in entries for key in node.items):
        return None
    key = what.strip("`")
    given = plain(node)
    assert isinstance(given, dict)
    name = _FIRST.get(key) or (_scheduler(given) if key == "scheduler" else None)
    if name is None or not set(given) <= set(entries[name]["properties"]):
        return None
    first = next(iter(given))
    try:
        hint = f"write the whole as `{_placed(what, _entry(name, given, entries))}`"
    except (_Untranslated, Inexact):
        hint = f"write `{name}: {{{first}: …}}`"
    return Diagnostic("NS201", f"{what} has no `{first}`", node.keys[first], (), hint)


def _scheduler(given: dict[str, Any]) -> str:
    """The scheduler that has such arguments."""
    for argument, name in _SCHEDULER_OF.items():
        if argument in given:
            return name
    return "StepLR"


_SCHEDULER_OF: Final = {
    "step_size": "StepLR",
    "milestones": "MultiStepLR",
    "max_lr": "OneCycleLR",
    "T_0": "CosineAnnealingWarmRestarts",
    "T_max": "CosineAnnealingLR",
    "eta_min": "CosineAnnealingLR",
    "patience": "ReduceLROnPlateau",
    "gamma": "ExponentialLR",
}


def _placed(what: str, entry: str) -> str:
    """The entry as an item of a list, or under its key."""
    if what.startswith("an item"):
        return entry
    return f"{what.strip('`')}: {f'{{{entry}}}' if ': ' in entry else entry}"


def recipe_key(key: str, node: Mapping, known: list[str]) -> tuple[str, tuple[str, ...]] | None:
    """What a key of `train` is here: a hint, and the keys beside it that belong to the same place.

    None for a key that no tool has.
    """
    for place, inside in foreign.INSIDE.items():
        own = foreign.DATA.get(key, key) if place == "data" else _within(key, inside)
        if own in inside and key not in known:
            return _moved(place, node, inside, known)
    if key in foreign.OUTSIDE:
        return foreign.OUTSIDE[key], ()
    other = foreign.SETTINGS.get(key)
    if other is None or other not in known:
        return None
    if other in node.items:
        return f"`{other}` is what it is called here, and is written already: delete it", ()
    return f"did you mean `{other}`?", ()


def _within(key: str, inside: tuple[str, ...]) -> str:
    return foreign.argument_like(key, list(inside)) or key


def _moved(
    place: str, node: Mapping, inside: tuple[str, ...], known: list[str]
) -> tuple[str, tuple[str, ...]]:
    """The keys that stand beside a place and belong in it, as one mend."""
    moved: dict[str, Any] = {}
    taken: list[str] = []
    for key, value in node.items.items():
        own = foreign.DATA.get(key, key) if place == "data" else _within(key, inside)
        if own in inside and key not in known:
            moved[own] = plain(value)
            taken.append(key)
    them = "it" if len(taken) == 1 else "them"
    try:
        return f"move {them}: write `{place}: {_joined(place, node, moved)}`", tuple(taken)
    except (Inexact, _Untranslated):
        return f"{them} belong{'s' if them == 'it' else ''} under `{place}`", tuple(taken)


_FIRST: Final = {"optimizer": "SGD", "loss": "CrossEntropyLoss"}


def _joined(place: str, node: Mapping, moved: dict[str, Any]) -> str:
    there = plain(node.items[place]) if place in node.items else None
    if place == "data":
        return exact({**(there or {}), **moved})
    if there is None:
        there = _FIRST.get(place) or _scheduler(moved)
    if isinstance(there, str):
        return exact({there: moved})
    if isinstance(there, dict) and len(there) == 1:
        ((name, given),) = there.items()
        if given is None or isinstance(given, dict):
            return exact({name: {**(given or {}), **moved}})
    raise _Untranslated


class _Untranslated(Exception):
    """An argument has no counterpart here."""


def _own(name: str, entries: dict[str, Schema]) -> str | None:
    """The choice that is so called but for case, `_` and `-`, and for what classes end in."""
    same = foreign.folded(name)
    for entry in entries:
        if foreign.folded(entry) in (same, f"{same}loss", f"{same}lr"):
            return entry
    return None


def _given(text: str) -> dict[str, Any]:
    """The arguments that a table has for a name."""
    found = plain(parse_value(text, "")) if text else {}
    assert isinstance(found, dict)
    return found


def _arguments(given: Any) -> dict[str, Any]:
    if given is None or given == {}:
        return {}
    if isinstance(given, dict):
        return {key: value for key, value in given.items() if key not in _SPARE}
    return {"": given}  # a value that stands alone


def _entry(target: str, arguments: dict[str, Any], entries: dict[str, Schema]) -> str:
    """A choice with its arguments under their names here. Raises `_Untranslated`."""
    schema = entries[target]
    known = list(schema.get("properties", {}))
    required = schema.get("required", [])
    if list(arguments) == [""]:
        if not {"number", "integer", "array"} & set(schema["type"]):
            raise _Untranslated
        return f"{target}: {exact(arguments[''])}"
    out: dict[str, Any] = {}
    for key, value in arguments.items():
        found = key if key in known else foreign.argument_like(key, known)
        if found is None:
            raise _Untranslated
        out[found] = value
    if any(key not in out for key in required):
        raise _Untranslated
    alone = required if isinstance(schema["type"], list) else []
    return exact_choice(target, out, required[0] if alone and list(out) == alone else None)
