"""The commands that train and use what was trained. Torch is imported when one of them runs."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspec.cli.help_text import TRAINING
from netspec.cli.options import Input, Settings, app, finish, load, usage

if TYPE_CHECKING:
    from netspec.compiler.facade import Network
    from netspec.train.trained import Trained

DataPath = Annotated[
    Path | None, typer.Option("--data", metavar="PATH", help="where the data set's files are")
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
    Path, typer.Option("--run-dir", metavar="FOLDER", help="the folder that holds all runs")
]


@app.command(short_help="train what the spec's `train:` says", rich_help_panel=TRAINING)
def train(
    path: Annotated[
        str | None, typer.Argument(metavar="SPEC", help="a spec; not needed with `--resume`")
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
        str | None, typer.Option(metavar="RUN", help="go on with a run, or with the newest: auto")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="processes that decode images")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="a file of weights to start from; its head may differ"),
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
        from netspec.train.run import TrainOptions
        from netspec.train.storage.folder import open_folder

        spec = path
        if spec is None:
            spec = str(open_folder(Path(resume or "")).resolved)
        network = load(spec, settings, input)
        options = TrainOptions(
            data=data,
            device=device,
            run_dir=run_dir,
            resume="auto" if resume == "auto" else None if resume is None else Path(resume),
            workers=workers,
            weights=weights,
            warnings=_warnings(network),
        )
        return train_command(network, options)

    finish(run)


@app.command("eval", short_help="accuracy and confusion matrix of a run", rich_help_panel=TRAINING)
def evaluate(
    target: Annotated[
        str, typer.Argument(metavar="RUN", help="a run's folder, or a spec with `--weights`")
    ],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="safetensors, or a state_dict saved by torch"),
    ] = None,
    settings: Settings = None,
    input: Input = None,
    data: DataPath = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="test, validation or train")] = "test",
    device: Device = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="in the place of the recipe's")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="where the matrix goes; left out: the run's folder"),
    ] = None,
) -> None:
    """Loss, top-1, top-5, accuracy by class, and the confusion matrix as a picture and a table."""

    def run() -> int:
        from netspec.train.commands import eval_command

        found = _trained(target, weights, settings, input)
        return eval_command(
            found, data=data, split=split, device=device, batch_size=batch_size, out=out
        )

    finish(run)


@app.command(short_help="classes of images, with probabilities", rich_help_panel=TRAINING)
def predict(
    target: Annotated[str, typer.Argument(metavar="RUN", help="a run's folder")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="image files")],
    top: Annotated[int, typer.Option(metavar="N", min=1, help="how many classes to show")] = 5,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="other weights than the run's best")
    ] = None,
    device: Device = None,
) -> None:
    """Say what trained weights take images for, with probabilities."""

    def run() -> int:
        from netspec.train.commands import predict_command

        return predict_command(_trained(target, weights), images, top=top, device=device)

    finish(run)


@app.command(short_help="list runs, or compare some", rich_help_panel=TRAINING)
def runs(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN", help="runs' folders, to compare")
    ] = None,
    run_dir: RunDir = Path("runs"),
    spec: Annotated[str | None, typer.Option(metavar="NAME", help="only runs of this spec")] = None,
    curves: Annotated[
        Path | None, typer.Option(metavar="FILE", help="where the picture of several goes")
    ] = None,
) -> None:
    """List runs, best first; of several named, what sets them apart and their curves together."""

    def run() -> int:
        from netspec.train.commands import runs_command

        return runs_command(folders or [], run_dir=run_dir, spec=spec, curves=curves)

    finish(run)


@app.command(
    "max-batch", short_help="find the largest batch that memory holds", rich_help_panel=TRAINING
)
def max_batch(
    path: Annotated[str, typer.Argument(metavar="SPEC", help="a spec")],
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


def _trained(
    target: str,
    weights: Path | None,
    settings: list[str] | None = None,
    input: str | None = None,
) -> Trained:
    """What a command is to evaluate or predict with: a run, or a spec with weights."""
    from netspec.train.storage.folder import open_folder
    from netspec.train.trained import Trained, trained_run

    if Path(target).is_dir():
        network: Network = load(str(open_folder(Path(target)).resolved), settings, input)
        return trained_run(Path(target), network, weights)
    if not Path(target).exists():
        usage(f"there is no run and no spec `{target}`", "`netspec runs` lists the runs")
    if weights is None:
        usage("a spec has no weights of its own", "name a run's folder, or add `--weights FILE`")
    return Trained(load(target, settings, input), weights)
