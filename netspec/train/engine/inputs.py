"""What a network takes of a batch, one tensor or one for each input, moved and handed to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from netspec.train.data import Inputs
from netspec.train.machine.plan import Plan
from netspec.train.trainable import NetworkInput


def each(inputs: Inputs, change: Callable[[Tensor], Tensor]) -> Inputs:
    """`change` of every tensor."""
    return tuple(map(change, inputs)) if isinstance(inputs, tuple) else change(inputs)


def called(module: nn.Module, inputs: Inputs) -> Tensor | dict[str, Tensor]:
    """What the module gives for the inputs, in their order."""
    outputs: Tensor | dict[str, Tensor] = (
        module(*inputs) if isinstance(inputs, tuple) else module(inputs)
    )
    return outputs


def laid_out(inputs: Inputs, plan: Plan) -> Inputs:
    """The same with images in the plan's layout."""

    def change(values: Tensor) -> Tensor:
        if values.dim() != 4 or not values.is_floating_point():
            return values
        return values.contiguous(memory_format=plan.memory_format)

    return each(inputs, change)


def tensors(inputs: Inputs) -> tuple[Tensor, ...]:
    """All of them."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def count(inputs: Inputs) -> int:
    """Samples of the batch."""
    return len(tensors(inputs)[0])


def stacked(samples: Sequence[Inputs]) -> Inputs:
    """A batch of single samples, which have no batch of their own."""
    columns = zip(*map(tensors, samples), strict=True)
    made = tuple(torch.stack(values) for values in columns)
    return made if len(made) > 1 else made[0]


def trial_inputs(taken: Sequence[NetworkInput], batch: int, device: torch.device) -> Inputs:
    """Noise of the network's inputs: numbers, integers below their bound, truths that are true."""

    def noise(one: NetworkInput) -> Tensor:
        shape = (batch, *one.shape)
        if one.dtype.name == "bool":
            return torch.ones(shape, dtype=torch.bool, device=device)
        if one.dtype.name == "int64":
            return torch.randint(one.dtype.below or 2, shape, device=device)
        return torch.randn(shape, device=device)

    made = tuple(map(noise, taken))
    return made if len(made) > 1 else made[0]
