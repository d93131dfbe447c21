"""A layer that nobody reads is made and never run; its weights stay where published ones do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

import netspec
from netspec.compiler.analysis.step_memory import step_memory
from netspec.compiler.facade import Network
from netspec.ops import OPS, register
from netspec.ops.base import Op, Shape
from netspec.report.summary import as_json, table
from netspec.train.storage.weights import load_weights

HEAD = "netspec: 1\ninput: [2, 6, 6]\n"
CONV = "{Conv2d: {out_channels: 2, kernel_size: 3, padding: 1}}"


def network(layers: str, rest: str = "") -> Network:
    return netspec.loads(f"{HEAD}layers:\n{layers}\n{rest}")


def ran(net: Network, training: bool = True) -> set[str]:
    """The layers that a forward pass runs."""
    module = net.build().train(training)
    seen: set[str] = set()
    for path, child in module.named_modules():
        child.register_forward_hook(lambda *_, path=path: seen.add(path))
    module(torch.randn(2, *net.input_shape))
    return seen - {""}


WITH = f"""
  conv: {CONV}
  wide: {{from: input, Conv2d: {{out_channels: 4, kernel_size: 5}}}}
  norm: BatchNorm2d
  relu: {{from: conv, ReLU: {{}}}}
"""
WITHOUT = f"""
  conv: {CONV}
  relu: ReLU
"""


def test_neither_it_nor_what_only_feeds_it_runs() -> None:
    net = network(WITH)
    assert ran(net) == ran(net, training=False) == {"conv", "relu"}
    assert [(w.code, w.message) for w in net.warnings] == [
        ("NS604", "nothing uses `norm`, so it does not run")
    ]


def test_it_counts_for_nothing_but_its_weights() -> None:
    net, other = network(WITH), network(WITHOUT)
    assert (net.macs, net.activation_bytes) == (other.macs, other.activation_bytes)
    assert step_memory(net) == step_memory(other)
    assert net.min_input_size == other.min_input_size == 1
    module = net.build()
    assert net.num_params == sum(p.numel() for p in module.parameters()) > other.num_params
    assert list(net.state) == list(module.state_dict())
    assert net.state["norm.running_mean"] == (4,)


def test_a_batch_norm_that_nobody_reads_keeps_its_running_mean() -> None:
    module = network(WITH).build().train()
    module(torch.randn(4, 2, 6, 6))
    assert not module.norm.running_mean.any()
    assert module.norm.num_batches_tracked == 0


def test_published_weights_that_hold_it_load(tmp_path: Path) -> None:
    torch.save(network(WITH).build().state_dict(), tmp_path / "weights.pt")
    assert "norm.running_var" in load_weights(tmp_path / "weights.pt", network(WITH))


def test_the_summary_says_so() -> None:
    net = network(WITH)
    lines = [line.split() for line in table(net).splitlines()]
    assert ["norm", "BatchNorm2d", "(not", "run)", "4×2×2", "8", "–", "–"] in lines
    rows = json.loads(as_json(net))["layers"]
    assert [row["path"] for row in rows if not row["runs"]] == ["wide", "norm"]
    assert [row["macs"] for row in rows] == [1296, 0, 0, 0]


@pytest.mark.parametrize(
    ("layers", "rest", "expected"),
    [
        # within a sequence, and what it reads from around
        (
            "  a: ReLU\n  b: {layers: {c: Tanh, d: {from: a, Tanh: {}}, e: {from: c, SiLU: {}}}}",
            "",
            {"a", "b", "b.c", "b.e"},
        ),
        # a sequence with all that is in it
        (f"  a: ReLU\n  b: [Tanh, {CONV}]\n  c: {{from: a, Tanh: {{}}}}", "", {"a", "c"}),
        # what `outputs` does not name
        ("  a: ReLU\n  b: Tanh\n  c: Sigmoid", "outputs: {y: b}", {"a", "b"}),
        ("  a: ReLU\n  b: Tanh\n  c: Sigmoid", "outputs: {y: a, z: c}", {"a", "b", "c"}),
        # the calls of a layer whose own value nobody takes
        (f"  a: {CONV}\n  b: {{from: input, call: a}}", "", {"a"}),
        # a call that nobody reads
        (f"  a: {CONV}\n  b: {{call: a}}\n  c: {{from: a, ReLU: {{}}}}", "", {"a", "c"}),
        # a value that is reached from outside
        (
            "  a: {b: ReLU, c: {from: input, Tanh: {}}, d: {from: b, Sigmoid: {}}}\n"
            "  e: {from: [a, a.c], Add: {}}",
            "",
            {"a", "a.b", "a.c", "a.d", "e"},
        ),
        # an auxiliary head that is no output
        ("  a: ReLU\n  b: {when: training, Tanh: {}}\n  c: ReLU", "", {"a", "c"}),
        ("  a: ReLU\n  b: {when: training, Tanh: {}}\n  c: ReLU", "outputs: {y: c, z: b}",
         {"a", "b", "c"}),
    ],
)  # fmt: skip
def test_what_runs(layers: str, rest: str, expected: set[str]) -> None:
    net = network(layers, rest)
    assert ran(net) == expected
    net.build().eval()(torch.randn(1, 2, 6, 6))


def test_a_layer_whose_calls_run_is_not_told_to_be_deleted() -> None:
    net = network(f"  a: {CONV}\n  b: {{from: input, call: a}}")
    (warning,) = net.warnings
    assert warning.message == "nothing uses `a`, so only its calls run"
    assert warning.hint == "write it where the first call stands"
    assert net.macs == 1296


def test_a_tensor_that_nobody_reads_exists() -> None:
    net = network("  a: ReLU\n  p: {Parameter: {shape: [2, 6, 6]}}\n  b: {from: a, Tanh: {}}")
    module = net.build()
    assert list(module.state_dict()) == list(net.state) == ["p"]
    assert module(torch.ones(1, 2, 6, 6)).shape == (1, 2, 6, 6)


class Count(nn.Module):
    runs: ClassVar[int] = 0

    def forward(self, x: Tensor) -> Tensor:
        Count.runs += 1
        return x


@pytest.fixture
def probe() -> Iterator[None]:
    """A layer of a plugin, which may do more than give a value."""

    class Probe(Op):
        """Counts how often it runs."""

        def infer(self, *inputs: Shape) -> Shape:
            return inputs[0]

        def make(self, *inputs: Shape) -> nn.Module:
            return Count()

    register(Probe)
    yield
    del OPS["Probe"]


def test_a_layer_of_a_plugin_runs_all_the_same(probe: None) -> None:
    net = network("  a: ReLU\n  b: {Sequential: {p: Probe}}\n  c: {from: input, Tanh: {}}")
    net.build()(torch.ones(1, 2, 6, 6))
    assert Count.runs == 1
    assert [w.message for w in net.warnings] == ["nothing uses `b`"]


def test_a_layer_that_is_read_in_some_copies_of_its_block_is_not_told() -> None:
    text = f"""{HEAD}
blocks:
  Unit:
    params: {{short: false}}
    layers:
      a: ReLU
      b: {{from: input, Tanh: {{}}}}
      c: {{from: "$('a' if short else 'b')", ReLU: {{}}}}
layers: [Unit, Unit: true]
"""
    net = netspec.loads(text)
    assert ran(net) == {"0", "0.b", "0.c", "1", "1.a", "1.c"}
    assert net.warnings == ()


def test_copies_that_nobody_reads_are_told_as_one() -> None:
    net = network(f"  a: ReLU\n  b: {{repeat: 3, {CONV[1:]}\n  c: {{from: a, Tanh: {{}}}}")
    assert ran(net) == {"a", "c"}
    assert [w.message for w in net.warnings] == ["nothing uses `b`, so it does not run"]
