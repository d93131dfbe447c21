"""Folders that go, change or are closed while a run runs: a sentence, and nothing made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import Case, image_tree
from PIL import Image
from stand_in import StandIn
from test_full_disk import CASE
from test_interruptions import Trouble
from test_kill import Ending, ending
from torch import Tensor

from netspec.train.errors import TrainError
from netspec.train.run import TrainOptions, train
from netspec.train.storage.checkpoints import Checkpoints
from netspec.train.storage.folder import RunFolder, find_folders

STREAMED = Case(
    CASE.maker, {**CASE.recipe, "data": {**CASE.recipe["data"], "in_memory": False, "workers": 0}}
)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return image_tree(tmp_path / "images")


def options(work: Path, images: Path, **more: Any) -> TrainOptions:
    return TrainOptions(run_dir=work / "runs", data=images, workers=0, silent=True, **more)


def train_until(
    case: Case, happen: Callable[[RunFolder], object], work: Path, images: Path
) -> tuple[RunFolder, TrainError | None]:
    """Train, and have something happen to the run's folder in the middle of the fourth step."""
    folders: list[RunFolder] = []

    def trouble(logits: Tensor) -> Tensor:
        folders.extend(find_folders(work / "runs"))
        happen(folders[0])
        return logits

    def build() -> Trouble:
        return Trouble(4, trouble)

    network = StandIn(build, train=case.recipe, name="plain")
    try:
        train(network, options(work, images))
    except TrainError as error:
        return folders[0], error
    return folders[0], None


def inner(case: Case) -> StandIn:
    """The same network where nothing happens."""
    return StandIn(lambda: Trouble(-1, lambda logits: logits), train=case.recipe, name="plain")


def in_peace(images: Path, work: Path, case: Case = CASE) -> Ending:
    train(inner(case), options(work, images))
    return ending(work)


def test_a_run_whose_folder_is_deleted_ends_in_a_sentence(tmp_path: Path, images: Path) -> None:
    folder, error = train_until(
        CASE, lambda folder: shutil.rmtree(folder.path), tmp_path / "work", images
    )
    assert error is not None
    assert str(folder.path) in error.message
    assert "there is no such folder" in error.message
    assert error.hint
    assert not folder.path.exists()


def test_so_does_one_that_is_renamed_and_it_goes_on_from_there(
    tmp_path: Path, images: Path
) -> None:
    undisturbed = in_peace(images, tmp_path / "whole")
    work = tmp_path / "work"
    moved = work / "runs" / "plain" / "moved"
    folder, error = train_until(CASE, lambda folder: folder.path.rename(moved), work, images)
    assert error is not None
    assert str(folder.path) in error.message
    assert not folder.path.exists()
    assert Checkpoints(moved / "checkpoints").load().passed_over == ()
    train(inner(CASE), options(work, images, resume=moved))
    assert ending(work) == undisturbed


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into folders that are read-only")
@pytest.mark.parametrize("name", ["", "checkpoints"])
def test_so_does_one_that_is_made_read_only(name: str, tmp_path: Path, images: Path) -> None:
    undisturbed = in_peace(images, tmp_path / "whole")
    work = tmp_path / "work"
    folder, error = train_until(
        CASE, lambda folder: (folder.path / name).chmod(0o500), work, images
    )
    (folder.path / name).chmod(0o700)
    assert error is not None
    assert "permission denied" in error.message
    train(inner(CASE), options(work, images, resume=folder.path))
    assert ending(work) == undisturbed


def test_the_checkpoints_folder_alone_deleted(tmp_path: Path, images: Path) -> None:
    folder, error = train_until(
        CASE, lambda folder: shutil.rmtree(folder.checkpoints), tmp_path / "work", images
    )
    assert error is not None
    assert str(folder.checkpoints) in error.message


@pytest.mark.parametrize("case", [CASE, STREAMED], ids=["in memory", "as they are needed"])
def test_a_cache_that_is_deleted_harms_no_run(
    case: Case, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "cache"))
    undisturbed = in_peace(images, tmp_path / "whole", case)
    work = tmp_path / "work"
    folder, error = train_until(
        case, lambda folder: shutil.rmtree(tmp_path / "cache"), work, images
    )
    assert error is None
    assert ending(work) == undisturbed
    train(inner(case), options(work, images, resume=folder.path))
    assert ending(work) == undisturbed


def test_so_is_it_where_it_held_an_unpacked_archive(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its images go with it: the run is told, and goes on from its checkpoint."""
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "cache"))
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", images))
    undisturbed = in_peace(archive, tmp_path / "whole", STREAMED)
    work = tmp_path / "work"
    folder, error = train_until(
        STREAMED, lambda folder: shutil.rmtree(tmp_path / "cache"), work, archive
    )
    assert error is not None
    assert "it is gone" in error.message
    train(inner(STREAMED), options(work, archive, resume=folder.path))
    assert ending(work) == undisturbed


def gone(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def another_size(path: Path) -> None:
    Image.fromarray(np.zeros((9, 9), dtype=np.uint8)).save(path)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


TURNS = {
    gone: "it is gone",
    cut_off: "no image that can be read",
    another_size: "is 9×9 while other images are 8×8",
    a_pipe: "it is no plain file",
    a_folder: "it is no plain file",
}


@pytest.mark.parametrize("turn", TURNS)
def test_images_that_turn_into_something_else_are_named(
    turn: Callable[[Path], None], tmp_path: Path, images: Path
) -> None:
    kept = shutil.copytree(images, tmp_path / "kept")
    undisturbed = in_peace(images, tmp_path / "whole", STREAMED)
    work = tmp_path / "work"
    folder, error = train_until(
        STREAMED, lambda folder: [turn(path) for path in images.rglob("*.png")], work, images
    )
    assert error is not None
    assert TURNS[turn] in error.message
    assert ".png" in error.message
    shutil.rmtree(images)
    shutil.copytree(kept, images)
    train(inner(STREAMED), options(work, images, resume=folder.path))
    assert ending(work) == undisturbed


def test_images_in_memory_may_go(tmp_path: Path, images: Path) -> None:
    undisturbed = in_peace(images, tmp_path / "whole")
    _, error = train_until(CASE, lambda folder: shutil.rmtree(images), tmp_path / "work", images)
    assert error is None
    assert ending(tmp_path / "work") == undisturbed


def test_a_run_does_not_go_on_with_other_images(tmp_path: Path, images: Path) -> None:
    done = train(STREAMED.network, options(tmp_path, images))
    next(images.rglob("*.png")).unlink()
    with pytest.raises(TrainError, match="the data set is not the one"):
        train(STREAMED.network, options(tmp_path, images, resume=done.folder))
