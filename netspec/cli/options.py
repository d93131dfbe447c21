"""What the commands share: the app they join, their options, and how a wrong one ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from netspec.compiler.facade import Network
    from netspec.compiler.sources.override import Overrides

app = typer.Typer(
    name="netspec",
    help="A network in one YAML file: checked, explained, compiled to torch, trained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FORMATS = ("text", "concise", "json", "github")

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="set a parameter, or `train.epochs=3`"),
]
Input = Annotated[
    str | None,
    typer.Option("--input", metavar="C,H,W", help="the input's shape, without the batch"),
]
Depth = Annotated[int | None, typer.Option(min=1, help="fold what lies deeper")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="for the training memory")]


def usage(message: str, hint: str | None = None) -> NoReturn:
    """End with exit code 2 and one sentence."""
    from netspec.report.escape import safe

    print(f"netspec: {safe(message)}", file=sys.stderr)
    if hint:
        print(f"hint: {safe(hint)}", file=sys.stderr)
    raise typer.Exit(2)


def overrides_of(settings: list[str] | None, input: str | None) -> Overrides:
    """What `--set` and `--input` say; a wrong one ends the command."""
    from netspec.compiler.sources.override import parse_overrides
    from netspec.diagnostics import SpecError

    try:
        return parse_overrides(settings or [], input)
    except SpecError as problem:
        found = problem.diagnostics[0]
        usage(found.message, found.hint)


def standard_input(path: str) -> bytes | None:
    """What stands on standard input, where the path is `-`."""
    return sys.stdin.buffer.read(1 << 20) if path == "-" else None


def load(path: str, settings: list[str] | None = None, input: str | None = None) -> Network:
    """A network for a command; findings end the command."""
    from netspec.report import check as checker
    from netspec.report import findings as show

    done = checker.check(path, overrides_of(settings, input), standard_input(path))
    if done.network is None:
        print(show.text(done.findings, done.texts, sys.stderr.isatty()), file=sys.stderr)
        raise typer.Exit(1)
    return done.network
