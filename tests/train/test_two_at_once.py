"""Two processes in one run's folder, and in one cache: nothing is torn."""

from __future__ import annotations

import os
import signal
import threading
import zipfile
from pathlib import Path

import pytest
from cases import CASES, image_tree
from children import finish, said, start
from test_interruptions import SAVED_OFTEN, slow_steps, wait_for_folder
from test_kill import ending

from netspec.train.cache_folder import cache_root
from netspec.train.errors import TrainError
from netspec.train.run import TrainOptions, train
from netspec.train.storage.folder import find_folders
from netspec.train.storage.run_lock import held


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("resume", ["auto", "by its path"])
def test_the_second_to_train_in_a_run_is_told_and_changes_nothing(
    resume: str, tmp_path: Path
) -> None:
    whole, work = tmp_path / "whole", tmp_path / "work"
    assert finish(start(SAVED_OFTEN.network, whole)) == 0, said(whole)
    first = start(SAVED_OFTEN.network, work, prepare=slow_steps)
    wait_for_folder(work)
    (folder,) = find_folders(work / "runs")
    os.kill(first.pid or 0, signal.SIGSTOP)
    try:
        before = contents(folder.path)
        second = start(
            SAVED_OFTEN.network, work, resume="auto" if resume == "auto" else folder.path
        )
        assert finish(second) == 1
        assert f"error: process {first.pid} is training in `{folder.path}`" in said(work)
        assert "Traceback" not in said(work)
        assert contents(folder.path) == before
    finally:
        os.kill(first.pid or 0, signal.SIGCONT)
    assert finish(first) == 0, said(work)
    assert ending(work) == ending(whole)


@pytest.mark.parametrize("name", ["two workers that decode files", None])
def test_one_that_was_killed_holds_nothing(name: str | None, tmp_path: Path) -> None:
    """Nor do its data workers, which outlive it for some seconds."""
    case = CASES[name] if name else SAVED_OFTEN
    data = image_tree(tmp_path / "images") if name else None
    options = {"data": data, "workers": case.workers}
    first = start(case.network, tmp_path, prepare=slow_steps, **options)
    wait_for_folder(tmp_path)
    first.kill()
    assert finish(first) == -signal.SIGKILL
    assert finish(start(case.network, tmp_path, resume="auto", **options)) == 0, said(tmp_path)
    assert len(list(find_folders(tmp_path / "runs"))) == 1


@pytest.mark.parametrize("odd", ["link", "pipe", "folder"])
def test_a_lock_that_is_no_file_is_a_sentence(odd: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious\n")
    lock = tmp_path / ".lock"
    if odd == "link":
        lock.symlink_to("elsewhere")
    elif odd == "pipe":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    with pytest.raises(TrainError) as caught, held(tmp_path):
        raise AssertionError
    assert str(lock) in caught.value.message
    assert caught.value.hint
    assert (tmp_path / "elsewhere").read_text() == "precious\n"


def test_a_run_that_ended_may_be_gone_on_with_in_the_same_process(tmp_path: Path) -> None:
    options = {"run_dir": tmp_path, "silent": True}
    for resume in (None, "auto"):
        train(SAVED_OFTEN.network, TrainOptions(resume=resume, **options))
    assert len(list(find_folders(tmp_path))) == 1


def wait_for(place: str) -> None:
    """Have this process wait, once it is about to unpack or to decode, until it is let go."""
    from netspec.train.data import cache

    locked = cache.locked

    def meet(key: str):  # type: ignore[no-untyped-def]
        Path(place, str(os.getpid())).touch()
        while len(list(Path(place).iterdir())) < 2:
            threading.Event().wait(0.005)
        return locked(key)

    from netspec.train.data.sets import unpack

    cache.locked = unpack.locked = meet


@pytest.mark.parametrize("in_memory", [True, False])
def test_two_unpack_and_decode_one_archive_at_a_time(in_memory: bool, tmp_path: Path) -> None:
    """Both begin together; both are right, one unpacks, and nothing is left over."""
    tree = image_tree(tmp_path / "images")
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(tree.rglob("*.png")):
            out.write(path, path.relative_to(tree))
    case = CASES["files decoded in the process itself, nothing held out"]
    recipe = {**case.recipe, "data": {**case.recipe["data"], "in_memory": in_memory}}
    network = type(case)(case.maker, recipe).network
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    works = [tmp_path / name for name in ("one", "other")]
    cache = {"environment": {"NETSPEC_CACHE": str(tmp_path / "cache")}}
    processes = [
        start(network, work, prepare=wait_for, args=(str(meeting),), data=archive, **cache)
        for work in works
    ]
    for process, work in zip(processes, works, strict=True):
        assert finish(process) == 0, said(work)
    assert ending(works[0]) == ending(works[1])
    told = [said(work).count("unpacking `") for work in works]
    assert sorted(told) == [0, 1]
    left = [path.name for path in (tmp_path / "cache").rglob(".*")]
    assert left == []
    assert cache_root().name == "cache"
