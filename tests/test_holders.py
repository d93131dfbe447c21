"""A name with dots puts a layer into a holder, which names and never runs."""

from __future__ import annotations

import pickle
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import netspec
from netspec import SpecError
from netspec.train.storage.weights import load_weights

INTERLEAVED = """
netspec: 1
input: [3, 6, 6]
layers:
  convs.$(index):
    each: 2
    Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}
  bns.0: {from: convs.0, BatchNorm2d: {}}
  mid.act.0: {from: [bns.0, convs.1], Add: {}}
  bns.1: BatchNorm2d
  again: {call: convs.0}
  mid.scale: {Parameter: {shape: [3, 1, 1], fill: 2.0}}
  scaled: {from: [again, mid.scale], Mul: {}}
  flatten: {from: scaled, Flatten: {}}
  head: {Linear: 4}
outputs: {logits: head, early: convs.0}
"""


class Reference(nn.Module):
    """The same as one writes it by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 3, 3, padding=1) for _ in range(2)])
        self.bns = nn.ModuleList([nn.BatchNorm2d(3) for _ in range(2)])
        self.mid = nn.Module()
        self.mid.scale = nn.Parameter(torch.full((3, 1, 1), 2.0))
        self.head = nn.Linear(108, 4)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        early = self.convs[0](x)
        y = self.bns[1](self.bns[0](early) + self.convs[1](early))
        y = self.convs[0](y) * self.mid.scale
        return {"logits": self.head(y.flatten(1)), "early": early}


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(3)
    return netspec.loads(INTERLEAVED).build()


def test_interleaved_lists_are_what_one_writes_by_hand(module: nn.Module) -> None:
    torch.manual_seed(3)
    reference = Reference()
    state, expected = module.state_dict(), reference.state_dict()
    assert list(state) == list(expected)
    assert all(torch.equal(state[key], expected[key]) for key in state)
    x = torch.randn(2, 3, 6, 6)
    for mode in (True, False):
        ours, theirs = module.train(mode)(x), reference.train(mode)(x)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert list(netspec.loads(INTERLEAVED).state) == list(state)


def test_a_holder_is_a_list_where_its_names_are_numbers_in_order(module: nn.Module) -> None:
    kinds = {name: type(child) for name, child in module.named_modules()}
    assert kinds["convs"] is kinds["bns"] is kinds["mid.act"] is nn.ModuleList
    assert kinds["mid"] is nn.Module


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("t.0", "t.1"), nn.ModuleList),
        (("t.1", "t.0"), nn.Module),
        (("t.1", "t.2"), nn.Module),
        (("t.0", "t.00"), nn.Module),
        (("t.a", "t.0"), nn.Module),
    ],
)
def test_which_names_make_a_list(names: tuple[str, str], kind: type[nn.Module]) -> None:
    first, second = names
    text = f"netspec: 1\ninput: [4]\nlayers: {{{first}: ReLU, {second}: Tanh}}\n"
    module = netspec.loads(text).build()
    assert type(module.t) is kind
    assert [type(m) for m in module.t.children()] == [nn.ReLU, nn.Tanh]
    assert torch.equal(module(torch.ones(1, 4)), torch.ones(1, 4).tanh())


def test_tensors_stand_in_a_list_of_tensors() -> None:
    text = """
netspec: 1
input: [2, 4]
layers:
  gain.0: {Parameter: {shape: [1, 4]}}
  gain.1: {Parameter: {shape: [2, 4]}}
  times: {from: [input, gain.0], Mul: {}}
  plus: {from: [times, gain.1], Add: {}}
init: {gain: {"0": ones_}}
"""
    net = netspec.loads(text)
    module = net.build()
    assert type(module.gain) is nn.ParameterList
    assert list(module.state_dict()) == list(net.state) == ["gain.0", "gain.1"]
    assert torch.equal(module.gain[0], torch.ones(1, 4))
    x = torch.randn(3, 2, 4)
    assert torch.equal(module(x), x + module.gain[1])


def test_a_copy_a_pickle_a_compiled_and_an_exported_one_answer_alike(module: nn.Module) -> None:
    x = torch.randn(2, 3, 6, 6)
    expected = module.eval()(x)["logits"]
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    exported = torch.export.export(module, (x,)).module()
    for other in (deepcopy(module), pickle.loads(pickle.dumps(module)), compiled, exported):
        assert torch.equal(other(x)["logits"], expected)


def test_a_module_that_is_exchanged_in_its_holder_runs(module: nn.Module) -> None:
    module.convs[0] = nn.Identity()
    x = torch.randn(2, 3, 6, 6)
    assert torch.equal(module(x)["early"], x)


ORDERED = """
netspec: 1
input: [4]
blocks:
  Unit:
    order: ORDER
    layers:
      lin.0: {Linear: 4}
      norm.0: LayerNorm
      lin.1: {Linear: 4}
      last: {Linear: 4}
layers: {unit: Unit}
"""


@pytest.mark.parametrize(
    ("order", "listed"),
    [
        ("[last]", ["last", "lin.0", "lin.1", "norm.0"]),
        ("[norm, last, lin]", ["norm.0", "last", "lin.0", "lin.1"]),
        ("[lin.1]", ["lin.1", "lin.0", "norm.0", "last"]),
    ],
)
def test_order_names_layers_in_holders_and_holders(order: str, listed: list[str]) -> None:
    net = netspec.loads(ORDERED.replace("ORDER", order))
    keys = [f"unit.{name}.{tensor}" for name in listed for tensor in ("weight", "bias")]
    assert list(net.state) == list(net.build().state_dict()) == keys


def test_order_makes_the_layers_of_a_holder_together() -> None:
    """As a comprehension does; without it layers are made in the order in which they run."""
    torch.manual_seed(0)
    made = [nn.Linear(4, 4) for _ in range(2)]
    for order, which in (("[lin]", [0, 1]), ("[lin.1, lin.0]", [1, 0])):
        torch.manual_seed(0)
        unit = netspec.loads(ORDERED.replace("ORDER", order)).build().unit
        for place, linear in zip(which, made, strict=True):
            assert torch.equal(unit.get_submodule(f"lin.{place}").weight, linear.weight)


def test_a_list_gives_such_names_and_counts_on() -> None:
    text = """
netspec: 1
input: [4]
layers:
  - {name: fc.a, Linear: 4}
  - ReLU
  - {name: fc.b, from: fc.a, Linear: 2}
"""
    net = netspec.loads(text)
    assert [layer.path for layer in net.layers] == ["fc.a", "1", "fc.b"]
    assert list(net.state) == ["fc.a.weight", "fc.a.bias", "fc.b.weight", "fc.b.bias"]


def test_rules_of_init_name_what_is_held() -> None:
    rules = {
        '"lin.*": {weight: zeros_}': ["lin.0", "lin.1"],
        "lin.1: {weight: zeros_}": ["lin.1"],
        "unit.lin.0: {weight: zeros_}": None,
    }
    for rule, zero in rules.items():
        text = ORDERED.replace("    order: ORDER\n", f"    init: {{{rule}}}\n")
        if zero is None:
            with pytest.raises(SpecError, match="no layer is selected"):
                netspec.loads(text)
            continue
        unit = netspec.loads(text).build().unit
        found = [n for n in ("lin.0", "lin.1") if not unit.get_submodule(n).weight.any()]
        assert found == zero


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("{a: ReLU, a.0: ReLU}", "NS306"),
        ("{a.0: ReLU, a: ReLU}", "NS306"),
        ("{a.b.c: ReLU, a.b: [ReLU]}", "NS306"),
        ("{a.b: [ReLU], a.b.0: ReLU}", "NS306"),
        ("[{name: 1.a, ReLU: {}}, ReLU]", "NS306"),
        ("{a.$(0): ReLU, a.0: ReLU}", "NS306"),
        ("{a..b: ReLU}", "NS208"),
        ("{a.: ReLU}", "NS208"),
        ("{a._b: ReLU}", "NS208"),
        ("{a.input: ReLU}", "NS208"),
        ("{eval.a: ReLU}", "NS208"),
        ("{a.$('b c'): ReLU}", "NS208"),
        ("{a.$index: {each: 2, ReLU: {}}, b: {from: a, ReLU: {}}}", "NS304"),
        ("{a.0: ReLU, b: {call: a}}", "NS309"),
        ("{" + "a." * 64 + "b: ReLU}", "NS307"),
        ("{" + "a." * 40 + "b: {Sequential: [{name: " + "c." * 30 + "d, ReLU: {}}]}}", "NS307"),
        ("{a: {ReLU: {}}, " + "x." * 70 + "b: {call: a}}", "NS307"),
    ],
)
def test_names_that_cannot_be_held(layers: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        netspec.loads(f"netspec: 1\ninput: [4]\nlayers: {layers}\n")
    assert [found.code for found in caught.value.diagnostics] == [code]


@pytest.mark.parametrize(
    "layers",
    [
        "{a: {if: false, ReLU: {}}, a.0: ReLU}",  # which `if` leaves no layer of
        "{a: [ReLU], b.a: ReLU}",
        "{branches: {add.0: ReLU, add.1: Tanh}, Add: {}}",  # the join takes another name
        "{" + "a." * 30 + "b: [ReLU]}",
    ],
)
def test_names_that_do_not_meet(layers: str) -> None:
    net = netspec.loads(f"netspec: 1\ninput: [4]\nlayers: {layers}\n")
    module = net.build()
    assert module(torch.ones(2, 4)).shape == (2, 4)
    deepcopy(module)


def test_weights_load_by_the_names_in_holders(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    reference = Reference()
    torch.save(reference.state_dict(), path)
    loaded = load_weights(path, netspec.loads(INTERLEAVED))
    assert {k: v.tolist() for k, v in loaded.items()} == {
        k: v.tolist() for k, v in reference.state_dict().items()
    }


def test_the_resolved_spec_is_the_same() -> None:
    net = netspec.loads(INTERLEAVED)
    assert list(netspec.loads(net.resolved()).state) == list(net.state)
