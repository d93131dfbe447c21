"""Linear maps of the last dimension."""

from __future__ import annotations

from math import prod

from netspec.json_schema import BOOL, POSITIVE
from netspec.ops.base import Shape, arg
from netspec.ops.torch_op import TorchOp, require_features


class Linear(TorchOp):
    """Linear map of the last dimension, with weights of its own: a fully connected layer."""

    saves = "input"

    linear = True

    out_features: int = arg(POSITIVE, "size of the last dimension of the output", bare=True)
    bias: bool = arg(BOOL, "whether each output feature has a bias", default=True)

    def fixed(self, *inputs: Shape) -> tuple[int]:
        """`in_features`."""
        return (inputs[0][-1],)

    def infer(self, *inputs: Shape) -> Shape:
        """`(*leading, in_features)` → `(*leading, out_features)`."""
        require_features(self, inputs[0])
        return (*inputs[0][:-1], self.out_features)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """`weight` of `(out_features, in_features)`, and `bias`."""
        weight = (self.out_features, inputs[0][-1])
        return {"weight": weight, "bias": (self.out_features,)} if self.bias else {"weight": weight}

    def macs(self, *inputs: Shape) -> int:
        """One product of a vector with the weights for every leading position."""
        return prod(inputs[0]) * self.out_features
