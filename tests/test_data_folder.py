"""`folder`: images in one folder a class, decoded once and kept."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_sets import class_tree

from netspec.recipe import recipe_from
from netspec.train.cache_folder import cache_root
from netspec.train.data import Data, load_images, open_data
from netspec.train.data.decoding import decode_all as decoding_step
from netspec.train.errors import TrainError


def opened(root: Path, shape: tuple[int, ...] = (3, 8, 8), classes: int = 2, **data: Any) -> Data:
    recipe = recipe_from({"data": {"dataset": "folder", "normalize": "none"} | data})
    return open_data(recipe, shape, num_classes=classes, root=root)


def values(data: Data, split: Any) -> list[tuple[float, int]]:
    return [
        (red, label)
        for batch in data.batches(split, batch_size=5, augment=False)
        for red, label in zip(batch.images[:, 0, 0, 0].tolist(), batch.labels.tolist(), strict=True)
    ]


def told(*arguments: Any, **keywords: Any) -> TrainError:
    with pytest.raises(TrainError) as caught:
        opened(*arguments, **keywords)
    return caught.value


def test_train_and_test_folders_are_read_with_their_classes(tmp_path: Path) -> None:
    data = opened(class_tree(tmp_path / "tree"))
    assert data.info.classes == ("cat", "dog")
    assert (data.info.num_train, data.info.num_validation, data.info.num_test) == (12, 0, 12)
    assert data.info.size == (8, 8)
    # `none` normalises to 0 … 1: a red of 40 is the first dog's of the training set.
    train = sorted((round(red * 255), label) for red, label in values(data, "train"))
    assert train == [(40 * label + number, label) for label in (0, 1) for number in range(6)]
    test = sorted((round(red * 255), label) for red, label in values(data, "test"))
    assert test == [(100 + 40 * label + number, label) for label in (0, 1) for number in range(6)]


def test_a_part_is_used_for_what_its_name_says(tmp_path: Path) -> None:
    three = opened(class_tree(tmp_path / "three", ("train", "val", "test")))
    assert (three.info.num_train, three.info.num_validation, three.info.num_test) == (12, 12, 12)
    two = opened(class_tree(tmp_path / "two", ("train", "val")))
    assert (two.info.num_train, two.info.num_validation, two.info.num_test) == (12, 12, 0)


def test_class_folders_alone_are_split_alike_whatever_the_seed(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree", ("",), count=50)
    first = opened(root)
    assert (first.info.num_train, first.info.num_test) == (80, 20)
    again = open_data(
        recipe_from({"seed": 9, "data": {"dataset": "folder", "normalize": "none"}}),
        (3, 8, 8),
        num_classes=2,
        root=root,
    )
    assert values(first, "test") == values(again, "test")


def test_nested_folders_count_and_hidden_and_other_files_do_not(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    (root / "train" / "cat" / "more").mkdir()
    (root / "train" / "cat" / "01.png").rename(root / "train" / "cat" / "more" / "01.png")
    (root / "train" / "cat" / "notes.txt").write_text("not an image")
    (root / "train" / "cat" / ".02.png").write_text("not an image either")
    (root / "train" / ".git").mkdir()
    assert opened(root).info.num_train == 12


@pytest.mark.parametrize(
    ("save", "expected"),
    [
        pytest.param(lambda i, p: i.save(p.with_suffix(".png")), (200, 100, 50), id="png"),
        pytest.param(lambda i, p: i.save(p.with_suffix(".bmp")), (200, 100, 50), id="bmp"),
        pytest.param(
            lambda i, p: i.convert("RGBA").save(p.with_suffix(".png")), (200, 100, 50), id="alpha"
        ),
        pytest.param(
            lambda i, p: i.convert("P").save(p.with_suffix(".gif")), (204, 102, 51), id="palette"
        ),
        pytest.param(
            lambda i, p: i.convert("L").save(p.with_suffix(".png")), (124, 124, 124), id="grey"
        ),
        pytest.param(
            lambda i, p: Image.fromarray(np.full((8, 8), 124 * 256, dtype=np.uint16)).save(
                p.with_suffix(".png")
            ),
            (124, 124, 124),
            id="16 bits",
        ),
    ],
)
def test_every_kind_of_image_becomes_red_green_and_blue(
    tmp_path: Path, save: Any, expected: tuple[int, int, int]
) -> None:
    save(Image.new("RGB", (8, 8), (200, 100, 50)), tmp_path / "one")
    image = load_images(
        list(tmp_path.iterdir()), (3, 8, 8), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
    )
    assert (image[0, :, 4, 4] * 255).round().int().tolist() == list(expected)


def test_grey_files_have_one_channel_and_can_be_turned_into_three(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree", grey=True)
    assert opened(root, (1, 8, 8)).info.channels == 1
    assert opened(root, channels=3).info.channels == 3
    assert told(root).message == "images of `folder` have 1 channel, and the network takes 3"


def test_images_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = class_tree(tmp_path / "tree")
    first = opened(root)

    def never(*arguments: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(decoding_step, "_decode_part", never)
    second = opened(root)
    assert second.info == first.info
    assert values(second, "train") == values(first, "train")


def test_a_changed_file_is_decoded_again(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    before = opened(root)
    Image.new("RGB", (8, 8), (250, 0, 0)).save(root / "train" / "cat" / "00.png")
    after = opened(root)
    assert max(red for red, _ in values(after, "train")) == pytest.approx(250 / 255)
    assert after.info.fingerprint != before.info.fingerprint


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    first = opened(class_tree(tmp_path / "here"))
    second = opened(class_tree(tmp_path / "there"))
    assert first.info.fingerprint == second.info.fingerprint


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, damage: str) -> None:
    root = class_tree(tmp_path / "tree")
    before = values(opened(root), "train")
    (stored,) = (cache_root() / "data").glob("*/train.images.npy")
    content = bytearray(stored.read_bytes())
    if damage == "flip":
        content[-5] ^= 1
        stored.write_bytes(content)
    elif damage == "cut":
        stored.write_bytes(content[:-40])
    else:
        stored.unlink()
    assert values(opened(root), "train") == before


def test_nothing_is_left_in_the_cache_by_a_decoding_that_failed(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    (root / "test" / "dog" / "03.png").write_bytes(b"not an image")
    told(root)
    assert list((cache_root() / "data").iterdir()) == []


def test_many_images_are_decoded_by_processes_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = class_tree(tmp_path / "tree")
    alone = opened(root)
    monkeypatch.setattr(decoding_step, "_ALONE", 5)
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "other cache"))
    together = opened(root)
    assert together.info.fingerprint == alone.info.fingerprint


@pytest.mark.parametrize("alone", [512, 5], ids=["here", "in processes"])
def test_broken_images_are_each_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: int
) -> None:
    monkeypatch.setattr(decoding_step, "_ALONE", alone)
    root = class_tree(tmp_path / "tree")
    whole = (root / "train" / "cat" / "00.png").read_bytes()
    (root / "train" / "cat" / "02.png").write_bytes(whole[:-30])
    (root / "train" / "dog" / "05.png").write_bytes(b"GIF of nothing")
    error = told(root)
    assert f"`{root}/train/cat/02.png` is no image that can be read" in error.message
    assert f"`{root}/train/dog/05.png`" in error.message
    assert error.hint is not None
    assert error.hint.startswith("mend it, take it away, or add `skip_broken: true`")


def test_an_image_that_claims_too_many_pixels_is_named(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    huge = bytearray((root / "train" / "cat" / "00.png").read_bytes())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    (root / "train" / "cat" / "01.png").write_bytes(huge)
    error = told(root, resize=8)
    assert "`" + str(root / "train/cat/01.png") + "`" in error.message


def test_a_killed_decoder_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding_step, "_ALONE", 5)
    killer = tmp_path / "killer.py"
    killer.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setattr(decoding_step.decode, "__file__", os.fspath(killer))
    error = told(class_tree(tmp_path / "tree"))
    assert error.message == "a process that decodes images was ended by SIGKILL"


def test_images_of_several_sizes_need_a_resize(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    Image.new("RGB", (12, 9)).save(root / "train" / "dog" / "04.png")
    error = told(root)
    assert error.message == f"`{root}/train/dog/04.png` is 9×12 while other images are 8×8"
    assert error.hint == "add `resize: [height, width]` to `data`, which brings all to one size"
    assert opened(root, (3, 16, 16), resize=16).info.num_train == 12


def test_small_images_are_kept_small_and_resized_on_the_device(tmp_path: Path) -> None:
    data = opened(class_tree(tmp_path / "tree"), (3, 32, 32), resize=32)
    (stored,) = (cache_root() / "data").glob("*/train.images.npy")
    assert np.load(stored).shape == (12, 3, 8, 8)
    batch = next(data.batches("train", batch_size=4))
    assert batch.images.shape == (4, 3, 32, 32)


def test_large_images_are_kept_at_the_size_that_is_asked_for(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree", size=(64, 48))
    opened(root, (3, 16, 16), resize=16)
    (stored,) = (cache_root() / "data").glob("*/train.images.npy")
    assert np.load(stored).shape == (12, 3, 16, 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda root: shutil.copytree(root / "test" / "cat", root / "test" / "cow"),
            "`{root}/test/cow` is of a class that the training set does not have",
            id="a class only in test",
        ),
        pytest.param(
            lambda root: [path.unlink() for path in (root / "train" / "cat").iterdir()],
            "there are no images in `{root}/train/cat`",
            id="an empty class",
        ),
    ],
)
def test_trees_that_do_not_hold_together(tmp_path: Path, change: Any, message: str) -> None:
    root = class_tree(tmp_path / "tree")
    change(root)
    assert told(root).message == message.format(root=root)


def test_a_missing_folder_and_one_without_classes(tmp_path: Path) -> None:
    assert told(tmp_path / "none").message == f"there is no folder `{tmp_path}/none`"
    (tmp_path / "empty").mkdir()
    assert told(tmp_path / "empty").message == f"there are no class folders in `{tmp_path}/empty`"


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "file" / "below"))
    error = told(class_tree(tmp_path / "tree"))
    assert error.message.startswith("decoded images cannot be kept in")
    assert "NETSPEC_CACHE" in (error.hint or "")


def test_a_full_disk_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    error = told(class_tree(tmp_path / "tree"))
    assert error.message.endswith(": no space left on device")
    assert (error.hint or "").startswith("make room there")
    assert list((cache_root() / "data").iterdir()) == []


def test_a_torchvision_set_may_be_given_as_a_class_tree(tmp_path: Path) -> None:
    classes = tuple(f"class {number}" for number in range(10))
    root = class_tree(tmp_path / "tree", classes=classes, size=(32, 32), count=2)
    recipe = recipe_from({"data": {"dataset": "CIFAR10"}})
    data = open_data(recipe, (3, 32, 32), num_classes=10, root=root)
    assert data.info.dataset == "folder"
    assert data.info.classes == classes


def test_without_a_data_set_a_root_is_a_class_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = class_tree(tmp_path / "tree")
    assert open_data(recipe_from({}), (3, 8, 8), num_classes=2, root=root).info.num_train == 12
    missing = recipe_from({"data": {"root": str(tmp_path / "none")}})
    with pytest.raises(TrainError, match=r"there is no folder `.*none`"):
        open_data(missing, (3, 8, 8), num_classes=2)
    with pytest.raises(TrainError, match="the spec names no data set"):
        open_data(recipe_from({}), (3, 8, 8), num_classes=2)


def test_predicted_images_are_prepared_as_in_evaluation(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    recipe = recipe_from({"data": {"dataset": "folder"}})
    data = open_data(recipe, (3, 8, 8), num_classes=2, root=root)
    batch = next(data.batches("test", batch_size=12))
    paths = sorted((root / "test").glob("*/*.png"))
    images = load_images(paths, (3, 8, 8), mean=data.info.mean, std=data.info.std)
    assert torch.equal(images, batch.images)
    with pytest.raises(TrainError, match="is no image that can be read: it is gone"):
        load_images([tmp_path / "none.png"], (3, 8, 8), mean=data.info.mean, std=data.info.std)


def test_that_sizes_are_mixed_is_found_once(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    Image.new("RGB", (6, 9)).save(root / "train" / "dog" / "05.png")
    recipe = recipe_from({"data": {"dataset": "folder", "resize": 8}})
    told: list[list[str]] = [[], []]
    for lines in told:
        data = open_data(recipe, (3, 8, 8), num_classes=2, root=root, say=lines.append)
        assert data.size("train") == 12
    decoding = [[line for line in lines if line.startswith("decoding")] for lines in told]
    assert (len(decoding[0]), decoding[1]) == (2, [])
    assert f"images of `{root}` are of several sizes, and brought to one" in told[0]
