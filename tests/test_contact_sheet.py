"""`netspec data … --show`: images of each class as a picture, as the network will see them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_sets import class_tree
from typer.testing import CliRunner

import netspec
from netspec.cli.commands import hoisted  # noqa: F401  (adds the commands)
from netspec.cli.options import app
from netspec.train import inspect_data
from netspec.train.data import open_data
from netspec.train.data.sets.class_folders import class_folders
from netspec.train.data.survey import sheet as sheets
from netspec.train.data.survey.lettering import fitted
from netspec.train.data.survey.pictures import decoded_sheet, network_sheet
from netspec.train.data.survey.sheet import Block, Sheet, sheet_png

SPEC = """netspec: 1
input: [3, 8, 8]
layers: [Flatten, Linear: 2]
train:
  data: {dataset: folder, root: tree}
"""


def drawn(sheet: Sheet) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet_png(sheet))))


def pixels(picture: Image.Image | None) -> np.ndarray:
    assert picture is not None
    return np.asarray(picture)


def as_seen(root: Path, recipe: str = "") -> Sheet:
    network = netspec.loads(SPEC + recipe)
    data = open_data(network.recipe, (3, 8, 8), num_classes=2, root=root)
    return network_sheet(data, class_folders(root), "tree", ("takes 3×8×8", "normalised"))


def columns_with(image: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return (image == color).all(axis=2)


def test_each_class_has_a_row_with_its_name_and_its_images() -> None:
    red, blue = (200, 10, 10), (10, 10, 200)
    pictures = tuple(Image.fromarray(stripes(color)) for color in (red, blue))
    image = drawn(Sheet(("head",), ("",), tuple(Block("x", (p, p)) for p in pictures)))
    rows = [np.flatnonzero(columns_with(image, color).any(axis=1)) for color in (red, blue)]
    assert rows[0].max() < rows[1].min()
    # 8 pixels are enlarged twelvefold to a place of 96; half of the stripes have the colour.
    assert columns_with(image, red).sum() == 2 * 96 * 96 // 2


def stripes(color: tuple[int, int, int], size: int = 8) -> np.ndarray:
    image = np.full((size, size, 3), 255, dtype=np.uint8)
    image[::2] = color
    return image


def test_many_classes_stand_side_by_side_and_a_hundred_are_shown(tmp_path: Path) -> None:
    for number in range(130):
        folder = tmp_path / "train" / f"c{number:03}"
        folder.mkdir(parents=True)
        Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / "a.png")
    (tmp_path / "test" / "c000").mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(tmp_path / "test" / "c000" / "b.png")
    sheet = decoded_sheet(class_folders(tmp_path), "tree")
    assert sheet.head == ("tree: images of 100 of 130 classes, as decoded",)
    assert len(sheet.blocks) == 100
    assert [sheet.blocks[i].label for i in (0, 99)] == ["c000", "c128"]
    height, width, _ = drawn(sheet).shape
    assert width < 1400
    assert height < 3000


def test_a_picture_keeps_its_shape_within_its_place() -> None:
    tall = Image.fromarray(np.tile(stripes((200, 10, 10)), (50, 1, 1)))
    assert tall.size == (8, 400)
    image = drawn(Sheet((), ("",), (Block("x", (tall,)),)))
    place = np.argwhere(columns_with(image, (0xD9, 0xDD, 0xE2)))
    assert set(np.ptp(place, axis=0)) == {95}


def test_what_has_hardly_any_contrast_has_a_red_frame_and_what_is_broken_is_marked() -> None:
    grey = np.full((8, 8), 100, dtype=np.uint8)
    faint = grey + np.arange(8, dtype=np.uint8)
    for picture, framed in (
        (Image.fromarray(grey), True),
        (Image.fromarray(faint), True),
        (Image.fromarray(stripes((0, 0, 0))), False),
        (None, True),
    ):
        image = drawn(Sheet((), ("",), (Block("x", (picture,)),)))
        assert columns_with(image, (0xC6, 0x28, 0x28)).any() == framed


def test_the_file_is_small_whatever_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8))
    sheet = Sheet(("head",), ("",), (Block("x", (noise,) * 4),))
    sizes = []
    for most in (2_000_000, 60_000, 20_000):
        monkeypatch.setattr(sheets, "MOST_BYTES", most)
        sizes.append(len(sheet_png(sheet)))
        assert sizes[-1] <= most
    assert sizes == sorted(sizes, reverse=True)


def test_letters_are_cut_to_the_room_and_strange_ones_are_codes() -> None:
    assert fitted("cat", 12, 100)[0] == "cat"
    short, font = fitted("a rather long name of a class", 12, 60)
    assert short.startswith("a rath")
    assert short.endswith(("…", "..."))
    assert font.getlength(short) <= 60
    assert fitted("a\u202eb\n", 12, 200)[0] == "a\\u202eb\\u000a"


# as the network sees them


def test_a_file_stands_beside_what_is_evaluated_and_trained_on(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    sheet = as_seen(root, "  augment: [{RandomHorizontalFlip: 1.0}]\n")
    assert sheet.columns == ("file", "evaluated", "in training", "in training")
    assert [block.label for block in sheet.blocks] == ["cat", "dog"]
    file, evaluated, trained, again, other, *_ = sheet.blocks[1].pictures
    assert (pixels(file) == np.asarray(Image.open(root / "train" / "dog" / "00.png"))).all()
    assert (pixels(evaluated) == pixels(file)).all()
    assert (pixels(trained) == pixels(file)[:, ::-1]).all()
    assert (pixels(again) == pixels(trained)).all()
    assert (pixels(other) == np.asarray(Image.open(root / "train" / "dog" / "03.png"))).all()


@pytest.mark.parametrize("keys", ["validation: 0.5", "skip_broken: true"])
def test_the_file_is_that_of_the_image_beside_it(
    keys: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = class_tree(tmp_path / "tree")
    (root / "train" / "cat" / "00.png").write_bytes(
        b"nothing" if "broken" in keys else (root / "train" / "cat" / "00.png").read_bytes()
    )
    drawn: list[Sheet] = []
    monkeypatch.setattr(inspect_data, "sheet_png", lambda sheet: drawn.append(sheet) or b"")
    network = netspec.loads(SPEC.replace("root: tree", f"root: tree, {keys}"))
    inspect_data.inspect_spec(network, root, draw=True)
    for block in drawn[0].blocks:
        for file, evaluated in zip(block.pictures[::2], block.pictures[1::2], strict=True):
            assert (pixels(file) == pixels(evaluated)).all()


def test_the_draws_are_those_of_the_first_epochs(tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    recipe = "  augment: [{RandomCrop: {size: 8, padding: 4}}]\n"
    first, second = (pixels(p) for p in as_seen(root, recipe).blocks[0].pictures[2:4])
    network = netspec.loads(SPEC + recipe)
    data = open_data(network.recipe, (3, 8, 8), num_classes=2, root=root)
    scale, mean = (t.view(3, 1, 1) for t in (data.preparation.scale, data.preparation.mean))
    for shown, epoch in ((first, 0), (second, 1)):
        trained = [
            (image / scale + mean).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
            for batch in data.batches("train", epoch=epoch, batch_size=12)
            for image in batch.images
        ]
        assert any((image == shown).all() for image in trained)
    assert (first != second).any()


def test_the_head_says_what_is_done_and_what_the_network_gets(tmp_path: Path) -> None:
    head = as_seen(class_tree(tmp_path / "tree")).head
    assert head[:3] == (
        "tree: images of 2 classes, as the network sees them", "takes 3x8x8", "normalised",
    )  # fmt: skip
    assert head[3].startswith("values that the network gets, of these: from -")


@pytest.mark.parametrize(
    ("data", "shape", "last"),
    [
        ("dataset: synthetic, samples: 16", "[3, 8, 8]", "Linear: 2"),
        ("dataset: synthetic, samples: 16", "[1, 8, 8]", "Linear: 20"),
        ("dataset: synthetic, samples: 16", "[2, 8, 8]", "Conv2d"),
        ("dataset: folder, root: tree, resize: [16, 8]", "[3, 16, 8]", "Linear: 2"),
        ("dataset: folder, root: tree, in_memory: false, workers: 0", "[3, 8, 8]", "Linear: 2"),
        ("dataset: folder, root: tree, channels: 1, skip_broken: true", "[1, 8, 8]", "Linear: 2"),
    ],
)
def test_every_kind_of_set_is_drawn(
    data: str, shape: str, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    class_tree(Path("tree"))
    if "skip_broken" in data:
        Path("tree/train/cat/00.png").write_bytes(b"nothing")
    layers = "[Conv2d: {out_channels: 3, kernel_size: 1}]"
    layers = layers if last == "Conv2d" else f"[Flatten, {last}]"
    Path("net.yaml").write_text(
        f"netspec: 1\ninput: {shape}\nlayers: {layers}\ntrain: {{data: {{{data}}}}}\n"
    )
    done = CliRunner().invoke(app, ["data", "net.yaml", "--show", "out.png"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "picture: out.png"
    with Image.open("out.png") as image:
        assert image.width > 100


def test_a_network_without_images_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(
        "netspec: 1\ninput: [8]\nlayers: [Linear: 2]\ntrain:\n"
        "  data: {dataset: synthetic, samples: 16}\n"
    )
    done = CliRunner().invoke(app, ["data", "net.yaml", "--show", "out.png"])
    assert done.exit_code == 1
    assert "`--show` draws images, and the network takes 8" in done.stderr
    assert not Path("out.png").exists()


def test_a_picture_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    class_tree(Path("tree"), count=10)
    done = CliRunner().invoke(app, ["data", "tree", "--show", "no/such.png"])
    assert done.exit_code == 1
    assert done.stderr == (
        "error: cannot write `no/such.png`: there is no such folder\n"
        "hint: name another file with `--show`\n"
    )
