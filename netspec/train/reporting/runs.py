"""Earlier runs: a table of them, best first, and what sets several apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from netspec.train.reporting.curves import Curve, draw_curves
from netspec.train.reporting.records import Row, curves_of, read_rows
from netspec.train.storage.folder import RunFolder, find_folders


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
    def score(self) -> tuple[float, float]:
        """What runs are ordered by: test accuracy, else validation's; the loss breaks ties."""
        for figures in (self.test, self.validation):
            if figures is not None:
                return figures["accuracy"], -figures["loss"]
        return (-1.0, 0.0) if self.train is None else (-0.5, -self.train["loss"])


def summarize(folder: RunFolder) -> RunSummary:
    """Read a run's rows."""
    rows = read_rows(folder.metrics)
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


def runs_table(runs: Sequence[RunSummary]) -> str:
    """A row a run."""
    head = ("run", "epochs", "best", "train", "validation", "test", "test loss")
    rows = [
        (
            str(run.folder.path),
            str(run.epochs),
            "–" if run.best_epoch is None else str(run.best_epoch),
            _share(run.train),
            _share(run.validation),
            _share(run.test),
            "–" if run.test is None else f"{run.test['loss']:.4f}",
        )
        for run in runs
    ]
    return _table([head, *rows])


def differences(runs: Sequence[RunSummary]) -> str:
    """A row for each key of the resolved specs and starts that the runs do not agree on."""
    facts = [_facts(run) for run in runs]
    keys = list(dict.fromkeys(key for fact in facts for key in fact))
    rows = [("", *(run.folder.path.name for run in runs))]
    for key in keys:
        values = [fact.get(key, "–") for fact in facts]
        if len(set(values)) > 1:
            rows.append((key, *values))
    rows.append(("best epoch", *(str(run.best_epoch or "–") for run in runs)))
    for name, figures in (
        ("validation accuracy", [run.validation for run in runs]),
        ("test accuracy", [run.test for run in runs]),
    ):
        rows.append((name, *(_share(one) for one in figures)))
    return _table(rows)


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
        spec = yaml.safe_load(run.folder.resolved.read_text())
    except (OSError, yaml.YAMLError):
        spec = {}
    env = run.folder.read_env()
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


def _share(figures: Row | None) -> str:
    return "–" if figures is None else f"{figures['accuracy']:.2%}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = f"{row[0]:{widths[0]}}"
        rest = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((first, *rest)).rstrip())
    return "\n".join(lines)
