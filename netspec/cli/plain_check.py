"""A `check` whose command line needs no parser: paths, and options written out in full.

Whatever is not plain is left to typer: `--help`, plugins, a missing value, a wrong option. Tests
hold the options here against those that typer is told, and random command lines against its parser.
"""

from __future__ import annotations

from typing import Any, Final

VALUES: Final = {"--set": "settings", "--input": "input", "--format": "format"}
"""Options with a value, and the argument of `check_specs` that each is."""
FLAGS: Final = {"--strict": "strict"}


def plain_check(arguments: list[str]) -> dict[str, Any] | None:
    """The arguments of `check_specs`, or None where the command line is another's."""
    if arguments[:1] != ["check"] or any(w.partition("=")[0] == "--plugin" for w in arguments):
        return None
    found: dict[str, Any] = {"paths": []}
    todo = iter(arguments[1:])
    for word in todo:
        name, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            found["paths"].append(word)
        elif word in FLAGS:
            found[FLAGS[word]] = True
        elif name in VALUES:
            given = value if equals else next(todo, None)
            if given is None:
                return None
            if name == "--set":
                found.setdefault("settings", []).append(given)
            else:
                found[VALUES[name]] = given
        else:
            return None
    return found if found["paths"] else None
