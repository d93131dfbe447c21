"""Layers of arithmetic and of reductions compute what torch computes, to the bit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from netspec.ops import OPS

OF_ONE: dict[str, tuple[dict[str, object], Callable[[Tensor], Tensor]]] = {
    "Scale": ({"factor": 0.1}, lambda x: x * 0.1),
    "Shift": ({"offset": -2}, lambda x: x - 2),
    "Neg": ({}, torch.neg),
    "Abs": ({}, torch.abs),
    "Exp": ({}, torch.exp),
    "Log": ({}, torch.log),
    "Sqrt": ({}, torch.sqrt),
    "Square": ({}, lambda x: x * x),
    "Pow": ({"exponent": 1.5}, lambda x: x**1.5),
    "Clamp": ({"min": 0.5, "max": 0.7}, lambda x: x.clamp(0.5, 0.7)),
    "Sin": ({}, torch.sin),
    "Cos": ({}, torch.cos),
    "Reciprocal": ({}, lambda x: 1 / x),
    "Mean": ({"dim": [1, 3]}, lambda x: x.mean((1, 3))),
    "Sum": ({"dim": -1}, lambda x: x.sum(3)),
    "Amax": ({"dim": [2, 3], "keepdim": True}, lambda x: torch.amax(x, (2, 3), True)),
    "Amin": ({"dim": 1}, lambda x: torch.amin(x, 1)),
    "Var": ({"dim": [1, 2, 3]}, lambda x: torch.var(x, (1, 2, 3))),
    "Norm": ({"dim": 1}, lambda x: torch.linalg.vector_norm(x, 2, 1)),
    "Normalize": ({"dim": 2}, lambda x: F.normalize(x, dim=2)),
    "CumSum": ({"dim": 2}, lambda x: x.cumsum(2)),
}
"""Each layer with its arguments, and what it does."""

OF_TWO: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Sub": torch.sub,
    "Div": torch.div,
    "Maximum": torch.maximum,
    "Minimum": torch.minimum,
    "Add": torch.add,
    "Mul": torch.mul,
}


@pytest.mark.parametrize("name", OF_ONE)
def test_a_layer_of_one_input_is_torchs_function(name: str) -> None:
    args, function = OF_ONE[name]
    torch.manual_seed(0)
    x, y = (torch.rand(2, 3, 4, 5).add(0.1).requires_grad_() for _ in range(2))
    y.data.copy_(x.data)
    module = OPS[name](**args).make((3, 4, 5))
    out, expected = module(x), function(y)
    assert out.equal(expected)
    out.sum().backward()
    expected.sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert x.grad.equal(y.grad) or torch.allclose(x.grad, y.grad)
    for key, value in args.items():
        shown = tuple(value) if isinstance(value, list) else value
        assert f"{key}={shown}" in repr(module)


@pytest.mark.parametrize("name", OF_TWO)
def test_a_join_is_torchs_function_from_left_to_right(name: str) -> None:
    torch.manual_seed(0)
    x, y = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 1, 5) + 0.1
    module = OPS[name]().make((3, 4, 5), (3, 1, 5))
    assert module(x, y).equal(OF_TWO[name](x, y))
    assert module(y, x).equal(OF_TWO[name](y, x))
    if OPS[name].arity == (2, None):
        z = torch.rand(2, 3, 4, 5)
        assert module(x, y, z).equal(OF_TWO[name](OF_TWO[name](x, y), z))
