"""What the process that others are forked from loads, once."""

from __future__ import annotations

import cases
import tensorboard.summary.writer.record_writer
import torch

import netspec.train.run

# The first optimizer and this switch import torch's compiler, which takes seconds.
torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))])
torch.use_deterministic_algorithms(False)

__all__ = ["cases", "netspec", "tensorboard", "torch"]
