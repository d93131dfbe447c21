"""The commands that train and use what was trained. Torch is imported when one of them runs."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspec.cli import completion
from netspec.cli.help_text import TRAINING
from netspec.cli.options import Input, Settings, app, finish, load, usage, user_path
from netspec.cli.run_target import load_run, load_spec

if TYPE_CHECKING:
    from netspec.compiler.facade import Network

DataPath = Annotated[
    Path | None,
    typer.Option("--data", parser=user_path, metavar="PATH", help="where the data set's files are"),
]
Device = Annotated[
    str | None,
    typer.Option(metavar="DEVICE", help="cpu, cuda, cuda:1 or mps; left out: the best"),
]
Memory = Annotated[
    float | None,
    typer.Option("--memory", metavar="GIB", min=0.001, help="reckon for this much memory"),
]
Confirm = Annotated[bool, typer.Option("--confirm/--no-confirm", help="try it on the device")]
RunDir = Annotated[
    Path,
    typer.Option(
        "--run-dir", parser=user_path, metavar="FOLDER", help="the folder that holds all runs"
    ),
]


@app.command(short_help="train what the spec's `train:` says", rich_help_panel=TRAINING)
def train(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="SPEC",
            help="a spec; not needed with `--resume`",
            autocompletion=completion.specs,
        ),
    ] = None,
    settings: Settings = None,
    input: Input = None,
    data: DataPath = None,
    device: Device = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="in the place of the recipe's")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="in the place of the recipe's")
    ] = None,
    run_dir: RunDir = Path("runs"),
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="go on with a run, or with the newest: auto",
            autocompletion=completion.runs_to_resume,
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="processes that decode images")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            parser=user_path,
            metavar="FILE",
            help="a file of weights to start from; its head may differ",
        ),
    ] = None,
) -> None:
    """Train what the spec's `train:` says, and write a folder with all that came of it."""
    if weights is not None and resume is not None:
        usage("`--resume` goes on with the run's own weights", "leave `--weights` out")
    if path is None and resume == "auto":
        usage("`--resume auto` goes on with the newest run of a spec", "name the spec, or a run")
    if path is None and resume is None:
        usage("train what?", "name a spec, or a run with `--resume`")
    settings = [*(settings or []), *_as_settings(settings, epochs=epochs, batch_size=batch_size)]

    def run() -> int:
        from netspec.train.commands import train_command
        from netspec.train.find_run import find_run
        from netspec.train.run import TrainOptions

        network = None if path is None else load_spec(path, settings, input)
        earlier: Path | None = None
        if resume is not None and resume != "auto":
            found = find_run(resume, run_dir, None if network is None else network.name)
            earlier, network = found.path, network or load_run(found, settings, input)
        assert network is not None
        options = TrainOptions(
            data=data,
            device=device,
            run_dir=run_dir,
            resume="auto" if resume == "auto" else earlier,
            workers=workers,
            weights=weights,
            warnings=_warnings(network),
        )
        return train_command(network, options)

    finish(run)


@app.command(short_help="list runs, or compare some", rich_help_panel=TRAINING)
def runs(
    folders: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="runs, to compare", autocompletion=completion.runs),
    ] = None,
    run_dir: RunDir = Path("runs"),
    spec: Annotated[str | None, typer.Option(metavar="NAME", help="only runs of this spec")] = None,
    curves: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="where the picture of several goes"),
    ] = None,
) -> None:
    """List runs, the best validation first; of several, what sets them apart, and their curves."""

    def run() -> int:
        from netspec.train.commands import runs_command
        from netspec.train.find_run import find_run

        chosen = [find_run(word, run_dir, spec).path for word in folders or []]
        return runs_command(chosen, run_dir=run_dir, spec=spec, curves=curves)

    finish(run)


@app.command(
    "max-batch", short_help="find the largest batch that memory holds", rich_help_panel=TRAINING
)
def max_batch(
    path: Annotated[
        str, typer.Argument(metavar="SPEC", help="a spec", autocompletion=completion.specs)
    ],
    settings: Settings = None,
    input: Input = None,
    device: Device = None,
    memory: Memory = None,
    confirm: Confirm = True,
) -> None:
    """Find the largest batch that this device's memory holds for training."""

    def run() -> int:
        from netspec.compiler.analysis.step_memory import step_memory
        from netspec.train.commands import max_batch_command

        network = load(path, settings, input)
        given = None if memory is None else int(memory * 2**30)
        return max_batch_command(
            network,
            step=step_memory(network),
            device=device,
            memory=given,
            confirm=confirm,
        )

    finish(run)


@app.command("fit", hidden=True)
@wraps(max_batch)
def fit(**options: Any) -> None:
    """The old name of `max-batch`, which is told on standard error."""
    print("note: `netspec fit` is called `netspec max-batch` now", file=sys.stderr)
    max_batch(**options)


def _as_settings(settings: list[str] | None, **flags: int | None) -> list[str]:
    """Flags as `--set` would say them, so that the run's own spec holds them."""
    found = []
    for key, value in flags.items():
        if value is None:
            continue
        if any(text.startswith(f"train.{key}=") for text in settings or []):
            flag = f"--{key.replace('_', '-')}"
            usage(f"`train.{key}` is given twice", f"leave out `{flag}` or the `--set`")
        found.append(f"train.{key}={value}")
    return found


def _warnings(network: Network) -> str:
    """What `netspec check` warns of, as it shows it."""
    from netspec.report import findings

    texts = {source.name: source.text for source in network.document.sources}
    return findings.text(network.warnings, texts)
