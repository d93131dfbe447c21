"""What the process that others are forked from loads, once."""

from __future__ import annotations

import cases
import torch.utils.tensorboard

import netspec.train.run

__all__ = ["cases", "netspec", "torch"]
