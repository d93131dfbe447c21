"""Folders of images that mean harm: nothing hangs, nothing but plain files is opened."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_sets import class_tree

from netspec.train.data import named_images
from netspec.train.data.sets.account import account
from netspec.train.data.sets.class_folders import ClassFolders, class_folders
from netspec.train.data.sets.named_images import Unread
from netspec.train.data.survey.survey import survey
from netspec.train.data.survey.unused_files import unused_files
from netspec.train.errors import TrainError


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    yield class_tree(tmp_path / "images", count=2)
    subprocess.run(["rm", "-rf", tmp_path / "images"], check=True)  # pytest goes not so deep


def notes(found: ClassFolders) -> list[str]:
    return [line for line in account(found) if line.startswith("note: ")]


@pytest.fixture
def odd(tree: Path) -> Iterator[list[Path]]:
    """A pipe, a socket, and links to devices that never end, all called as images are."""
    folder = tree / "train" / "cat"
    paths = [folder / f"{name}.png" for name in ("fifo", "null", "socket", "zero")]
    os.mkfifo(paths[0])
    paths[1].symlink_to("/dev/null")
    paths[3].symlink_to("/dev/zero")
    where = os.open(folder, os.O_RDONLY)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{where}/socket.png")
        os.close(where)
        yield paths


def test_no_pipe_socket_or_device_is_opened_and_each_is_told(tree: Path, odd: list[Path]) -> None:
    found = class_folders(tree)
    assert len(found.parts["train"].paths) == 4
    first = os.path.relpath(odd[0], tree)
    assert notes(found) == [f"note: 4 pipes, sockets or devices are not opened: `{first}`, …"]
    assert survey(found).headers.keys() == {
        path for files in found.parts.values() for path in files.paths
    }


def test_nor_is_one_that_is_to_be_predicted(tree: Path, odd: list[Path]) -> None:
    folder = tree / "train" / "cat"
    for words in ([str(folder)], [str(folder / "*.png")], list(map(str, sorted(folder.iterdir())))):
        found = list(named_images(words))
        assert [one for one in found if isinstance(one, str)] == [
            str(folder / name) for name in ("00.png", "01.png")
        ]
        assert [one for one in found if isinstance(one, Unread)] == [
            Unread(str(path), "it is neither a file nor a folder") for path in odd
        ]


def test_a_class_of_nothing_else_has_no_images(tree: Path) -> None:
    (tree / "train" / "bird").mkdir()
    os.mkfifo(tree / "train" / "bird" / "0.png")
    with pytest.raises(TrainError, match=r"there are no images in `.*bird`"):
        class_folders(tree)


def test_a_link_back_is_not_followed_and_told(tree: Path) -> None:
    (tree / "train" / "cat" / "again").symlink_to("..")
    (tree / "train" / "cat" / "self").symlink_to(".")
    found = class_folders(tree)
    assert len(found.parts["train"].paths) == 6  # those of `dog`, reached through `..`, too
    where = os.path.join("train", "cat", "again", "cat")
    assert notes(found) == [
        f"note: 2 links lead to folders that were looked into already: `{where}`, …"
    ]


def test_links_that_double_at_each_step_end(tree: Path) -> None:
    """Thirty folders with two links each to the next: a thousand million paths to one image."""
    for step in range(30):
        folder = tree / "train" / "cat" / f"step{step}"
        folder.mkdir()
        for name in ("one", "two"):
            (folder / name).symlink_to(f"../step{step + 1}")
    (tree / "train" / "cat" / "step30").mkdir()
    assert len(class_folders(tree).parts["train"].paths) == 4
    assert len(list(named_images([str(tree / "train" / "cat")]))) == 2


@pytest.mark.parametrize(
    ("target", "why"), [("nowhere.png", "is not there"), ("x.png", "leads round in a circle")]
)
def test_a_link_that_leads_nowhere_is_refused(tree: Path, target: str, why: str) -> None:
    link = tree / "train" / "cat" / "x.png"
    link.symlink_to(target)
    with pytest.raises(TrainError) as caught:
        class_folders(tree)
    assert caught.value.message == f"`{link}` is a link to `{target}`, which {why}"
    found = list(named_images([str(link.parent)]))
    assert found[-1] == Unread(str(link), f"it is a link to `{target}`, which {why}")


def test_folders_that_are_links_in_a_circle_are_none(tree: Path) -> None:
    for name in ("bird", "train/bird"):
        (tree / name).symlink_to("bird")
    assert class_folders(tree).classes == ("cat", "dog")


def test_a_tree_of_a_thousand_folders_is_refused(tree: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(tree / "train" / "cat")
        for _ in range(1_000):
            os.mkdir("a")
            os.chdir("a")
    finally:
        os.chdir(here)
    with pytest.raises(TrainError, match="64 folders one in another are the most"):
        class_folders(tree)
    *images, unread = named_images([str(tree / "train" / "cat")])
    assert len(images) == 2
    assert isinstance(unread, Unread)
    assert unread.reason == "64 folders one in another are the most"
    assert unused_files(tree, ()).keys() == {"no class"}
