"""The table of runs, the order they stand in, and what several differ in."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from netspec.train.reporting.columns import columns
from netspec.train.reporting.runs import RunSummary, differences, runs_table, summarize
from netspec.train.storage.folder import RunFolder

GOOD = {"loss": 0.5, "accuracy": 0.9}


def run_in(
    folder: Path,
    *,
    validation: dict[str, Any] | None = None,
    test: dict[str, Any] | None = None,
    train: dict[str, Any] | None = None,
    spec: str = "{}",
) -> RunSummary:
    """A run of one epoch with these figures, as its files tell it."""
    folder.mkdir(parents=True)
    (folder / "env.json").write_text(json.dumps({"spec": "digits"}))
    (folder / "resolved.yaml").write_text(spec)
    rows: list[dict[str, Any]] = []
    if train is not None:
        row = {"kind": "epoch", "epoch": 1, "train": train, "best": True, "timing": {}}
        rows.append({**row, "validation": validation})
    if test is not None:
        rows.append({"kind": "test", "epoch": 1, **test})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return summarize(RunFolder(folder))


@pytest.mark.parametrize(
    ("env", "by_class"),
    [
        ({}, True),
        ({"data": {"train": 9}}, False),
        ({"data": {"by_class": False}}, False),
        ({"data": {"by_class": True}}, True),
    ],
)
def test_a_run_that_says_nothing_of_classes_held_out_a_share_of_all_images(
    env: dict[str, Any], by_class: bool, tmp_path: Path
) -> None:
    (tmp_path / "env.json").write_text(json.dumps(env))
    assert RunFolder(tmp_path).by_class() is by_class


def test_runs_are_ordered_by_validation_and_never_by_the_test_set(tmp_path: Path) -> None:
    def named(name: str, accuracy: float, loss: float, test: float) -> RunSummary:
        figures = {"accuracy": accuracy, "loss": loss}
        seen = {"accuracy": test, "loss": 0.1}
        return run_in(tmp_path / name, train=GOOD, validation=figures, test=seen)

    runs = [
        named("best", 0.9, 0.3, 0.1),
        named("more loss", 0.9, 0.4, 0.99),
        named("diverged", 0.9, math.nan, 0.99),
        named("worst", 0.2, 0.1, 0.99),
        named("not a number", math.nan, math.nan, 0.99),
        run_in(tmp_path / "unvalidated", train=GOOD, test={"accuracy": 1.0, "loss": 0.0}),
        run_in(tmp_path / "new"),
    ]
    backwards = runs[::-1]
    assert sorted(backwards, key=lambda run: run.score, reverse=True) == runs


@pytest.mark.parametrize("loss", [0.5, 1e29, 1e-9, math.nan, math.inf, -math.inf])
def test_the_columns_of_runs_hold_whatever_the_losses_are(tmp_path: Path, loss: float) -> None:
    figures = {"loss": loss, "accuracy": 1.0}
    runs = [
        run_in(tmp_path / "runs" / "one", train=figures, validation=figures, test=figures),
        run_in(tmp_path / "runs" / "new"),
    ]
    head, *rows = runs_table(runs).splitlines()
    assert {len(head), *map(len, rows)} == {len(head)}
    for row in rows:
        for name in ("epochs", "best", "train", "validation", "test loss"):
            assert row[head.index(name) + len(name) - 1] != " "
    assert rows[1].split()[1:] == ["0", "–", "–", "–", "–", "–"]


def test_on_a_narrow_terminal_a_path_has_its_own_line_and_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / ("a-long-name-" * 8) / "2026-01-01-000000-abcd"
    run = run_in(folder, train=GOOD, validation=GOOD, test=GOOD)
    head, path, figures = runs_table([run], 80).splitlines()
    assert path == str(folder)
    assert len(head) == len(figures) <= 62
    assert figures.split() == ["1", "1", "90.00%", "90.00%", "90.00%", "0.5000"]
    assert len(runs_table([run]).splitlines()) == 2


def test_what_is_missing_or_null_is_a_dash_in_a_comparison(tmp_path: Path) -> None:
    specs = ["{a: null, b: true, c: x}", "{a: 1, b: false}"]
    runs = [run_in(tmp_path / str(number), spec=spec) for number, spec in enumerate(specs)]
    rows = [line.split() for line in differences(runs).splitlines()]
    assert rows[1:4] == [["a", "–", "1"], ["b", "true", "false"], ["c", "x", "–"]]
    assert ["validation", "loss", "–", "–"] in rows


def test_runs_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    runs = [run_in(tmp_path / spec / "same") for spec in ("a", "b")]
    shown = differences(runs).replace("\n", "").replace(" ", "")
    assert "a/same" in shown
    assert "b/same" in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_comparison_of_many_runs_fits_the_terminal(tmp_path: Path, width: int) -> None:
    runs = [
        run_in(
            tmp_path / f"2026-01-01-0000{number:02}-abcd",
            spec=json.dumps({"train": {"a": f"{number} " * 40, "key" * 30: number}}),
            train=GOOD, validation=GOOD,
        )
        for number in range(12)
    ]  # fmt: skip
    text = differences(runs, width)
    assert max(map(len, text.splitlines())) <= width
    assert [text.count(run.folder.path.name) for run in runs] == [1] * 12
    assert text.count("validation accuracy") == len(text.split("\n\n"))


def test_of_networks_that_differ_the_first_keys_are_told(tmp_path: Path) -> None:
    runs = [
        run_in(tmp_path / str(k), spec=json.dumps({"layers": [{"Linear": 10 * k}] * 40, "a": k}))
        for k in (1, 2)
    ]
    text = differences(runs)
    assert text.count("layers[") == 12
    assert "the networks differ in 28 more keys" in text
    assert "\na " in text


def test_a_long_cell_goes_on_below_and_nothing_of_it_is_lost() -> None:
    words = "one two three four five six seven eight nine ten"
    text = columns([("", "value"), ("key", words), ("next", "1")], 30)
    assert max(map(len, text.splitlines())) <= 30
    assert " ".join(text.replace("key", "").replace("next", "").split()) == f"value {words} 1"
    unbroken = columns([("", "value"), ("key", "x" * 100)], 30)
    assert unbroken.count("x") == 100
