"""Folders as people have them: the right account, or a refusal that names the folder meant.

A row lists what lies in the tree (`path × number`; a path ending in `/` is an empty folder, one
with another suffix than `.png` is some other file), and what is found: images of each part, or the
words of the error.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from netspec.train.data.sets.account import account, class_counts
from netspec.train.data.sets.class_folders import ClassFolders, class_folders, labelled_folder
from netspec.train.errors import TrainError


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "png")
    return out.getvalue()


PICTURE = picture()


def laid(root: Path, tree: str) -> Path:
    root.mkdir(exist_ok=True)
    for entry in tree.split():
        path, _, number = entry.partition("×")
        if path.endswith("/"):
            (root / path).mkdir(parents=True)
            continue
        for copy in range(int(number or 1)):
            file = root / (path if not number else path.replace("*", f"{copy:02}"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(PICTURE if file.suffix in (".png", ".jfif", ".PNG") else b"text")
    return root


def parts(tree: ClassFolders) -> dict[str, int]:
    return {name: len(files.paths) for name, files in tree.parts.items()}


T, V, E = {"train": 12}, {"train": 12, "validation": 4}, {"train": 12, "test": 4}
A = {"train": 16, "test": 4}
ALL = {"train": 12, "validation": 4, "test": 4}


def tree_of(*names: str, above: str = "") -> str:
    sizes = (6, 2, 2)
    return " ".join(
        f"{above}{name}/{kind}/*.png×{size}"
        for name, size in zip(names, sizes, strict=False)
        for kind in ("cat", "dog")
    )


READ = {
    "torchvision and Keras": (tree_of("train", "test"), E, ""),
    "torchvision with val": (tree_of("train", "val"), V, ""),
    "Roboflow": (tree_of("train", "valid", "test") + " README.roboflow.txt", ALL, ""),
    "fastai": (tree_of("train", "valid"), V, ""),
    "Keras' validation": (tree_of("train", "validation"), V, ""),
    "Kaggle cats and dogs": (tree_of("training_set", "test_set"), E, ""),
    "Kaggle cats and dogs, as its zip has it": (
        tree_of("training_set/training_set", "test_set/test_set"),
        E,
        "",
    ),
    "one part within a folder of its own": (tree_of("train/images", "test"), E, ""),
    "capitals": (tree_of("Train", "Test"), E, ""),
    "all capitals": (tree_of("TRAIN", "VAL", "TEST"), ALL, ""),
    "Intel image classification": (tree_of("training", "validation", "testing"), ALL, ""),
    "dev": (tree_of("train", "dev", "test"), ALL, ""),
    "eval": (tree_of("train", "eval"), E, ""),
    "hyphens and spaces": (tree_of("training-set", "validation-set"), V, ""),
    "macOS zip beside parts": (tree_of("train", "test") + " __MACOSX/train/._a.png", E, ""),
    "macOS zip inside a part": (tree_of("train", "test") + " train/__MACOSX/cat/._a.png", E, ""),
    "macOS' own files": (tree_of("train", "test") + " .DS_Store train/.DS_Store", E, ""),
    "Windows' own files": (tree_of("train", "test") + " train/cat/Thumbs.db", E, "1 file is no"),
    "a Synology": (tree_of("train", "test") + " @eaDir/x.png train/@eaDir/x.png", E, ""),
    "an external disk": (tree_of("train", "test") + " lost+found/", E, ""),
    "a notebook beside": (tree_of("train", "test") + " .ipynb_checkpoints/a.png", E, ""),
    "a table beside": (tree_of("train", "test") + " labels.csv", E, ""),
    "tiny-imagenet": (
        "train/n01/images/*.png×6 train/n02/images/*.png×6 test/n01/images/a.png",
        {"train": 12, "test": 1},
        "",
    ),
    "a folder that is no part": (
        tree_of("train", "test") + " extra/cat/a.png",
        E,
        "`extra`: it is no part",
    ),
    "test images without labels": (
        tree_of("train", "val") + " test/*.png×5",
        V,
        "`test`: images without class folders have no labels",
    ),
    "images beside classes": (tree_of("train", "test") + " train/a.png", E, "in no class"),
    "nested images of a class": (
        tree_of("train", "test").replace("cat/*", "cat/more/*", 1) + " train/cat/a.png",
        {"train": 13, "test": 4},
        "",
    ),
    "a class without test images": (tree_of("train", "test") + " test/cow/", E, "test/cow"),
    "classes alone": (
        "cat/*.png×10 dog/*.png×10",
        A,
        "a fifth of each class",
    ),
    "classes alone, uneven": ("cat/*.png×50 dog/*.png×5", {"train": 44, "test": 11}, "held out"),
    "train alone": (
        "train/cat/*.png×10 train/dog/*.png×10",
        A,
        "no test part",
    ),
    "classes and a folder of folders": (
        "cat/*.png×10 dog/*.png×10 raw/a/a.png",
        A,
        "`raw`",
    ),
    "other suffixes": ("cat/*.jfif×10 dog/*.PNG×10", A, "held out"),
}

REFUSED = {
    "nothing there": ("", "there are no class folders in"),
    "one level too high": (tree_of("train", "test", above="dataset/"), "`ROOT/dataset` does"),
    "two levels too high": (tree_of("train", "test", above="a/b/"), "`ROOT/a/b` does"),
    "too high above classes": ("pets/cat/a.png pets/dog/a.png", "`ROOT/pets` does"),
    "images and no folders": ("*.png×4", "`ROOT` holds images and no class folders"),
    "Kaggle's names in files": (
        "train/cat.*.png×4 test/*.png×4",
        "`ROOT/train` holds images",
    ),
    "one class": ("cat/*.png×4", "has one class folder, `cat`"),
    "two validations": (
        tree_of("train", "val") + " valid/cat/a.png",
        "`val` and `valid` in",
    ),
    "a test part and classes": ("cat/a.png dog/a.png test/cat/a.png", "is called as a part"),
    "a class that is not trained": (
        tree_of("train", "test") + " test/cow/a.png",
        "`ROOT/test/cow` is",
    ),
    "an empty class": (
        tree_of("train", "test") + " train/cow/",
        "in `ROOT/train/cow`",
    ),
    "a test part alone": (tree_of("test"), "has `test` and nothing to train on"),
    "parts within parts": (
        "train/test/cat/a.png train/test/dog/a.png",
        "`ROOT/train/test` does",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_tree_is_read_as_it_was_meant(name: str, tmp_path: Path) -> None:
    tree, expected, note = READ[name]
    found = class_folders(laid(tmp_path / "root", tree))
    assert parts(found) == expected
    assert len(found.classes) == 2
    lines = account(found)
    assert any(note in line for line in lines), lines
    if not note:
        assert found.unused == found.strays == ()


@pytest.mark.parametrize("name", REFUSED)
def test_a_tree_that_is_none_is_refused_with_the_folder_that_was_meant(
    name: str, tmp_path: Path
) -> None:
    tree, words = REFUSED[name]
    with pytest.raises(TrainError) as refused:
        class_folders(laid(tmp_path / "root", tree))
    assert words.replace("ROOT", str(tmp_path / "root")) in refused.value.message
    assert refused.value.hint


def test_a_folder_that_is_one_class_itself_names_the_folder_above(tmp_path: Path) -> None:
    laid(tmp_path / "root", "cat/*.png×4 dog/*.png×4")
    with pytest.raises(TrainError, match="it is one class itself") as refused:
        class_folders(tmp_path / "root" / "cat")
    assert str(tmp_path / "root") in (refused.value.hint or "")


def test_images_alone_are_no_class_of_the_folder_above(tmp_path: Path) -> None:
    laid(tmp_path / "root", "a.png b.png")
    with pytest.raises(TrainError, match="and no class folders") as refused:
        class_folders(tmp_path / "root")
    assert refused.value.hint == "put the images of each class into a folder of its own"


def test_each_class_gives_its_share_to_a_test_set_that_is_held_out(tmp_path: Path) -> None:
    found = class_folders(laid(tmp_path / "root", "a/*.png×50 b/*.png×10 c/*.png×5"))
    assert class_counts(found)["test"] == {"a": 10, "b": 2, "c": 1}
    assert not set(found.parts["train"].paths) & set(found.parts["test"].paths)


def test_classes_of_few_images_are_pointed_at(tmp_path: Path) -> None:
    lines = account(
        class_folders(laid(tmp_path / "root", "train/a/*.png×12 train/b/*.png×3 test/a/a.png"))
    )
    assert lines[0].endswith("images: train 15 · test 1")
    assert lines[1] == "data: a 12/1 · b 3/0"
    assert lines[2] == "warning: fewer than 10 training images of `b` (3)"


# evaluation


@pytest.mark.parametrize(
    ("tree", "count"),
    [
        ("a/*.png×4 b/*.png×4 c/*.png×4", 12),
        ("b/*.png×4 c/*.png×4", 8),
        ("test/a/*.png×4 test/b/*.png×4", 8),
        ("train/a/*.png×9 train/b/*.png×9 test/a/*.png×2 test/b/*.png×2", 4),
        ("c/*.png×3", 3),
    ],
)
def test_all_images_of_a_labelled_folder_are_evaluated(
    tree: str, count: int, tmp_path: Path
) -> None:
    found = labelled_folder(laid(tmp_path / "root", tree), ("a", "b", "c"), "test")
    assert parts(found) == {"test": count}
    for path, label in zip(found.parts["test"].paths, found.parts["test"].labels, strict=True):
        assert Path(path).parent.name == "abc"[label]


def test_classes_match_by_name_however_their_letters_are_composed(tmp_path: Path) -> None:
    apart = laid(tmp_path / "root", "cafe\u0301/*.png×2 the\u0301/*.png×1")
    found = labelled_folder(apart, ("caf\u00e9", "th\u00e9"), "test")
    assert found.parts["test"].labels == (0, 0, 1)


def test_a_class_that_the_network_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="/d` is of a class that the network was not"):
        labelled_folder(laid(tmp_path / "root", "a/a.png d/a.png"), ("a", "b"), "test")
