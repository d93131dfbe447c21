"""The cache of decoded images: what is in it, and that clearing it harms no run."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from command_line import ran
from small_sets import class_tree

from netspec.recipe import recipe_from
from netspec.train.cache_folder import (
    cache_root,
    clear,
    entries,
    facts_size,
    lock_path,
    mark_used,
)
from netspec.train.data import Data, open_data
from netspec.train.data.cache import locked
from netspec.train.data.sets.unpack import unpacked

ROOT = Path(__file__).parent.parent
DAY = 86_400


def opened(root: Path) -> Data:
    recipe = recipe_from({"data": {"dataset": "folder", "root": str(root)}})
    return open_data(recipe, (3, 8, 8), root=root, num_classes=2)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return class_tree(tmp_path / "images", count=3)


def released() -> None:
    gc.collect()


def entry(kind: str, key: str, *, days: float = 0.0, dataset: str = "") -> Path:
    """An entry as a process that has ended left it."""
    path = cache_root() / kind / key
    path.mkdir(parents=True)
    (path / "part.images.npy").write_bytes(bytes(1_000_000))
    if dataset:
        handle = mark_used(key, dataset, Path("/images"))
        assert handle is not None
        os.close(handle)
        os.utime(cache_root() / "uses" / key, (time.time() - days * DAY,) * 2)
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_a_decoded_data_set_is_an_entry_for_as_long_as_it_is_held(images: Path) -> None:
    data = opened(images)
    (found,) = entries()
    assert (found.dataset, found.origin, found.kind) == ("folder", str(images), "decoded")
    stored = sum(path.stat().st_size for path in found.path.iterdir())
    assert found.size == stored > 0
    assert abs(found.used - time.time()) < 60
    assert found.in_use
    data.close()
    del data
    released()
    assert not entries()[0].in_use


def test_what_a_run_uses_is_left_and_what_none_uses_is_made_anew(images: Path) -> None:
    data = opened(images)
    before = data.info.fingerprint
    assert [kept.key for kept in clear(entries())] == [entries()[0].key]
    assert len(entries()) == 1
    data.close()
    del data
    released()
    assert clear(entries()) == []
    assert entries() == []
    assert opened(images).info.fingerprint == before


def test_a_use_by_another_process_is_seen_and_ends_with_it() -> None:
    entry("data", "a" * 24, dataset="CIFAR10")
    program = (
        "import sys; from pathlib import Path; from netspec.train.cache_folder import mark_used;"
        "assert mark_used('a' * 24, 'CIFAR10', Path('.')) is not None;"
        "print('marked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline().strip() == b"marked"
        assert entries()[0].in_use
        assert clear(entries()) == entries() != []
        user.kill()
        user.communicate()
    assert clear(entries()) == []
    assert entries() == []


def test_an_entry_that_is_being_made_is_left() -> None:
    path = entry("data", f".{'b' * 24}.77")
    with locked("b" * 24):
        (found,) = entries()
        assert (found.kind, found.in_use) == ("unfinished", True)
        assert clear([found]) == [found]
        assert path.exists()
    assert clear(entries()) == []  # whoever made it was killed
    assert not path.exists()


def test_an_entry_leaves_its_place_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    path = entry("data", "c" * 24, dataset="MNIST")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            clear(entries())
    assert not path.exists()
    assert [found.kind for found in entries()] == ["unfinished"]
    assert clear(entries()) == []
    assert list((cache_root() / "data").iterdir()) == []


def test_an_unpacked_archive_is_kept_while_a_process_reads_it(tmp_path: Path, images: Path) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for path in images.rglob("*.png"):
            archive.write(path, path.relative_to(images))
    unpacked(tmp_path / "images.zip", lambda _: None)
    (found,) = entries()
    assert (found.kind, found.origin) == ("unpacked", str(tmp_path / "images.zip"))
    assert clear([found]) == [found]


def test_a_cache_that_cannot_be_marked_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NETSPEC_CACHE", str(tmp_path / "file"))
    assert mark_used("d" * 24, "MNIST", tmp_path) is None
    assert entries() == []


def test_the_command_shows_where_what_how_large_and_how_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = f"the cache is in {cache_root()}\n"
    assert ran(monkeypatch, capsys, "cache") == (0, f"{where}it is empty\n", "")
    entry("data", "a" * 24, days=3, dataset="CIFAR10")
    entry("data", "b" * 24, days=9)  # as an older netspec left it
    (cache_root() / "facts").mkdir()
    (cache_root() / "facts" / "x.json").write_text("{}")
    assert facts_size() == (1, 2)
    code, out, err = ran(monkeypatch, capsys, "cache")
    lines = out.splitlines()
    assert (code, err, lines[0]) == (0, "", where.strip())
    assert lines[2].split("  ")[0] == "data set"
    assert lines[3].split()[:5] == ["–", "–", "decoded", "1.0", "MB"]
    assert lines[4].split()[:5] == ["CIFAR10", "/images", "decoded", "1.0", "MB"]
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 3 * DAY))
    assert lines[4].split()[5] == day
    assert "1 small result " in lines[5]
    assert lines[7] == "2 entries, 2.0 MB"
    assert ran(monkeypatch, capsys, "cache", "clear")[1] == "deleted 2 entries, 2.0 MB\n"
    assert ran(monkeypatch, capsys, "cache")[1] == f"{where}it is empty\n"


def test_the_command_tells_the_same_to_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = entry("data", "a" * 24, dataset="CIFAR10")
    code, out, err = ran(monkeypatch, capsys, "cache", "--format", "json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    (found,) = told["entries"]
    assert abs(found.pop("last_used") - time.time()) < 60
    assert found == {
        "dataset": "CIFAR10", "from": "/images", "kind": "decoded", "path": str(path),
        "size": 1_000_000, "in_use": False,
    }  # fmt: skip
    assert told["cache"] == str(cache_root())
    assert told["small_results"] == {"count": 0, "size": 0}
    assert ran(monkeypatch, capsys, "cache", "--format", "xml")[0] == 2


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ((), []),
        (("--older-than", "2"), ["a", "c"]),
        (("--older-than", "0.5"), ["a"]),
        (("--dataset", "MNIST"), ["a", "b"]),
        (("--dataset", "CIFAR10", "--older-than", "2"), ["a", "c"]),
    ],
)
def test_what_is_cleared_can_be_chosen(
    options: tuple[str, ...],
    left: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry("data", "a" * 24, dataset="CIFAR10")
    entry("data", "b" * 24, days=3, dataset="CIFAR10")
    entry("unpacked", "c" * 24, days=1, dataset="MNIST")
    code, out, _ = ran(monkeypatch, capsys, "cache", "clear", *options)
    gone = 3 - len(left)
    assert (code, out) == (0, f"deleted {gone} entr{'y' if gone == 1 else 'ies'}, {gone}.0 MB\n")
    assert sorted(found.key[0] for found in entries()) == left


def test_what_is_in_use_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry("data", "a" * 24, dataset="CIFAR10")
    handle = mark_used("a" * 24, "CIFAR10", Path("/images"))
    assert handle is not None
    assert " in use" in ran(monkeypatch, capsys, "cache")[1]
    assert ran(monkeypatch, capsys, "cache", "clear")[:2] == (
        0,
        "deleted 0 entries, 0.0 MB\nkept `CIFAR10` from /images: it is in use\n",
    )
    os.close(handle)
    assert lock_path("a" * 24).parent.name == "locks"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cler",), "error: there is no command `cler`\nhint: did you mean `clear`?\n"),
        (("clear", "--dataset", "mnist"),
         "error: the cache has nothing of `mnist`\nhint: there is `CIFAR10`\n"),
        (("clear", "--older-than", "long"),
         "error: `--older-than` takes a number of at least 0\n"
         "hint: `netspec cache clear -h` tells more\n"),
        (("clear", "--dataset"),
         "error: `--dataset` wants a value\nhint: `netspec cache clear -h` tells more\n"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_wrong_usage(
    words: tuple[str, ...],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry("data", "a" * 24, dataset="CIFAR10")
    assert ran(monkeypatch, capsys, "cache", *words) == (2, "", told)
    assert len(entries()) == 1
