"""`netspec predict` as a user runs it: what may be named, what comes out, what is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from netspec.cli.commands import app
from netspec.train.data import named_images

SPEC = """
netspec: 1
name: small
input: [3, 8, 8]
layers: [Flatten, Linear: 2]
train:
  epochs: 1
  batch_size: 8
  optimizer: {SGD: {lr: 0.1}}
  data: {dataset: folder, root: images, normalize: NORMALIZE}
"""


def run(*arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments, input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def picture(path: Path, value: int, size: int = 8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size, size, 3), value, dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a run that tells dark images from light ones."""
    root = tmp_path_factory.mktemp("project")
    for value in range(10):
        picture(root / "images" / "dark" / f"{value}.png", 10 + value)
        picture(root / "images" / "light" / f"{value}.png", 230 + value)
    (root / "small.yaml").write_text(SPEC.replace("NORMALIZE", "auto"))
    (root / "said.yaml").write_text(SPEC.replace("NORMALIZE", "{mean: 0.5, std: 0.4}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETSPEC_CACHE", str(root / "cache"))
        patch.chdir(root)
        code, _, err = run("train", "small.yaml")
        assert code == 0, err
    return root


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path) -> Path:
    """A folder as people have them, where one stands: images, other things, a broken one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained / "runs", "runs")
    picture(tmp_path / "photos" / "b.png", 240)
    picture(tmp_path / "photos" / "trip" / "a.JPG", 15, size=20)
    picture(tmp_path / "photos" / "trip" / "deep" / "c.jfif.png", 235)
    for name in (".hidden", "__MACOSX"):
        picture(tmp_path / "photos" / name / "x.png", 0)
    picture(tmp_path / "photos" / "._b.png", 0)
    (tmp_path / "photos" / "notes.txt").write_text("none")
    (tmp_path / "photos" / "again").symlink_to("..")
    return tmp_path / "photos"


INSIDE = ["photos/b.png", "photos/trip/a.JPG", "photos/trip/deep/c.jfif.png"]


def test_a_folder_stands_for_all_images_within(photos: Path) -> None:
    shutil.rmtree("runs")
    (photos / "again").unlink()
    (photos / "again").symlink_to(photos)
    assert list(named_images(["photos"])) == INSIDE
    assert list(named_images([str(photos)])) == [str(photos.parent / name) for name in INSIDE]


@pytest.mark.parametrize(
    ("pattern", "stands_for"),
    [
        ("photos/*.png", ["photos/b.png"]),
        ("photos/**/*.png", ["photos/b.png", "photos/trip/deep/c.jfif.png"]),
        ("photos/tr*", INSIDE[1:]),
        ("photos/[b].png", ["photos/b.png"]),
    ],
)
def test_a_pattern_in_quotes_stands_for_what_it_matches(
    photos: Path, pattern: str, stands_for: list[str]
) -> None:
    (photos / "again").unlink()
    assert list(named_images([pattern])) == stands_for
    picture(photos / "[b].png", 0)
    assert list(named_images(["photos/[b].png"])) == ["photos/[b].png"]


def test_a_line_an_image_with_the_likeliest_class_first(photos: Path) -> None:
    code, out, err = run("predict", "latest", "photos/trip", "photos/b.png")
    assert code == 0, err
    lines = out.splitlines()
    assert [line.split(":")[0] for line in lines] == [*INSIDE[1:], INSIDE[0]]
    assert re.fullmatch(r"photos/trip/a.JPG: dark \d+\.\d% · light \d+\.\d%", lines[0])
    assert lines[2].startswith("photos/b.png: light ")


def test_standard_input_is_an_image(photos: Path) -> None:
    data = (photos / "b.png").read_bytes()
    code, out, _ = run("predict", "latest", "-", "photos/trip/a.JPG", "--top", "1", stdin=data)
    assert code == 0
    assert re.fullmatch(r"-: light [\d.]+%\nphotos/trip/a.JPG: dark [\d.]+%\n", out)
    code, out, err = run("predict", "latest", "-", stdin=b"none")
    assert (code, out) == (1, "")
    assert "\n  -: its bytes are of no image format" in err
    assert run("predict", "latest", "-", "-", stdin=data)[0] == 2


def test_bad_files_silence_no_good_ones_and_are_listed_at_the_end(photos: Path) -> None:
    (photos / "a.png").write_bytes(b"none")
    (photos / "z.png").write_bytes((photos / "b.png").read_bytes()[:40])
    (photos / "gone.png").symlink_to("nowhere.png")
    (photos / "empty").mkdir()
    (photos / "again").unlink()
    words = ("photos", "photos/empty", "nothing.jpg", "no*.jpg")
    code, out, err = run("predict", "latest", *words)
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines()] == INSIDE
    listed = err[err.index("error: 6 could not be read:") :].splitlines()[1:]
    assert [line.split(":")[0].strip() for line in listed] == [
        "photos/a.png", "photos/gone.png", "photos/z.png", "photos/empty", "nothing.jpg", "no*.jpg"
    ]  # fmt: skip
    assert listed[1].endswith("it is a link to `nowhere.png`, which is not there")
    assert listed[3].endswith("there are no images in this folder")
    assert listed[4].endswith("there is no such file")


def test_json_is_one_document_and_alone_on_standard_output(photos: Path) -> None:
    (photos / "a.png").write_bytes(b"none")
    (photos / "again").unlink()
    code, out, err = run("predict", "latest", "photos", "--format", "json")
    assert code == 1
    assert "photos/a.png" in err
    found = json.loads(out)
    assert found["classes"] == ["dark", "light"]
    assert [row["image"] for row in found["images"]] == INSIDE
    assert [row["class"] for row in found["images"]] == ["light", "dark", "light"]
    for row in found["images"]:
        assert row["top"][0] == {"class": row["class"], "probability": row["probability"]}
        assert sum(one["probability"] for one in row["top"]) == pytest.approx(1, abs=1e-5)
    assert [row["image"] for row in found["unread"]] == ["photos/a.png"]
    assert json.loads(run("predict", "latest", "none", "--format", "json")[1])["images"] == []


def test_csv_has_a_row_an_image(photos: Path) -> None:
    odd = picture(photos / 'a, "b"\n.png', 240)
    (photos / "again").unlink()
    code, out, _ = run("predict", "latest", "photos", "--format", "csv")
    assert code == 0
    head, *rows = csv.reader(io.StringIO(out))
    assert head == ["image", "class", "probability", "class_2", "probability_2"]
    assert [row[0] for row in rows] == [f"photos/{odd.name}", *INSIDE]
    assert [row[1] for row in rows] == ["light", "light", "dark", "light"]
    assert float(rows[0][2]) + float(rows[0][4]) == pytest.approx(1, abs=1e-5)
    assert run("predict", "latest", "photos", "--format", "xml")[0] == 2


def test_no_more_than_a_batch_of_images_is_held(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def stacked(images: list[object]) -> object:
        held.append(len(images))
        return stack(images)

    from netspec.train import predict
    from netspec.train.engine import inputs

    stack = inputs.torch.stack
    monkeypatch.setattr(predict, "AT_ONCE", 3)
    monkeypatch.setattr(inputs.torch, "stack", stacked)
    words = ["photos/b.png", "photos/trip/a.JPG"] * 4
    code, out, _ = run("predict", "latest", *words)
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == words
    assert held == [3, 3, 2]


def test_a_spec_with_weights_works_where_the_preprocessing_is_said(
    photos: Path, trained: Path
) -> None:
    (weights,) = trained.glob("runs/small/*/model.safetensors")
    with_weights = ("--weights", str(weights), "photos/b.png")
    code, out, err = run("predict", str(trained / "said.yaml"), *with_weights)
    assert code == 0, err
    assert out.startswith("photos/b.png: light ")
    assert "note: images are brought to 8×8, less a mean of 0.5, over 0.4" in err
    (photos.parent / "away.yaml").write_text((trained / "said.yaml").read_text())
    code, out, err = run("predict", "away.yaml", *with_weights)
    assert code == 0, err
    assert out.startswith("photos/b.png: 1 ")
    assert "the classes are numbers" in err


def test_a_spec_that_leaves_the_preprocessing_open_says_what_to_say(
    photos: Path, trained: Path
) -> None:
    (weights,) = trained.glob("runs/small/*/model.safetensors")
    with_weights = ("--weights", str(weights), "photos/b.png")
    code, out, err = run("predict", str(trained / "small.yaml"), *with_weights)
    assert (code, out) == (1, "")
    assert "does not say how its images are normalised" in err
    setting = re.search(r"--set (train\.data\.normalize=imagenet)", err)
    assert setting is not None
    assert run("predict", str(trained / "small.yaml"), *with_weights, "--set", setting[1])[0] == 0
    code, _, err = run("predict", str(trained / "small.yaml"), "photos/b.png")
    assert (code, "add `--weights FILE`" in err) == (2, True)


def test_a_run_is_named_by_latest_best_or_how_its_name_begins(photos: Path) -> None:
    (first,) = Path("runs/small").iterdir()
    for name, share in (("2030-01-01-000000-aaaa", 0.9), ("2030-01-02-000000-bbbb", 0.8)):
        folder = shutil.copytree(first, first.parent / name)
        figures = {"loss": 1.0, "accuracy": share}
        row = {"kind": "epoch", "epoch": 1, "train": figures, "validation": figures, "best": True}
        better = {"kind": "test", "epoch": 1, "loss": 0.1, "accuracy": 1.9 - share}
        (folder / "metrics.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(better)}\n")
    for word, chosen in (
        ("latest", "2030-01-02-000000-bbbb"),
        ("small/latest", "2030-01-02-000000-bbbb"),
        ("best", "2030-01-01-000000-aaaa"),  # by validation: the other is better on the test set
        ("small/best", "2030-01-01-000000-aaaa"),
        ("2030-01-02", "2030-01-02-000000-bbbb"),
        ("small/2030-01-01", "2030-01-01-000000-aaaa"),
        (first.name, first.name),
    ):
        code, _, err = run("predict", word, "photos/b.png")
        assert code == 0, err
        assert err.startswith(f"note: `{word}` is `{Path('runs/small', chosen)}`\n")
    for word, said in (
        ("2030", "2 runs in `runs` begin with `2030`: `small/2030-01-01-000000-aaaa`"),
        ("2031", "there is no run `2031`"),
        ("other/latest", "there is no run of `other` in `runs`"),
        ("runs/small", "`runs/small` holds 3 runs and is none itself"),
    ):
        code, out, err = run("predict", word, "photos/b.png")
        assert (code, out) == (1, "")
        assert said in err
    assert run("runs", "2030-01-01", "2030-01-02")[0] == 0
    shutil.rmtree(Path("runs/small/2030-01-01-000000-aaaa"))
    shutil.rmtree(Path("runs/small/2030-01-02-000000-bbbb"))
    assert "no run with figures of a validation part" in run("predict", "best", "photos")[2]


def test_names_that_are_no_text_are_shown_and_harm_nothing(photos: Path) -> None:
    name = os.fsdecode(b"photos/\xff\x1b[31m.png")
    try:
        shutil.copy(photos / "b.png", name)
    except OSError:
        pytest.skip("this file system takes no such names")
    for format in ("text", "json", "csv"):
        code, out, _ = run("predict", "latest", name, "--format", format)
        assert code == 0
        assert format == "csv" or "\x1b" not in out
