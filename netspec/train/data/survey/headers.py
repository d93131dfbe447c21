"""Image files by their headers: size, mode and format, without decoding where that is sure."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from PIL import Image

from netspec.train.data.decoding.decode import ORIENTATION, UnreadableImage, is_grey, read_image

LEVELS: Final = 20
"""A picture of fewer levels, of 255, is told: hardly anything is to be seen in it."""
_TAIL: Final = 64


@dataclass(frozen=True)
class Header:
    """An image as its file describes it; `size` is (height, width) of the picture upright.

    `grey` says whether it has one colour, `turned` whether EXIF has it turned or mirrored,
    `transparent` whether parts may be see-through, `deep` whether it has more than 8 bits a
    channel, and `faint` whether hardly anything is left of it in 8.
    """

    size: tuple[int, int]
    mode: str
    format: str
    grey: bool
    turned: bool
    transparent: bool
    deep: bool = False
    faint: bool = False


def read_header(path: Path) -> Header:
    """The header of a file, and a look at whether the rest is there.

    A JPEG that ends as such a file does is taken for whole, and a PNG whose checksums are right;
    others are decoded. Raises UnreadableImage where the training would, but for damage in the
    middle of a JPEG.
    """
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                found = _header(opened)
                if found.deep:
                    pixels = read_image(path, 1)
                    return replace(found, faint=int(pixels.max()) - int(pixels.min()) < LEVELS)
                if _is_whole(opened, file):
                    return found
    except UnreadableImage:
        raise
    except Exception:  # Pillow raises almost anything; the reason is told where it is decoded
        read_image(path, 3)
        raise UnreadableImage("its header cannot be read") from None
    read_image(path, 3)
    return found


def _header(image: Image.Image) -> Header:
    # Asked for EXIF that it does not have, a PNG is decoded to look behind its pixels.
    asked = image.format != "PNG" or "exif" in image.info
    orientation = image.getexif().get(ORIENTATION, 1) if asked else 1
    lies = orientation in (5, 6, 7, 8)
    return Header(
        size=(image.width, image.height) if lies else (image.height, image.width),
        mode=image.mode,
        format=image.format or "",
        grey=is_grey(image),
        turned=orientation in range(2, 9),
        transparent=image.has_transparency_data,
        deep=image.mode == "F" or image.mode.startswith("I"),
    )


def _is_whole(image: Image.Image, file: IO[bytes]) -> bool:
    """Whether the file is sure to hold all of the image."""
    if image.format == "PNG":
        image.verify()
        return True
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _TAIL))
    return image.format in ("JPEG", "MPO") and b"\xff\xd9" in file.read()
