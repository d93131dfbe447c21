"""Archives that mean harm or are odd: one sentence each, and nothing of them stays in the cache."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.train.cache_folder import cache_root
from netspec.train.data.sets import archive_bounds
from netspec.train.data.sets.unpack import unpacked
from netspec.train.errors import TrainError

PIXELS = bytes(range(256)) * 40


def packed(archive: Path, names: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(archive, "w", method) as out:
        for name, content in names.items():
            out.writestr(name, content)
    return archive


def encrypted(archive: Path) -> None:
    """The bit that says so, in both headers of the second member."""
    packed(archive, {"train/cat/0.png": PIXELS, "train/dog/0.png": PIXELS})
    content = bytearray(archive.read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(magic) + place] |= 1
    archive.write_bytes(content)


def odd_method(archive: Path) -> None:
    packed(archive, {"train/cat/0.png": PIXELS, "train/dog/0.png": PIXELS})
    content = bytearray(archive.read_bytes())
    for magic, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.rindex(magic) + place] = 97  # WavPack
    archive.write_bytes(content)


def bad_checksum(archive: Path) -> None:
    packed(archive, {"train/cat/0.png": PIXELS, "train/dog/0.png": PIXELS})
    archive.write_bytes(archive.read_bytes().replace(PIXELS, PIXELS[:-1] + b"x", 1))


def bad_deflate(archive: Path) -> None:
    packed(archive, {"train/cat/0.png": PIXELS}, zipfile.ZIP_DEFLATED)
    content = bytearray(archive.read_bytes())
    content[60:80] = bytes(20)
    archive.write_bytes(content)


def bad_gzip(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as out:
        info = tarfile.TarInfo("train/cat/0.png")
        info.size = len(PIXELS)
        out.addfile(info, io.BytesIO(PIXELS))
    content = bytearray(archive.read_bytes())
    content[-8:-4] = struct.pack("<I", zlib.crc32(b"other"))
    archive.write_bytes(content)


def deep(archive: Path) -> None:
    packed(archive, {"train/cat/0.png": PIXELS, "a/" * 1000 + "0.png": PIXELS})


def twice(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            out.writestr("train/cat/0.png", PIXELS)


def file_and_folder(archive: Path) -> None:
    packed(archive, {"train/cat": PIXELS, "train/cat/0.png": PIXELS})


def long_name(archive: Path) -> None:
    packed(archive, {"train/cat/" + "x" * 300 + ".png": PIXELS})


def name_with_nul(archive: Path) -> None:
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as out:
        info = tarfile.TarInfo("train/cat/0.png")
        info.pax_headers = {"path": "train/cat/\0.png"}
        out.addfile(info)


def bomb(archive: Path) -> None:
    packed(archive, {"train/cat/0.png": bytes(3_000_000)}, zipfile.ZIP_DEFLATED)


def bomb_in_a_tar(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as out:
        info = tarfile.TarInfo("train/cat/0.png")
        info.size = 3_000_000
        out.addfile(info, io.BytesIO(bytes(info.size)))


def sparse_bomb(archive: Path) -> None:
    info = tarfile.TarInfo("train/cat/0.png")
    info.type, info.size = tarfile.REGTYPE, 0
    info.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "3000000"}
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as out:
        out.addfile(info)


def many_empty_files(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as out:
        for number in range(3000):
            out.addfile(tarfile.TarInfo(f"train/cat/{number}.png"))


def huge_header(archive: Path) -> None:
    """A header of 3 MB that is no member: it would be read into memory at once."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3_000_000
    archive.write_bytes(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(3_000_000)))


def headers_before_headers(archive: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 0
    archive.write_bytes(info.tobuf(tarfile.USTAR_FORMAT) * 3000)


ATTACKS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "encrypted": ("a.zip", encrypted, "is encrypted"),
    "another way of packing": ("a.zip", odd_method, "in a way that is not read here"),
    "a wrong checksum": ("a.zip", bad_checksum, "is damaged: bad crc-32"),
    "damage in what is packed": ("a.zip", bad_deflate, "is damaged: "),
    "a wrong checksum of all": ("a.tar.gz", bad_gzip, "is damaged: crc check failed"),
    "1,000 folders": ("a.zip", deep, "which lies 1,000 folders deep"),
    "a name twice": ("a.zip", twice, "holds `train/cat/0.png` twice"),
    "a file that is a folder": ("a.zip", file_and_folder, "as a file and as a folder"),
    "a name of 300 letters": ("a.zip", long_name, "which is no name that a file can have"),
    "a name with a NUL": ("a.tar", name_with_nul, "which is no name that a file can have"),
    "a bomb": ("a.zip", bomb, "holds more than 1 MB, and images do not shrink so far"),
    "a bomb in a tar": ("a.tar.gz", bomb_in_a_tar, "holds more than 1 MB"),
    "a bomb of nothing": ("a.tar", sparse_bomb, "holds more than 1 MB"),
    "empty files without end": ("a.tar.gz", many_empty_files, "holds more than 1 MB"),
    "a huge header": ("a.tar.gz", huge_header, "is damaged: a header of 3,"),
    "headers without end": ("a.tar", headers_before_headers, "is damaged: "),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_in_a_sentence_and_leaves_nothing(
    attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_bounds, "ALWAYS", 1_000_000)
    name, make, told = ATTACKS[attack]
    make(tmp_path / name)
    with pytest.raises(TrainError) as caught:
        unpacked(tmp_path / name, lambda _: None)
    assert told in caught.value.message
    assert len(caught.value.message) < 1_000
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert list((cache_root() / "unpacked").iterdir()) == []


def test_a_bomb_is_found_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where what is packed would not end: a terabyte is claimed, and nothing follows."""
    info = tarfile.TarInfo("train/cat/0.png")
    info.size = 10**12
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(info.tobuf()))
    usage = archive_bounds.shutil.disk_usage
    monkeypatch.setattr(
        archive_bounds.shutil, "disk_usage", lambda path: usage(path)._replace(free=10**15)
    )
    with pytest.raises(TrainError, match="holds more than 100 MB"):
        unpacked(archive, lambda _: None)


def test_ten_thousand_files_are_no_attack(tmp_path: Path) -> None:
    names = {f"{name}/{n}.png": b"" for name in ("cat", "dog") for n in range(5_000)}
    folder = unpacked(packed(tmp_path / "a.zip", names), lambda _: None)
    assert len(list(folder.rglob("*.png"))) == 10_000


def test_a_tree_that_shrinks_a_hundredfold_is_no_bomb(tmp_path: Path) -> None:
    names = {f"{name}/0.png": bytes(500_000) for name in ("cat", "dog")}
    folder = unpacked(packed(tmp_path / "a.zip", names, zipfile.ZIP_BZIP2), lambda _: None)
    assert (folder / "cat" / "0.png").stat().st_size == 500_000


def member(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(PIXELS) if kind == tarfile.REGTYPE else 0
    for key, value in more.items():
        setattr(info, key, value)
    return info


GOOD = "train/cat/0.png"
MEMBERS: dict[str, tarfile.TarInfo] = {
    "a name that goes up": member("../up.png"),
    "one that goes up within": member("train/../../up.png"),
    "a name from the root on": member("/tmp/netspec-up.png"),
    "a symbolic link": member("train/cat/1.png", tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a link to a folder": member("train/dog", tarfile.SYMTYPE, linkname=".."),
    "a hard link": member("train/cat/1.png", tarfile.LNKTYPE, linkname=GOOD),
    "a device": member("train/cat/1.png", tarfile.CHRTYPE, devmajor=1, devminor=5),
    "a pipe": member("train/cat/1.png", tarfile.FIFOTYPE),
    "a name twice": member(GOOD),
    "folders a thousand deep": member("a/" * 1000 + "0.png"),
}
MODES = {
    ".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tbz2": "w:bz2",
    ".tar.xz": "w:xz", ".txz": "w:xz",
}  # fmt: skip
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def refused(archive: Path) -> str:
    """What is told of an archive of which nothing may stay."""
    with pytest.raises(TrainError) as caught:
        unpacked(archive, lambda _: None)
    assert not Path("/tmp/netspec-up.png").exists()
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    assert list((cache_root() / "unpacked").iterdir()) == []
    return caught.value.message


def in_a_tar(archive: Path, suffix: str, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(archive, MODES[suffix]) as out:  # type: ignore[call-overload]
        for info in (member(GOOD), *members):
            out.addfile(info, io.BytesIO(PIXELS))
    return archive


@pytest.mark.parametrize("suffix", MODES)
def test_each_attack_of_a_member_is_refused_in_every_kind_of_tar(
    suffix: str, tmp_path: Path
) -> None:
    for number, info in enumerate(MEMBERS.values()):
        (tmp_path / str(number)).mkdir()
        refused(in_a_tar(tmp_path / str(number) / f"a{suffix}", suffix, info))
    (tmp_path / "good").mkdir()
    folder = unpacked(in_a_tar(tmp_path / "good" / f"a{suffix}", suffix), lambda _: None)
    assert (folder / GOOD).read_bytes() == PIXELS


@pytest.mark.parametrize("method", METHODS)
def test_and_in_every_kind_of_zip(method: str, tmp_path: Path) -> None:
    kinds = {tarfile.SYMTYPE: 0o12, tarfile.CHRTYPE: 0o2, tarfile.FIFOTYPE: 0o1}
    for number, info in enumerate(MEMBERS.values()):
        if info.type == tarfile.LNKTYPE:
            continue  # of which a zip knows none
        (tmp_path / str(number)).mkdir()
        archive = packed(tmp_path / str(number) / "a.zip", {GOOD: PIXELS}, METHODS[method])
        entry = zipfile.ZipInfo(info.name)
        entry.compress_type = METHODS[method]
        entry.external_attr = (kinds.get(info.type, 0o10) << 28) | (0o644 << 16)
        with zipfile.ZipFile(archive, "a") as out, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out.writestr(entry, PIXELS)
        refused(archive)


@pytest.mark.parametrize("kind", [*MODES, *METHODS])
def test_what_is_cut_off_anywhere_or_changed_is_damaged_in_every_kind(
    kind: str, tmp_path: Path
) -> None:
    if kind in MODES:
        whole = in_a_tar(tmp_path / f"whole{kind}", kind).read_bytes()
    else:
        whole = packed(tmp_path / "whole.zip", {GOOD: PIXELS}, METHODS[kind]).read_bytes()
    name = f"a{kind}" if kind in MODES else "a.zip"
    for place in range(1, 10):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / name).write_bytes(whole[: len(whole) * place // 10])
        if kind == ".tar" and place * len(whole) // 10 >= 512 + len(PIXELS):
            continue  # of what is not packed, the end may be missing
        assert "is damaged" in refused(folder / name)
    changed = bytearray(whole)
    changed[len(whole) // 2 - 30 : len(whole) // 2] = bytes(range(30))
    (tmp_path / "changed").mkdir()
    (tmp_path / "changed" / name).write_bytes(changed)
    if kind != ".tar":  # which has no checksum of what it holds
        assert "is damaged" in refused(tmp_path / "changed" / name)
