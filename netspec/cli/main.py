"""The command line: it takes what stands before a command, and ends without a traceback."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from netspec.cli import static, training  # noqa: F401  (each adds its commands)
from netspec.cli.options import app, usage


def _version(asked: bool) -> None:
    if asked:
        from netspec import __version__

        print(f"netspec {__version__}")
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


def _hoisted(arguments: list[str]) -> list[str]:
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


def main() -> None:
    """Run a command; end without a traceback, whatever happens."""
    from netspec.diagnostics import SpecError
    from netspec.plugins import PluginError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a locale without `×` shows `?` for it
            stream.reconfigure(errors="replace")
    try:
        app(_hoisted(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except PluginError as problem:  # of an installed plugin, loaded when a layer is unknown
        print(f"netspec: {problem}", file=sys.stderr)
        print(f"hint: {problem.hint}", file=sys.stderr)
        sys.exit(2)
    except SpecError as problem:  # of a plugin's `make`, met when the network is built
        from netspec.report.check import finding_texts
        from netspec.report.findings import text

        print(text(problem.diagnostics, finding_texts(problem.diagnostics)), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as problem:  # a full disk, mostly
        if "NETSPEC_TRACEBACK" in os.environ:
            raise
        where = f" `{problem.filename}`" if problem.filename else ""
        print(f"netspec: cannot read or write{where}: {(problem.strerror or '').lower()}",
              file=sys.stderr)  # fmt: skip
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as problem:
        if "NETSPEC_TRACEBACK" in os.environ:
            raise
        print(f"netspec: a mistake of netspec's own: {type(problem).__name__}: {problem}",
              file=sys.stderr)  # fmt: skip
        print("hint: NETSPEC_TRACEBACK=1 shows where; please report it", file=sys.stderr)
        sys.exit(70)
    finally:
        gc.enable()  # a command may have turned it off
