"""A command line that the parser refuses, in netspec's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import typer

from netspec.cli.checking import UsageError
from netspec.cli.help_text import value_word

PARSER_ERROR: Final[Any] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""The parser's base class of errors, which typer has brought along in more than one place."""

_KINDS: Final = {"N": "a whole number", "GIB": "a number", "DAYS": "a number"}


def in_own_words(error: Exception, arguments: Sequence[str] = ()) -> UsageError:
    """What is wrong with the command line, and where its right form is told."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context is not None else _command_path(arguments)
    return UsageError(_sentence(error, context), _hint(error, context) or f"`{path} -h` tells more")


def _command_path(arguments: Sequence[str]) -> str:
    """The command that the arguments call, where the parser does not tell."""
    from netspec.cli.options import app

    path, command = "netspec", typer.main.get_command(app)
    for word in arguments:
        inner = getattr(command, "commands", {}).get(word)
        if inner is not None:
            path, command = f"{path} {word}", inner
    return path


def _sentence(error: Any, context: Any) -> str:
    kind = type(error).__name__
    parameter = getattr(error, "param", None)
    if kind == "NoSuchOption":
        return f"there is no option `{error.option_name}`"
    if kind == "BadOptionUsage" and "requires" in error.message:
        return f"`{error.option_name}` wants a value"
    if kind == "MissingParameter" and parameter is not None:
        return f"`{value_word(parameter)}` is missing"
    if kind == "BadParameter" and parameter is not None and parameter.metavar in _KINDS:
        least = getattr(parameter, "min", None)
        least = getattr(getattr(parameter, "type", None), "min", None) if least is None else least
        bound = "" if least is None else f" of at least {least:g}"
        return f"`{max(parameter.opts, key=len)}` takes {_KINDS[parameter.metavar]}{bound}"
    command = _unknown_command(error)
    if command is not None:
        return f"there is no command `{command}`"
    spare = re.search(r"unexpected extra arguments?(?:\(s\))? \((.*)\)$", error.format_message())
    if spare:
        return f"`{spare[1]}` is too much"
    text = re.sub(r"'([^']*)'", r"`\1`", error.format_message()).rstrip(".")
    return text[:1].lower() + text[1:]


def _unknown_command(error: Any) -> str | None:
    found = re.match(r"No such command '(.*?)'", str(error.message))
    return found[1] if found else None


def _hint(error: Any, context: Any) -> str | None:
    """The nearest name that there is."""
    from netspec.diagnostics import nearest

    command = _unknown_command(error)
    if context is None:
        return None
    near = None
    if command is not None:
        near = nearest(command, context.command.list_commands(context))
    elif type(error).__name__ == "NoSuchOption":
        known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
        near = nearest(error.option_name, known)
    return f"did you mean `{near}`?" if near else None
