"""What training needs in memory, estimated from the layers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netspec.compiler.analysis.step_memory import step_memory
from netspec.recipe import states

if TYPE_CHECKING:
    from netspec.compiler.facade import Network


class Memory(NamedTuple):
    """Bytes in float32, by what holds them."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    optimizer_name: str

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def training_memory(network: Network, batch_size: int) -> Memory:
    """Weights, their gradients, the optimizer's state, and the most that a step holds of a batch.

    Torch needs some workspace beside that.
    """
    params = 4 * (network.num_params + network.training_params)
    name, args = network.recipe.optimizer.name, network.recipe.optimizer.args
    state = states(name, args) * params
    step = step_memory(network)
    return Memory(params, params, state, batch_size * step.peak.bytes(), name)
