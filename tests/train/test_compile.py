"""`compile: true`: the same names, the same figures, and as exact after a kill."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from cases import SYNTHETIC
from children import Prepare, finish, said, start
from stand_in import StandIn, full_cnn
from test_kill import ending

from netspec.train.reporting.records import read_rows
from netspec.train.storage.folder import find_folders

RECIPE: dict[str, Any] = {
    "epochs": 40,
    "batch_size": 12,  # the last batch of an epoch is of another size: 64 images
    "data": SYNTHETIC,
    "optimizer": {"SGD": {"lr": 0.05, "momentum": 0.9}},
    "checkpoint_interval": 4,
    "log_interval": 4,
}
PLAIN = StandIn(full_cnn, train=RECIPE)
COMPILED = StandIn(full_cnn, train={**RECIPE, "compile": True})
SECONDS = 180.0


def scalar_code() -> None:
    """Have torch write code without vector instructions, which g++ compiles much faster."""
    from torch._inductor import cpu_vec_isa

    cpu_vec_isa.valid_vec_isa_list = lambda: []


def code_as_it_is() -> None:
    """Leave torch as a user has it."""


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles with g++ on a CPU")
@pytest.mark.parametrize(
    "prepare", [scalar_code, pytest.param(code_as_it_is, marks=pytest.mark.soak)]
)
def test_a_compiled_run_is_the_plain_one_and_survives_a_kill(
    prepare: Prepare, tmp_path: Path
) -> None:
    cache = {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "compiled")}
    plain, whole, killed = (tmp_path / name for name in ("plain", "whole", "killed"))
    assert finish(start(PLAIN, plain)) == 0, said(plain)
    assert finish(start(COMPILED, whole, prepare=prepare, environment=cache), SECONDS) == 0, said(
        whole
    )

    process = start(COMPILED, killed, prepare=prepare, environment=cache)
    until = time.monotonic() + SECONDS
    while "epoch  3/40" not in said(killed) and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    finish(process)
    assert len(_epochs(killed)) < RECIPE["epochs"]
    again = start(COMPILED, killed, prepare=prepare, environment=cache, resume="auto")
    assert finish(again, SECONDS) == 0
    assert ending(killed) == ending(whole)

    # Other code rounds otherwise; dropout draws from another generator.
    first, compiled = (_epochs(work)[0]["train"]["loss"] for work in (plain, whole))
    assert compiled == pytest.approx(first, rel=0.2)
    assert "compiled, as asked" in said(whole)


def test_a_machine_that_cannot_compile_is_told_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = {"PATH": str(empty), "CXX": "", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "none")}
    assert finish(start(COMPILED, tmp_path, environment=nothing), SECONDS) == 1
    told = said(tmp_path)
    assert "`compile: true` does not work here: No working C++ compiler found" in told
    assert "take `compile` out of the recipe" in told
    assert "Traceback" not in told


def _epochs(work: Path) -> list[dict[str, Any]]:
    folder = next(iter(find_folders(work / "runs")))
    return [row for row in read_rows(folder.metrics) if row["kind"] == "epoch"]
