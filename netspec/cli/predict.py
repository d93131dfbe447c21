"""`netspec predict`: what trained weights take images for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netspec.cli.evaluate import RUN
from netspec.cli.help_text import TRAINING
from netspec.cli.options import app, finish, user_path
from netspec.cli.run_target import trained
from netspec.cli.training import Device, RunDir


@app.command(short_help="classes of images, with probabilities", rich_help_panel=TRAINING)
def predict(
    target: Annotated[str, typer.Argument(metavar="RUN", help=RUN)],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="image files")],
    top: Annotated[int, typer.Option(metavar="N", min=1, help="how many classes to show")] = 5,
    weights: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="other weights than the run's best"),
    ] = None,
    device: Device = None,
    run_dir: RunDir = Path("runs"),
) -> None:
    """Say what trained weights take images for, with probabilities."""

    def run() -> int:
        from netspec.train.commands import predict_command

        return predict_command(trained(target, weights, run_dir), images, top=top, device=device)

    finish(run)
