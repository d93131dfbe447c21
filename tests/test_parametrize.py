"""`parametrize` is torch.nn.utils.parametrizations, written beside a layer."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

import pytest
import torch
from test_ops import ROWS, Row
from torch import nn
from torch.nn.utils import parametrizations

import netspec
from netspec import SpecError
from netspec.compiler.analysis.state import _module_by_module
from netspec.compiler.facade import Network
from netspec.ops.parametrize import PARAMETRIZATIONS, READ_AS_ONE, Chosen, misfit, parametrized

HEAD = "netspec: 1\ninput: [3, 6, 6]\n"


def network(layers: str, rest: str = "") -> Network:
    return netspec.loads(f"{HEAD}layers:\n{layers}\n{rest}")


def same_state(module: nn.Module, expected: nn.Module) -> None:
    state, other = module.state_dict(), expected.state_dict()
    assert list(state) == list(other)
    for key in state:
        assert torch.equal(state[key], other[key]), key


NETWORK = """
  conv: {Conv2d: {out_channels: 4, kernel_size: 3}, parametrize: weight_norm}
  norm: BatchNorm2d
  up: {parametrize: spectral_norm, ConvTranspose2d: {out_channels: 5, kernel_size: 2}}
  flat: Flatten
  fc:
    Linear: 7
    parametrize:
      - spectral_norm: {name: bias}
      - spectral_norm: {n_power_iterations: 3, eps: 1e-6}
  out: {Linear: 2, parametrize: {weight_norm: {dim: null}}}
"""


def by_hand() -> nn.Module:
    spectral, weight = parametrizations.spectral_norm, parametrizations.weight_norm
    module = nn.Sequential()
    module.add_module("conv", weight(nn.Conv2d(3, 4, 3)))
    module.add_module("norm", nn.BatchNorm2d(4))
    module.add_module("up", spectral(nn.ConvTranspose2d(4, 5, 2)))
    module.add_module("flat", nn.Flatten())
    fc = spectral(nn.Linear(125, 7), name="bias")
    module.add_module("fc", spectral(fc, n_power_iterations=3, eps=1e-6))
    module.add_module("out", weight(nn.Linear(7, 2), dim=None))
    return module


@pytest.fixture
def built() -> nn.Module:
    torch.manual_seed(5)
    return network(NETWORK).build()


def test_weights_keys_and_runs_are_those_of_code_written_by_hand(built: nn.Module) -> None:
    torch.manual_seed(5)
    reference = by_hand()
    same_state(built, reference)
    x = torch.randn(2, 3, 6, 6)
    for mode in (True, True, False):  # power iteration moves on in each training step
        assert torch.equal(built.train(mode)(x), reference.train(mode)(x))
        same_state(built, reference)


def test_names_shapes_and_counts_are_known_without_torch(built: nn.Module) -> None:
    net = network(NETWORK)
    state = {key: tuple(tensor.shape) for key, tensor in built.state_dict().items()}
    assert list(net.state.items()) == list(state.items())
    assert net.num_params == sum(p.numel() for p in built.parameters())
    plain = network("""
  conv: {Conv2d: {out_channels: 4, kernel_size: 3}}
  norm: BatchNorm2d
  up: {ConvTranspose2d: {out_channels: 5, kernel_size: 2}}
  flat: Flatten
  fc: {Linear: 7}
  out: {Linear: 2}
""")
    assert (net.macs, net.activation_bytes) == (plain.macs, plain.activation_bytes)
    assert net.min_input_size == plain.min_input_size


def test_it_is_copied_and_compiled_and_refuses_pickling_as_torch_has_it(built: nn.Module) -> None:
    x = torch.randn(2, 3, 6, 6)
    expected = built.eval()(x)
    assert torch.equal(deepcopy(built)(x), expected)
    assert torch.allclose(torch.compile(built, backend="eager")(x), expected)
    other = network(NETWORK).build().eval()
    other.load_state_dict(built.state_dict())
    assert torch.equal(other(x), expected)
    with pytest.raises(RuntimeError, match="only supported through state_dict"):
        pickle.dumps(built)


def test_gradients_reach_what_is_learned(built: nn.Module) -> None:
    built(torch.randn(2, 3, 6, 6)).square().sum().backward()
    assert all(p.grad is not None for p in built.parameters())


RULED = """
  conv: {Conv2d: {out_channels: 4, kernel_size: 3}, parametrize: HOW}
  flat: Flatten
  fc: {Linear: 2}
"""


@pytest.mark.parametrize("how", ["weight_norm", "spectral_norm"])
def test_a_rule_of_init_starts_the_weight_whole(how: str) -> None:
    rest = "init: {Conv2d: {weight: {normal_: {std: $(1 / sqrt(fan_in))}}, bias: zeros_}}"
    torch.manual_seed(1)
    module = network(RULED.replace("HOW", how), rest).build()
    torch.manual_seed(1)
    getattr(parametrizations, how)(nn.Conv2d(3, 4, 3))  # which draws before the rules do
    nn.Linear(64, 2)
    weight = torch.empty(4, 3, 3, 3)
    nn.init.normal_(weight, std=27**-0.5)
    assert not module.conv.bias.any()
    listed = module.conv.parametrizations.weight
    if how == "weight_norm":
        assert torch.equal(listed.original1, weight)
        assert torch.allclose(module.conv.weight, weight, atol=1e-6)
        assert torch.equal(listed.original0, torch.norm_except_dim(weight, 2, 0))
    else:
        assert torch.equal(listed.original, weight)
        largest = torch.linalg.matrix_norm(module.eval().conv.weight.flatten(1), 2)
        assert largest.item() == pytest.approx(1, rel=0.05)


def test_a_rule_of_init_names_what_is_kept() -> None:
    rest = "init: {conv.parametrizations.weight: {original0: ones_}}"
    module = network(RULED.replace("HOW", "weight_norm"), rest).build()
    norms = torch.norm_except_dim(module.conv.weight, 2, 0)
    assert torch.allclose(norms, torch.ones(4, 1, 1, 1))
    with pytest.raises(SpecError, match="no layer has a parameter `original0`"):
        network(RULED.replace("HOW", "null"), "init: {Conv2d: {original0: ones_}}")


NORMED = ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]


@pytest.mark.parametrize(
    ("how", "keys"),
    [
        ("null", ["weight", "bias"]),
        ("$how", NORMED),
        ("$(how if false else null)", ["weight", "bias"]),
        ("{$how: {}}", "NS201"),
        ("{weight_norm: {dim: $(1 + 1)}}",
         NORMED),
        ("{weight_norm: {dim: $(1 + 9)}}", "NS313"),
        ("{weight_norm: {dim: $how}}", "NS202"),
        ("{weight_norm: {dim: -1}}", "NS204"),
        ("$(how + 's')", "NS201"),
        ("[]", "NS204"),
        ("[weight_norm, {weight_norm: {}}]", "NS313"),
        ("{spectral_norm: {n_power_iterations: 0}}", "NS204"),
        ("{spectral_norm: {iterations: 2}}", "NS201"),
        ("{spectral_norm: {dim: 3}}", ["bias", "parametrizations.weight.original",
                                       "parametrizations.weight.0._u",
                                       "parametrizations.weight.0._v"]),
        ("3", "NS202"),
        ("{}", "NS203"),
    ],
)  # fmt: skip
def test_how_it_may_be_written(how: str, keys: list[str] | str) -> None:
    text = f"{HEAD}params: {{how: weight_norm}}\nlayers:\n{RULED}".replace("HOW", how)
    if isinstance(keys, list):
        net = netspec.loads(text)
        assert [k.removeprefix("conv.") for k in net.state if k.startswith("conv")] == keys
        assert list(net.build().state_dict()) == list(net.state)
        assert list(netspec.loads(net.resolved()).state) == list(net.state)
        return
    with pytest.raises(SpecError) as caught:
        netspec.loads(text)
    assert [found.code for found in caught.value.diagnostics] == [keys]


def test_copies_a_call_and_a_block_of_one_layer_are_parametrized() -> None:
    text = """
netspec: 1
input: [4]
params: {layer: Linear}
blocks:
  Normed: {layers: {Linear: 4, parametrize: weight_norm}}
layers:
  a: {repeat: 2, Linear: 4, parametrize: weight_norm}
  b$index: {each: 2, $layer: 4, parametrize: weight_norm}
  c: Normed
  again: {call: c}
"""
    net = netspec.loads(text)
    module = net.build()
    assert net.num_params == sum(p.numel() for p in module.parameters()) == 5 * 24
    assert list(module.state_dict()) == list(net.state)
    assert module(torch.ones(1, 4)).shape == (1, 4)


def test_a_layer_may_be_called_parametrize() -> None:
    assert list(network("  parametrize: {Conv2d: {out_channels: 2, kernel_size: 1}}").state) == [
        "parametrize.weight",
        "parametrize.bias",
    ]


def weighted() -> dict[str, Row]:
    """One row of each layer that has parameters of its own."""
    found: dict[str, Row] = {}
    for row in ROWS.values():
        if row.output and row.op.arity != (0, 0):
            op = row.op(**row.args)
            if any("." not in name for name in op.parameters(*row.inputs)):
                found.setdefault(row.op.__name__, row)
    return found


WEIGHTED = weighted()


@pytest.mark.parametrize("function", PARAMETRIZATIONS)
@pytest.mark.parametrize("name", WEIGHTED)
def test_every_layer_with_weights_is_parametrized_as_torch_does(name: str, function: str) -> None:
    """Its tensors are torch's, and what is learned changes what it gives."""
    row = WEIGHTED[name]
    op = row.op(**row.args)
    tensors = op.parameters(*row.inputs)
    for tensor in (n for n in tensors if "." not in n):
        chosen = Chosen(function, (("name", tensor),))
        if misfit(op, chosen, tensors) is not None:
            assert name in READ_AS_ONE or name.startswith("ConvTranspose")
            continue
        made = parametrized(op, (chosen,))
        module = made.make(*row.inputs)
        said = {**made.parameters(*row.inputs), **made.buffers(*row.inputs)}
        state = {key: tuple(value.shape) for key, value in module.state_dict().items()}
        assert {key: said[key] for key in _module_by_module(list(said))} == state
        assert type(made).__name__ == name
        assert isinstance(made, type(op))
        if function == "spectral_norm" and tensors[tensor] == (1,):
            continue  # which is 1 whatever is learned
        before = ran(module, row)
        with torch.no_grad():
            for key, parameter in module.named_parameters():
                if "parametrizations" in key:
                    parameter.copy_(torch.rand_like(parameter) + 0.5)
        assert not torch.equal(ran(module, row), before), tensor


def ran(module: nn.Module, row: Row) -> Any:
    torch.manual_seed(0)
    if row.op.__name__ in ("Embedding", "EmbeddingBag"):
        inputs = [torch.zeros(2, *shape, dtype=torch.int64) for shape in row.inputs]
    else:
        inputs = [torch.rand(2, *shape) - 0.5 for shape in row.inputs]
    with torch.no_grad():
        out = module.eval()(*inputs)
    return out[0] if isinstance(out, tuple) else out
