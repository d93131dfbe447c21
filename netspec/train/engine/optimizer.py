"""The recipe's optimizer: torch's class by its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from netspec.recipe import Choice
from netspec.train.engine.checkpoint_form import changing_values, require_buffers
from netspec.train.machine.plan import FUSED


def make_optimizer(
    choice: Choice, parameters: Iterable[nn.Parameter], *, fused: bool, capturable: bool
) -> Optimizer:
    """``choice`` over ``parameters``; ``capturable`` makes its step fit for a CUDA graph."""
    args: dict[str, Any] = dict(choice.args)
    if fused and choice.name in FUSED:
        args["fused"] = True
    if capturable and choice.name in ("Adam", "AdamW"):
        args["capturable"] = True
    optimizer: Optimizer = getattr(torch.optim, choice.name)(list(parameters), **args)
    # The steps before the recording are meant to run as they are; torch would warn of them.
    optimizer._warned_capturable_if_run_uncaptured = True
    return optimizer


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load ``state`` with each buffer in its parameter's memory layout.

    A checkpoint holds plain contiguous tensors. Momentum of a channels-last weight must lie as
    the weight does: the values are the same either way, but another layout takes another path
    through the kernels, which may round differently. Which of torch's implementations runs is this
    machine's matter, and what the recipe says is the recipe's.

    Raises ValueError where ``state`` is of other weights.
    """
    optimizer.load_state_dict(changing_values(state, optimizer.state_dict()))
    for parameter, buffers in optimizer.state.items():
        require_buffers(parameter, buffers)
        for name, buffer in buffers.items():
            laid_out = isinstance(buffer, torch.Tensor) and buffer.dim() > 1
            if laid_out and buffer.shape == parameter.shape:
                buffers[name] = torch.empty_like(parameter, dtype=buffer.dtype).copy_(buffer)
