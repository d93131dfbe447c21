"""Image files → uint8 arrays; also a program of its own, so that decoding uses every core.

Needs neither torch nor the rest of netspec: a process that runs this file starts in a fraction of
a second, whatever the program that started it looks like. It is given the path of a job and the
range of files to decode, writes into the job's memory-mapped array, and prints a line of JSON for
each file that is in the way.
"""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

Array = np.ndarray[Any, np.dtype[np.uint8]]


class UnreadableImage(Exception):
    """A file that is no whole image; the message is the reason."""


@dataclass(frozen=True)
class OddSize(Exception):
    """An image whose height and width are not those of the others."""

    found: tuple[int, int]


def read_image(
    path: Path, channels: int, size: tuple[int, int] | None = None, *, resize: bool = False
) -> Array:
    """One image as uint8 [channels, height, width]: grey for 1 channel, else red, green, blue.

    Files with more than 8 bits a channel keep the upper 8. With `resize` the image is brought to
    `size` (height, width), smoothed; without, another size raises OddSize. A file that cannot be
    read, whole, raises UnreadableImage.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as opened:
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if resize and size is not None:
                # JPEG can be decoded at half or less; twice the target leaves enough to smooth.
                opened.draft(None, (2 * size[1], 2 * size[0]))
            elif size is not None and (opened.height, opened.width) != size:
                raise OddSize((opened.height, opened.width))
            image = _colored(opened, channels)
            if resize and size is not None and (image.height, image.width) != size:
                image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            pixels = np.asarray(image, dtype=np.uint8)
    except OddSize:
        raise
    except Exception as error:  # Pillow's decoders raise almost anything over a damaged file
        raise UnreadableImage(_reason(error)) from error
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _colored(image: Image.Image, channels: int) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits, whatever the container calls it
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype("u1"))
    mode = "L" if channels == 1 else "RGB"
    if image.mode == mode:
        image.load()
        return image
    return image.convert(mode)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its bytes are of no image format that Pillow knows"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "it claims to hold more pixels than is safe to decode"
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.rstrip(".").lower()


def image_kind(path: Path) -> tuple[int, tuple[int, int]]:
    """Channels (1 for grey, else 3) and (height, width) of an image, from its header."""
    try:
        with Image.open(path) as opened:
            grey = opened.mode in ("1", "L", "LA") or opened.mode.startswith("I")
            return (1 if grey else 3), (opened.height, opened.width)
    except Exception as error:
        raise UnreadableImage(_reason(error)) from error


def decode_range(job: dict[str, Any], out: Array, first: int, last: int) -> list[dict[str, Any]]:
    """Decode files `first` to `last` - 1 of a job into `out`; gives what is in the way.

    At most five unreadable files are told; one of another size ends it.
    """
    root, files = Path(job["root"]), job["files"]
    channels, size, resize = job["channels"], tuple(job["size"]), job["resize"]
    problems: list[dict[str, Any]] = []
    for place in range(first, last):
        try:
            out[place] = read_image(root / files[place], channels, size, resize=resize)
        except UnreadableImage as error:
            problems.append({"path": files[place], "reason": str(error)})
        except OddSize as error:
            problems.append({"path": files[place], "size": error.found})
            break
        if len(problems) >= 5:
            break
    return problems


def main(arguments: list[str]) -> None:
    """`decode.py JOB FIRST LAST`."""
    job = json.loads(Path(arguments[0]).read_text())
    out = np.load(job["out"], mmap_mode="r+")
    for problem in decode_range(job, out, int(arguments[1]), int(arguments[2])):
        print(json.dumps(problem), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
