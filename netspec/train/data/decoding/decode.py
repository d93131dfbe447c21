"""Image files → uint8 arrays; also a program of its own, so that decoding uses every core.

Needs neither torch nor the rest of netspec: a process that runs this file starts in a fraction of
a second, whatever the program that started it looks like. It is given the path of a job and the
range of files to decode, writes into the job's memory-mapped array, and prints a line of JSON for
each file that is in the way.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

Array = np.ndarray[Any, np.dtype[np.uint8]]


ORIENTATION = 0x0112
"""The EXIF tag that says how a picture is turned or mirrored, 1 for not at all."""


class UnreadableImage(Exception):
    """A file that is no whole image; the message is the reason."""


class OddSize(Exception):
    """An image whose height and width, `found`, are not those of the others."""

    def __init__(self, found: tuple[int, int]) -> None:
        super().__init__(found)
        self.found = found


def read_image(
    path: Path | BinaryIO,
    channels: int,
    size: tuple[int, int] | None = None,
    *,
    resize: bool = False,
) -> Array:
    """One image as uint8 [channels, height, width]: grey for 1 channel, else red, green, blue.

    It is upright, as its EXIF orientation says, and what is transparent is white. More than 8 bits
    a channel are brought to 8 (see `eight_bits`). With `resize` the image is brought to `size`
    (height, width), smoothed; without, another size raises OddSize. A file that cannot be read,
    whole, raises UnreadableImage.
    """
    try:
        with warnings.catch_warnings(), _opened(path) as opened:
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if resize and size is not None:
                # JPEG can be decoded at half or less; twice the target leaves enough to smooth.
                height, width = size[::-1] if _lies(opened) else size
                opened.draft(None, (2 * width, 2 * height))
            elif size is not None and _upright_size(opened) != size:
                raise OddSize(_upright_size(opened))
            image = _colored(ImageOps.exif_transpose(opened), channels)
            if resize and size is not None and (image.height, image.width) != size:
                image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            pixels = np.asarray(image, dtype=np.uint8)
    except OddSize:
        raise
    except Exception as error:  # Pillow's decoders raise almost anything over a damaged file
        raise UnreadableImage(_reason(error)) from error
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[Image.Image]:
    """An image of a plain file, which is not waited for: a pipe may have come in its place."""
    if not isinstance(source, Path):
        with Image.open(source) as opened:
            yield opened
        return
    with open(source, "rb", opener=_without_waiting) as file, Image.open(file) as opened:
        yield opened


def _without_waiting(path: str, flags: int) -> int:
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableImage("it is no plain file")
    return handle


def _lies(image: Image.Image) -> bool:
    """Whether the stored rows are the columns of the picture, as its EXIF orientation says."""
    return image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Height and width of the picture as it is seen."""
    if image.format == "TIFF" and _lies(image):  # which some versions of Pillow turn on loading
        image = ImageOps.exif_transpose(image)
        return (image.height, image.width)
    return (image.width, image.height) if _lies(image) else (image.height, image.width)


def is_grey(image: Image.Image) -> bool:
    """Whether an image's mode has one colour."""
    return image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")


def _colored(image: Image.Image, channels: int) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        image = Image.fromarray(eight_bits(np.asarray(image)))
    mode = "L" if channels == 1 else "RGB"
    if image.mode == "LAB":
        image = _from_lab(image)
    elif image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA")).convert(
            "L" if is_grey(image) else "RGB"
        )
    if image.mode == mode:
        image.load()
        return image
    return image.convert(mode)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    changed = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
    assert changed is not None
    return changed


def eight_bits(values: np.ndarray[Any, Any]) -> Array:
    """Grey values of 16 or 32 bits, or real ones, as 0 to 255.

    The white of an image is the least of 1 (of real numbers), 255, 65,535 and 2³¹ - 1 that no value
    exceeds, so that files that hold few bits in many are not black. Where some are below 0, they
    are stretched from the least to the largest.
    """
    real = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    least, most = float(real.min()), float(real.max())
    if least < 0:
        stretched: Array = np.rint((real - least) * (255 / ((most - least) or 1))).astype(np.uint8)
        return stretched
    whites = ((1.0,) if values.dtype.kind == "f" else ()) + (255.0, 65_535.0, 2.0**31 - 1)
    white = next((white for white in whites if most <= white), most)
    # 8 of 16 bits are the upper ones, as everywhere
    eight = real // 256 if white == 65_535.0 else np.rint(real * (255 / white))
    scaled: Array = eight.astype(np.uint8)
    return scaled


def _reason(error: Exception) -> str:
    if isinstance(error, UnreadableImage):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "its bytes are of no image format that Pillow knows"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "it claims to hold more pixels than is safe to decode"
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.rstrip(".").lower()


def image_kind(path: Path) -> tuple[int, tuple[int, int]]:
    """Channels (1 for grey, else 3) and (height, width) of an upright image, from its header."""
    try:
        with _opened(path) as opened:
            return (1 if is_grey(opened) else 3), _upright_size(opened)
    except Exception as error:
        raise UnreadableImage(_reason(error)) from error


def decode_range(
    job: dict[str, Any], out: Array | None, first: int, last: int
) -> list[dict[str, Any]]:
    """Decode files `first` to `last` - 1 of a job into `out`; gives what is in the way.

    At most five unreadable files are told; one of another size ends it. Without `out`, files are
    only tried, at any size, and every unreadable one is told.
    """
    root, files, channels = Path(job["root"]), job["files"], job["channels"]
    size = None if out is None else tuple(job["size"])
    problems: list[dict[str, Any]] = []
    for place in range(first, last):
        try:
            image = read_image(root / files[place], channels, size, resize=job["resize"])
            if out is not None:
                out[place] = image
        except UnreadableImage as error:
            problems.append({"path": files[place], "reason": str(error)})
        except OddSize as error:
            problems.append({"path": files[place], "size": error.found})
            break
        if len(problems) >= 5 and out is not None:
            break
    return problems


def main(arguments: list[str]) -> None:
    """`decode.py JOB FIRST LAST`."""
    job = json.loads(Path(arguments[0]).read_text())
    out = None if job["out"] is None else np.load(job["out"], mmap_mode="r+")
    for problem in decode_range(job, out, int(arguments[1]), int(arguments[2])):
        print(json.dumps(problem), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
