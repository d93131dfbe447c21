"""`netspec data`: what a data set holds, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netspec.cli.help_text import TRAINING
from netspec.cli.options import Input, Settings, app, finish, load, usage

FORMATS = ("text", "json")


@app.command(short_help="tell what a data set holds, before training", rich_help_panel=TRAINING)
def data(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="a folder or an archive of images, or a spec")
    ],
    settings: Settings = None,
    input: Input = None,
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="with a spec: other data than its own")
    ] = None,
    format: Annotated[str, typer.Option(metavar="FORMAT", help=" or ".join(FORMATS))] = "text",
) -> None:
    """Tell what a data set holds: classes, sizes, duplicates, files not used; exit code 0 or 1.

    With a spec, the data its `train:` names, as training would see them.
    """
    if format not in FORMATS:
        usage(f"there is no format `{format}`", f"one of {', '.join(FORMATS)}")
    is_spec = path == "-" or path.lower().endswith((".yaml", ".yml"))
    if not is_spec and (settings or input or data):
        usage("`--set`, `--input` and `--data` go with a spec", "name a file ending in `.yaml`")

    def run() -> int:
        from netspec.report.escape import safe
        from netspec.train.inspect_data import inspect_folder, inspect_spec

        if is_spec:
            found = inspect_spec(load(path, settings, input), data)
        else:
            found = inspect_folder(Path(path))
        if format == "json":
            print(found.as_json())
            return int(found.problem is not None)
        print("\n".join(map(safe, found.text().splitlines())), flush=True)
        if found.problem is not None:
            raise found.problem
        return 0

    finish(run)
