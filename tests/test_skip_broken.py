"""`skip_broken: true`: images that cannot be read are left out and listed; without it, an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_sets import class_tree

import netspec
from netspec.recipe import recipe_from
from netspec.train.data import Data, open_data
from netspec.train.data.decoding import decode_all as decoding_step
from netspec.train.errors import TrainError
from netspec.train.run import TrainOptions, train
from netspec.train.storage.fingerprints import recipe_fingerprint

SPEC = """netspec: 1
name: net
input: [3, 8, 8]
layers: [Flatten, Linear: 2]
train:
  data: {dataset: folder, root: tree, skip_broken: true}
  batch_size: 4
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two classes of six images in train and test, of which one in each part is broken."""
    root = class_tree(tmp_path / "tree")
    whole = (root / "train" / "cat" / "02.png").read_bytes()
    (root / "train" / "cat" / "02.png").write_bytes(whole[:-30])
    (root / "test" / "dog" / "05.png").write_bytes(b"GIF of nothing")
    return root


def opened(root: Path, told: list[str] | None = None, **data: Any) -> Data:
    recipe = recipe_from({"data": {"dataset": "folder", "normalize": "none"} | data})
    say = (lambda line: None) if told is None else told.append
    return open_data(recipe, (3, 8, 8), num_classes=2, root=root, say=say)


def reds(data: Data, split: Any) -> list[int]:
    batches = data.batches(split, batch_size=5, augment=False)
    return sorted(round(255 * r) for b in batches for r in b.images[:, 0, 0, 0].tolist())


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("alone", [512, 3], ids=["here", "in processes"])
def test_broken_images_are_left_out_and_told(
    in_memory: bool, alone: int, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding_step, "_ALONE", alone)
    told: list[str] = []
    data = opened(tree, told, skip_broken=True, in_memory=in_memory, workers=0)
    assert (data.info.num_train, data.info.num_test) == (11, 11)
    assert reds(data, "train") == [0, 1, 3, 4, 5, *range(40, 46)]
    assert reds(data, "test") == [*range(100, 106), *range(140, 145)]
    assert [path for path, _ in data.info.skipped] == ["test/dog/05.png", "train/cat/02.png"]
    assert any(
        line.startswith(
            "note: 2 images are left out, as `skip_broken` says: `test/dog/05.png` (its bytes are "
        )
        for line in told
    )
    assert any("images: train 11 · test 11" in line for line in told)


@pytest.mark.parametrize("in_memory", [True, False])
def test_without_it_a_broken_image_is_an_error_that_names_it_and_the_key(
    in_memory: bool, tree: Path
) -> None:
    with pytest.raises(TrainError) as refused:
        reds(opened(tree, in_memory=in_memory, workers=0), "train")
    broken = (f"`{tree}/{name}` is no image" for name in ("train/cat/02.png", "test/dog/05.png"))
    assert any(words in refused.value.message for words in broken)
    assert "`skip_broken: true`" in (refused.value.hint or "")


def test_images_are_looked_at_once(tree: Path) -> None:
    first: list[str] = []
    again: list[str] = []
    opened(tree, first, skip_broken=True)
    opened(tree, again, skip_broken=True)
    assert any("for those that are broken, once" in line for line in first)
    assert not any("for those that are broken, once" in line for line in again)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_set_without_its_broken_images_is_another_set(in_memory: bool, tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    whole = opened(root, skip_broken=True, in_memory=in_memory, workers=0).info
    plain = opened(root, in_memory=in_memory, workers=0).info
    assert whole.fingerprint == plain.fingerprint
    assert whole.skipped == ()
    (root / "train" / "cat" / "02.png").write_bytes(b"nothing")
    less = opened(root, skip_broken=True, in_memory=in_memory, workers=0).info
    assert less.fingerprint != plain.fingerprint


def test_the_files_alone_do_not_make_the_set(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    (root / "test" / "dog" / "05.png").write_bytes(b"nothing")
    skipping, plain = (
        opened(root, skip_broken=skip, in_memory=False, workers=0).info for skip in (True, False)
    )
    assert skipping.fingerprint != plain.fingerprint


def test_a_class_of_which_nothing_is_left_is_an_error(tree: Path) -> None:
    for path in (tree / "train" / "dog").iterdir():
        path.write_bytes(b"nothing")
    with pytest.raises(TrainError, match="`skip_broken` leaves no training image of `dog`"):
        opened(tree, skip_broken=True)


def test_a_part_of_which_nothing_is_left_is_none(tree: Path) -> None:
    for path in (tree / "test").rglob("*.png"):
        path.write_bytes(b"nothing")
    assert opened(tree, skip_broken=True).info.num_test == 0


def test_a_run_lists_them_in_its_folder_and_goes_on(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    Path("net.yaml").write_text(SPEC)

    def run(epochs: int, resume: Path | None = None, **settings: Any) -> Path:
        network = netspec.load("net.yaml", train={"epochs": epochs, **settings})
        return train(network, TrainOptions(device="cpu", silent=True, resume=resume)).folder

    folder = run(1)
    skipped = json.loads((folder / "env.json").read_text())["data"]["skipped"]
    assert list(skipped) == ["test/dog/05.png", "train/cat/02.png"]
    assert skipped["test/dog/05.png"] == "its bytes are of no image format that Pillow knows"
    run(2, folder)
    (tree / "train" / "dog" / "01.png").write_bytes(b"nothing")
    with pytest.raises(TrainError, match="the data set is not the one"):
        run(3, folder)


def test_a_run_of_before_the_key_was_there_goes_on() -> None:
    plain, skipping = (
        recipe_fingerprint(recipe_from({"data": {"skip_broken": skip}})) for skip in (False, True)
    )
    # What a checkpoint of a recipe with all defaults held before `skip_broken` was a key.
    assert plain["data"] == "9fc711dfff09af6790419976d62c9c1cc11391113f9f91eff24a8d2957f9ccac"
    assert plain["data"] != skipping["data"]
