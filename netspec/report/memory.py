"""What training needs in memory, estimated from the layers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from netspec.compiler.network import Network

# Tensors of the parameters' own size that each of torch's optimizers keeps.
_STATES = {
    "SGD": 0, "Adam": 2, "AdamW": 2, "NAdam": 2, "RAdam": 2, "Adamax": 2, "RMSprop": 1,
    "Adagrad": 1, "Adadelta": 2,
}  # fmt: skip


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
    """Weights, their gradients, the optimizer's state, and every layer's output for a batch.

    An upper estimate of the activations: torch also frees what no backward pass needs, and
    needs workspace of its own.
    """
    params = 4 * (network.num_params + network.training_params)
    given = network.train.get("optimizer") or {"SGD": {"momentum": 0.9}}
    name = given if isinstance(given, str) else next(iter(given))
    args = {} if isinstance(given, str) else (given[name] or {})
    states = _STATES.get(name, 2)
    if name == "SGD" and args.get("momentum"):
        states = 1
    return Memory(params, params, states * params, batch_size * network.activation_bytes, name)
