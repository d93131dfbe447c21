"""Archives of a class-folder tree: unpacked once, and refused where they reach outside."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small_sets import class_tree

from netspec.recipe import recipe_from
from netspec.train.cache_folder import cache_root
from netspec.train.data import open_data
from netspec.train.data.sets.unpack import unpacked
from netspec.train.errors import TrainError


def packed(root: Path, archive: Path) -> Path:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as out:
            for path in sorted(root.rglob("*")):
                out.write(path, path.relative_to(root.parent))
    else:
        with tarfile.open(archive, "w:" + archive.suffix[1:].replace("tar", "")) as out:
            out.add(root, root.name)
    return archive


@pytest.mark.parametrize("name", ["images.tar", "images.tar.gz", "images.tar.xz", "images.zip"])
def test_an_archive_stands_for_the_tree_in_it(tmp_path: Path, name: str) -> None:
    archive = packed(class_tree(tmp_path / "tree"), tmp_path / name)
    recipe = recipe_from({"data": {"dataset": "folder"}})
    said: list[str] = []
    for _ in range(2):
        data = open_data(recipe, (3, 8, 8), num_classes=2, root=archive, say=said.append)
        assert (data.info.num_train, data.info.num_test) == (12, 12)
    told = [line for line in said if not line.startswith(("data: ", "warning: fewer", "note: "))]
    assert told == [f"unpacking `{archive}`, once", *(s for s in told if "decoding" in s)]


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


HOSTILE: dict[str, tarfile.TarInfo] = {
    "a parent": member("../escaped.png"),
    "a parent further down": member("train/cat/../../../escaped.png"),
    "an absolute name": member("/tmp/escaped.png"),
    "a drive": member("C:\\escaped.png"),
    "a parent with backslashes": member("..\\escaped.png"),
    "a symbolic link": member("train/cat", tarfile.SYMTYPE, "/etc"),
    "a hard link": member("train/cat/0.png", tarfile.LNKTYPE, "../../../etc/passwd"),
    "a device": member("train/cat/0.png", tarfile.CHRTYPE),
    "a pipe": member("train/cat/0.png", tarfile.FIFOTYPE),
}


def refused(archive: Path) -> str:
    before = set(archive.parent.rglob("*"))
    with pytest.raises(TrainError) as caught:
        unpacked(archive, lambda _: None)
    assert set(archive.parent.rglob("*")) == before
    assert list((cache_root() / "unpacked").iterdir()) == []
    return caught.value.message


@pytest.mark.parametrize("name", HOSTILE)
def test_a_tar_that_reaches_outside_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    archive = tmp_path / "images.tar"
    with tarfile.open(archive, "w") as out:
        good = member("train/dog/0.png")
        good.size = 4
        out.addfile(good, io.BytesIO(b"good"))
        out.addfile(HOSTILE[name])
    assert ("which would lie outside" in refused(archive)) or ("no plain file" in refused(archive))


@pytest.mark.parametrize("name", ["../escaped.png", "/tmp/escaped.png"])
def test_a_zip_that_reaches_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("train/dog/0.png", b"good")
        out.writestr(name, b"bad")
    assert f"`{name}`, which would lie outside of it" in refused(archive)


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "images.zip"
    link = zipfile.ZipInfo("train/cat")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(link, "/etc")
    assert "which is no plain file" in refused(archive)


def test_control_characters_of_a_name_are_not_shown_as_they_are(tmp_path: Path) -> None:
    archive = tmp_path / "images.tar"
    with tarfile.open(archive, "w") as out:
        out.addfile(member("../\x1b[31mred"))
    assert "`../\\x1b[31mred`" in refused(archive)


def damage(change: Callable[[bytes], bytes], archive: Path) -> None:
    archive.write_bytes(change(archive.read_bytes()))


@pytest.mark.parametrize("name", ["images.tar.gz", "images.tar.xz", "images.zip"])
@pytest.mark.parametrize(
    "change", [lambda b: b[: len(b) // 2], lambda b: b"x" * 100], ids=["cut", "replaced"]
)
def test_a_damaged_archive_is_told_as_one(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    archive = packed(class_tree(tmp_path / "tree"), tmp_path / name)
    damage(change, archive)
    assert refused(archive).startswith(f"`{archive}` is damaged")


def test_an_archive_that_claims_more_than_the_disk_holds_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "images.tar"
    huge = member("train/dog/0.png")
    huge.size = 2**60
    archive.write_bytes(huge.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    assert "more than the disk" in refused(archive) or "is damaged" in refused(archive)


def test_an_archive_may_hold_the_tree_without_a_folder_around_it(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    archive = tmp_path / "images.tar"
    with tarfile.open(archive, "w") as out:
        for part in ("train", "test"):
            out.add(root / part, part)
    assert sorted(os.listdir(unpacked(archive, lambda _: None))) == ["test", "train"]
