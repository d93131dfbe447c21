"""`netspec data`: what a data set holds, before anything is trained."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from netspec.cli.help_text import TRAINING
from netspec.cli.options import Input, Settings, app, finish, load, usage, user_path
from netspec.escape import safe

FORMATS = ("text", "json")


@app.command(short_help="tell what a data set holds, before training", rich_help_panel=TRAINING)
def data(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="a folder or an archive of images, or a spec")
    ],
    settings: Settings = None,
    input: Input = None,
    data: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="PATH", help="with a spec: other data than its own"),
    ] = None,
    show: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="draw the images into this PNG"),
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
    if show is not None and show.suffix.lower() != ".png":
        usage(f"`{show}` is no name of a picture", "the picture is a PNG: call it `images.png`")

    def run() -> int:
        from netspec.train.inspect_data import inspect_folder, inspect_spec

        if is_spec:
            found = inspect_spec(load(path, settings, input), data, draw=show is not None)
        else:
            found = inspect_folder(user_path(path), draw=show is not None)
        drawn = show is not None and found.write_sheet(show)
        if format == "json":
            print(found.as_json())
            return int(found.problem is not None)
        if text := found.text():
            print(text)
        if drawn:
            print(f"picture: {safe(str(show))}")
        sys.stdout.flush()
        if found.problem is not None:
            raise found.problem
        return 0

    finish(run)
