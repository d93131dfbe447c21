"""Names of layers with a slip of the fingers, as patterns: a schema knows no distance of words."""

from __future__ import annotations

import re
from collections.abc import Collection

from netspec.json_schema import Schema

LEAST = 4
"""A shorter name with a letter more or less may well be a block's own."""


def misspelt_names(names: Collection[str], own: Collection[str] = ()) -> Schema:
    """A fragment that refuses a slip of each of ``names``, and says which was meant.

    A slip is two letters that changed places, a letter left out or doubled, or one in the other
    case. What is another of the ``names``, or of the document's ``own``, is none.
    """
    right = {*names, *own}
    slips: dict[str, str] = {}
    for name in names:
        for slip in sorted(_slips(name) - right):
            slips.setdefault(slip, name)
    return {
        "allOf": [
            {
                "if": {"type": "string", "pattern": _pattern(name, slips, right)},
                "then": {
                    "enum": [name],
                    "errorMessage": f"there is no such layer: did you mean `{name}`?",
                },
            }
            for name in names
        ]
    }


def _slips(name: str) -> set[str]:
    """What a name becomes by one slip, but for case."""
    if len(name) < LEAST:
        return set()
    places = range(len(name))
    swapped = {name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in places[:-1]}
    left_out = {name[:i] + name[i + 1 :] for i in places}
    doubled = {name[:i] + name[i] + name[i:] for i in places}
    return {slip for slip in swapped | left_out | doubled if slip[:1].isupper()}


def _pattern(name: str, slips: dict[str, str], right: Collection[str]) -> str:
    cases = "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else re.escape(c) for c in name)
    upper = f"[{name[0]}]" + cases[len(f"[{name[0].upper()}{name[0].lower()}]") :]
    alike = sorted(other for other in right if other.lower() == name.lower())
    none_of = f"(?!(?:{'|'.join(alike)})$)"
    own = [slip for slip, meant in slips.items() if meant == name]
    return f"^{none_of}(?:{'|'.join([upper, *own])})$"
