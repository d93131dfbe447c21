"""Each bound holds against a spec that aims at it, in 512 MB and bounded time.

A bound that a spec meets is told as a finding; what the search for the least input size could not
find in bounded time is said in its line. `make soak` runs every generator and prints what each
took, the dearest first; CI runs those of a cause each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from forked_check import Ended, Forks
from hostile_bounds import aimed

AIMED = aimed()
LAYERS = "the network has more than 20,000 layers"
INPUTS = "layers take more than 100,000 inputs, over every copy"
STEPS = "arguments and expressions take more than 1,000,000 steps, over every copy"
PATH = "this layer's name and those around it have more than 1,000 characters"
SEVERAL = "values within layers, and those that layers give several of, take more than 1,000,000"
HELD = "`init` rules are held against parameters more than 300,000 times"

TOLD = {
    "a large sequence called often": LAYERS,
    "a large sequence called on another size": LAYERS,
    "calls in sequences that double": LAYERS,
    "a call under each": LAYERS,
    "three thousand sources five thousand times": INPUTS,
    "sources within calls": INPUTS,
    "a long input that no other size fits": "where the search ended",
    "a block remade for every size": "where the search ended",
    "deep long names": PATH,
    "long names made by templates": PATH,
    "thousands of parameters in a block used often": LAYERS,
    "thousands of arguments given often": STEPS,
    "lists given out as arguments": STEPS,
    "a list searched for every copy": STEPS,
    "long sums for every copy": STEPS,
    "a split into thousands of dimensions": "gives 122 dimensions, the batch counted",
    "a reshape to thousands of dimensions": "`shape` has 1 to 63 items, not 8001",
    "outputs within a sequence": SEVERAL,
    "a name of thousands of dots": SEVERAL,
    "outputs of a block used often": SEVERAL,
    "a thousand parts often": SEVERAL,
    "parts that a smaller input lacks": "where the search ended",
    "thousands of outputs of parallel layers": "o11 4 and 5,988 more",
    "many rules of one layer": HELD,
    "rules with expressions on many shapes": "expressions of `init` take more than 1,000,000 steps",
}
"""What the check says of the specs that CI runs."""


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """The process that checks are forked from."""
    with Forks(tmp_path_factory.mktemp("streams")) as started:
        yield started


def checked(forks: Forks, name: str, folder: Path) -> Ended:
    """How the check of one generator's spec ended, which no reader may see badly."""
    path = folder / "spec.yaml"
    path.write_text(AIMED[name](), encoding="utf-8")
    ended = forks.check(str(path))
    assert ended.returncode in (0, 1), (name, ended.returncode, ended.stderr[-500:])
    assert ended.stderr == b""
    assert max(map(len, ended.stdout.decode().split("\n"))) < 2_000
    return ended


@pytest.mark.parametrize("name", TOLD)
def test_a_bound_is_told(forks: Forks, name: str, tmp_path: Path) -> None:
    assert TOLD[name] in checked(forks, name, tmp_path).stdout.decode()


@pytest.mark.soak
def test_every_spec_aimed_at_a_bound_ends(forks: Forks, tmp_path: Path) -> None:
    rows = []
    for name in AIMED:
        ended = checked(forks, name, tmp_path)
        rows.append((ended.seconds, ended.megabytes, name))
    for seconds, megabytes, name in sorted(rows, reverse=True):
        print(f"{seconds:5.2f} s {megabytes:4d} MB  {name}")
