"""What the process that others are forked from loads, once."""

from __future__ import annotations

import cases
import deaths
import killed_recipes
import numpy.ctypeslib
import pytest
import tensorboard.summary.writer.record_writer
import torch
import torchvision

import netspec.compiler.building
import netspec.compiler.sources.resolved
import netspec.ops.modules
import netspec.train.run

# The first optimizer and this switch import torch's compiler, which takes seconds.
torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))])
torch.use_deterministic_algorithms(False)

__all__ = [
    "cases",
    "deaths",
    "killed_recipes",
    "netspec",
    "numpy",
    "pytest",  # which is the main module of every child
    "tensorboard",
    "torch",
    "torchvision",
]
