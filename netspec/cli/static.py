"""The commands that answer without torch: each imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from netspec.cli import completion
from netspec.cli.checking import FORMATS, check_specs
from netspec.cli.help_text import REFERENCE, SPECS
from netspec.cli.options import (
    BatchSize,
    Depth,
    Input,
    Settings,
    app,
    blocks_of,
    ending_in_usage,
    load,
    usage,
)


@app.command(short_help="check specs: form, names, shapes and habits", rich_help_panel=SPECS)
def check(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="specs, folders, or `-` for standard input",
            autocompletion=completion.specs,
        ),
    ],
    settings: Settings = None,
    input: Input = None,
    format: Annotated[
        str, typer.Option(metavar="FORMAT", help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    ] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="warnings fail too")] = False,
) -> None:
    """Check specs: form, names, shapes and habits. Exit code 0 clean, 1 findings."""
    with ending_in_usage():
        code = check_specs(paths, settings, input, format, strict)
    if code:
        raise typer.Exit(code)


@app.command(short_help="show every layer's shape, parameters and memory", rich_help_panel=SPECS)
def summary(
    path: Annotated[
        str,
        typer.Argument(
            metavar="SPEC",
            help="a spec, or `-` for standard input",
            autocompletion=completion.specs,
        ),
    ],
    settings: Settings = None,
    input: Input = None,
    depth: Depth = None,
    batch_size: BatchSize = None,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text or json")] = "text",
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


@app.command(short_help="say more about a finding", rich_help_panel=REFERENCE)
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE", help="a finding's code, such as NS402", autocompletion=completion.codes
        ),
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


@app.command(short_help="print the JSON Schema that editors use", rich_help_panel=REFERENCE)
def schema(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="SPEC",
            help="offer this spec's own blocks too",
            autocompletion=completion.specs,
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of specs, for editors; with a spec, with its own blocks."""
    import json

    from netspec.compiler.language.editor_schema import editor_schema

    blocks = None if path is None else blocks_of(path)
    print(json.dumps(editor_schema(blocks), indent=2, ensure_ascii=False))


@app.command(short_help="list the layers, or one layer's arguments", rich_help_panel=REFERENCE)
def ops(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="a layer, such as Conv2d", autocompletion=completion.layers
        ),
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
        hint = f"did you mean `{near}`?" if near else "`netspec ops` lists the layers"
        usage(f"there is no layer `{name}`", hint)
    print(ops_page.page(OPS[name]))
