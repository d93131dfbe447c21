"""`netspec init NAME --data PATH`: a spec whose classes, sizes and root are those of the images."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_trees import lay_out
from typer.testing import CliRunner

import netspec
from netspec.cli.commands import hoisted  # noqa: F401  (adds the commands)
from netspec.cli.options import app
from netspec.compiler.lints.run import lint
from netspec.report.image_starter import Images, image_starter_text
from netspec.train.data.survey.input_size import input_size


@pytest.mark.parametrize(
    ("sizes", "expected", "alike"),
    [
        ([(32, 32)] * 3, (32, 32), True),
        ([(28, 20)] * 3, (28, 20), True),
        ([(8, 8)], (8, 8), True),
        ([(4, 4)], (16, 16), False),  # too small for windows of 3
        ([(500, 375)] * 3, (128, 96), False),
        ([(375, 500)] * 9 + [(333, 500)], (96, 128), False),
        ([(500, 375)] * 2 + [(375, 500)] * 8, (128, 128), False),
        ([(64, 60), (60, 64), (70, 70)], (64, 64), False),
        ([(2000, 100)] * 2, (128, 64), False),
        ([(100, 2000)] * 2, (64, 128), False),
        ([(1, 1), (2, 1)], (16, 16), False),
    ],
)
def test_an_input_has_the_shape_of_the_images_and_is_not_larger(
    sizes: list[tuple[int, int]], expected: tuple[int, int], alike: bool
) -> None:
    assert input_size(sizes) == (expected, alike)


def images(**changed: object) -> Images:
    known = {
        "root": "photos", "classes": ("cat", "dog"), "count": 60, "channels": 3, "size": (32, 32),
        "resize": False, "convert": False, "validation": True,
    }  # fmt: skip
    return Images(**(known | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"size": (8, 8), "channels": 1},
        {"size": (9, 128), "resize": True},
        {"size": (128, 128), "resize": True, "convert": True},
        {"classes": tuple(f"class {n}" for n in range(1000)), "count": 50_000},
        {"classes": ("a: b", "#c\nd", "`e`", "\u202ef", "猫")},
        {"root": "../my photos, 2024: #1/{cats}"},
        {"root": "2024"},
        {"root": 'a "quoted" \\ name'},
        {"validation": False, "broken": 3},
    ],
    ids=str,
)
def test_the_spec_has_no_findings_and_says_what_is_so(changed: dict[str, object]) -> None:
    known = images(**changed)
    network = netspec.loads(image_starter_text("my net.yaml", known))
    assert lint(network) == ()
    assert network.input_shape == (known.channels, *known.size)
    assert network.output_shape == (len(known.classes),)
    data = network.recipe.data
    assert data.root.endswith(known.root)
    assert (data.resize, data.channels) == (
        known.size if known.resize else None,
        3 if known.convert else None,
    )
    assert bool(data.validation) == known.validation
    assert data.skip_broken == bool(known.broken)


def init(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["init", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_root_is_written_from_where_the_spec_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out("photos/cat/*.png × 12\nphotos/dog/*.png × 12\nspecs/notes.txt", tmp_path)
    assert init("specs/pets", "--data", "photos")[0] == 0
    assert "root: ../photos #" in Path("specs/pets.yaml").read_text()
    assert init("pets", "--data", str(tmp_path / "photos"))[0] == 0
    assert f"root: {tmp_path / 'photos'} #" in Path("pets.yaml").read_text()


def test_what_was_found_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out("photos/cat/*.png × 20\nphotos/dog/*.png × 5\nphotos/dog/a.jpg  broken", tmp_path)
    code, out, err = init("pets", "--data", "photos")
    assert (code, out) == (
        0,
        "wrote pets.yaml: 2 classes, 26 images; next, `netspec data pets.yaml`\n",
    )
    assert err.splitlines() == [
        "warning: 1 image cannot be read, and `skip_broken` in the spec leaves out: `dog/a.jpg`",
        "warning: fewer than 10 training images of `dog` (5)",
    ]


def test_what_is_no_data_set_leaves_no_spec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out("photos/deep/cat/*.png × 2\nphotos/deep/dog/*.png × 2", tmp_path)
    code, out, err = init("pets", "--data", "photos")
    assert (code, out) == (1, "")
    assert err.endswith("hint: name `photos/deep`\n")
    assert not Path("pets.yaml").exists()


def test_a_file_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pets.yaml").write_text("precious")
    assert init("pets", "--data", "nowhere")[0] == 2
    assert Path("pets.yaml").read_text() == "precious"


def test_images_that_cannot_be_read_at_all_are_no_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out("photos/cat/*.jpg × 6  broken\nphotos/dog/*.jpg × 6  broken", tmp_path)
    code, _, err = init("pets", "--data", "photos")
    assert code == 1
    assert "is no image that can be read" in err
