"""Specs that aim at one to four bounds at once, each with sizes drawn around what may be."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from typing import Final

from bounded_parts import CHAIN, Parts, near
from drawn_copies import (
    branches,
    calls,
    dear_layers,
    doubled,
    edges,
    lints,
    loops,
    nesting,
    orders,
    paths,
    shared,
    training_only,
)
from drawn_values import (
    dimensions,
    expressions,
    least_size,
    lists,
    mistakes,
    recipes,
    rules,
    sizes,
    tables,
    unknown_names,
    values,
)

AIMED: Final[tuple[Callable[[random.Random, Parts], None], ...]] = (
    loops, calls, doubled, edges, branches, least_size, least_size, unknown_names, paths, tables,
    expressions, lists, dimensions, sizes, rules, nesting, values, mistakes, lints, orders, recipes,
    dear_layers, training_only, shared,
)  # fmt: skip


def aimed(draw: random.Random) -> str:
    """A spec that aims at one to four bounds."""
    parts = Parts()
    if draw.random() < 0.3:
        parts.input = draw.choice(("[1, 32]", "[3, 32, 32]", "[1, 1000]", "[2, 8, 8, 8]", "[4, 1]"))
    for make in draw.sample(AIMED, draw.choice((1, 1, 1, 2, 2, 3, 4))):
        make(draw, parts)
    return parts.text()


def chain(draw: random.Random) -> dict[str, str]:
    """Specs that extend one another, by their names; `spec.yaml` is the first."""
    length = near(draw, CHAIN)
    names = ["spec.yaml", *(f"base{i}.yaml" for i in range(length))]
    files = {
        name: f"netspec: 1\nextends: {after}\nparams: {{p{i}: {i}}}\n"
        for i, (name, after) in enumerate(itertools.pairwise(names))
    }
    last = draw.choice(("spec.yaml", "missing.yaml", "../up.yaml", ".", json.dumps("a\0b")))
    circle = f"netspec: 1\nextends: {last}\n"
    files[names[-1]] = circle if draw.random() < 0.3 else aimed(draw)
    return files
