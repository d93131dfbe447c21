"""`netspec eval`: the figures of trained weights on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netspec.cli import completion
from netspec.cli.help_text import TRAINING
from netspec.cli.options import Input, Settings, app, finish, user_path
from netspec.cli.run_target import trained
from netspec.cli.training import DataPath, Device, RunDir

RUN = "a run: its folder, latest, best or how its name begins; or a spec with `--weights`"


@app.command("eval", short_help="accuracy and confusion matrix of a run", rich_help_panel=TRAINING)
def evaluate(
    target: Annotated[
        str,
        typer.Argument(metavar="RUN", help=RUN, autocompletion=completion.runs_and_specs),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(
            parser=user_path, metavar="FILE", help="safetensors, or a state_dict saved by torch"
        ),
    ] = None,
    settings: Settings = None,
    input: Input = None,
    data: DataPath = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="test, validation or train")] = "test",
    device: Device = None,
    run_dir: RunDir = Path("runs"),
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="in the place of the recipe's")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=user_path,
            metavar="FOLDER",
            help="where the matrix goes; left out: the run's folder",
        ),
    ] = None,
) -> None:
    """Loss, top-1, top-5, accuracy by class, and the confusion matrix as a picture and a table."""

    def run() -> int:
        from netspec.train.commands import eval_command

        found = trained(target, weights, run_dir, settings, input)
        return eval_command(
            found, data=data, split=split, device=device, batch_size=batch_size, out=out
        )

    finish(run)
