"""The picture of a run's curves, and of several runs': what it holds, read back from its SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from netspec.train.reporting.axis import Axis, value_axis, whole_axis
from netspec.train.reporting.curves import PANEL_HEIGHT, TOP, Curve, draw_curves
from netspec.train.reporting.curves_style import COLOURS, style_of
from netspec.train.reporting.records import curves_of

SVG = "{http://www.w3.org/2000/svg}"
NAN, INF = math.nan, math.inf


def run_of(
    name: str, losses: Sequence[float], accuracies: Sequence[float] | None = None, best: int = 1
) -> list[Curve]:
    """The curves of a run whose validation is a little worse than its training."""
    found = []
    for metric, values in (("loss", losses), ("accuracy", accuracies)):
        if values is not None:
            points = [(float(epoch), value) for epoch, value in enumerate(values, 1)]
            found += [Curve(metric, name, "train", points)]
            found += [Curve(metric, name, "validation", points, float(best))]
    return found


def drawn(curves: Sequence[Curve], title: str = "title") -> ElementTree.Element:
    """The picture; none of its numbers is missing, and all of it lies within."""
    text = draw_curves(curves, title=title)
    picture = ElementTree.fromstring(text)
    _, _, width, height = map(float, picture.get("viewBox", "").split())
    for line in picture.iter(f"{SVG}polyline"):
        for x, y in (point.split(",") for point in line.get("points", "").split()):
            assert 0 <= float(x) <= width
            assert TOP <= float(y) <= height
    for circle in picture.iter(f"{SVG}circle"):
        assert 0 <= float(circle.get("cx", "nan")) <= width
        assert 0 <= float(circle.get("cy", "nan")) <= height
    return picture


def words(picture: ElementTree.Element, kind: str = "text") -> list[str]:
    """Each text of the picture, or those of a class."""
    found = picture.iter(f"{SVG}text")
    return [one.text or "" for one in found if kind in ("text", one.get("class"))]


def labels(axis: Axis) -> list[str]:
    return [tick.label for tick in axis.ticks]


# axes


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        [0.0], [1.0], [0.5, 0.5], [0.9999999, 0.99999991], [2.302585, 2.302585001],
        [1e29], [1e29, 1.0000001e29], [1e-9, 1.1e-9], [-3.0, 3.0], [-1e29, 1e-9],
        [1e-9, 1e29], [0.0, 1e29], [0.001, 2.0], [1e-320, 1e308], [-1e308, 1e308], [123456, 123457],
    ],
)  # fmt: skip
def test_no_two_ticks_read_the_same(values: list[float], share: bool) -> None:
    axis = value_axis(values, share=share)
    assert 2 <= len(axis.ticks) <= 11
    assert len(set(labels(axis))) == len(axis.ticks)
    assert all(len(label) <= 9 for label in labels(axis)), labels(axis)
    places = [axis.place(tick.value) for tick in axis.ticks]
    assert places == sorted(places)
    assert places[0] == 0
    assert all(0 <= axis.place(value) <= 1 for value in values)


def test_a_tick_says_the_value_at_which_it_stands() -> None:
    for values in (
        [0.1, 0.9],
        [0.0, 1.1],
        [0.0, 1.1e29],
        [2.3, 2.31],
        [1e29, 2e29],
        [1e-9, 3e-9],
        [-4.0, 1e4],
        [0.025, 0.1],
    ):
        for tick in value_axis(values).ticks:
            assert float(tick.label) == pytest.approx(tick.value, rel=1e-9, abs=1e-12)


def test_an_accuracy_never_leaves_0_to_100_percent() -> None:
    assert labels(value_axis([1.0, 1.0], share=True))[-1] == "100.0 %"
    assert labels(value_axis([0.0, 0.97], share=True))[0] == "0 %"
    assert labels(value_axis([0.0, 0.97], share=True))[-1] == "100 %"


def test_values_of_many_sizes_are_drawn_by_their_logarithm() -> None:
    assert not value_axis([0.02, 2.0]).logarithmic
    wide = value_axis([0.5, 1e29])
    assert wide.logarithmic
    assert wide.place(2.0) > wide.place(0.5)
    assert wide.place(0.0) == 0
    assert not value_axis([-1.0, 1e29]).logarithmic


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 10, 13, 100, 300, 10_000])
def test_epochs_have_few_whole_and_different_ticks(epochs: int) -> None:
    axis = whole_axis(1, epochs)
    assert len(axis.ticks) <= 8
    assert len(set(labels(axis))) == len(axis.ticks)
    assert [int(label) for label in labels(axis)] == [tick.value for tick in axis.ticks]
    assert 0 <= axis.place(1) <= axis.place(epochs) <= 1


# one run


def test_train_is_dashed_and_validation_is_solid() -> None:
    picture = drawn(run_of("", [2.0, 1.0], [0.1, 0.5], best=2))
    dashed = {
        group.get("class"): line.get("stroke-dasharray") is not None
        for group in picture.iter(f"{SVG}g")
        for line in group.iter(f"{SVG}polyline")
    }
    assert dashed == {"train": True, "validation": False}
    assert words(picture).count("train") == 3  # a line's meaning, and the heads of two columns


def test_the_best_epoch_has_a_ring_in_each_panel_and_is_named() -> None:
    picture = drawn(run_of("", [2.0, 1.0, 1.5], [0.1, 0.5, 0.4], best=2))
    rings = [c for c in picture.iter(f"{SVG}circle") if c.get("class") == "best"]
    assert len(rings) == 2
    assert words(picture).count("best: epoch 2") == 2
    assert {"1.0000", "50.00%"} <= {*words(picture)}  # its figures, in the key


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_a_line_is_broken_where_a_value_is_not_finite(bad: float) -> None:
    picture = drawn(run_of("", [3.0, 2.0, bad, 1.0, 0.5]))
    (line, *_) = (
        [len(one.get("points", "").split()) for one in group.iter(f"{SVG}polyline")]
        for group in picture.iter(f"{SVG}g")
    )
    assert line == [2, 2]
    crosses = [p for p in picture.iter(f"{SVG}path") if p.get("class") == "not-finite"]
    assert len(crosses) == 2  # train's and validation's
    assert "not a finite number" in words(picture)
    assert "not a finite number" not in words(drawn(run_of("", [3.0, 2.0])))


@pytest.mark.parametrize(
    "losses",
    [[0.5], [0.0, 0.0], [NAN], [NAN, INF], [1e29, 1e-9], [1e308, -1e308], [0.3] * 300, []],
)
def test_whatever_the_losses_are_there_is_a_picture(losses: list[float]) -> None:
    picture = drawn(run_of("", losses, [1.0] * len(losses)))
    assert "nan" not in [tick.lower() for tick in words(picture, "tick")]
    assert len(words(picture, "tick")) >= 4


def test_a_metric_that_is_not_there_has_no_panel() -> None:
    assert "accuracy" not in words(drawn(run_of("", [2.0, 1.0])))
    points = [(1.0, 3.0), (2.0, 250.0)]
    picture = drawn([Curve("mae", "", "validation", points, 1.0)])
    assert "mae" in words(picture)
    assert not any("%" in word for word in words(picture))


def test_a_figure_is_drawn_at_its_height() -> None:
    picture = drawn([Curve("accuracy", "", "train", [(1.0, 0.0), (2.0, 1.0)])])
    (line,) = picture.iter(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in line.get("points", "").split()]
    assert heights == [TOP + PANEL_HEIGHT, TOP]


# several runs


def test_35_runs_have_each_another_pair_of_colour_and_marker() -> None:
    assert len({style_of(place) for place in range(35)}) == 35
    for place in range(34):  # neighbours differ in both
        one, next_one = style_of(place), style_of(place + 1)
        assert one.colour != next_one.colour
        assert one.shape != next_one.shape


def test_the_key_names_each_run_once() -> None:
    names = [f"spec {number:04x}" for number in range(12)]
    curves = [curve for name in names for curve in run_of(name, [2.0, 1.0], [0.1, 0.5], best=2)]
    picture = drawn(curves)
    assert words(picture, "run") == names
    assert len([c for c in picture.iter(f"{SVG}circle") if c.get("class") == "best"]) == 24
    colours = {line.get("stroke") for line in picture.iter(f"{SVG}polyline")}
    assert colours == {*COLOURS}


def test_long_names_are_shortened_in_the_middle_as_their_ends_tell_them_apart() -> None:
    names = [f"{'a-long-name-of-a-network-' * 4}{end}" for end in ("small", "large")]
    curves = [curve for name in names for curve in run_of(name, [2.0, 1.0])]
    shown = words(drawn(curves, title=" · ".join(names)), "run")
    assert [name[-5:] for name in shown] == ["small", "large"]
    assert all("…" in name and len(name) <= 46 for name in shown)


def test_a_run_without_validation_has_its_marker_on_the_training_curve() -> None:
    alone = Curve("loss", "b", "train", [(1.0, 2.0), (2.0, 1.0)])
    picture = drawn([*run_of("a", [2.0, 1.0]), alone])
    groups = [group for group in picture.iter(f"{SVG}g") if group[0].text == "b train"]
    assert len([*groups[0].iter(f"{SVG}path")]) == 2  # squares


# of a run's rows


def row(epoch: int, loss: float, *, best: bool, validation: bool = True) -> dict[str, object]:
    figures = {"loss": loss, "accuracy": 0.5}
    return {
        "kind": "epoch", "epoch": epoch, "train": figures, "best": best,
        "validation": figures if validation else None,
    }  # fmt: skip


def test_curves_of_rows_end_with_the_newest_and_know_the_last_best() -> None:
    rows = [
        row(1, 3.0, best=True), row(2, 9.0, best=False),
        row(2, 2.0, best=True), row(3, 2.5, best=False),
    ]  # fmt: skip
    found = {(curve.metric, curve.split): curve for curve in curves_of(rows, "run")}
    assert [*found[("loss", "validation")].points] == [(1.0, 3.0), (2.0, 2.0), (3.0, 2.5)]
    assert found[("accuracy", "validation")].best == 2.0
    assert found[("loss", "train")].best is None


def test_without_validation_no_epoch_is_the_best() -> None:
    curves = curves_of([row(1, 3.0, best=True, validation=False)])
    assert {curve.split for curve in curves} == {"train"}
    assert not [c for c in drawn(curves).iter(f"{SVG}circle") if c.get("class") == "best"]
