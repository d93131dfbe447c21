"""A run's folder: where each of its files lies."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from netspec.train.absent import absent
from netspec.train.errors import TrainError, first_line
from netspec.train.storage.atomic_write import atomic_write, write_failed
from netspec.train.storage.read_plain import read_plain
from netspec.train.storage.run_notes import read_notes

RUNS = Path("runs")
_TIME: Final = "%Y-%m-%d-%H%M%S"
_SECOND: Final = timedelta(seconds=1)


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
    def vocabulary(self) -> Path:
        """The words of a network of texts, a line each: the line, counted from 0, is the id."""
        return self.path / "vocab.txt"

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

    def write_vocabulary(self, words: Sequence[str]) -> None:
        """Write ``vocab.txt``, where there are words."""
        if words:
            atomic_write(self.vocabulary, ["".join(f"{word}\n" for word in words).encode()])

    def read_vocabulary(self) -> tuple[str, ...]:
        """The words of ``vocab.txt``; none where there is no such file.

        Raises TrainError where it cannot be read.
        """
        try:
            text = read_plain(self.vocabulary)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise TrainError(
                f"`{self.vocabulary}` cannot be read: {first_line(error)}",
                "put the run's own file back",
            ) from error
        return tuple(text.split("\n")[:-1])

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

    Runs are ordered by their names, so that where the clock was set back, the new one is named a
    second after the newest there is.

    Raises:
        TrainError: the folder cannot be made.
    """
    newest = newest_time(runs, name)
    if newest is not None and newest >= now.replace(microsecond=0):
        now = min(newest, datetime.max - _SECOND) + _SECOND
    while True:
        path = runs / name / f"{now:{_TIME}}-{secrets.token_hex(2)}"
        try:
            path.mkdir(parents=True)
            (path / "checkpoints").mkdir()
        except FileExistsError as error:
            if path.is_dir():
                continue  # of a run that began in the same second, and drew the same number
            raise write_failed(path, error) from error
        except OSError as error:
            raise write_failed(path, error) from error
        return RunFolder(path)


def newest_time(runs: Path, name: str) -> datetime | None:
    """The latest time that a run of the spec ``name`` is called after; None where there is none."""
    times: list[datetime] = []
    with suppress(OSError):
        for path in (runs / name).iterdir():
            with suppress(ValueError):
                times.append(datetime.strptime(path.name.rpartition("-")[0], _TIME))
    return max(times, default=None)


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
