"""A run by its folder, by `latest` or `best`, or by how its name begins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from netspec.counted import counted
from netspec.train.errors import TrainError
from netspec.train.machine.distributed import place_in_torchrun
from netspec.train.reporting.progress import Progress
from netspec.train.reporting.runs import all_runs
from netspec.train.storage.folder import RunFolder, find_folders, open_folder

SHOWN = 6


def find_run(word: str, runs: Path, spec: str | None = None) -> RunFolder:
    """The run that ``word`` names: a folder that is there, or one under ``runs``.

    There, `latest` is the newest run and `best` the one with the best validation, of ``spec`` where
    that is given, as in `SPEC/latest`; anything else is how a run's name begins, or `SPEC/` and
    that. Which one was found is told.

    Raises:
        TrainError: there is none, or there are several.
    """
    path = Path(os.path.expanduser(word))
    if path.is_dir():
        return _opened(path)
    before, _, last = word.replace(os.sep, "/").rpartition("/")
    if last in ("latest", "best"):
        found = _chosen(last, runs, before or spec)
    else:
        found = _begun(word, runs, spec)
    say = Progress(silent=not place_in_torchrun().is_main).say
    say(f"note: `{word}` is `{found.path}`")
    return found


def _opened(path: Path) -> RunFolder:
    inside = [env.parent.name for env in sorted(path.glob("*/env.json"))]
    if inside and not (path / "env.json").exists():
        raise TrainError(
            f"`{path}` holds {counted(len(inside), 'run')} and is none itself",
            f"name one of them, such as the newest, `{path / inside[-1]}`",
        )
    return open_folder(path)


def _chosen(word: str, runs: Path, spec: str | None) -> RunFolder:
    """The newest or the best run."""
    if word == "latest":
        newest = list(find_folders(runs, spec))
    else:
        newest = [run.folder for run in all_runs(runs, spec)[:1] if run.ranks]
    if not newest:
        of = "" if spec is None else f" of `{spec}`"
        figures = " with figures of a validation part" if word == "best" else ""
        raise TrainError(
            f"there is no run{of}{figures} in `{runs}`",
            "`--run-dir` says where the runs are; `netspec runs` lists them",
        )
    return newest[-1]


def _begun(word: str, runs: Path, spec: str | None) -> RunFolder:
    """The one run whose name begins so."""
    plain = word.replace(os.sep, "/")
    found = [
        folder
        for folder in find_folders(runs, spec)
        if folder.path.name.startswith(plain)
        or f"{folder.path.parent.name}/{folder.path.name}".startswith(plain)
    ]
    exact = [folder for folder in found if folder.path.name == plain]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise TrainError(
            f"{counted(len(found), 'run')} in `{runs}` begin with `{word}`: {_some(found)}",
            "write more of its name",
        )
    return open_folder(Path(word))  # which says what is there instead


def _some(found: Sequence[RunFolder]) -> str:
    names = [f"`{folder.path.parent.name}/{folder.path.name}`" for folder in found]
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
