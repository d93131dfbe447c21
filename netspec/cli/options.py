"""What the commands share: the app they join, their options, and how a wrong one ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from netspec.cli.checking import UsageError, in_color, overrides_of, standard_input
from netspec.cli.help_text import Command, Group

if TYPE_CHECKING:
    from netspec.compiler.facade import Network

F = TypeVar("F", bound=Callable[..., Any])


class App(typer.Typer):
    """A typer app whose commands all have netspec's own help."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[F], F]:
        """Add a function as a command."""
        return super().command(name, **{"cls": Command, **options})


app = App(
    name="netspec",
    cls=Group,
    help="A network in one YAML file: checked, explained, compiled to torch, trained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="set a parameter, or `train.epochs=3`"),
]
Input = Annotated[
    str | None,
    typer.Option("--input", metavar="C,H,W", help="the input's shape, without the batch"),
]
Depth = Annotated[int | None, typer.Option(metavar="N", min=1, help="fold what lies deeper")]
BatchSize = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="reckon the training memory for it")
]


def user_path(text: str) -> Path:
    """A path as the user writes it: `~` is expanded also where no shell does.

    An empty one, as of a variable that is not set, does not mean the folder where one stands.
    """
    if not text:
        usage("a path is empty", "name a file or a folder, or leave the option out")
    return Path(os.path.expanduser(text))


def usage(message: str, hint: str | None = None) -> NoReturn:
    """End with exit code 2 and one sentence."""
    UsageError(message, hint).tell()
    raise typer.Exit(2)


@contextmanager
def ending_in_usage() -> Iterator[None]:
    """End with exit code 2 where the command was called in a wrong way."""
    try:
        yield
    except UsageError as problem:
        problem.tell()
        raise typer.Exit(2) from None


def load(path: str, settings: list[str] | None = None, input: str | None = None) -> Network:
    """A network for a command; findings end the command."""
    from netspec.report import check as checker
    from netspec.report import findings as show

    if not path:
        usage("a path is empty", "name a spec, or `-` for standard input")
    with ending_in_usage():
        overrides = overrides_of(settings, input)
    done = checker.check(os.path.expanduser(path), overrides, standard_input(path))
    if done.network is None:
        print(show.text(done.findings, done.texts, in_color(sys.stderr)), file=sys.stderr)
        raise typer.Exit(1)
    return done.network


def blocks_of(path: str) -> object:
    """The `blocks` of a spec and of those it extends, as plain data; findings end the command."""
    from netspec.compiler.language.own_blocks import written_blocks
    from netspec.compiler.sources.extend import extend, read
    from netspec.diagnostics import SpecError
    from netspec.report import findings as show

    try:
        return written_blocks(extend(read(os.path.expanduser(path))).root)
    except SpecError as error:
        print(show.text(error.diagnostics, {}, in_color(sys.stderr)), file=sys.stderr)
        raise typer.Exit(1) from None


def finish(run: Callable[[], int]) -> None:
    """Run a command's work; an error that the user can mend is a sentence and exit code 1."""
    from netspec.train.errors import TrainError

    try:
        code = run()
    except TrainError as error:
        UsageError(error.message, error.hint, error.details).tell()
        raise typer.Exit(1) from None
    if code:
        raise typer.Exit(code)
