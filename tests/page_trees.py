"""Trees of images as the pages about data show them, laid out on the disk.

A line of a `tree` block is a path, maybe with `× 12` for so many files with numbers in the place of
`*`, and words on what the images are: `of several sizes`, `with transparency`, `turned by EXIF`,
`grey`, `16 bits`, `broken`. A path through `….zip` lies in such an archive.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

LINE = re.compile(r"(.+?)(?: × (\d+))?(?:\s{2,}(.*))?")
SIZES = ((32, 32), (24, 40), (40, 30))


def lay_out(tree: str, below: Path) -> None:
    """Make what a `tree` block shows; no two images are alike."""
    number = 0
    for line in tree.splitlines():
        match = LINE.fullmatch(line.strip())
        assert match, line
        path, count, words = match[1], int(match[2] or 1), match[3] or ""
        for copy in range(count):
            number += 1
            file = below / path.replace("*", f"{copy + 1:02}")
            file.parent.mkdir(parents=True, exist_ok=True)
            size = SIZES[copy % len(SIZES)] if "several sizes" in words else SIZES[0]
            write_image(file, number, size, words)
    for folder in sorted(below.rglob("*.zip")):
        with zipfile.ZipFile(folder.with_suffix(".tmp"), "w") as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder).as_posix())
        shutil.rmtree(folder)
        folder.with_suffix(".tmp").rename(folder)


def write_image(path: Path, seed: int, size: tuple[int, int], words: str) -> None:
    """A file of its suffix's format; text where that is none of an image."""
    if path.suffix not in (".jpg", ".png", ".webp", ".gif", ".tiff", ".bmp") or path.name[0] == ".":
        path.write_text("text")
        return
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 4), dtype=np.uint8)
    if "16 bits" in words:
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(path)
        return
    mode = "RGBA" if "transparency" in words else "L" if "grey" in words else "RGB"
    exif = Image.Exif()
    if "turned" in words:
        exif[0x0112] = 6
    options = {"exif": exif} if path.suffix == ".jpg" else {}
    Image.fromarray(pixels, "RGBA").convert(mode).save(path, **options)
    if "broken" in words:
        path.write_bytes(path.read_bytes()[:300])
