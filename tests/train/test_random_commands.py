"""`netspec train` of recipes at random, on data and weights of many kinds, and what follows it."""

from __future__ import annotations

import os
import random
import shlex
import socket
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from random_commands import Places, commands, make_places, ran, stopped_after_two_steps

from netspec.train.engine.training import Training

COUNT = int(os.environ.get("NETSPEC_RANDOM_COMMANDS", "60"))
FIRST = int(os.environ.get("NETSPEC_FIRST", "0"))
SEED = os.environ.get("NETSPEC_SEED", "command")
ENDS = {0: "done", 1: "sentence", 2: "usage", 143: "stopped"}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return make_places(tmp_path_factory.mktemp("places"))


def no_network(*_: Any, **__: Any) -> NoReturn:
    raise OSError("no network in tests")


@pytest.fixture
def _steps_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are stopped after two steps, compiled without writing code, and download nothing."""
    compiled = torch.compile

    def traced(module: Any, **options: Any) -> Any:
        return compiled(module, backend="eager", **options)

    monkeypatch.setattr(Training, "after_step", stopped_after_two_steps)
    monkeypatch.setattr(torch, "compile", traced)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)


@pytest.mark.usefixtures("_steps_are_few")
@pytest.mark.filterwarnings("ignore")
def test_a_random_command_ends_in_a_sentence_or_trains(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(FIRST, FIRST + COUNT):
        work = tmp_path / str(number)
        work.mkdir()
        monkeypatch.chdir(work)
        for words in commands(random.Random(f"{SEED}-{number}"), places, work):
            code, said = ran(words)
            ended[f"{words[0]}: {ENDS.get(code, code)}"] += 1
            if code not in ENDS or "Traceback" in said:
                spec = (work / "spec.yaml").read_text()
                wrong.append(f"{SEED}-{number}: {shlex.join(words)}: {code}\n{said}\n{spec}")
                print(wrong[-1][-3000:], flush=True)
        monkeypatch.chdir(tmp_path)
        if not wrong:
            _remove(work)
    print(dict(ended))
    assert not wrong, "\n".join(wrong)
    assert ended["train: stopped"] + ended["train: done"] > 0.2 * ended.total()
    assert ended["train: sentence"] > 0.2 * ended.total()


def _remove(work: Path) -> None:
    import shutil

    shutil.rmtree(work)
