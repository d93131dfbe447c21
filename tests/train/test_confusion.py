"""The picture of a confusion matrix: all of a small one, what matters of a large one."""

from __future__ import annotations

import csv
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from netspec.train.evaluation import Evaluation
from netspec.train.metrics import Metrics
from netspec.train.reporting import confused_classes
from netspec.train.reporting.confused_classes import Pair, confused_groups, confused_pairs
from netspec.train.reporting.confusion import (
    GROUP_SIZE,
    GROUPS,
    NAMED_CLASSES,
    PAIRS,
    draw_confusion,
)

Matrix = list[list[int]]


def families(classes: int, size: int) -> Matrix:
    """Classes of which each `size` in a row are taken for each other, the first ones most."""
    counts = [[0] * classes for _ in range(classes)]
    for true in range(classes):
        counts[true][true] = 100
        first = true // size * size
        for taken in range(first, min(first + size, classes)):
            if taken != true:
                counts[true][taken] = max(1, 20 - first // size)
    return counts


def names(classes: int) -> list[str]:
    return [f"class {number}" for number in range(classes)]


def test_the_pairs_most_often_confused_come_by_their_share_of_the_true_class() -> None:
    counts = [[90, 10, 0], [1, 1, 0], [30, 0, 270]]
    pairs = [(p.true, p.taken, p.wrong, p.total) for p in confused_pairs(counts, 3)]
    assert pairs == [(1, 0, 1, 2), (2, 0, 30, 300), (0, 1, 10, 100)]
    assert confused_pairs(counts, 1) == confused_pairs(counts, 3)[:1]
    assert confused_pairs([[5, 0], [0, 5]], 3) == []


def test_classes_that_are_taken_for_each_other_are_a_group() -> None:
    shuffled = list(range(100))
    random.Random(3).shuffle(shuffled)
    plain = families(100, 4)
    counts = [[0] * 100 for _ in range(100)]
    for true, row in enumerate(plain):
        for taken, count in enumerate(row):
            counts[shuffled[true]][shuffled[taken]] = count
    expected = [tuple(sorted(shuffled[4 * g : 4 * g + 4])) for g in range(5)]
    assert confused_groups(counts, 5, 9) == expected


def test_a_group_is_no_larger_than_asked() -> None:
    groups = confused_groups(families(60, 12), 60, 5)
    assert max(map(len, groups)) <= 5
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))


def test_one_strong_tie_does_not_make_two_groups_one() -> None:
    counts = families(80, 4)
    counts[0][6] = 15  # of the first family, taken for one of the second
    assert confused_groups(counts, 2, 9) == [(0, 1, 2, 3), (4, 5, 6, 7)]


def test_ties_count_in_both_directions_together() -> None:
    counts = [[100 * (i == j) for j in range(70)] for i in range(70)]
    counts[1][2] = 30
    counts[5][4] = counts[4][5] = 20
    assert confused_groups(counts, 2, 9) == [(4, 5), (1, 2)]


def test_of_a_matrix_without_zeros_few_ties_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Pair] = []
    pair = confused_classes.Pair
    monkeypatch.setattr(
        confused_classes, "Pair", lambda *args: looked.append(pair(*args)) or looked[-1]
    )
    counts = [[1 + (7 * i + 5 * j) % 11 for j in range(100)] for i in range(100)]
    draw_confusion(names(100), counts, title="untrained")
    assert 0 < len(looked) <= 100 * (PAIRS + GROUP_SIZE)


@pytest.mark.parametrize("classes", [2, 30, NAMED_CLASSES])
def test_a_small_matrix_is_drawn_whole(classes: int) -> None:
    picture = ET.fromstring(draw_confusion(names(classes), families(classes, 2), title="all"))
    cells = [r for r in picture.iter("{http://www.w3.org/2000/svg}rect") if len(r)]
    assert len(cells) == classes**2


def test_of_a_thousand_classes_the_pairs_and_the_groups_are_drawn_and_no_more() -> None:
    text = draw_confusion(names(1_000), families(1_000, 5), title="test: accuracy 71.00%")
    assert len(text.encode()) < 1_000_000
    picture = ET.fromstring(text)
    words = [node.text or "" for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert sum("→" in word for word in words) == PAIRS
    assert "class 0 → class 1" in words
    assert "11.1%: 20 of 180" in words
    cells = [r for r in picture.iter("{http://www.w3.org/2000/svg}rect") if len(r)]
    assert len(cells) == GROUPS * 5 * 5


def test_the_table_of_many_classes_is_whole(tmp_path: Path) -> None:
    counts = families(100, 5)
    found = Evaluation("test", tuple(names(100)), Metrics(1.0, 0.7, 1), tuple(map(tuple, counts)))
    found.write(tmp_path)
    with (tmp_path / "confusion.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head[1:] == [row[0] for row in rows] == names(100)
    assert [[int(cell) for cell in row[1:]] for row in rows] == counts


def test_a_large_matrix_without_a_mistake_is_a_picture_too() -> None:
    counts = [[int(i == j) for j in range(100)] for i in range(100)]
    assert "none was" in draw_confusion(names(100), counts, title="all right")


def test_names_that_are_markup_are_shown_as_they_are() -> None:
    classes = [f"<a & {n}>" for n in range(70)]
    ET.fromstring(draw_confusion(classes, families(70, 3), title="<title>"))


@pytest.mark.parametrize("title", ["digits", "a spec with a long name, tested " * 2, "x" * 300])
@pytest.mark.parametrize("classes", [0, 1, 2, 10])
def test_a_title_fits_the_picture_however_small_the_matrix(title: str, classes: int) -> None:
    counts = [[1] * classes for _ in range(classes)]
    root = ET.fromstring(draw_confusion(names(classes), counts, title=title))
    width = float(root.get("viewBox", "").split()[2])
    shown = next(one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text"))
    assert 24 + 9 * len(shown) <= width
    assert shown == title or (len(title) > 100 and "…" in shown)


def test_long_names_that_are_alike_are_told_apart_by_their_ends() -> None:
    alike = [f"{'a-long-name-of-a-species-' * 3}{end}" for end in ("male", "female")]
    picture = draw_confusion(alike, [[3, 1], [1, 3]], title="")
    root = ET.fromstring(picture)
    shown = {one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert len({name for name in shown if "…" in name}) == 2


@pytest.mark.parametrize("loss", [0.5, 1e29, float("nan")])
def test_the_printed_matrix_tells_its_columns_apart_at_any_loss(loss: float) -> None:
    counts = tuple(tuple(range(5)) for _ in range(5))
    printed = Evaluation("test", tuple(names(5)), Metrics(loss, 0.5, 50), counts).text()
    assert len(printed.splitlines()[0]) < 60
    heads = printed.splitlines()[-6]
    assert [head.strip() for head in heads.split("c… ")[1:]] == ["0", "1", "2", "3", "4"]
