"""The spec that `netspec init --data` writes: a small network for images of one's own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from netspec.counted import counted
from netspec.escape import safe
from netspec.report.starter import CONV_BLOCK, name_of, quoted

FEW = 200
"""Of fewer images, more of them are held out for validation, and more epochs are trained."""
LARGE = 64
"""Images of so many pixels a side are halved by the first layer."""
LEAST = 4
"""No stage makes images smaller than this, in pixels."""
WIDTHS = (32, 64, 128, 256)
"""Channels of the stages, of which there are as many as the images' size allows."""

TEXT = """\
# {name}: {number} classes of images in {where}: {classes}.
#   netspec data {file}    what they hold; `--show {name}.png` draws them as the network sees them
#   netspec train {file}   train it as `train:` says
netspec: 1
name: {quoted}
params: {{num_classes: {number}}}
input: [{channels}, {height}, {width}] # channels, height, width{input_note}

blocks:
{conv_block}
layers:
  stem: {{ConvBlock: {{channels: 16{stride}}}}}
{stages}\
  pool: {{AdaptiveAvgPool2d: 1}}
  flatten: Flatten
  fc: {{Linear: $num_classes}} # input sizes are never written: they follow

train:
  data:
    dataset: folder
    root: {root} # relative to this file
{data}\
  # add RandomHorizontalFlip where a mirrored picture is of the same class
  augment:
    - RandomCrop: {{size: [{height}, {width}], padding: {padding}, padding_mode: reflect}}
  epochs: {epochs}
  batch_size: 32
  optimizer: {{AdamW: {{lr: 1e-3, weight_decay: 0.01}}}}
  scheduler: CosineAnnealingLR # the rate falls to nothing by the end of the run
"""


@dataclass(frozen=True)
class Images:
    """What is known of the images that a spec is for.

    `root` is their folder or archive, from the spec's folder. `size` is (height, width) that the
    network takes, `resize` says whether they must be brought to it, `convert` whether grey and
    coloured ones are mixed. `validation` asks for a share of them to be held out, and `broken`
    counts those that cannot be read.
    """

    root: str
    classes: tuple[str, ...]
    count: int
    channels: int
    size: tuple[int, int]
    resize: bool
    convert: bool
    validation: bool
    broken: int = 0


def image_starter_text(path: str, images: Images) -> str:
    """The spec in the file `path`, which checks without a finding."""
    name, (height, width) = name_of(path), images.size
    large = min(images.size) >= LARGE
    shown = ", ".join(safe(one).replace("`", "'") for one in images.classes[:8])
    return TEXT.format(
        name=name,
        quoted=quoted(name),
        conv_block=CONV_BLOCK,
        file=path,
        where=f"`{safe(images.root)}`",
        number=len(images.classes),
        classes=shown + (", …" if len(images.classes) > 8 else ""),
        channels=images.channels,
        height=height,
        width=width,
        input_note="; images are brought to this size" if images.resize else "",
        stride=", stride: 2" if large else "",
        stages=_stages(-(-min(images.size) // 2) if large else min(images.size)),
        root=_text(images.root),
        data="".join(f"    {line}\n" for line in _data(images)),
        padding=max(1, min(images.size) // 8),
        epochs=30 if images.count < FEW else 20,
    )


def _stages(side: int) -> str:
    """Stages that halve the image, until it is small."""
    lines = []
    for number, width in enumerate(WIDTHS, 1):
        if side < 2 * LEAST:
            break
        side = -(-side // 2)
        lines.append(
            f"  stage{number}: [ConvBlock: {{channels: {width}, stride: 2}}, "
            f"ConvBlock: {{channels: {width}}}]\n"
        )
    return "".join(lines)


def _data(images: Images) -> list[str]:
    lines = []
    if images.resize:
        lines.append(f"resize: [{images.size[0]}, {images.size[1]}] # to one size")
    if images.convert:
        lines.append("channels: 3 # grey images, too, as red, green and blue")
    if images.validation:
        share = 0.2 if images.count < FEW else 0.1
        lines.append(f"validation: {share} # held out of the training images, to choose the best")
    if images.broken:
        what = counted(images.broken, "image")
        lines.append(f"skip_broken: true # {what} cannot be read: `netspec data` names them")
    return lines


def _text(root: str) -> str:
    """A path as YAML, in quotes unless it is plain."""
    return root if re.fullmatch(r"[A-Za-z_./~][\w./~-]*", root) else json.dumps(root)
