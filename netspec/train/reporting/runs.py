"""Earlier runs: a table of them, best first, and what sets several apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from netspec.counted import counted
from netspec.escape import safe
from netspec.train.reporting.columns import columns
from netspec.train.reporting.curves import Curve, draw_curves
from netspec.train.reporting.figures import metric_text
from netspec.train.reporting.records import Row, curves_of, read_rows
from netspec.train.storage.folder import RunFolder, find_folders
from netspec.train.storage.read_plain import read_plain

FIGURES_WIDTH = 62
"""Characters of the figures of the table of runs, with the gaps between them."""
NETWORK_KEYS = 12
"""How many keys of networks that differ are told."""


@dataclass(frozen=True)
class RunSummary:
    """A run as its files tell it; figures that it has not got are None."""

    folder: RunFolder
    spec: str
    epochs: int
    best_epoch: int | None
    train: Row | None
    validation: Row | None
    test: Row | None
    rows: tuple[Row, ...]

    @property
    def ranks(self) -> bool:
        """Whether it has figures of a validation part, by which runs are ordered."""
        return self.validation is not None

    @property
    def score(self) -> tuple[int, float, float]:
        """What runs are ordered by: validation accuracy at the best epoch, then its loss.

        Runs without validation follow, by the training set's loss: the test set chooses nothing.
        """
        if self.validation is not None:
            share = self.validation.get("accuracy")
            return 2, _lowest(share), _lowest(-self.validation["loss"])
        if self.train is not None:
            return 1, _lowest(-self.train["loss"]), 0.0
        return 0, 0.0, 0.0


def summarize(folder: RunFolder) -> RunSummary:
    """Read a run's rows; of a run whose files are not as netspec writes them, none."""
    try:
        found = _summary(folder, read_rows(folder.metrics))
        _ = found.score, [_metric("loss", of) for of in (found.train, found.validation, found.test)]
        curves_of(list(found.rows), "")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return _summary(folder, [])
    return found


def _summary(folder: RunFolder, rows: Sequence[Row]) -> RunSummary:
    epochs = [row for row in rows if row["kind"] == "epoch"]
    tests = [row for row in rows if row["kind"] == "test"]
    best = next((row for row in reversed(epochs) if row["best"]), None)
    return RunSummary(
        folder=folder,
        spec=str(folder.read_env().get("spec", folder.path.parent.name)),
        epochs=len(epochs),
        best_epoch=None if best is None else best["epoch"],
        train=epochs[-1]["train"] if epochs else None,
        validation=None if best is None else best["validation"],
        test=tests[-1] if tests else None,
        rows=tuple(rows),
    )


def all_runs(runs: Path, spec: str | None = None) -> list[RunSummary]:
    """Every run under ``runs``, best first."""
    found = [summarize(folder) for folder in find_folders(runs, spec)]
    return sorted(found, key=lambda run: run.score, reverse=True)


def runs_table(runs: Sequence[RunSummary], width: int | None = None) -> str:
    """A row a run; where it does not fit in ``width`` characters, below its run's path."""
    head = ("run", "epochs", "best", "train", "validation", "test", "test loss")
    rows = [
        (
            safe(str(run.folder.path)),
            str(run.epochs),
            "–" if run.best_epoch is None else str(run.best_epoch),
            _metric("accuracy", run.train),
            _metric("accuracy", run.validation),
            _metric("accuracy", run.test),
            _metric("loss", run.test),
        )
        for run in runs
    ]
    longest = max((len(row[0]) for row in rows), default=0)
    if width is None or longest + FIGURES_WIDTH <= width:
        return columns([head, *rows], key=longest)
    # A path is to be copied, so that it has a line of its own and is never broken.
    figures = columns([("", *head[1:]), *(("", *row[1:]) for row in rows)]).splitlines()
    lines = [figures[0]]
    for row, line in zip(rows, figures[1:], strict=True):
        lines += [row[0], line]
    return "\n".join(lines)


def differences(runs: Sequence[RunSummary], width: int | None = None) -> str:
    """A row for each key of the resolved specs and starts that the runs do not agree on.

    Of a network's keys the first few are told: one layer more moves all that follow it.
    """
    facts = [_facts(run) for run in runs]
    keys = list(dict.fromkeys(key for fact in facts for key in fact))
    rows = [("", *(_own_names(runs)))]
    of_network: list[str] = []
    for key in keys:
        values = [fact.get(key, "–") for fact in facts]
        if len(set(values)) == 1:
            continue
        if key.startswith(("layers", "blocks")):
            of_network.append(key)
            if len(of_network) > NETWORK_KEYS:
                continue
        rows.append((key, *values))
    rows.append(("best epoch", *(str(run.best_epoch or "–") for run in runs)))
    for name, metric, figures in (
        ("validation accuracy", "accuracy", [run.validation for run in runs]),
        ("validation loss", "loss", [run.validation for run in runs]),
        ("test accuracy", "accuracy", [run.test for run in runs]),
        ("test loss", "loss", [run.test for run in runs]),
    ):
        rows.append((name, *(_metric(metric, one) for one in figures)))
    table = columns(rows, width)
    if (more := len(of_network) - NETWORK_KEYS) > 0:
        many = counted(more, "more key")
        table += f"\n\nthe networks differ in {many}: compare each run's `resolved.yaml`"
    return table


def _own_names(runs: Sequence[RunSummary]) -> list[str]:
    """Each run's folder's name, or its path where another has the same name."""
    names = [run.folder.path.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder.path) for run in runs]


def laid_over(runs: Sequence[RunSummary]) -> str:
    """The curves of all ``runs`` in one SVG picture, each by its spec and the end of its id."""
    curves: list[Curve] = []
    for name, run in zip(run_names(runs), runs, strict=True):
        curves += curves_of(list(run.rows), name)
    specs = list(dict.fromkeys(run.spec for run in runs))
    title = " · ".join(specs[:3]) + (f" and {len(specs) - 3} more" if len(specs) > 3 else "")
    return draw_curves(curves, title=title)


def run_names(runs: Sequence[RunSummary]) -> list[str]:
    """A name for each run that no other has: its spec, and as much of its id as that takes."""
    for names in (
        [f"{run.spec} {run.folder.path.name[-4:]}" for run in runs],
        [f"{run.spec} {run.folder.path.name}" for run in runs],
    ):
        if len(set(names)) == len(names):
            return names
    return [str(run.folder.path) for run in runs]


def _facts(run: RunSummary) -> dict[str, str]:
    try:
        return _told(_resolved(run.folder.resolved), run.folder.read_env())
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return {}  # of a run whose files are not as netspec writes them


def _resolved(path: Path) -> Any:
    """A spec as plain data; empty where it cannot be read, or says one thing in many places."""
    try:
        text = read_plain(path)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            return {}
        return yaml.safe_load(text)
    except (OSError, yaml.YAMLError):
        return {}


def _told(spec: Any, env: dict[str, Any]) -> dict[str, str]:
    facts = {f"--{key}": value for key, value in env.get("overrides", {}).items()}
    facts["data"] = env.get("data", {}).get("fingerprint", "–")[:12]
    for start in env.get("starts", [])[-1:]:
        facts |= {"device": start.get("device"), **start.get("versions", {})}
    return {key: _said(value) for key, value in {**_flat(spec), **facts}.items()}


def _said(value: Any) -> str:
    """A value as a spec writes it; what is null is not there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "–" if value is None else str(value)


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested mappings and lists as one level, with paths such as ``train.optimizer.SGD.lr``."""
    if isinstance(value, dict) and value:
        pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        pairs = [(f"{path}[{place}]", item) for place, item in enumerate(value)]
    else:
        return {path: value}
    return {key: leaf for name, item in pairs for key, leaf in _flat(item, name).items()}


def _metric(name: str, figures: Row | None) -> str:
    return metric_text(name, None if figures is None else figures.get(name))


def _lowest(value: float | None) -> float:
    """``value``, or less than any where there is none or it is not a number."""
    return -math.inf if value is None or math.isnan(value) else value
