"""Tensors of a network by their own names: learned, frozen, and buffers, in torch's order."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch

import netspec
from netspec.compiler.analysis.state import state_shapes
from netspec.compiler.analysis.step_memory import step_memory
from netspec.ops import OPS
from netspec.ops.dtype import FLOAT, Dtype

SPEC = """
netspec: 1
input: [16, 24]
layers:
  norm: LayerNorm
  positions: {Buffer: {shape: [16, 24], sinusoidal: true}}
  hidden: {Buffer: {shape: [1, 24], arange: true, persistent: false}}
  frozen: {Parameter: {shape: [1, 24], fill: 2, trainable: false}}
  learned: {Parameter: {shape: [1, 24], fill: 1}}
  sum: {from: [norm, positions, hidden, frozen, learned], Add: {}}
  both: {from: [sum, positions], Concat: 1}
"""


def test_a_frozen_tensor_and_buffers_stand_where_torch_has_them() -> None:
    network = netspec.loads(SPEC)
    module = network.build()
    state = module.state_dict()
    assert list(state) == ["frozen", "learned", "positions", "norm.weight", "norm.bias"]
    assert {k: tuple(v.shape) for k, v in state.items()} == state_shapes(network.root)
    assert list(state) == list(state_shapes(network.root))
    learned = [name for name, value in module.named_parameters() if value.requires_grad]
    assert learned == ["learned", "norm.weight", "norm.bias"]
    assert network.num_params == 24 * 3


def test_they_take_part_in_what_is_computed_and_only_the_learned_learns() -> None:
    module = netspec.loads(SPEC).build()
    x = torch.randn(2, 16, 24)
    for net in (module, copy.deepcopy(module)):
        out = net(x)
        table = module.get_buffer("positions")
        expected = net.norm(x) + table + torch.arange(24.0) + 2 + 1  # type: ignore[operator]
        assert torch.allclose(out[:, :16], expected, atol=1e-5)
        assert out[0, 16:].equal(table)
        out.sum().backward()
        assert net.get_parameter("learned").grad is not None
        assert net.get_parameter("frozen").grad is None


def test_sinusoidal_positions_are_the_formula() -> None:
    table = OPS["Buffer"](shape=[5, 7], sinusoidal=True).make()
    for p in range(5):
        for feature in range(7):
            angle = p / 10000 ** (2 * (feature // 2) / 7)
            wave = math.sin if feature % 2 == 0 else math.cos
            assert table[p, feature].item() == pytest.approx(wave(angle), abs=1e-6)


@pytest.mark.parametrize(
    ("args", "kind", "held"),
    [
        ({"fill": 2}, FLOAT, [[2.0, 2.0], [2.0, 2.0]]),
        ({"arange": True, "dtype": "int64"}, Dtype("int64", 4), [[0, 1], [2, 3]]),
        ({"values": [3, 1, 0, 2], "dtype": "int64"}, Dtype("int64", 4), [[3, 1], [0, 2]]),
        ({"values": [-3, 1, 0, 2], "dtype": "int64"}, Dtype("int64"), [[-3, 1], [0, 2]]),
    ],
)
def test_a_buffer_holds_what_is_written(
    args: dict[str, object], kind: Dtype, held: list[list[float]]
) -> None:
    op = OPS["Buffer"](shape=[2, 2], **args)
    assert op.dtypes() == kind
    made = op.make()
    assert made.tolist() == held
    assert made.dtype == getattr(torch, kind.name)


def test_positions_by_number_are_embedded(tmp_path: Path) -> None:
    network = netspec.loads(
        """
netspec: 1
input: [16, 24]
layers:
  at: {Buffer: {shape: [16], arange: true, dtype: int64}}
  places: {from: at, Embedding: {num_embeddings: 16, embedding_dim: 24}}
  sum: {from: [input, places], Add: {}}
"""
    )
    module = network.build()
    x = torch.randn(2, 16, 24)
    assert torch.allclose(module(x), x + module.get_parameter("places.weight"))
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    assert module.state_dict()["at"].dtype == torch.int64


def test_what_is_frozen_keeps_nothing_for_a_backward_pass() -> None:
    def kept(more: str) -> float:
        text = f"""
netspec: 1
input: [24]
layers:
  scale: {{Parameter: {{shape: [24]{more}}}}}
  scaled: {{from: [input, scale], Mul: {{}}}}
  act: Exp
"""
        return step_memory(netspec.loads(text)).saved.values

    assert kept(", trainable: false") < kept("")


SHARED = """
netspec: 1
input: [3, 4, 24]
layers:
  scale: {Parameter: {shape: [24], std: 1}}
  scaled: {from: [input, scale], Mul: {}}
  wave: {from: scale, Sin: {}}
  shifted: {from: [scaled, scale], Sub: {}}
"""
WAVE = "  wave: {from: scale, Sin: {}}\n"


@pytest.mark.parametrize("read_besides", [True, False])
def test_a_tensor_of_fewer_dimensions_is_spread_as_torch_does(read_besides: bool) -> None:
    outputs = "outputs: {a: shifted, b: wave, c: scale}\n"
    text = SHARED + outputs if read_besides else SHARED.replace(WAVE, "")
    network = netspec.loads(text)
    module = network.build().train()
    scale = module.get_parameter("scale")
    assert scale.shape == (24,)
    x = torch.randn(5, 3, 4, 24)
    out = module(x)
    if read_besides:
        assert out["b"].equal(scale.sin().expand(5, 24))
        assert out["c"].equal(scale.expand(5, 24))
        out = out["a"]
    assert out.equal(x * scale - scale)
    assert network.output_shape == (3, 4, 24)
    assert list(module.state_dict()) == ["scale"]


@pytest.mark.parametrize(
    "layers",
    [
        "  vector: {Amax: [1, 2]}\n  sum: {from: [input, vector], Add: {}}\n",
        "  scale: {Parameter: [24]}\n  wave: {from: scale, Sin: {}}\n"
        "  sum: {from: [input, wave], Add: {}}\n",
        "  scale: {Parameter: {shape: [24], batch: true}}\n"
        "  sum: {from: [input, scale], Add: {}}\n",
        "  scale: {Parameter: [3, 1]}\n  sum: {from: [input, scale], Add: {}}\n",
    ],
)
def test_a_value_with_a_batch_is_given_no_dimension(layers: str) -> None:
    with pytest.raises(netspec.SpecError, match="NS403"):
        netspec.loads(f"netspec: 1\ninput: [3, 4, 24]\nlayers:\n{layers}")
