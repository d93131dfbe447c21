"""What the process that others are forked from loads, once."""

from __future__ import annotations

import cases
import torch.utils.tensorboard

import netspec.train.run

# The first optimizer and this switch import torch's compiler, which takes seconds.
torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))])
torch.use_deterministic_algorithms(False)

__all__ = ["cases", "netspec", "torch"]
