"""A disk that is full, or fails, at any single write: a sentence, whole checkpoints, and a run that
is gone on with ends with the same bytes."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cases import Case, image_tree
from test_kill import Ending, ending

from netspec.train.errors import TrainError
from netspec.train.run import TrainOptions, train
from netspec.train.storage import atomic_write
from netspec.train.storage.checkpoints import Checkpoints
from netspec.train.storage.folder import find_folders

CASE = Case(
    "plain",
    {
        "epochs": 2,
        "batch_size": 24,
        "data": {"dataset": "folder", "channels": 1, "validation": 0.2},
        "optimizer": {"SGD": {"lr": 0.05, "momentum": 0.9}},
        "checkpoint_interval": 2,
        "log_interval": 1,
    },
)
CHANGES = ("os.rename", "os.link", "os.mkdir", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Fault:
    """The operation on files below ``below`` that fails, counted from 1, and how."""

    at: int
    kind: int
    below: str
    done: int = 0
    names: list[str] = field(default_factory=list)

    def count(self, name: str) -> None:
        """An operation is about to happen."""
        self.done += 1
        self.names.append(name)
        if self.done == self.at:
            raise OSError(self.kind, os.strerror(self.kind))


_now: list[Fault] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    """Count what opens files for writing and what changes folders; hooks cannot be taken away."""
    if not _now or not (event == "open" or event in CHANGES):
        return
    if event == "open" and not (args[2] & WRITING):
        return
    if isinstance(args[0], str | Path) and str(args[0]).startswith(_now[0].below):
        _now[0].count(event)


@contextmanager
def failing(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fault happens within."""
    with monkeypatch.context() as patch:
        for name in ("_write", "_fsync"):
            work = getattr(atomic_write, name)

            def call(*args: Any, work: Callable[..., None] = work, name: str = name) -> None:
                try:
                    fault.count(name)
                except OSError:
                    if name == "_write":  # a full disk takes what still fits
                        os.write(args[0], bytes(args[1])[: len(args[1]) // 2])
                    raise
                work(*args)

            patch.setattr(atomic_write, name, call)
        _now.append(fault)
        try:
            yield
        finally:
            _now.clear()


@pytest.fixture(scope="module", autouse=True)
def _hooked() -> None:
    sys.addaudithook(_hook)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image_tree(tmp_path_factory.mktemp("images"))


def run(work: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPEC_CACHE", str(work / "cache"))
    options = TrainOptions(run_dir=work / "runs", data=images, resume="auto", silent=True)
    train(CASE.network, options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Ending:
    """What the run leaves where nothing fails."""
    with pytest.MonkeyPatch.context() as patch:
        work = tmp_path_factory.mktemp("whole")
        run(work, images, patch)
        return ending(work)


def require_sound(work: Path, error: TrainError | None) -> None:
    """What a fault left: a sentence that names a file, and no checkpoint that is not whole."""
    if error is not None:
        words = ("no space left on the disk while writing", "cannot write", "cannot be kept in")
        assert any(word in error.message for word in words), error.message
        assert str(work) in error.message
        assert error.hint
    for folder in find_folders(work / "runs"):
        checkpoints = Checkpoints(folder.checkpoints)
        if checkpoints.any():
            assert checkpoints.load().passed_over == ()
    assert not list((work / "runs").rglob(f"*{atomic_write.ASIDE}"))
    assert not list((work / "cache").glob("*/.*"))


def fails_at(
    at: int,
    kind: int,
    work: Path,
    images: Path,
    whole: Ending,
    monkeypatch: pytest.MonkeyPatch,
) -> Fault:
    """Run with a fault and go on without: whether the fault came at all is in the answer."""
    work.mkdir()
    fault, error = Fault(at, kind, str(work)), None
    with failing(fault, monkeypatch):
        try:
            run(work, images, monkeypatch)
        except TrainError as caught:
            error = caught
    require_sound(work, error)
    if error is not None:
        run(work, images, monkeypatch)
    assert ending(work) == whole, (at, fault.names[-1])
    return fault


def test_what_is_counted_is_all_that_writes(
    tmp_path: Path, images: Path, whole: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = fails_at(0, 0, tmp_path / "work", images, whole, monkeypatch).names
    assert {name: names.count(name) for name in set(names)}.keys() == {
        "open", "os.rename", "os.link", "os.mkdir", "_write", "_fsync"
    }  # fmt: skip
    assert 80 < len(names) < 300


@pytest.mark.parametrize("part", range(3))
def test_a_fault_at_some_operations(
    part: int, tmp_path: Path, images: Path, whole: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = (errno.ENOSPC, errno.EIO, errno.EDQUOT)
    for at in range(1 + 4 * part, 300, 12):
        fault = fails_at(at, kinds[part], tmp_path / str(at), images, whole, monkeypatch)
        if fault.done < at:
            break
    assert at > 60


@pytest.mark.soak
@pytest.mark.parametrize("kind", [errno.ENOSPC, errno.EIO])
def test_a_fault_at_every_operation(
    kind: int, tmp_path: Path, images: Path, whole: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 1
    while fails_at(at, kind, tmp_path / str(at), images, whole, monkeypatch).done >= at:
        at += 1
    assert at > 80


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes; Python ignores the signal and is told by an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


LIMITS = (0, 1, 100, 400, 640, 900, 1_400, 3_000, 5_000, 12_000, 20_000, 1_000_000)


@pytest.mark.parametrize("size", LIMITS)
def test_files_that_may_grow_no_further(
    size: int, tmp_path: Path, images: Path, whole: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, events, pixels and labels are written by calls that cannot be made to fail by one."""
    error: TrainError | None = None
    (tmp_path / "runs").mkdir()
    with files_up_to(size):
        try:
            run(tmp_path, images, monkeypatch)
        except TrainError as caught:
            error = caught
    assert (error is None) == (size == LIMITS[-1]), error
    require_sound(tmp_path, error)
    run(tmp_path, images, monkeypatch)
    assert ending(tmp_path) == whole


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """A disk of its own at ``place``, and what makes it larger; skips where none can be made."""
    place.mkdir()
    size = f"size={kilobytes}k"
    try:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], capture_output=True
        )
    except OSError:
        pytest.skip("there is no `mount` here")
    if made.returncode:
        pytest.skip("only root can mount a disk")

    def grow(more: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={more}k", str(place)], check=True)

    try:
        yield grow
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("kilobytes", [4, 12, 24, 40, 60, 80, 100, 120, 140, 1000])
def test_a_disk_that_is_too_small(
    kilobytes: int, tmp_path: Path, images: Path, whole: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, error = tmp_path / "disk", None
    with small_disk(work, kilobytes) as grow:
        try:
            run(work, images, monkeypatch)
        except TrainError as caught:
            error = caught
        require_sound(work, error)
        assert (error is None) == (kilobytes == 1000), error
        grow(4_000)
        run(work, images, monkeypatch)
        assert ending(work) == whole
