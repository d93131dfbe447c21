"""Whatever goes wrong with a checkpoint, the old or the new one is whole, and none is trusted."""

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from netspec.train.errors import DamagedCheckpoint, TrainError
from netspec.train.storage import atomic_write
from netspec.train.storage.checkpoint_file import MAGIC, pack, read_checkpoint, unpack
from netspec.train.storage.checkpoints import Checkpoints


def tree(step: int) -> dict[str, Any]:
    return {"step": step, "model": {"weight": torch.full((3, 4), float(step))}}


def step_of(path: Path) -> int:
    return int(read_checkpoint(path)["step"])


def test_every_kind_of_value_comes_back_bit_by_bit() -> None:
    weight = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    tied = {"a": weight, "b": weight, "view": weight[0, 1]}
    special = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45])
    kept = {
        "tensors": {
            **tied,
            "special": special,
            "flag": torch.tensor(True),
            "step": torch.tensor(7),
        },
        "half": torch.randn(3).to(torch.bfloat16),
        "plain": [1, 0.1, "text", None, True, (0.9, 0.999)],
        "keys": {0: "number", "0": "text"},
        "milestones": Counter({30: 1, 60: 2}),
    }
    back = unpack(b"".join(pack(kept)))
    for name, value in kept["tensors"].items():
        assert torch.equal(back["tensors"][name].view(-1).view(torch.uint8), as_bytes(value))
    assert torch.equal(back["half"], kept["half"])
    assert back["plain"] == kept["plain"]
    assert back["keys"] == kept["keys"]
    assert type(back["milestones"]) is Counter
    assert back["milestones"] == kept["milestones"]


def as_bytes(value: torch.Tensor) -> torch.Tensor:
    return value.contiguous().view(-1).view(torch.uint8)


def test_a_thing_that_json_would_change_is_refused_when_it_is_saved() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        b"".join(pack({"odd": object()}))


def test_the_last_the_one_before_and_the_best_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step, best in ((1, False), (2, True), (3, False), (4, False)):
        checkpoints.save(tree(step), best=best)
    files = (checkpoints.last, checkpoints.previous, checkpoints.best)
    assert [step_of(path) for path in files] == [4, 3, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(p.name for p in files)


def calls_of_a_save(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    wrap_calls(monkeypatch, lambda number, name: names.append(name))
    checkpoints = Checkpoints(folder)
    for step in (1, 2):
        checkpoints.save(tree(step), best=True)
    monkeypatch.undo()
    return names


def wrap_calls(monkeypatch: pytest.MonkeyPatch, before: Callable[[int, str], None]) -> None:
    """Have ``before`` called ahead of each write, fsync, rename and link."""
    number = [0]
    for name in ("_write", "_fsync", "_replace", "_link"):
        work = getattr(atomic_write, name)

        def call(*args: Any, work: Any = work, name: str = name) -> None:
            number[0] += 1
            try:
                before(number[0], name)
            except OSError:
                if name == "_write":  # a full disk takes what still fits
                    os.write(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise
            work(*args)

        monkeypatch.setattr(atomic_write, name, call)


@pytest.mark.parametrize("kind", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_fault_at_any_call_leaves_a_whole_checkpoint_and_names_the_file(
    kind: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "count").mkdir()
    names = calls_of_a_save(tmp_path / "count", monkeypatch)
    assert {"_write", "_fsync", "_replace", "_link"} <= set(names)
    for fault in range(1, len(names) + 1):
        folder = tmp_path / str(fault)
        folder.mkdir()
        checkpoints = Checkpoints(folder)

        def fail(number: int, name: str, fault: int = fault) -> None:
            if number == fault:
                raise OSError(kind, os.strerror(kind))

        wrap_calls(monkeypatch, fail)
        saved = 0
        failure: TrainError | None = None
        for step in (1, 2):
            try:
                checkpoints.save(tree(step), best=True)
                saved = step
            except TrainError as error:
                failure = error
                break
        monkeypatch.undo()
        if names[fault - 1] == "_link" and failure is None:
            continue  # without second names, the file is copied
        assert failure is not None
        assert str(folder) in failure.message
        expected = "no space left" if kind in (errno.ENOSPC, errno.EDQUOT) else "input/output error"
        assert expected in failure.message
        assert not list(folder.glob(f"*{atomic_write.ASIDE}"))
        if checkpoints.any():
            assert checkpoints.load().tree["step"] in (saved, saved + 1)
            assert checkpoints.load().passed_over == ()
        else:
            assert saved == 0


def test_files_are_copied_where_the_file_system_has_no_second_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(atomic_write, "_link", refuse)
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2):
        checkpoints.save(tree(step), best=step == 1)
    assert [step_of(p) for p in (checkpoints.last, checkpoints.previous, checkpoints.best)] == [
        2,
        1,
        1,
    ]


def damages(data: bytes, count: int) -> list[bytes]:
    """Flipped bits, missing ends, middles and beginnings, doubled and appended bytes, zeros."""
    draws = random.Random(0)
    found = []
    for number in range(count):
        place = draws.randrange(len(data))
        length = draws.randrange(1, 64)
        match number % 7:
            case 0 | 1:
                flipped = bytearray(data)
                flipped[place] ^= 1 << draws.randrange(8)
                found.append(bytes(flipped))
            case 2:
                found.append(data[:place])
            case 3:
                found.append(data[:place] + data[place + length :])
            case 4:
                found.append(data + draws.randbytes(length))
            case 5:
                found.append(data[:place] + data[place : place + length] + data[place:])
            case _:
                zeros = bytearray(data)
                zeros[place : place + length] = bytes(len(zeros[place : place + length]))
                found.append(bytes(zeros) if bytes(zeros) != data else data[:-1])
    return found


def test_none_of_a_thousand_damaged_checkpoints_loads() -> None:
    data = b"".join(pack(tree(1)))
    unpack(data)
    for place in range(len(data)):  # every single byte counts
        flipped = bytearray(data)
        flipped[place] ^= 0x40
        with pytest.raises(DamagedCheckpoint):
            unpack(bytes(flipped))
    for damaged in damages(data, 1000):
        with pytest.raises(DamagedCheckpoint):
            unpack(damaged)


@pytest.mark.parametrize("contents", [b"", b"netspec", MAGIC, MAGIC + bytes(40), b"\x80\x04K\x01."])
def test_what_is_no_checkpoint_is_told_so(contents: bytes) -> None:
    with pytest.raises(DamagedCheckpoint):
        unpack(contents)


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before_and_the_user_is_told(
    tmp_path: Path,
) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        checkpoints.save(tree(step), best=step == 1)
    data = checkpoints.last.read_bytes()
    checkpoints.last.write_bytes(data[:-1])
    loaded = checkpoints.load()
    assert loaded.tree["step"] == 2
    assert len(loaded.passed_over) == 1
    assert "last.checkpoint` is damaged and was passed over" in loaded.passed_over[0]

    checkpoints.previous.write_bytes(b"")
    loaded = checkpoints.load()
    assert (loaded.tree["step"], len(loaded.passed_over)) == (1, 2)

    checkpoints.best.unlink()
    with pytest.raises(TrainError, match="damaged"):
        checkpoints.load()
