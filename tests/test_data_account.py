"""`netspec data`: what a data set holds, told before anything is trained on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_sets import class_tree
from typer.testing import CliRunner

from netspec.cli.commands import hoisted  # noqa: F401  (adds the commands)
from netspec.cli.options import app
from netspec.train.data.sets.class_folders import class_folders
from netspec.train.data.survey.headers import read_header
from netspec.train.data.survey.survey import survey
from netspec.train.data.survey.text import survey_text

Answer = tuple[int, str, str]
Ask = Callable[..., Answer]

SPEC = """netspec: 1
input: [3, 8, 8]
layers: [Flatten, Linear: 2]
train:
  data: {dataset: folder, root: tree}
"""


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`netspec data …` in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Answer:
        done = CliRunner().invoke(app, ["data", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def found(ask: Ask, *arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ask(*arguments, "--format", "json")[1])
    return told


def noise(path: Path, seed: int, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 4), dtype=np.uint8)
    Image.fromarray(pixels, "RGBA").convert(mode).save(path)


def test_a_folder_is_told_class_by_class_with_a_bar_each(ask: Ask) -> None:
    class_tree(Path("tree"), ("train", "val", "test"), count=12)
    code, out, err = ask("tree")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "tree: 2 classes, 72 images",
        "",
        "       train  validation  test  █ train ▓ validation ░ test",
        "  cat     12          12    12  ████████▓▓▓▓▓▓▓▓░░░░░░░░",
        "  dog     12          12    12  ████████▓▓▓▓▓▓▓▓░░░░░░░░",
        "",
        "parts: as the folders say",
        "sizes (height×width): all 8×8",
        "modes: RGB 72 · files: PNG 72",
    ]


@pytest.mark.parametrize("path", [".", "../tree", "../tree/", "ABSOLUTE"])
def test_a_folder_is_the_same_however_it_is_named(
    path: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class_tree(Path("tree"), count=10)
    (tmp_path / "tree" / "train" / "a.txt").write_text("")
    monkeypatch.chdir("tree")
    told = found(ask, path.replace("ABSOLUTE", str(tmp_path / "tree")))
    assert told["unused_files"] == {"suffix": ["train/a.txt"]}
    assert told["sizes"] == [[8, 8, 40]]
    assert told["error"] is None


def test_a_bar_is_as_long_as_its_class_is_large_and_shows_even_one_image(ask: Ask) -> None:
    for number in range(59):
        noise(Path(f"tree/train/many/{number}.png"), number, (2, 2))
    noise(Path("tree/train/one/a.png"), 60)
    noise(Path("tree/test/many/a.png"), 61)
    rows = ask("tree")[1].splitlines()
    assert rows[3].endswith(" " + "█" * 24 + "░")
    assert rows[4].endswith("1     0  █")


def test_few_images_and_uneven_classes_are_pointed_at(ask: Ask) -> None:
    for number in range(20):
        noise(Path(f"tree/train/many/{number}.png"), number)
    noise(Path("tree/train/one/a.png"), 30)
    noise(Path("tree/test/one/a.png"), 31)
    assert ask("tree")[1].splitlines()[-2:] == [
        "warning: fewer than 10 training images of `one` (1)",
        "warning: classes are uneven: 20 training images of `many`, 1 of `one`",
    ]


def test_sizes_modes_and_formats_are_those_of_the_pictures_as_seen(ask: Ask) -> None:
    noise(Path("tree/train/a/1.png"), 1, (4, 6))
    noise(Path("tree/train/a/2.gif"), 2, (4, 6), "P")
    noise(Path("tree/train/a/3.png"), 3, (4, 6), "RGBA")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (6, 4)).save("tree/train/a/4.jpg", exif=turned)
    noise(Path("tree/train/b/5.png"), 5, (9, 9))
    Image.fromarray(np.arange(36, dtype=np.uint16).reshape(6, 6) * 900).save("tree/train/b/6.tiff")
    noise(Path("tree/test/b/7.png"), 7, (4, 6))
    lines = ask("tree")[1].splitlines()
    assert (
        "sizes (height×width): 4×6 4 · 6×4 1 · 9×9 1 · 1 other, heights 4 to 9, widths 4 to 9"
        in lines
    )
    assert "modes: RGB 4 P 1 RGBA 1 I;16 1 · files: PNG 4 GIF 1 JPEG 1 TIFF 1" in lines
    assert "read: 1 image with transparency, shown on white" in lines
    assert "read: 1 image turned upright as EXIF says" in lines
    assert "read: 1 image of more than 8 bits, brought to 8" in lines


def test_images_that_are_in_several_parts_or_classes_are_named(ask: Ask) -> None:
    class_tree(Path("tree"), count=12)
    copy = Path("tree/train/cat/00.png").read_bytes()
    for name in ("test/cat/copy.png", "train/dog/copy.png"):
        Path("tree", name).write_bytes(copy)
    Path("tree/test/dog/copy.png").write_bytes(Path("tree/test/dog/03.png").read_bytes())
    told = found(ask, "tree")
    group = ["test/cat/copy.png", "train/cat/00.png", "train/dog/copy.png"]
    assert told["duplicates"] == {
        "between_parts": [group],
        "between_classes": [group],
        "within": [["test/dog/03.png", "test/dog/copy.png"]],
    }
    assert told["warnings"] == [
        "1 image is in several parts, so that what is tested was trained on: "
        "`test/cat/copy.png` is `train/cat/00.png` and 1 more",
        "1 image is in several classes: `test/cat/copy.png` is `train/cat/00.png` and 1 more",
    ]


def test_the_same_image_in_two_parts_is_not_one_in_two_classes(ask: Ask) -> None:
    for number, name in enumerate(("train/a/1", "train/b/1", "test/a/1", "test/b/1")):
        noise(Path(f"tree/{name}.png"), number, (5, 5 + number))
    for copy, name in (("test/a/2", "train/a/1"), ("train/a/3", "train/b/1")):
        Path(f"tree/{copy}.png").write_bytes(Path(f"tree/{name}.png").read_bytes())
    told = found(ask, "tree")["duplicates"]
    assert told["between_parts"] == [["test/a/2.png", "train/a/1.png"]]
    assert told["between_classes"] == [["train/a/3.png", "train/b/1.png"]]


def test_files_and_folders_that_are_not_used_are_told_with_the_reason(ask: Ask) -> None:
    class_tree(Path("tree"), count=10)
    for name in ("train/cat/notes.txt", "train/stray.png", "train/.DS_Store", "README.md"):
        Path("tree", name).write_bytes(Path("tree/train/cat/00.png").read_bytes())
    noise(Path("tree/extra/cat/a.png"), 1)
    noise(Path("tree/__MACOSX/a.png"), 1)
    assert [line for line in ask("tree")[1].splitlines() if line.startswith("not used")] == [
        "not used: 2 files (no image by the suffix): `README.md`, `train/cat/notes.txt`",
        "not used: 2 files (an image in no class): `extra/cat/a.png`, `train/stray.png`",
        "not used: 2 files (hidden, or left by a system): `__MACOSX/`, `train/.DS_Store`",
        "not used: `extra`: it is no part, and stands beside `train`",
    ]


def test_an_unreadable_image_is_told_and_cannot_be_trained_on(ask: Ask) -> None:
    class_tree(Path("tree"), count=10)
    whole = Path("tree/train/cat/01.png").read_bytes()
    Path("tree/train/cat/01.png").write_bytes(whole[:-30])
    Path("tree/train/dog/02.png").write_bytes(b"GIF of nothing")
    code, out, err = ask("tree")
    assert code == 1
    assert "unreadable: `train/dog/02.png`: its bytes are of no image format" in out
    assert err.startswith("error: `tree/train/cat/01.png` is no image that can be read: ")
    assert "nor can 1 other be\nhint: mend them, take them away, or add `skip_broken" in err


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tiff", "webp"])
def test_a_header_is_enough_only_where_the_file_is_whole(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    noise(path, 1, (40, 30))
    assert read_header(path).size == (40, 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(Exception, match=r"."):
        read_header(path)


def test_how_the_parts_came_to_be_is_told(ask: Ask) -> None:
    class_tree(Path("tree"), ("",), count=20)
    Path("net.yaml").write_text(SPEC)
    alone = "no test part: 8 images, a fifth of each class, are held out as one; a `test` folder "
    assert found(ask, "tree")["parts"][0].startswith(alone)
    told = found(ask, "net.yaml", "--set", "train.data.validation=0.25")
    assert told["parts"][0].startswith(alone)
    assert (
        told["parts"][1]
        == "`validation: 0.25` holds out 8 of the 32 training images, that share of each class"
    )
    sums = {part: sum(counted.values()) for part, counted in told["images"].items()}
    assert sums == {"train": 24, "validation": 8, "test": 8}


def test_with_a_spec_it_tells_how_the_network_sees_the_images(ask: Ask) -> None:
    class_tree(Path("tree"), count=10)
    Path("net.yaml").write_text(SPEC + "  augment: [RandomHorizontalFlip]\n")
    code, out, _ = ask("net.yaml", "--set", "train.data.normalize=imagenet")
    assert code == 0
    assert out.splitlines()[-3:] == [
        "network: takes 3×8×8",
        "network: in training RandomHorizontalFlip",
        "network: normalised by mean 0.485, 0.456, 0.406 and standard deviation 0.229, 0.224, "
        "0.225, as given",
    ]


def test_with_a_spec_other_data_can_be_named(ask: Ask) -> None:
    class_tree(Path("other"), count=10)
    Path("net.yaml").write_text(SPEC)
    assert ask("net.yaml")[0] == 1
    assert found(ask, "net.yaml", "--data", "other")["images"]["train"] == {"cat": 10, "dog": 10}


def test_what_the_spec_cannot_train_on_is_told_below_the_account(ask: Ask) -> None:
    class_tree(Path("tree"), classes=("a", "b", "c"), count=10)
    Path("net.yaml").write_text(SPEC)
    code, out, err = ask("net.yaml")
    assert code == 1
    assert "tree: 3 classes, 60 images" in out
    assert err.endswith(
        "error: `folder` has 3 classes, and the network answers for 2\n"
        "hint: give the network 3 outputs, as with `--set num_classes=3`\n"
    )
    assert found(ask, "net.yaml")["error"]["hint"].startswith("give the network 3 outputs")


def test_a_set_that_is_no_folder_is_counted(ask: Ask) -> None:
    Path("net.yaml").write_text(
        SPEC.replace("{dataset: folder, root: tree}", "{dataset: synthetic, samples: 40}")
    )
    told = found(ask, "net.yaml")
    assert sum(told["images"]["train"].values()) == 40
    assert told["parts"] == ["the data set's own"]


@pytest.mark.parametrize(
    ("path", "words"),
    [("nowhere", "there is no folder `nowhere`"), ("tree/data", "it is one class itself"),
     (".", "`tree/data` does"), ("notes.txt", "`notes.txt` is a file")],
)  # fmt: skip
def test_what_is_no_data_set_is_a_sentence_and_exit_code_1(ask: Ask, path: str, words: str) -> None:
    class_tree(Path("tree/data"), ("",), count=3)
    Path("notes.txt").write_text("")
    path = "tree/data/cat" if path == "tree/data" else path
    code, out, err = ask(path)
    assert (code, out.strip()) == (1, "")
    assert words in err
    assert found(ask, path)["error"]["message"] in err


def test_a_thousand_classes_are_told_by_their_ends(tmp_path: Path) -> None:
    for number in range(100):
        for copy in range(3 if number == 7 else 1):
            name = "x" * 60 if number == 99 else f"c{number:03}"
            noise(tmp_path / f"train/{name}/{copy}.png", number)
    noise(tmp_path / "test/c000/0.png", 1)
    lines = survey_text(survey(class_folders(tmp_path))).splitlines()
    assert len(lines) < 30
    assert lines[3].startswith("  c007 ")
    assert any("84 classes between" in line for line in lines)
    assert max(len(line) for line in lines[2:20]) < 80


@pytest.mark.parametrize(
    "arguments",
    [("tree", "--set", "a=1"), ("tree", "--format", "xml"), ("tree", "--show", "a.svg")],
)
def test_a_wrong_call_is_exit_code_2(ask: Ask, arguments: tuple[str, ...]) -> None:
    code, _, err = ask(*arguments)
    assert code == 2
    assert "hint: " in err


def test_deep_images_of_which_hardly_anything_is_left_are_pointed_at(ask: Ask) -> None:
    class_tree(Path("tree"), count=10)
    ramp = np.arange(64, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(ramp * 1000).save("tree/train/cat/well.tiff")
    Image.fromarray(ramp * 64).save("tree/train/cat/12-bit.tiff")
    assert found(ask, "tree")["warnings"] == [
        "1 image of more than 8 bits, such as `train/cat/12-bit.tiff`, nearly of one shade in 8: "
        "the values fill little of their type's range; scale the files to all of it"
    ]
