"""`netspec predict`: what trained weights take images, or texts, for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netspec.cli import completion
from netspec.cli.evaluate import RUN
from netspec.cli.help_text import TRAINING
from netspec.cli.options import Input, Settings, app, finish, usage, user_path
from netspec.cli.run_target import trained
from netspec.cli.training import Device, RunDir


@app.command(short_help="classes of images or texts, with probabilities", rich_help_panel=TRAINING)
def predict(
    target: Annotated[
        str,
        typer.Argument(metavar="RUN", help=RUN, autocompletion=completion.runs_and_specs),
    ],
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE",
            help="files, folders, patterns in quotes, or - for standard input; of a network of "
            "texts, files with a text a line",
        ),
    ] = None,
    texts: Annotated[
        list[str] | None, typer.Option("--text", metavar="WORDS", help="a text; may be repeated")
    ] = None,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="how many classes to show")] = 5,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text, json or csv")] = "text",
    weights: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="other weights than the run's best"),
    ] = None,
    settings: Settings = None,
    input: Input = None,
    device: Device = None,
    run_dir: RunDir = Path("runs"),
) -> None:
    """Say what trained weights take images or texts for, with probabilities.

    What cannot be read is listed at the end, and makes the exit code 1.
    """
    if format not in ("text", "json", "csv"):
        usage(f"there is no format `{format}`", "one of text, json, csv")
    images = images or []
    if not images and not texts:
        usage("predict what?", "name images, or for a network of texts files or `--text`")
    if images.count("-") + (target == "-") > 1:
        usage("standard input can be read once", "name files for the rest")

    def run() -> int:
        from netspec.train.commands import predict_command

        found = trained(target, weights, run_dir, settings, input)
        return predict_command(
            found, images, texts=texts or (), top=top, device=device, format=format
        )

    finish(run)
