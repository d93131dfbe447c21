"""The random graphs draw the whole language: counted in specs of fixed seeds, none of them built.

A new layer is drawn and counted by itself. A new modifier or section fails here until a row of
`random_graphs.CORES`, or `Graphs.around`, draws it.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from drawn_features import WANTED, features
from random_graphs import graph

DRAWN = 400


@lru_cache(maxsize=1)
def drawn() -> tuple[Counter[str], Counter[str], int]:
    """The features of all specs, what their data does not show, and how many have no mistake."""
    found: Counter[str] = Counter()
    tally: Counter[str] = Counter()
    right = 0
    for number in range(DRAWN):
        graphs = graph("drawn", number)
        found += features(graphs.spec())
        tally += graphs.tally
        right += not graphs.wrong
    return found, tally, right


def test_every_layer_modifier_section_and_form_is_drawn() -> None:
    found, _, _ = drawn()
    assert not [feature for feature in WANTED if not found[feature]]


def test_conditions_are_true_and_false() -> None:
    _, tally, _ = drawn()
    assert min(tally["if true"], tally["if false"]) > DRAWN / 10
    assert tally["a condition of one block, true and false"] > 3


def test_names_of_the_sequences_around_are_read() -> None:
    _, tally, _ = drawn()
    assert tally["a name of a sequence around"] > 3


def test_the_draw_is_mostly_right() -> None:
    _, _, right = drawn()
    assert 0.6 < right / DRAWN < 0.92
