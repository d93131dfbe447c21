"""Every way in which Pillow writes a picture, read as a person sees it: upright, and on white."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from small_sets import class_tree

from netspec.recipe import recipe_from
from netspec.train.data import load_images, open_data
from netspec.train.data.decoding.decode import eight_bits, image_kind, read_image
from netspec.train.errors import TrainError

SIZE = (20, 12)  # height, width


def colors() -> Image.Image:
    """A picture of soft colours, no two corners alike."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    red, green = 12 * rows, 20 * columns
    return Image.fromarray(np.stack([red, green, 255 - red], -1).astype(np.uint8), "RGB")


def alpha() -> Image.Image:
    """From clear at the left to solid at the right."""
    columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]][1]
    return Image.fromarray((columns * 255 // (SIZE[1] - 1)).astype(np.uint8), "L")


def with_alpha(mode: str) -> Image.Image:
    image = colors().convert(mode.rstrip("Aa"))
    image.putalpha(alpha())
    return image


def on_white(image: Image.Image) -> Image.Image:
    """What Pillow shows of a picture on white paper."""
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA"))


def clear_color(mode: str, suffix: str) -> tuple[Image.Image, dict[str, Any]]:
    """A picture of which one colour is transparent."""
    image = colors().convert(mode)
    return image, {"transparency": image.getpixel((0, 0))}


WRITTEN: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
    "RGB png": (colors(), ".png", {}),
    "RGB bmp": (colors(), ".bmp", {}),
    "RGB tiff": (colors(), ".tiff", {}),
    "RGB tga": (colors(), ".tga", {}),
    "RGB webp": (colors(), ".webp", {"lossless": True}),
    "RGB ppm": (colors(), ".ppm", {}),
    "L png": (colors().convert("L"), ".png", {}),
    "L pgm": (colors().convert("L"), ".pgm", {}),
    "1 png": (colors().convert("1"), ".png", {}),
    "P png": (colors().quantize(16), ".png", {}),
    "P gif": (colors().quantize(16), ".gif", {}),
    "RGBA png": (with_alpha("RGBA"), ".png", {}),
    "RGBA tiff": (with_alpha("RGBA"), ".tiff", {}),
    "RGBA webp": (with_alpha("RGBA"), ".webp", {"lossless": True, "exact": True}),
    "RGBA tga": (with_alpha("RGBA"), ".tga", {}),
    "LA png": (with_alpha("LA"), ".png", {}),
    "LA tiff": (with_alpha("LA"), ".tiff", {}),
    "CMYK tiff": (colors().convert("CMYK"), ".tiff", {}),
    "CMYK jpg": (colors().convert("CMYK"), ".jpg", {"quality": 95}),
    "YCbCr tiff": (colors().convert("YCbCr"), ".tiff", {}),
    "L with a clear grey": (*clear_color("L", ".png"), ".png"),  # type: ignore[dict-item]
    "RGB with a clear colour": (*clear_color("RGB", ".png"), ".png"),  # type: ignore[dict-item]
    "P with a clear entry": (colors().quantize(16), ".png", {"transparency": 3}),
}
WRITTEN = {
    name: (row[0], row[1], row[2]) if isinstance(row[1], str) else (row[0], row[2], row[1])
    for name, row in WRITTEN.items()
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_picture_is_read_as_pillow_shows_it_on_white(name: str, tmp_path: Path) -> None:
    image, suffix, options = WRITTEN[name]
    path = tmp_path / f"picture{suffix}"
    image.save(path, **options)
    with Image.open(path) as stored:
        shown = on_white(stored) if stored.has_transparency_data else stored.convert("RGB")
        expected = {3: np.asarray(shown.convert("RGB")), 1: np.asarray(shown.convert("L"))}
    pixels = read_image(path, 3)
    assert np.abs(pixels.transpose(1, 2, 0).astype(int) - expected[3].astype(int)).max() <= 1
    grey = read_image(path, 1)
    assert np.abs(grey[0].astype(int) - expected[1].astype(int)).max() <= 1
    assert image_kind(path) == (1 if image.mode in ("1", "L", "LA") else 3, SIZE)


RAMP = np.linspace(0, 1, SIZE[0] * SIZE[1]).reshape(SIZE)
DEEP: dict[str, tuple[np.ndarray[Any, Any], str, np.ndarray[Any, Any]]] = {
    "16 bits": ((RAMP * 65_535).astype(np.uint16), ".png", RAMP * 255),
    "16 bits that hold 8": ((RAMP * 255).astype(np.uint16), ".png", RAMP * 255),
    "16 bits of a TIFF": ((RAMP * 65_535).astype(np.uint16), ".tiff", RAMP * 255),
    "32 bits that hold 8": ((RAMP * 255).astype(np.int32), ".tiff", RAMP * 255),
    "32 bits that hold 16": ((RAMP * 65_535).astype(np.int32), ".tiff", RAMP * 255),
    "32 bits": ((RAMP * (2**31 - 1)).astype(np.int32), ".tiff", RAMP * 255),
    "32 bits of both signs": (((RAMP - 0.5) * 2_000).astype(np.int32), ".tiff", RAMP * 255),
    "real from 0 to 1": (RAMP.astype(np.float32), ".tiff", RAMP * 255),
    "real to 255": ((RAMP * 255).astype(np.float32), ".tiff", RAMP * 255),
    "real of both signs": ((RAMP * 4 - 2).astype(np.float32), ".tiff", RAMP * 255),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_pictures_are_brought_to_eight_bits_and_none_is_black(
    name: str, tmp_path: Path
) -> None:
    values, suffix, expected = DEEP[name]
    path = tmp_path / f"deep{suffix}"
    Image.fromarray(values).save(path)
    assert image_kind(path) == (1, SIZE)
    for channels in (1, 3):
        pixels = read_image(path, channels)
        assert pixels.shape == (channels, *SIZE)
        assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_what_is_no_number_is_black() -> None:
    values = np.array([[np.nan, np.inf], [0.5, 1.0]], dtype=np.float32)
    assert eight_bits(values).tolist() == [[0, 0], [128, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff"])
def test_a_picture_is_upright_however_the_camera_was_held(
    suffix: str, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / f"held{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    colors().save(path, exif=exif)
    with Image.open(path) as stored:
        upright = ImageOps.exif_transpose(stored).convert("RGB")
    pixels = read_image(path, 3).transpose(1, 2, 0)
    assert pixels.shape[:2] == (upright.height, upright.width)
    assert np.abs(pixels.astype(int) - np.asarray(upright).astype(int)).max() <= 1
    assert image_kind(path) == (3, (upright.height, upright.width))
    assert read_image(path, 3, (upright.height, upright.width)).shape[1:] == pixels.shape[:2]


def test_a_large_picture_that_lies_is_decoded_small_and_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    large = colors().resize((1200, 2000), Image.Resampling.BICUBIC)
    large.save(tmp_path / "large.jpg", exif=exif, quality=95)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "large.jpg"))
    small = upright.resize((50, 30), Image.Resampling.BILINEAR)
    pixels = read_image(tmp_path / "large.jpg", 3, (30, 50), resize=True)
    apart = np.abs(pixels.transpose(1, 2, 0).astype(int) - np.asarray(small).astype(int))
    assert apart.max() <= 6


def test_prediction_sees_what_training_saw(tmp_path: Path) -> None:
    with_alpha("RGBA").save(tmp_path / "clear.png")
    on_white(with_alpha("RGBA")).convert("RGB").save(tmp_path / "white.png")
    files = [tmp_path / "clear.png", tmp_path / "white.png"]
    seen = load_images(files, (3, *SIZE), mean=(0.0,) * 3, std=(1.0,) * 3)
    assert float((seen[0] - seen[1]).abs().max()) <= 1.01 / 255


@pytest.mark.parametrize("in_memory", [True, False])
def test_training_images_that_are_all_alike_are_refused(in_memory: bool, tmp_path: Path) -> None:
    root = class_tree(tmp_path / "tree")
    for path in root.rglob("*.png"):
        Image.new("RGB", (8, 8), (7, 7, 7)).save(path)
    data = {"dataset": "folder", "in_memory": in_memory, "workers": 0}
    with pytest.raises(TrainError, match="all training images are alike: every pixel is 7 of 255"):
        open_data(recipe_from({"data": data}), (3, 8, 8), num_classes=2, root=root)
