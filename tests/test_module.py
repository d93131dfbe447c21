"""The built module is an ordinary one: it copies, pickles, compiles, exports and is taken apart."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import netspec
from netspec.compiler.building.graph import Graph

RESNET = Path(__file__).parent.parent / "specs" / "resnet18.yaml"

SMALL = """
netspec: 1
input: [3, 16, 16]
blocks:
  Residual:
    params: {channels: int, stride: 1}
    layers:
      conv1:
        Conv2d: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1, bias: false}
      bn1: BatchNorm2d
      relu: ReLU
      conv2: {Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1, bias: false}}
      shortcut:
        if: $(stride != 1 or input.channels != channels)
        from: input
        Conv2d: {out_channels: $channels, kernel_size: 1, stride: $stride}
      add: {from: [conv2, shortcut], Add: {}}
      relu2: {call: relu}
layers:
  stem: {Residual: {channels: 4}}
  stages: {repeat: 2, Residual: {channels: 8, stride: 2}}
  towers:
    branches:
      wide: {Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}}
      narrow:
        - Conv2d: {out_channels: 2, kernel_size: 1}
        - ReLU
    Concat: {dim: 1}
  aux: {from: stem, when: training, Sequential: [{AdaptiveAvgPool2d: 1}, Flatten, {Linear: 10}]}
  pool: {AdaptiveAvgPool2d: 1}
  flatten: Flatten
  fc: {Linear: 10}
outputs: {logits: fc, aux: aux}
"""


def small() -> nn.Module:
    torch.manual_seed(0)
    return netspec.loads(SMALL).build()


def images(count: int = 2, size: int = 16) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def build(layers: str, shape: str = "[3, 8, 8]", blocks: str = "") -> nn.Module:
    torch.manual_seed(0)
    return netspec.loads(f"netspec: 1\ninput: {shape}\n{blocks}\nlayers:\n{layers}").build()


def same(first: nn.Module, second: nn.Module) -> None:
    """Both modules give the same, in both modes."""
    for mode in (True, False):
        with torch.no_grad():
            a, b = first.train(mode)(images()), second.train(mode)(images())
        pairs = zip(a.values(), b.values(), strict=True) if mode else [(a, b)]
        assert all(torch.equal(x, y) for x, y in pairs)


# copies


def test_a_deep_copy_is_equal_and_apart() -> None:
    module = small()
    other = copy.deepcopy(module)
    same(module, other)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert all(p.abs().sum() > 0 for p in module.parameters() if p.dim() > 1)


def test_a_pickle_comes_back_equal() -> None:
    module = small()
    same(module, pickle.loads(pickle.dumps(module)))


def test_a_saved_state_dict_loads_into_a_fresh_module(tmp_path: Path) -> None:
    module = small()
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    other = netspec.loads(SMALL).build()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    same(module, other)


# compiling and exporting


@pytest.mark.parametrize("training", [False, True])
def test_it_compiles_as_one_graph(training: bool) -> None:
    module = small().train(training)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        ours, theirs = module(images()), compiled(images())
    if not training:
        torch.testing.assert_close(theirs, ours)
        return
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(theirs[name], ours[name])


def test_resnet_compiles_as_one_graph_and_exports() -> None:
    module = netspec.load(RESNET, num_classes=10).build().eval()
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    exported = torch.export.export(module, (images(size=32),)).module()
    with torch.no_grad():
        expected = module(images(size=32))
        torch.testing.assert_close(compiled(images(size=32)), expected)
        torch.testing.assert_close(exported(images(size=32)), expected)


def test_it_exports_with_any_batch() -> None:
    module = small().eval()
    batch = {0: torch.export.Dim("batch", min=1, max=64)}
    program = torch.export.export(module, (images(4),), dynamic_shapes=(batch,))
    with torch.no_grad():
        torch.testing.assert_close(program.module()(images(7)), module(images(7)))


def test_it_traces_symbolically() -> None:
    module = small().eval()
    traced = torch.fx.symbolic_trace(module)
    with torch.no_grad():
        assert torch.equal(traced(images()), module(images()))


# taking it apart


def test_a_child_can_be_replaced() -> None:
    module = small().eval()
    module.fc = nn.Linear(5, 3)
    assert module(images()).shape == (2, 3)
    assert "fc.weight" in module.state_dict()
    module.stages[0].relu = nn.GELU()
    assert module(images()).shape == (2, 3)


def test_plain_sequences_are_torchs_own_and_others_print_as_modules_do() -> None:
    module = small()
    assert type(module.aux) is nn.Sequential
    assert type(module.stages) is nn.Sequential
    assert isinstance(module, Graph)
    assert "(conv1): Conv2d(3, 4, kernel_size=(3, 3)" in repr(module)
    assert [name for name, _ in module.named_children()] == [
        "stem", "stages", "towers", "aux", "pool", "flatten", "fc",
    ]  # fmt: skip


def test_hooks_see_every_layer() -> None:
    module, seen = small().eval(), []
    for name, child in module.named_modules():
        child.register_forward_hook(lambda *_, name=name: seen.append(name))
    module(images())
    assert seen.count("stem.relu") == 2  # once itself, once by `call`
    assert "aux.2" not in seen
    assert seen[-1] == ""


def test_it_moves_to_another_precision_and_to_meta() -> None:
    assert small().double().eval()(images().double()).dtype == torch.float64
    assert small().to("meta").eval()(images().to("meta")).shape == (2, 10)


def test_only_a_part_can_be_frozen() -> None:
    module = small().train()
    module.stem.requires_grad_(False)
    out = module(images())
    (out["logits"].sum() + out["aux"].sum()).backward()
    assert all(p.grad is None for p in module.stem.parameters())
    assert all(p.grad is not None for p in module.fc.parameters())


# modes and outputs


def test_named_outputs_are_a_dict_in_training_and_the_logits_alone_in_eval() -> None:
    module = small()
    assert {k: tuple(v.shape) for k, v in module.train()(images()).items()} == {
        "logits": (2, 10),
        "aux": (2, 10),
    }
    assert module.eval()(images()).shape == (2, 10)


def test_several_outputs_of_inference_are_a_dict_in_both_modes() -> None:
    text = """
netspec: 1
input: [4]
layers: {shared: {Linear: 3}, first: {Linear: 2}, second: {from: shared, Linear: 5}}
outputs: {first: first, second: second}
"""
    module = netspec.loads(text).build()
    for mode in (True, False):
        out = module.train(mode)(torch.randn(2, 4))
        assert {k: tuple(v.shape) for k, v in out.items()} == {"first": (2, 2), "second": (2, 5)}


def test_without_outputs_a_training_only_layer_leaves_the_result_alone() -> None:
    module = build("  a: {Linear: 4}\n  b: {when: training, from: a, Linear: 9}\n  c: ReLU", "[3]")
    assert module.train()(torch.randn(2, 3)).shape == (2, 4)
    assert module.eval()(torch.randn(2, 3)).shape == (2, 4)


def test_training_only_layers_do_not_run_in_eval() -> None:
    module = small().eval()
    module.aux = None  # type: ignore[assignment]
    assert module(images()).shape == (2, 10)


def test_dropout_and_batch_norm_follow_the_mode() -> None:
    module = build("  - {BatchNorm2d: {}}\n  - {Dropout: 0.5}")
    a, b = module.train()(images(size=8)), module(images(size=8))
    assert not torch.equal(a, b)
    module.eval()
    assert torch.equal(module(images(size=8)), module(images(size=8)))


# shared layers


def test_a_called_layer_shares_its_weights() -> None:
    module = build("  a: {Linear: 3}\n  b: ReLU\n  c: {call: a}", "[3]")
    assert list(module.state_dict()) == ["a.weight", "a.bias"]
    x = torch.randn(2, 3)
    assert torch.equal(module(x), module.a(torch.relu(module.a(x))))
    module(x).sum().backward()
    assert module.a.weight.grad is not None


def test_a_called_block_shares_its_weights() -> None:
    text = "  a: [{Linear: 3}, Tanh]\n  b: ReLU\n  c: {call: a}\n  d: {from: [b, c], Add: {}}"
    module = build(text, "[3]")
    x = torch.randn(2, 3)
    b = torch.relu(module.a(x))
    assert torch.equal(module(x), b + module.a(b))


def test_a_layer_can_be_called_on_another_size_where_its_weights_allow() -> None:
    module = build(
        "  a: {Conv2d: {out_channels: 3, kernel_size: 3}}\n  p: {MaxPool2d: 2}\n  b: {call: a}"
    )
    assert module(images(size=8)).shape == (2, 3, 1, 1)


# inputs from further out


def test_a_nested_sequence_reaches_its_blocks_input() -> None:
    module = build(
        """
  a:
    - {Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}}
    - Sequential:
        inner: ReLU
        joined: {from: [inner, input], Concat: {dim: 1}}
"""
    )
    x = images(size=8)
    y = module.a.get_submodule("0")(x)
    expected = torch.cat([torch.relu(y), x], 1)
    torch.testing.assert_close(module(x), expected)


def test_input_is_the_blocks_input_however_deep_the_sequence() -> None:
    module = build(
        """
  first: {Conv2d: {out_channels: 5, kernel_size: 1}}
  use: Deep
""",
        blocks="""
blocks:
  Deep:
    layers:
      a: {Conv2d: {out_channels: 4, kernel_size: 1}}
      b:
        - ReLU
        - each: 2
          layers:
            - Conv2d: {out_channels: 4, kernel_size: 1}
            - layers:
                x: Tanh
                y: {from: [x, input], Concat: {dim: 1}}
            - Conv2d: {out_channels: 4, kernel_size: 1}
""",
    )
    x = images(size=8)
    start = module.first(x)
    y = torch.relu(module.use.a(start))
    b = module.use.b
    for i in (1, 4):
        y = torch.tanh(b.get_submodule(str(i))(y))
        y = b.get_submodule(str(i + 2))(torch.cat([y, start], 1))
    torch.testing.assert_close(module(x), y)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), y)
    same_module = pickle.loads(pickle.dumps(module))
    assert torch.equal(same_module(x), module(x))


def test_repeated_blocks_may_each_reach_the_outer_input() -> None:
    module = build(
        """
  a: {Conv2d: {out_channels: 3, kernel_size: 1}}
  b:
    repeat: 3
    layers:
      relu: ReLU
      add: {from: [relu, input], Add: {}}
"""
    )
    x = images(size=8)
    y = module.a(x)
    for _ in range(3):
        y = torch.relu(y) + x
    torch.testing.assert_close(module(x), y)


# parameters


def test_a_parameter_is_a_tensor_of_its_container() -> None:
    module = build(
        """
  scale: {Parameter: {shape: [3, 1, 1], fill: 2}}
  out: {from: [input, scale], Mul: {}}
"""
    )
    assert list(module.state_dict()) == ["scale"]
    x = images(size=8)
    assert torch.equal(module(x), x * 2)
    module(x).sum().backward()
    assert module.scale.grad is not None


def test_a_batched_parameter_serves_every_sample() -> None:
    module = build(
        """
  token: {Parameter: {shape: [1, 6], batch: true}}
  out: {from: [token, input], Concat: {dim: 1}}
""",
        "[4, 6]",
    )
    x = torch.randn(3, 4, 6)
    assert tuple(module.state_dict()["token"].shape) == (1, 1, 6)
    assert module(x).shape == (3, 5, 6)
    same_module = pickle.loads(pickle.dumps(module))
    assert torch.equal(same_module(x), module(x))
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    assert torch.equal(compiled(x), module(x))


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ("\n  p: {Parameter: [1, 8, 8]}\n  out: {from: [input, p], Concat: {dim: 1}}", (4, 8, 8)),
        ("\n  p: {Parameter: [2, 4]}\n  flat: {from: p, Flatten: {}}", (8,)),
        ("\n  p: {Parameter: [2, 4]}\n  out: {from: p, Identity: {}}", (2, 4)),
        ("{Parameter: [2, 4]}", (2, 4)),
    ],
)
def test_a_parameter_has_every_sample_where_its_reader_needs_the_batch(
    layers: str, shape: tuple[int, ...]
) -> None:
    net = netspec.loads(f"netspec: 1\ninput: [3, 8, 8]\nlayers: {layers}")
    assert net.output_shape == shape
    assert net.build()(images(size=8)).shape == (2, *shape)


def test_a_branch_may_be_a_parameter() -> None:
    module = build(
        """
  - branches: {same: Identity, bias: {Parameter: {shape: [3, 1, 1], fill: 2}}}
    Add: {}
"""
    )
    x = images(size=8)
    assert torch.equal(module(x), x + 2)
    assert list(module.state_dict()) == ["0.bias"]


def test_a_block_may_be_a_parameter() -> None:
    text = (
        "netspec: 1\ninput: [3, 8, 8]\n"
        "blocks: {Bias: {params: {x: 1}, layers: {Parameter: {shape: [3, 1, 1], fill: $x}}}}\n"
        "layers: {bias: {Bias: 2}, out: {from: [input, bias], Add: {}}}\n"
    )
    net = netspec.loads(text)
    x = images(size=8)
    assert torch.equal(net.build()(x), x + 2)
    assert net.state == {"bias": (3, 1, 1)}


# conditions and copies


def test_a_layer_left_out_owns_nothing() -> None:
    module = build(
        "  a: {Linear: 3}\n  b: {if: false, Linear: 7}\n  c: {from: [a, b], Add: {}}", "[3]"
    )
    assert list(module.state_dict()) == ["a.weight", "a.bias"]
    x = torch.randn(2, 3)
    assert torch.equal(module(x), module.a(x) * 2)


def test_each_copies_as_siblings_and_repeat_in_a_sequence_of_its_own() -> None:
    module = build(
        """
  stem: {Linear: 4}
  layer$(index + 1): {each: 2, Linear: 4}
  tail: {repeat: 2, Linear: 4}
""",
        "[4]",
    )
    names = [n.removesuffix(".weight") for n in module.state_dict() if n.endswith("weight")]
    assert names == ["stem", "layer1", "layer2", "tail.0", "tail.1"]


def test_two_builds_share_no_weights() -> None:
    net = netspec.loads(SMALL)
    torch.manual_seed(0)
    first, second = net.build(), net.build()
    assert not torch.equal(first.fc.weight, second.fc.weight)


# memory


class Watch(nn.Module):
    """Remembers, weakly, what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[weakref.ref[Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(weakref.ref(x))
        return x + 1


class Count(nn.Module):
    """Asks, while it runs, which of those are still there."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch, self.alive = [watch], -1

    def forward(self, x: Tensor) -> Tensor:
        gc.collect()
        self.alive = sum(ref() is not None for ref in self.watch[0].seen)
        return x


def test_a_value_is_let_go_once_no_later_layer_needs_it() -> None:
    text = """
  a: {Linear: 4}
  b: {from: [a], ReLU: {}}
  c: {from: [a, b], Add: {}}
  d: ReLU
  e: ReLU
"""
    module = build(text, "[4]")
    watch = Watch()
    module.b, module.e = watch, Count(watch)
    with torch.no_grad():
        module(torch.randn(2, 4))
    assert module.e.alive == 0


def test_a_value_is_kept_while_a_later_layer_needs_it() -> None:
    text = "  a: {Linear: 4}\n  b: ReLU\n  c: ReLU\n  d: {from: [a, c], Add: {}}"
    module = build(text, "[4]")
    watch = Watch()
    module.b, module.c = watch, Count(watch)
    with torch.no_grad():
        module(torch.randn(2, 4))
    assert module.c.alive == 1


class TestInplace:
    """A layer works in place where nobody else reads what it overwrites, and only there."""

    HEAD = "netspec: 1\ninput: [4]\nlayers:\n"

    def test_after_a_layer_that_makes_a_new_tensor(self) -> None:
        module = netspec.loads(self.HEAD + "  [{Linear: 4}, {ReLU: {inplace: true}}]").build()
        assert module[1].inplace

    @pytest.mark.parametrize(
        "layers",
        [
            "  [{ReLU: {inplace: true}}]",
            "  [{Linear: 4}, Identity, {ReLU: {inplace: true}}, {Linear: 4}]",
            "  - branches: {a: {ReLU: {inplace: true}}, b: Identity}\n    Add: {}\n",
            "  a: {Linear: 4}\n  b: {ReLU: {inplace: true}}\n  c: {from: [a, b], Add: {}}\n",
            "  a: {Linear: 4}\n  b: {ReLU: {inplace: true}}\n  c: {Linear: 4}\n"
            "  d: {from: input, call: b}\n",
        ],
    )
    def test_never_on_what_another_reads(self, layers: str) -> None:
        spec = self.HEAD + layers
        torch.manual_seed(0)
        module = netspec.loads(spec).build()
        torch.manual_seed(0)
        reference = netspec.loads(spec.replace("inplace: true", "inplace: false")).build()
        x = torch.randn(3, 4)
        given = x.clone()
        assert torch.equal(module(given), reference(x))
        assert torch.equal(given, x)
