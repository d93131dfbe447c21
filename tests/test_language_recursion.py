"""Layers with arguments as parameters, and blocks that use themselves."""

from __future__ import annotations

import pytest
import torch

import netspec
from netspec import SpecError
from netspec.compiler import compile_text
from netspec.compiler.sources.override import parse_overrides

BLOCKS = """
blocks:
  Wide: {params: {features: int, times: 1}, layers: [{Linear: $(features * times)}]}
  Residual: {params: {of: Layer}, layers: {branches: [$of, Identity], Add: {}}}
  Twofold: {params: {of: Layer}, layers: [{$of: {times: 2}}]}
  Act: {params: {act: ReLU}, layers: [$act, $act]}
  Tree:
    params: {depth: int}
    layers:
      branches: [{if: $(depth > 0), Tree: $(depth - 1)}, {Linear: 2}]
      Concat: 1
  Shrink: {layers: [{if: $(input.features > 3), layers: [{Linear: $(input.features - 1)}, Shrink]}]}
  Loop: {params: {n: 0}, layers: [ReLU, Loop]}
  Deeper: {params: {n: 0}, layers: [ReLU, {Deeper: $(n + 1)}]}
  Ping: {params: {n: 0}, layers: [{Pong: $n}]}
  Pong: {params: {n: 0}, layers: [{if: $(n > 0), Ping: $(n - 1)}, Tanh]}
"""


def tree(layers: str, shape: str = "[4]") -> list[str]:
    """Every layer as `path kind output`."""
    net = netspec.loads(f"netspec: 1\ninput: {shape}\n{BLOCKS}\nlayers:\n{layers}")
    return [f"{x.path} {x.kind_name} {'×'.join(map(str, x.output))}" for x in net.layers]


def refusal(layers: str) -> str:
    """The code and message of the one finding."""
    with pytest.raises(SpecError) as caught:
        tree(layers)
    (finding,) = caught.value.diagnostics
    return f"{finding.code} {finding.message}"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # a layer by its name, with arguments, with the one that stands alone
        ("  - Residual: ReLU", ["0 Residual 4", "0.0 ReLU 4", "0.1 Identity 4", "0.add Add 4"]),
        ("  - Residual: {of: {Linear: 4}}",
         ["0 Residual 4", "0.0 Linear 4", "0.1 Identity 4", "0.add Add 4"]),
        ("  - Residual: {of: {Wide: {features: $(2 + 2)}}}",
         ["0 Residual 4", "0.0 Wide 4", "0.0.0 Linear 4", "0.1 Identity 4", "0.add Add 4"]),
        # within one another
        ("  - Residual: {of: {Residual: {of: {Wide: 4}}}}",
         ["0 Residual 4", "0.0 Residual 4", "0.0.0 Wide 4", "0.0.0.0 Linear 4",
          "0.0.1 Identity 4", "0.0.add Add 4", "0.1 Identity 4", "0.add Add 4"]),
        # arguments of both; those at the use count before those that came with the layer
        ("  - Twofold: {of: {Wide: 3}}", ["0 Twofold 6", "0.0 Wide 6", "0.0.0 Linear 6"]),
        ("  - Twofold: {of: {Wide: {features: 3, times: 9}}}",
         ["0 Twofold 6", "0.0 Wide 6", "0.0.0 Linear 6"]),
        # where the default names a layer, one with arguments fits
        ("  - Act: {act: {LeakyReLU: 0.2}}", ["0 Act 4", "0.0 LeakyReLU 4", "0.1 LeakyReLU 4"]),
        ("  - Act\n  - Act: Tanh",
         ["0 Act 4", "0.0 ReLU 4", "0.1 ReLU 4", "1 Act 4", "1.0 Tanh 4", "1.1 Tanh 4"]),
        # blocks that use themselves
        ("  - Tree: 0", ["0 Tree 6", "0.1 Linear 2", "0.concat Concat 6"]),
        ("  - Tree: 1", ["0 Tree 8", "0.0 Tree 6", "0.0.1 Linear 2", "0.0.concat Concat 6",
                         "0.1 Linear 2", "0.concat Concat 8"]),
        ("  - Ping: 1", ["0 Ping 4", "0.0 Pong 4", "0.0.0 Ping 4", "0.0.0.0 Pong 4",
                         "0.0.0.0.0 Tanh 4", "0.0.1 Tanh 4"]),
    ],
)  # fmt: skip
def test_layers_become(layers: str, expected: list[str]) -> None:
    assert tree(layers) == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # what a parameter holds is checked where it is written
        ("  - Residual: {of: {Linaer: 4}}", "NS205 there is no layer `Linaer`"),
        ("  - Residual: {of: {Linear: {features: 4}}}", "NS201 Linear has no `features`"),
        ("  - Residual: {of: {Linear: {bias: 4}}}", "NS202 `bias` is true or false, not `4`"),
        ("  - Residual: {of: {Wide: {width: 4}}}", "NS201 `Wide` has no `width`"),
        ("  - Residual: {of: {Sequential: [ReLU]}}",
         "NS205 `Sequential` cannot be a parameter's value"),
        ("  - Residual: {of: 4}", "NS202 `of` is a layer, not `4`"),
        ("  - Residual: {of: relu}", "NS202 `of` is a layer, not `relu`"),
        ("  - Residual: {of: {features: 4}}", "NS202 `of` is a layer, not `{features: 4}`"),
        ("  - Act: {act: {x: 4}}", "NS202 `act` is a word, not `{x: 4}`"),
        # what is missing or too much is known where it is used
        ("  - Residual: {of: {Wide: {times: 2}}}", "NS203 `Wide` needs `features`"),
        ("  - Twofold: {of: {ReLU: {}}}", "NS201 ReLU has no `times`"),
        # blocks that never end: at once where nothing changes, else where they are too deep
        ("  - Loop", "NS305 `Loop` uses itself: Loop → Loop"),
        ("  - Deeper", "NS305 `Deeper` uses itself without end: "
         "Deeper → Deeper → Deeper → Deeper → Deeper → Deeper → … (32 levels)"),
        ("  - Ping: 99", "NS305 `Pong` uses itself without end: "
         "Ping → Pong → Ping → Pong → Ping → Pong → … (32 levels)"),
        ("  - Residual: {of: {Act: {act: Residual}}}", "NS203 `Residual` needs `of`"),
    ],
)  # fmt: skip
def test_layers_are_refused(layers: str, expected: str) -> None:
    assert refusal(layers) == expected


def test_a_recursion_ends_as_the_input_says_and_is_made_anew_for_another() -> None:
    text = f"netspec: 1\ninput: [6]\n{BLOCKS}\nlayers: {{body: Shrink}}"
    six = netspec.loads(text)
    assert (six.output_shape, six.num_params) == ((3,), (6 + 1) * 5 + (5 + 1) * 4 + (4 + 1) * 3)
    assert netspec.loads(text, input=(4,)).output_shape == (3,)
    module = six.build()
    assert module(torch.zeros(2, 6)).shape == (2, 3)
    assert sum(p.numel() for p in module.parameters()) == six.num_params


def test_many_branches_of_a_recursion_are_counted_as_layers() -> None:
    assert refusal("  - {repeat: 3, Tree: 60}").startswith("NS305")
    wide = BLOCKS.replace("{Linear: 2}]", "{if: $(depth > 0), Tree: $(depth - 1)}, {Linear: 2}]")
    with pytest.raises(SpecError) as caught:
        netspec.loads(f"netspec: 1\ninput: [4]\n{wide}\nlayers: [Tree: 16]")
    (finding,) = caught.value.diagnostics
    assert finding.message == "the network has more than 20,000 layers"


def test_a_layer_is_set_from_python_and_from_the_command_line() -> None:
    text = "netspec: 1\ninput: [4]\nparams: {act: Layer, last: {Softmax: 1}}\nlayers: [$act, $last]"
    set_here = netspec.loads(text, act={"LeakyReLU": {"negative_slope": 0.5}})
    outside = parse_overrides(["act={LeakyReLU: 0.5}", "last=Tanh"], None)
    set_there = compile_text(text, "spec", outside)
    assert [x.op.negative_slope for net in (set_here, set_there) for x in net.layers[:1]] == [
        0.5, 0.5]  # fmt: skip
    assert [x.kind_name for x in set_there.layers] == ["LeakyReLU", "Tanh"]
    again = netspec.loads(set_here.resolved())
    assert again.params == set_here.params
    with pytest.raises(SpecError) as caught:
        netspec.loads(text, act=3)
    assert [found.code for found in caught.value.diagnostics] == ["NS308"]


def test_a_block_called_layer_is_a_default_as_any_other() -> None:
    text = """
netspec: 1
input: [4]
blocks:
  Layer: {layers: [ReLU]}
  Twice: {params: {of: Layer}, layers: [$of, $of]}
layers: [Twice]
"""
    net = netspec.loads(text)
    assert [x.path for x in net.layers] == ["0", "0.0", "0.0.0", "0.1", "0.1.0"]


def test_a_block_that_only_a_parameters_layer_names_is_used() -> None:
    blocks = BLOCKS.split("  Twofold")[0]
    head = "netspec: 1\ninput: [4]\nparams: {of: {Wide: 4}}\n"
    assert netspec.loads(f"{head}{blocks}layers: [Residual: $of]").warnings == ()
    alone = "  Alone: {layers: [{if: false, Alone: {}}, ReLU]}\n"
    net = netspec.loads(f"{head}{blocks}{alone}layers: [Residual: $of]")
    assert [found.code for found in net.warnings] == ["NS605"]
