"""The commands. Each imports what it needs when it runs, so that `check` never waits for torch."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

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


def _color() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


@app.command(short_help="check specs: form, names, shapes and habits")
def check(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="specs, folders, or `-` for standard input"),
    ],
    settings: Settings = None,
    input: Input = None,
    format: Annotated[str, typer.Option(help="|".join(FORMATS))] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="warnings fail too")] = False,
) -> None:
    """Check specs: form, names, shapes and habits. Exit code 0 clean, 1 findings."""
    # Cyclic garbage is not worth looking for in a process that ends so soon.
    gc.disable()
    from netspec.compiler.override import parse_overrides
    from netspec.diagnostics import Diagnostic, SpecError
    from netspec.report import check as checker
    from netspec.report import findings as show

    if format not in FORMATS:
        usage(f"there is no format `{format}`", f"one of {', '.join(FORMATS)}")
    try:
        overrides = parse_overrides(settings or [], input)
    except SpecError as problem:
        found = problem.diagnostics[0]
        usage(found.message, found.hint)
    try:
        files = checker.spec_paths(paths)
    except FileNotFoundError as problem:
        usage(f"the folder `{problem}` holds no `*.yaml`")
    errors = warnings = 0
    collected: list[Diagnostic] = []
    for path in files:
        stdin = sys.stdin.buffer.read(1 << 20) if path == "-" else None
        done = checker.check(path, overrides, stdin)
        errors += sum(f.severity == "error" for f in done.findings)
        warnings += sum(f.severity == "warning" for f in done.findings)
        collected += done.findings
        if format == "text":
            if done.findings:
                print(show.text(done.findings, done.texts, _color()), end="\n\n")
            if done.network is not None:
                print(checker.fine(done))
        elif format == "concise" and done.findings:
            print(show.concise(done.findings))
        elif format == "github" and done.findings:
            print(show.github(done.findings))
    if format == "json":
        print(show.as_json(collected))
    elif format == "text" and (len(files) > 1 or errors or warnings):
        print(f"{len(files)} {_plural('spec', files)}, {errors} {_plural('error', errors)}, "
              f"{warnings} {_plural('warning', warnings)}")  # fmt: skip
    if errors or (strict and warnings):
        raise typer.Exit(1)


def _plural(word: str, count: int | list[str]) -> str:
    number = count if isinstance(count, int) else len(count)
    return word if number == 1 else word + "s"


@app.command(short_help="show every layer's shape, parameters and memory")
def summary(
    path: Annotated[str, typer.Argument(metavar="PATH", help="a spec, or `-` for standard input")],
    settings: Settings = None,
    input: Input = None,
    depth: Depth = None,
    batch_size: BatchSize = None,
    format: Annotated[str, typer.Option(help="text|json")] = "text",
    torchinfo: Annotated[
        bool, typer.Option("--torchinfo", help="build it and print torchinfo's table")
    ] = False,
) -> None:
    """Show every layer: output shape, parameters, multiply-adds, memory; and the totals."""
    from netspec.report import summary as table

    if format not in ("text", "json"):
        usage(f"there is no format `{format}`", "one of text, json")
    network = load(path, settings, input)
    if torchinfo:
        from netspec.report.torchinfo_table import torchinfo_table

        print(torchinfo_table(network, batch_size=batch_size or 1, depth=depth))
    elif format == "json":
        print(table.as_json(network, depth=depth, batch_size=batch_size))
    else:
        print(table.table(network, depth=depth, batch_size=batch_size))


def load(path: str, settings: list[str] | None = None, input: str | None = None):  # type: ignore[no-untyped-def]
    """A network for a command; findings end the command."""
    from netspec.compiler.override import parse_overrides
    from netspec.diagnostics import SpecError
    from netspec.report import check as checker
    from netspec.report import findings as show

    try:
        overrides = parse_overrides(settings or [], input)
    except SpecError as problem:
        found = problem.diagnostics[0]
        usage(found.message, found.hint)
    stdin = sys.stdin.buffer.read(1 << 20) if path == "-" else None
    done = checker.check(path, overrides, stdin)
    if done.network is None:
        print(show.text(done.findings, done.texts, sys.stderr.isatty()), file=sys.stderr)
        raise typer.Exit(1)
    return done.network


@app.command(short_help="say more about a finding")
def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="a finding's code, such as NS402")
    ] = None,
) -> None:
    """Say more about a finding: what it means, an example, and the mend."""
    from netspec.diagnostics import CODES, nearest
    from netspec.report import explain as pages

    if code is None:
        print(pages.index())
        return
    wanted = code.upper()
    if wanted not in CODES:
        near = nearest(wanted, list(CODES))
        usage(f"there is no code `{code}`", f"did you mean `{near}`?" if near else
              "`netspec explain` lists the codes")  # fmt: skip
    print(pages.page(wanted))


@app.command(short_help="print the JSON Schema that editors use")
def schema() -> None:
    """Print the JSON Schema of specs, for editors."""
    import json

    from netspec.compiler.editor_schema import editor_schema

    print(json.dumps(editor_schema(), indent=2, ensure_ascii=False))


@app.command(short_help="list the layers, or one layer's arguments")
def ops(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="a layer, such as Conv2d")
    ] = None,
) -> None:
    """List the layers, or tell one layer's arguments."""
    from netspec.diagnostics import nearest
    from netspec.ops import OPS
    from netspec.report import ops_page

    if name is None:
        print(ops_page.index())
        return
    if name not in OPS:
        near = nearest(name, list(OPS))
        usage(f"there is no layer `{name}`", f"did you mean `{near}`?" if near else None)
    print(ops_page.page(OPS[name]))


@app.command(short_help="write a commented starter spec")
def init(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="the network's name, or a path ending in .yaml")
    ],
    force: Annotated[bool, typer.Option("--force", help="write over a file")] = False,
) -> None:
    """Write a commented starter spec."""
    from netspec.report.starter import write_starter

    path = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    try:
        write_starter(path, force=force)
    except FileExistsError:
        usage(f"`{path}` exists", "give another name, or `--force`")
    except OSError as problem:
        usage(f"`{path}` cannot be written: {(problem.strerror or '').lower()}")
    print(f"wrote {path}: next, `netspec check {path}`")


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
    from netspec import cli_training  # noqa: F401  (adds its commands)
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
