"""All commands in one app, and what may stand before each of them."""

from __future__ import annotations

from typing import Annotated

import typer

from netspec.cli import (  # noqa: F401  (each adds its commands)
    cache,
    data,
    evaluate,
    init,
    predict,
    recipe,
    static,
    training,
)
from netspec.cli.options import app, usage


def _version(asked: bool) -> None:
    if asked:
        from netspec.tested_with import version_lines

        print("\n".join(version_lines()))
        raise typer.Exit


@app.callback()
def plugins(
    plugin: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="a Python module or file with layers of one's own"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="show the version")
    ] = False,
) -> None:
    """A network in one YAML file: checked, explained, compiled to torch, trained."""
    if plugin:
        from netspec.plugins import PluginError, load_plugin

        for module in plugin:
            try:
                load_plugin(module)
            except PluginError as problem:
                usage(str(problem), problem.hint)


def hoisted(arguments: list[str]) -> list[str]:
    """`--plugin MODULE` first, since it serves every command and may stand behind one."""
    first: list[str] = []
    rest: list[str] = []
    todo = iter(arguments)
    for argument in todo:
        if argument == "--plugin":
            first += [argument, *([value] if (value := next(todo, None)) is not None else [])]
        elif argument.startswith("--plugin="):
            first.append(argument)
        elif argument == "--":
            rest += [argument, *todo]
        else:
            rest.append(argument)
    return first + rest
