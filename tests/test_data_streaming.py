"""Images that are decoded as they are needed: the same batches, by workers that may die."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from PIL import Image
from small_sets import class_tree

from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data, worker_failure
from netspec.train.data.decoding import streaming
from netspec.train.data.decoding.streaming import quiet_when_left
from netspec.train.errors import TrainError

AUGMENT = [{"RandomCrop": {"size": 8, "padding": 2}}, "RandomHorizontalFlip"]


def opened(root: Path, workers: int, in_memory: bool = False, **data: Any) -> Data:
    recipe = recipe_from(
        {
            "augment": AUGMENT,
            "data": {"dataset": "folder", "in_memory": in_memory, "workers": workers} | data,
        }
    )
    return open_data(recipe, (3, 8, 8), num_classes=2, root=root)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_images_in_memory(tmp_path: Path, workers: int) -> None:
    root = class_tree(tmp_path / "tree", count=20)
    streamed, resident = opened(root, workers), opened(root, 0, in_memory=True)
    assert (streamed.info.resident, resident.info.resident) == (False, True)
    assert streamed.info.mean == resident.info.mean
    for split in ("train", "test"):
        pairs = zip(
            streamed.batches(split, epoch=2, batch_size=16, start_step=1),
            resident.batches(split, epoch=2, batch_size=16, start_step=1),
            strict=True,
        )
        for ours, theirs in pairs:
            assert torch.equal(ours.images, theirs.images)
            assert torch.equal(ours.labels, theirs.labels)


def test_images_of_several_sizes_are_resized_by_the_workers(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    Image.new("RGB", (120, 90)).save(root / "train" / "dog" / "04.png")
    data = opened(root, 0, resize=8)
    assert sum(batch.count for batch in data.batches("train", batch_size=5)) == 12


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_image_is_named(tmp_path: Path, workers: int) -> None:
    root = class_tree(tmp_path / "tree")
    data = opened(root, workers, normalize="imagenet")
    (root / "train" / "dog" / "05.png").write_bytes(b"no image")
    with pytest.raises(TrainError) as caught:
        list(data.batches("train", batch_size=4))
    assert caught.value.message.startswith(f"`{root}/train/dog/05.png` is no image that can be")


def test_an_image_of_another_size_is_named(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    data = opened(root, 0, normalize="imagenet")
    Image.new("RGB", (12, 9)).save(root / "train" / "dog" / "04.png")
    with pytest.raises(TrainError, match=r"04\.png` is 9×12 while other images are 8×8"):
        list(data.batches("train", batch_size=4))


def test_a_killed_worker_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = class_tree(tmp_path / "tree")
    data = opened(root, 2, normalize="imagenet")
    parent = os.getpid()

    def die(*arguments: object, **keywords: object) -> None:
        assert os.getpid() != parent
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(streaming, "read_image", die)
    with pytest.raises(TrainError) as caught:
        list(data.batches("train", batch_size=4))
    assert caught.value.message == "a process that decodes images was killed"
    assert "memory" in (caught.value.hint or "")


@pytest.mark.parametrize("broken", [ConnectionResetError, ConnectionRefusedError, EOFError])
def test_a_worker_that_dies_as_it_hands_over_a_batch_ends_in_a_sentence(
    broken: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = opened(class_tree(tmp_path / "tree"), 1, normalize="imagenet")

    def break_off(*arguments: object, **keywords: object) -> Iterator[NoReturn]:
        raise broken
        yield

    monkeypatch.setattr(streaming, "DataLoader", break_off)
    with pytest.raises(TrainError, match="a process that decodes images was killed"):
        list(data.batches("train", batch_size=4))


def test_workers_that_hang_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = class_tree(tmp_path / "tree")
    data = opened(root, 1, normalize="imagenet")
    monkeypatch.setattr(streaming, "PATIENCE", 0.5)
    monkeypatch.setattr(streaming, "read_image", lambda *_, **__: signal.pause())
    with pytest.raises(TrainError, match="the processes that decode images gave nothing for"):
        list(data.batches("train", batch_size=4))


def test_only_torchs_word_of_a_dead_worker_is_taken_for_one() -> None:
    assert worker_failure(RuntimeError("shapes do not match")) is None
    assert worker_failure(RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. "))


def test_a_worker_whose_main_process_is_gone_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: shown.append(kind))
    quiet_when_left(0)
    for kind in (EOFError, ConnectionResetError, BrokenPipeError, ValueError):
        sys.excepthook(kind, kind(), None)
    assert shown == [ValueError]
