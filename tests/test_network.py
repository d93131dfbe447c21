"""What a checked network says of itself, without torch."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.recipe import Choice

SPECS = Path(__file__).parent.parent / "specs"
HEAD = "netspec: 1\ninput: [8]\n"


def test_a_called_layer_is_counted_once_and_computed_twice() -> None:
    net = netspec.loads(HEAD + "layers: {a: {Linear: 8}, b: {call: a}}")
    assert (net.num_params, net.macs) == (72, 2 * 64)


def test_so_is_a_called_sequence_and_a_call_within_a_sequence() -> None:
    net = netspec.loads(
        HEAD + "layers:\n"
        "  a: {Sequential: [{Linear: 8}]}\n"
        "  b: {call: a}\n"
        "  c: {Sequential: {x: {Linear: 8}, y: {call: x}}}\n"
    )
    assert net.num_params == 2 * 72
    assert net.macs == 4 * 64
    assert list(net.state) == ["a.0.weight", "a.0.bias", "c.x.weight", "c.x.bias"]


@pytest.mark.parametrize(("named", "name"), [("name: other", "other"), ("", "file")])
def test_a_network_is_called_what_the_spec_says_or_else_as_its_file(
    tmp_path: Path, named: str, name: str
) -> None:
    spec = tmp_path / "file.yaml"
    spec.write_text(f"netspec: 1\n{named}\ninput: [4]\nlayers: [ReLU]\n")
    assert netspec.load(spec).name == name


def test_what_runs_only_in_training_is_counted_apart() -> None:
    net = netspec.load(SPECS / "googlenet.yaml")
    assert net.num_params == 6_624_904
    assert net.num_params + net.training_params == 13_004_888  # as torchvision's, heads included


def test_parameters_and_the_input_are_set_by_the_caller() -> None:
    net = netspec.load(SPECS / "alexnet.yaml", num_classes=10, input=(3, 227, 227))
    assert net.params["num_classes"] == 10
    assert (net.input_shape, net.output_shape) == ((3, 227, 227), (10,))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"num_clases": 10}, "the spec has no parameter `num_clases`"),
        ({"num_classes": "ten"}, "`num_classes` is a whole number, not `ten`"),
        ({"num_classes": True}, "`num_classes` is a whole number, not `true`"),
    ],
)
def test_a_parameter_that_does_not_fit_is_a_finding(params: dict[str, object], says: str) -> None:
    with pytest.raises(netspec.SpecError) as raised:
        netspec.load(SPECS / "alexnet.yaml", **params)
    (finding,) = raised.value.diagnostics
    assert (finding.code, finding.message) == ("NS308", says)


def test_layers_tell_their_place_shapes_and_op() -> None:
    net = netspec.load(SPECS / "resnet18.yaml")
    layer = next(x for x in net.layers if x.path == "layer2.0.downsample.0")
    assert layer.kind_name == "Conv2d"
    assert (layer.inputs, layer.output) == (((64, 56, 56),), (128, 28, 28))
    assert [v.block for v in layer.expanded_from] == ["BasicBlock"]
    assert (layer.span.line, Path(layer.span.file).name) == (20, "resnet18.yaml")


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet18", "resnet18-cifar-fast"])
def test_the_resolved_spec_is_complete_in_itself(name: str, tmp_path: Path) -> None:
    net = netspec.load(SPECS / f"{name}.yaml", num_classes=7)
    copy = tmp_path / "copy.yaml"
    copy.write_text(net.resolved())
    again = netspec.load(copy)
    assert again.name == net.name
    assert again.state == net.state
    assert again.recipe == net.recipe
    assert [(x.path, x.output) for x in again.layers] == [(x.path, x.output) for x in net.layers]
    assert again.resolved() == net.resolved()


def test_the_resolved_spec_keeps_each_value_as_it_is() -> None:
    words = ["1e3", "int", "true", "", "~", "x: y", "0o17", "a  # b", "12:30", "ReLU"]
    numbers = [1, 1.0, 1.5, 1e-05, 2.5e-07, 123456789.0, -1e-300]
    net = netspec.loads(
        "netspec: 1\ninput: [8]\n"
        "params: {words: list, numbers: list, one: 'float', two: str}\n"
        "blocks: {B: {params: {kind: 'int', size: int}, layers: [{Linear: $size}]}}\n"
        "layers: [{B: {size: 3}}]\n",
        words=words,
        numbers=numbers,
        two="bool",
    )
    again = netspec.loads(net.resolved())
    assert again.params == {"words": words, "numbers": numbers, "one": "float", "two": "bool"}
    assert [type(x) for x in again.params["numbers"]] == [type(x) for x in numbers]
    assert (again.state, again.resolved()) == (net.state, net.resolved())


def test_blocks_may_nest_so_deep_and_no_deeper() -> None:
    def nested(levels: int) -> str:
        blocks = "".join(f"  B{i}: {{layers: [B{i + 1}]}}\n" for i in range(levels))
        return f"{HEAD}blocks:\n{blocks}  B{levels}: {{layers: [ReLU]}}\nlayers: [B0]\n"

    assert netspec.loads(nested(20)).output_shape == (8,)
    with pytest.raises(netspec.SpecError, match="nested more than 64 deep"):
        netspec.loads(nested(600))


@pytest.mark.parametrize(("wide", "channels"), [(True, 8), (False, 4)])
def test_of_two_layers_with_one_name_a_condition_may_choose(wide: bool, channels: int) -> None:
    net = netspec.loads(
        "netspec: 1\ninput: [3, 8, 8]\nparams: {wide: true}\nlayers:\n"
        "  - {name: stem, if: $wide, Conv2d: {out_channels: 8, kernel_size: 1}}\n"
        "  - {name: stem, if: $(not wide), Conv2d: {out_channels: 4, kernel_size: 1}}\n"
        "  - ReLU\n"
        "  - {name: out, from: stem, Tanh: {}}\n",
        wide=wide,
    )
    assert next(iter(net.state.items())) == ("stem.weight", (channels, 3, 1, 1))
    assert net.output_shape == (channels, 8, 8)


def test_a_branch_may_be_named_by_a_template() -> None:
    net = netspec.loads(
        "netspec: 1\ninput: [8]\nlayers:\n"
        "  - {repeat: 2, branches: {way$(index): {Linear: 8}, x: Identity}, Add: {}}\n"
    )
    assert list(net.state) == [
        "0.0.way0.weight",
        "0.0.way0.bias",
        "0.1.way1.weight",
        "0.1.way1.bias",
    ]


class TestTheLeastInputSize:
    """The least height and width for which every layer works."""

    @pytest.mark.parametrize(
        ("layers", "least"),
        [
            ("[{Conv2d: {out_channels: 4, kernel_size: 5}}]", 5),
            ("[{MaxPool2d: 2}, {MaxPool2d: 2}, {MaxPool2d: 2}]", 8),
            ("[{Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}]", 1),
            ("[{ReflectionPad2d: 3}]", 4),
        ],
    )
    def test_is_where_each_window_fits(self, layers: str, least: int) -> None:
        assert (
            netspec.loads(f"netspec: 1\ninput: [3, 64, 64]\nlayers: {layers}").min_input_size
            == least
        )

    def test_is_where_each_join_agrees(self) -> None:
        text = (
            "netspec: 1\ninput: [3, 64, 64]\nlayers:\n"
            "  down: {MaxPool2d: 4}\n  up: {Upsample: {scale_factor: 4}}\n"
            "  join: {from: [up, input], Concat: 1}\n"
        )
        assert netspec.loads(text).min_input_size == 4

    def test_heeds_expressions_that_ask_for_the_size(self) -> None:
        text = (
            "netspec: 1\ninput: [3, 64, 64]\nlayers:\n"
            "  - AvgPool2d: $(input.height // 2)\n  - MaxPool2d: 2\n"
        )
        assert netspec.loads(text).min_input_size == 2

    def test_may_be_below_a_size_whose_window_does_not_fit(self) -> None:
        text = (
            "netspec: 1\ninput: [1, 100, 100]\nlayers:\n"
            "  - MaxPool2d: {kernel_size: 3, stride: 1}\n"
            "  - {if: $(input.height > 3), Conv2d: {out_channels: 1, kernel_size: 90}}\n"
        )
        assert netspec.loads(text).least_input == (3, None)

    def test_asks_nothing_of_what_only_training_runs(self) -> None:
        text = (
            "netspec: 1\ninput: [3, 64, 64]\nlayers:\n"
            "  stem: {if: $(input.height > 8), Conv2d: {out_channels: 3, kernel_size: 3}}\n"
            "  helper: {when: training, AvgPool2d: 30}\n"
            "  more: {from: helper, when: training, Flatten: {}}\n"
            "  last: ReLU\n"
            "outputs: {logits: last, helper: more}\n"
        )
        assert netspec.loads(text).min_input_size == 1

    def test_ends_within_a_budget_and_says_where(self) -> None:
        text = "netspec: 1\ninput: [1, 900000]\nlayers: [{repeat: 50, ReLU: {}}, Reshape: [900000]]"
        net = netspec.loads(text)
        assert net.min_input_size is None
        assert net.least_input == (None, 700)

    def test_of_an_input_that_is_no_image_is_none(self) -> None:
        assert netspec.loads(HEAD + "layers: [ReLU]").min_input_size is None


def test_a_setting_may_name_another_optimizer() -> None:
    from netspec.compiler import compile_path
    from netspec.compiler.sources.override import parse_overrides

    path = SPECS / "alexnet.yaml"
    same = compile_path(path, parse_overrides(["train.optimizer.SGD.lr=0.5"], None))
    assert same.recipe.optimizer == Choice("SGD", {"lr": 0.5, "momentum": 0.9, "nesterov": True})
    other = compile_path(path, parse_overrides(["train.optimizer.Adam.lr=1e-3"], None))
    assert other.recipe.optimizer == Choice("Adam", {"lr": 1e-3})
