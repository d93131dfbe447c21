"""A run's folder: where each of its files lies."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from netspec.train.absent import absent
from netspec.train.errors import TrainError
from netspec.train.storage.atomic_write import atomic_write, write_failed
from netspec.train.storage.read_plain import read_plain
from netspec.train.storage.run_notes import read_notes

RUNS = Path("runs")


@dataclass(frozen=True)
class RunFolder:
    """``runs/<spec>/<date-time-id>/`` and the names in it."""

    path: Path

    @property
    def spec(self) -> Path:
        """The spec as its author wrote it."""
        return self.path / "spec.yaml"

    @property
    def resolved(self) -> Path:
        """The spec complete in itself."""
        return self.path / "resolved.yaml"

    @property
    def env(self) -> Path:
        """Versions, device, command and data set: what the run ran on."""
        return self.path / "env.json"

    @property
    def warnings(self) -> Path:
        """What the check of the spec warned of when the run last started; absent if nothing."""
        return self.path / "warnings.txt"

    @property
    def metrics(self) -> Path:
        """A row a step interval and a row an epoch: the truth."""
        return self.path / "metrics.jsonl"

    @property
    def table(self) -> Path:
        """A row an epoch, for spreadsheets."""
        return self.path / "metrics.csv"

    @property
    def curves(self) -> Path:
        """Loss and accuracy as a picture."""
        return self.path / "curves.svg"

    @property
    def checkpoints(self) -> Path:
        """The checkpoints' folder."""
        return self.path / "checkpoints"

    @property
    def weights(self) -> Path:
        """The best epoch's weights under the spec's own names."""
        return self.path / "model.safetensors"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's event files, where it is installed."""
        return self.path / "tensorboard"

    def write_env(self, env: dict[str, Any]) -> None:
        """Write ``env.json``."""
        atomic_write(self.env, [(json.dumps(env, indent=2) + "\n").encode()])

    def write_warnings(self, text: str) -> None:
        """Write ``warnings.txt``, or take it away where there is nothing to warn of."""
        if text:
            atomic_write(self.warnings, [f"{text}\n".encode()])
        else:
            self.warnings.unlink(missing_ok=True)

    def read_env(self) -> dict[str, Any]:
        """What ``env.json`` says, to be shown; empty where it cannot be read."""
        try:
            env = json.loads(read_plain(self.env))
        except (OSError, ValueError, RecursionError):
            return {}
        return env if isinstance(env, dict) else {}

    def notes(self) -> dict[str, Any]:
        """What ``env.json`` says, to be gone by. Raises TrainError where it is no run's."""
        return read_notes(self.env)

    def require_own(self) -> None:
        """Raise TrainError where what would be written into the folder would land elsewhere."""
        for path in (self.checkpoints, self.tensorboard):
            target = path.resolve()
            if path.is_symlink() and not target.is_relative_to(self.path.resolve()):
                raise TrainError(
                    f"`{path}` is a link that leads out of the run's folder, to `{target}`",
                    "put the folder itself there; the whole run's folder may be a link",
                )

    def by_class(self) -> bool:
        """Whether the run's held-out share is one of each class; older runs say nothing of it."""
        data = self.notes().get("data")
        return data is None or bool(data.get("by_class", False))


def create_folder(runs: Path, name: str, now: datetime) -> RunFolder:
    """Make a new folder for a run of the spec ``name``; an existing one is never taken.

    Raises:
        TrainError: the folder cannot be made.
    """
    path = runs / name / f"{now:%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    try:
        path.mkdir(parents=True)
        (path / "checkpoints").mkdir()
    except OSError as error:
        raise write_failed(path, error) from error
    return RunFolder(path)


def open_folder(path: Path) -> RunFolder:
    """The folder of an earlier run.

    Raises:
        TrainError: it is none.
    """
    folder = RunFolder(path)
    if not path.is_dir():
        raise TrainError(absent(path, "run"), "`netspec runs` lists the runs here")
    if not folder.env.exists():
        raise TrainError(
            f"`{path}` is not a run's folder: it has no `env.json`",
            "name the folder that `netspec train` printed, such as `runs/<spec>/<date-time-id>`",
        )
    return folder


def find_folders(runs: Path, name: str | None = None) -> Iterator[RunFolder]:
    """Every run under ``runs``, or those of the spec ``name``, the oldest first."""
    pattern = f"{name or '*'}/*/env.json"
    for env in sorted(runs.glob(pattern), key=lambda path: (path.parent.name, path)):
        yield RunFolder(env.parent)
