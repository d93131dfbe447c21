"""The spec that `netspec init` writes."""

from __future__ import annotations

import os
from typing import Final

from netspec.source import parse_value, plain

CONV_BLOCK: Final = """\
  ConvBlock:
    params: {channels: int, stride: 1}
    layers:
      - Conv2d:
          {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1, bias: false}
      - BatchNorm2d
      - ReLU
"""
"""A block of both starters."""

STARTER = """\
# {name}: a small network to start from.
#   netspec check {file}      every mistake at its line and column
#   netspec summary {file}    every layer's shape, parameters and multiply-adds
#   netspec train {file}      train it as `train:` says
netspec: 1
name: {quoted}
params: {{num_classes: 10}} # change with --set num_classes=100
input: [1, 8, 8] # channels, height, width; the batch is implied

blocks:
  # A layer of one's own, with parameters: convolution, batch norm, ReLU.
{conv_block}
layers:
  stem: {{ConvBlock: {{channels: 16}}}}
  # Two branches of one input, added: a residual block.
  residual:
    branches:
      body:
        - ConvBlock: {{channels: 16}}
        - ConvBlock: {{channels: 16}}
      shortcut: Identity
    Add: {{}}
  down: {{ConvBlock: {{channels: 32, stride: 2}}}}
  pool: {{AdaptiveAvgPool2d: 1}}
  flatten: Flatten
  fc: {{Linear: $num_classes}} # input sizes are never written: they follow

train:
  data: {{dataset: digits, validation: 0.1}} # or CIFAR10, `folder`, `synthetic`, …
  epochs: 10
  batch_size: 64
  optimizer: {{SGD: {{lr: 0.1, momentum: 0.9, weight_decay: 1e-4}}}}
"""


def starter_text(path: str) -> str:
    """The starter of a network called as its file, `path`."""
    name = name_of(path)
    return STARTER.format(name=name, quoted=quoted(name), file=path, conv_block=CONV_BLOCK)


def name_of(path: str) -> str:
    """A network's name, from its file's."""
    name = os.path.splitext(os.path.basename(path))[0]
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name) or "network"


def quoted(name: str) -> str:
    """The name as YAML, in quotes where YAML would take it for a number or `true`."""
    return name if isinstance(plain(parse_value(name, "name")), str) else f"'{name}'"
