"""What each lint warns of, and what it leaves alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import netspec
from netspec.compiler import compile_path, compile_text
from netspec.compiler.lints.flow import Flow, FlowStep
from netspec.compiler.lints.run import LINTS
from netspec.compiler.lints.unread_pixels import BUDGET, SEARCH, unread_pixels
from netspec.compiler.sources.override import parse_overrides
from netspec.diagnostics import Diagnostic
from netspec.ops.conv import Conv2d

SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.yaml"))


def codes(layers: str, *, input: str = "[3, 32, 32]", rest: str = "") -> list[str]:
    """The codes of the warnings for a spec of these layers."""
    text = f"netspec: 1\ninput: {input}\nlayers:\n{layers}\n{rest}"
    return [warning.code for warning in compile_text(text).warnings]


def listed(*layers: str) -> str:
    return "\n".join(f"  - {layer}" for layer in layers)


def conv(channels: int = 8, **arguments: object) -> str:
    given = {"out_channels": channels, "kernel_size": 3, "padding": 1, **arguments}
    written = ", ".join(
        f"{key}: {str(value).lower() if isinstance(value, bool) else value}"
        for key, value in given.items()
    )
    return f"Conv2d: {{{written}}}"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_shipped_specs_give_no_warning(path: Path) -> None:
    assert compile_path(path).warnings == ()


@pytest.mark.parametrize(
    ("layers", "rest", "expected"),
    [
        (["Flatten", "Linear: 10", "Softmax"], "train: {}", ["NS601"]),
        (["Flatten", "Linear: 10", "LogSoftmax"], "train: {epochs: 1}", ["NS601"]),
        # without a recipe, the network may well give probabilities
        (["Flatten", "Linear: 10", "Softmax"], "", []),
        (["Flatten", "Linear: 10", "LogSoftmax"], "train: {loss: NLLLoss}", []),
        (["Flatten", "Linear: 10", "Softmax"], "train: {loss: MSELoss}", []),
        (["Flatten", "Linear: 10", "Softmax", "Identity"], "train: {}", ["NS601"]),
        (["Flatten", "Linear: 10", "Softmax"], "train: {loss: {CrossEntropyLoss: {}}}", ["NS601"]),
        # a softmax that is not the last layer is attention, or a gate
        (["Flatten", "Linear: 10", "Softmax", "Linear: 5"], "", []),
    ],
)
def test_a_softmax_before_the_loss(layers: list[str], rest: str, expected: list[str]) -> None:
    assert codes(listed(*layers), rest=rest) == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([conv(), "BatchNorm2d", "ReLU"], ["NS602"]),
        ([conv(bias=False), "BatchNorm2d", "ReLU"], []),
        ([conv(), "ReLU", "BatchNorm2d"], []),
        ([conv(), "GroupNorm: 4"], []),
        (["Flatten", "Linear: 8", "BatchNorm1d", "ReLU", "Linear: 3"], ["NS602"]),
        # of a sequence, the features are the last dimension and the channels the first
        (["Reshape: [4, 768]", "Linear: 8", "BatchNorm1d"], []),
    ],
)
def test_a_bias_before_batch_norm(layers: list[str], expected: list[str]) -> None:
    assert codes(listed(*layers)) == expected


def test_a_bias_that_something_else_reads_too_is_no_mistake() -> None:
    layers = f"  conv: {{{conv()}}}\n  norm: BatchNorm2d\n  add: {{from: [conv, norm], Add: {{}}}}"
    assert codes(layers) == []


def test_a_shared_layer_is_judged_by_all_its_uses() -> None:
    layers = f"  conv: {{{conv(3)}}}\n  norm: BatchNorm2d\n  again: {{call: conv}}\n  relu: ReLU\n"
    assert codes(layers) == []


@pytest.mark.parametrize(
    ("size", "layer", "warns"),
    [
        (224, conv(64, kernel_size=11, stride=4, padding=2), False),  # AlexNet as torchvision's
        (224, conv(96, kernel_size=11, stride=4, padding=0), True),  # AlexNet's paper
        (227, conv(96, kernel_size=11, stride=4, padding=0), False),
        (223, conv(96, kernel_size=11, stride=4, padding=0), False),
        (224, conv(64, kernel_size=7, stride=2, padding=3), False),  # ResNet's stem
        (56, conv(64, stride=2), False),
        (55, conv(64, stride=2), False),
        (56, conv(64, kernel_size=1, stride=2, padding=0), False),  # its shortcut: gaps everywhere
        (57, conv(64, kernel_size=1, stride=2, padding=0), False),
        (56, conv(64, kernel_size=2, stride=4, padding=0), False),  # a gap of 2 at the end, as all
        (57, conv(64, kernel_size=2, stride=4, padding=0), True),  # a gap of 3 at the end
        (224, "MaxPool2d: {kernel_size: 3, stride: 2}", True),
        (224, "MaxPool2d: {kernel_size: 3, stride: 2, ceil_mode: true}", False),
        (224, "MaxPool2d: {kernel_size: 3, stride: 2, padding: 1}", False),
        (7, "AvgPool2d: 2", True),
        (8, "AvgPool2d: 2", False),
        (7, "AdaptiveAvgPool2d: 2", False),
        (33, conv(8, stride=2, dilation=2, padding=2), False),
    ],
)
def test_pixels_that_a_strided_layer_leaves_unread(size: int, layer: str, warns: bool) -> None:
    found = codes(listed(layer), input=f"[3, {size}, {size}]")
    assert found == (["NS603"] if warns else [])


@pytest.mark.parametrize("size", range(11, 48))
@pytest.mark.parametrize("layer", [conv(8, kernel_size=5, stride=3, padding=0), "MaxPool2d: 4"])
def test_an_input_that_the_hint_offers_is_read_whole(size: int, layer: str) -> None:
    text = "netspec: 1\ninput: [3, {0}, {0}]\nlayers:\n  - {1}\n"
    for warning in compile_text(text.format(size, layer)).warnings:
        assert warning.code == "NS603"
        assert warning.hint is not None
        for word in warning.hint.split(" is read whole")[0].split():
            if "×" in word:
                assert not compile_text(text.format(word.split("×")[0], layer)).warnings


def test_the_first_layer_that_leaves_pixels_unread_notes_the_others() -> None:
    layers = listed(conv(96, kernel_size=11, stride=4, padding=0), "ReLU", "MaxPool2d: 4")
    text = f"netspec: 1\ninput: [3, 224, 224]\nlayers:\n{layers}\n"
    (warning,) = compile_text(text).warnings
    assert warning.span.line == 4
    assert [note.span.line for note in warning.notes if note.span] == [6]
    ignored = text.replace("stride: 4}", "stride: 4} # netspec: ignore[NS603]")
    (warning,) = compile_text(ignored).warnings
    assert warning.span.line == 6


def test_what_nothing_uses_is_told_once_for_all_copies() -> None:
    text = f"""\
netspec: 1
input: [3, 8, 8]
params: {{unused: 1}}
blocks:
  Unit:
    params: {{stride: 1}}
    layers:
      a: {{{conv(3)}}}
      lost: {{from: input, Sigmoid: {{}}}}
      b: {{from: a, ReLU: {{}}}}
  Other: {{layers: [ReLU]}}
layers:
  - {{repeat: 5, Unit: {{}}}}
"""
    found = [warning.code for warning in compile_text(text).warnings]
    assert found == ["NS606", "NS606", "NS604", "NS605"]


@pytest.mark.parametrize(
    "text",
    [
        # a layer is used by `from`, by a branch, as an output, or only in some copies
        "layers:\n  a: ReLU\n  b: Tanh\n  c: {from: [a, b], Add: {}}\n",
        "layers:\n  - branches: [ReLU, Tanh]\n    Add: {}\n",
        "layers:\n  a: ReLU\n  b: Tanh\noutputs: {x: b, y: a}\n",
        "layers:\n  f: Flatten\n  aux: {when: training, Linear: 3}\n  fc: {Linear: 3}\n"
        "outputs: {logits: fc, aux: aux}\n",
        "blocks:\n  B:\n    params: {short: false}\n    layers:\n      a: ReLU\n      b: Tanh\n"
        "      c: {from: $('a' if short else 'b'), Sigmoid: {}}\nlayers: [B, B: true]\n",
        # a block is used where a parameter names it, by default or in an expression
        "params: {block: B}\nblocks:\n  B: {layers: [ReLU]}\nlayers: [$block]\n",
        "params: {n: 1}\nblocks:\n  B: {layers: [ReLU]}\n  C: {layers: [Tanh]}\n"
        "layers:\n  - $('B' if n else 'C')\n",
        # a parameter is used in the recipe, in a name, in a loop
        "params: {lr: 0.1}\nlayers: [ReLU]\ntrain: {optimizer: {SGD: {lr: $lr}}}\n",
        "params: {n: 2}\nlayers:\n  a$(n): ReLU\n",
        "params: {stages: [1, 2]}\nlayers:\n  - {each: {s: $stages}, ReLU: {}}\n",
        "params: {s: 0.1}\nlayers: [Flatten, Linear: 3]\n"
        "init: {Linear: {weight: {normal_: {std: $s}}}}\n",
    ],
)
def test_what_is_used_is_not_reported(text: str) -> None:
    assert compile_text(f"netspec: 1\ninput: [3, 8, 8]\n{text}").warnings == ()


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["Flatten", "Linear: 8", "Linear: 3"], ["NS607"]),
        ([conv(), conv()], ["NS607"]),
        ([conv(kernel_size=1, padding=0), conv()], ["NS607"]),
        ([conv(), "Flatten", "Linear: 3"], ["NS607"]),
        ([conv(), "ReLU", conv()], []),
        ([conv(), "Dropout", conv()], []),
        ([conv(bias=False), "BatchNorm2d", conv()], []),
        ([conv(3, groups=3), conv(kernel_size=1, padding=0)], []),  # depthwise, then pointwise
        ([conv(8, kernel_size=1, padding=0), conv(8, groups=8)], []),
        ([conv(kernel_size="[1, 7]", padding="[0, 3]"), conv(kernel_size="[7, 1]", padding=0)], []),
        ([conv(), "ConvTranspose2d: {out_channels: 8, kernel_size: 2, stride: 2}"], []),
        # a narrow middle between two wide ends is a map of low rank
        (["Flatten", "Linear: 8", "Linear: 64"], []),
        (["Flatten", "Linear: 64", "Linear: 64"], ["NS607"]),
        ([conv(32), "ReLU", conv(4, kernel_size=1, padding=0), conv(16)], []),
        ([conv(32), "ReLU", conv(32, kernel_size=1, padding=0), conv(16)], ["NS607"]),
    ],
)
def test_two_linear_maps_in_a_row(layers: list[str], expected: list[str]) -> None:
    assert codes(listed(*layers)) == expected


def test_a_linear_map_that_feeds_a_shortcut_too_is_no_pair() -> None:
    layers = f"  a: {{{conv(3)}}}\n  b: {{{conv(3)}}}\n  c: {{from: [a, b], Add: {{}}}}"
    assert codes(layers) == []


@pytest.mark.parametrize(
    ("layers", "rest", "expected"),
    [
        (["Flatten", "Linear: 10", "Dropout: 0.5"], "", ["NS608"]),
        (["Flatten", "Linear: 10", "Dropout: 0"], "", []),
        (["Flatten", "Dropout: 0.5", "Linear: 10"], "", []),
        ([conv(10), "Dropout: 0.5", "AdaptiveAvgPool2d: 1", "Flatten"], "", []),
        (["Flatten", "Linear: 10", "ReLU"], "", ["NS609"]),
        (["Flatten", "Linear: 10", "Sigmoid"], "train: {loss: BCEWithLogitsLoss}", ["NS609"]),
        (["Flatten", "Linear: 10", "Sigmoid"], "train: {loss: MSELoss}", []),
        (["Flatten", "Linear: 10", "Sigmoid"], "train: {}", ["NS609"]),
        (["Flatten", "Linear: 10", "Sigmoid"], "", []),
        # SqueezeNet's classifier, and a generator of images
        ([conv(10), "ReLU", "AdaptiveAvgPool2d: 1", "Flatten"], "", []),
        ([conv(10), "Tanh"], "", []),
    ],
)
def test_what_stands_after_the_logits(layers: list[str], rest: str, expected: list[str]) -> None:
    assert codes(listed(*layers), rest=rest) == expected


@pytest.mark.parametrize(
    ("layers", "batch", "expected"),
    [
        (["AdaptiveAvgPool2d: 1", "BatchNorm2d"], 1, ["NS610"]),
        (["AdaptiveAvgPool2d: 1", "BatchNorm2d"], 2, []),
        (["BatchNorm2d"], 1, []),
        (["Flatten", "BatchNorm1d"], 1, ["NS610"]),
        (["AdaptiveAvgPool2d: 1", "LayerNorm"], 1, []),
    ],
)
def test_batch_norm_of_one_value(layers: list[str], batch: int, expected: list[str]) -> None:
    assert codes(listed(*layers), rest=f"train: {{batch_size: {batch}}}") == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([conv(32), "ReLU", "Flatten", "Linear: 64", "ReLU", "Linear: 10"], ["NS611"]),
        ([conv(), "ReLU", "AdaptiveAvgPool2d: 1", "Flatten", "Linear: 64"], []),
        (["Flatten", "Linear: 64", "ReLU", "Linear: 10"], []),  # no convolution to pool after
        (["Flatten", "Linear: 100"], []),  # nothing beside it
        ([conv(32), "ReLU", "Flatten", "Linear: 40", "ReLU", "Linear: 10"], []),  # few in all
    ],
)
def test_one_heavy_layer(layers: list[str], expected: list[str]) -> None:
    assert codes(listed(*layers)) == expected


@pytest.mark.parametrize(
    ("input", "data", "expected"),
    [
        ("[3, 32, 32]", "{dataset: CIFAR10}", []),
        ("[1, 28, 28]", "{dataset: MNIST}", []),
        ("[3, 28, 28]", "{dataset: MNIST}", ["NS502"]),
        ("[3, 28, 28]", "{dataset: MNIST, channels: 3}", []),
        ("[3, 224, 224]", "{dataset: CIFAR10}", ["NS502"]),
        ("[3, 224, 224]", "{dataset: CIFAR10, resize: 224}", []),
        ("[3, 224, 192]", "{dataset: CIFAR10, resize: [224, 192]}", []),
        ("[3, 224, 224]", "{dataset: folder}", []),
        ("[5, 7, 9]", "{dataset: synthetic}", []),
        ("[3, 32, 32]", "{dataset: CIFAR100}", ["NS502"]),  # 100 classes, 10 outputs
        ("[1, 8, 8]", "{dataset: digits}", []),
    ],
)
def test_a_data_set_and_the_network(input: str, data: str, expected: list[str]) -> None:
    layers = listed("AdaptiveAvgPool2d: 1", "Flatten", "Linear: 10")
    assert codes(layers, input=input, rest=f"train: {{data: {data}}}") == expected


def test_a_crop_decides_the_size_that_the_network_sees() -> None:
    layers = listed("AdaptiveAvgPool2d: 1", "Flatten", "Linear: 10")
    rest = "train: {data: {dataset: CIFAR10}, augment: [{RandomCrop: {size: 28}}]}"
    assert codes(layers, input="[3, 28, 28]", rest=rest) == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", ["NS602"]),
        ("# netspec: ignore[NS602]", []),
        ("# netspec: ignore[NS602] - the published weights have it", []),
        ("#netspec:ignore[NS601, NS602]", []),
        ("# netspec: ignore[NS601]", ["NS602"]),
        ("# netspec: ignore", ["NS602"]),
        ("# NS602", ["NS602"]),
    ],
)
def test_a_comment_on_the_line_silences_a_warning(comment: str, expected: list[str]) -> None:
    assert codes(f"  - {conv()} {comment}\n  - BatchNorm2d") == expected


def test_a_comment_silences_no_error() -> None:
    from netspec.diagnostics import SpecError

    with pytest.raises(SpecError):
        codes("  - Conv2d: {out_channels: 3} # netspec: ignore[NS203]")


def test_a_comment_in_an_extended_file_counts_for_its_lines(tmp_path: Path) -> None:
    base = "netspec: 1\ninput: [3, 8, 8]\nparams: {n: 1}{}\nlayers: [ReLU]\n"
    (tmp_path / "child.yaml").write_text("netspec: 1\nextends: base.yaml\n", encoding="utf-8")
    for comment, expected in (("", ["NS606"]), (" # netspec: ignore[NS606]", [])):
        text = base.replace("{}", comment)
        (tmp_path / "base.yaml").write_text(text, encoding="utf-8")
        found = compile_path(tmp_path / "child.yaml").warnings
        assert [warning.code for warning in found] == expected


def test_a_resolved_spec_keeps_what_was_silenced() -> None:
    layers = (
        f"  - {conv()} # netspec: ignore[NS602]\n  - BatchNorm2d\n  - {conv()}\n  - BatchNorm2d"
    )
    text = f"netspec: 1\ninput: [3, 32, 32]\nlayers:\n{layers}\n"
    network = compile_text(text)
    again = compile_text(network.resolved())
    assert [w.code for w in again.warnings] == [w.code for w in network.warnings] == ["NS602"]
    assert again.resolved() == network.resolved()


def test_warnings_come_in_the_order_of_the_file() -> None:
    layers = listed(conv(), "BatchNorm2d", "MaxPool2d: 3", "Flatten", "Linear: 9", "ReLU")
    text = f"netspec: 1\nparams: {{a: 1}}\ninput: [3, 32, 32]\nlayers:\n{layers}\n"
    warnings = compile_text(text).warnings
    assert [w.code for w in warnings] == ["NS606", "NS602", "NS603", "NS609"]
    assert list(warnings) == sorted(warnings, key=lambda w: w.span)


def test_the_flow_has_a_step_for_each_run_of_a_layer() -> None:
    text = f"""\
netspec: 1
input: [3, 8, 8]
blocks:
  Unit:
    layers:
      conv: {{{conv(3)}}}
      relu: ReLU
      add: {{from: [relu, input], Add: {{}}}}
layers:
  a: Unit
  b: {{call: a}}
  c: {{from: [a, b], Add: {{}}}}
"""
    flow = Flow(compile_text(text))
    assert [step.kind for step in flow.steps] == ["Conv2d", "ReLU", "Add"] * 2 + ["Add"]
    assert [step.module for step in flow.steps] == [
        "a.conv", "a.relu", "a.add", "a.conv", "a.relu", "a.add", "c",
    ]  # fmt: skip
    assert [step.sources for step in flow.steps] == [
        (-1,), (0,), (1, -1), (2,), (3,), (4, 2), (2, 5),
    ]  # fmt: skip
    assert flow.outputs[0][1] == 6


class Counted(list[FlowStep]):
    """Steps that count how often one of them is looked at."""

    looks = 0

    def __iter__(self) -> Iterator[FlowStep]:
        for step in super().__iter__():
            self.looks += 1
            yield step

    def __getitem__(self, index: int) -> FlowStep:  # type: ignore[override]
        self.looks += 1
        return super().__getitem__(index)


def many_convolutions(copies: int) -> str:
    """Each of other channels, so that none is another's; the pool leaves pixels unread, and no
    size nearby would be read whole."""
    return f"""\
netspec: 1
input: [3, 150, 150]
layers:
  - repeat: {copies}
    layers:
      - Conv2d: {{out_channels: $(index + 1), kernel_size: 3, padding: 1}}
      - BatchNorm2d
      - Identity
  - MaxPool2d: 97
  - Flatten
  - Linear: 10
"""


@pytest.mark.parametrize("lint", LINTS, ids=lambda lint: lint.__name__)
def test_a_lint_looks_at_each_layer_a_bounded_number_of_times(
    lint: Callable[[Flow], Iterator[Diagnostic]],
) -> None:
    """The work grows as the network does: counted, not timed."""
    looks = []
    for copies in (100, 1_000):
        flow = Flow(compile_text(many_convolutions(copies)))
        flow.steps = Counted(flow.steps)
        list(lint(flow))
        looks.append(flow.steps.looks)
    assert looks[1] <= 10 * looks[0] + 10
    assert looks[0] <= 10 * 304  # ten looks at each step


def test_all_lints_together_look_at_every_layer() -> None:
    """So that what is counted above is their work."""
    flow = Flow(compile_text(many_convolutions(100)))
    flow.steps = Counted(flow.steps)
    for lint in LINTS:
        list(lint(flow))
    assert flow.steps.looks >= len(flow.steps)


def test_the_search_for_a_better_size_is_given_up_in_a_deep_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0
    infer = Conv2d.infer

    def counted(self: Conv2d, *inputs: tuple[int, ...]) -> tuple[int, ...]:
        nonlocal asked
        asked += 1
        return infer(self, *inputs)

    counts = []
    for copies in (10, 100, 1_000):
        flow = Flow(compile_text(many_convolutions(copies)))
        monkeypatch.setattr(Conv2d, "infer", counted)
        asked = 0
        (finding,) = unread_pixels(flow)
        counts.append(asked)
        monkeypatch.setattr(Conv2d, "infer", infer)
        assert finding.code == "NS603"
    sizes = 2 * (SEARCH - 1)
    assert counts == [10 * sizes, 100 * sizes, 0]
    assert 100 * sizes <= BUDGET < 1_000 * sizes


def test_a_parameter_that_is_called_as_a_function_is_used_where_its_name_stands() -> None:
    text = "netspec: 1\ninput: [3]\nparams: {min: 3, max: 4}\nlayers: [Linear: '$(max(min, 2))']\n"
    (found,) = compile_text(text).warnings
    assert (found.code, "`max`" in found.message) == ("NS606", True)


@pytest.mark.parametrize(
    ("pad", "expected"),
    [
        ("[0, 1, 0, 1]", []),  # what is left unread is padding
        ("[1, 1, 1, 1]", []),
        ("[1, 0, 1, 0]", ["NS603"]),
        ("0", ["NS603"]),
    ],
)
def test_padding_that_a_layer_of_its_own_has_put_is_no_part_of_the_input(
    pad: str, expected: list[str]
) -> None:
    size = 32 if pad not in ("0", "[1, 0, 1, 0]") else {"0": 33, "[1, 0, 1, 0]": 32}[pad]
    layers = listed(f"ZeroPad2d: {pad}", "MaxPool2d: 2")
    assert codes(layers, input=f"[3, {size}, {size}]") == expected


@pytest.mark.parametrize("batch", [1, 2])
def test_a_batch_norm_that_is_made_and_never_used_is_one_finding(batch: int) -> None:
    layers = """\
  pool: {AdaptiveAvgPool2d: 1}
  conv: {Conv2d: {out_channels: 8, kernel_size: 1}}
  norm: BatchNorm2d
  relu: {from: conv, ReLU: {}}
"""
    assert codes(layers, rest=f"train: {{batch_size: {batch}}}") == ["NS604"]


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ("epochs: 10, scheduler: {StepLR: 30}", ["NS505"]),
        ("epochs: 10, scheduler: {StepLR: 10}", ["NS505"]),
        ("epochs: 10, scheduler: {StepLR: 9}", []),
        ("epochs: 10, scheduler: {MultiStepLR: [30, 60, 80]}", ["NS505"]),
        ("epochs: 70, scheduler: {MultiStepLR: [30, 60, 80]}", ["NS505"]),
        ("epochs: 90, scheduler: {MultiStepLR: [30, 60, 80]}", []),
        ("epochs: 10, scheduler: {CosineAnnealingLR: 200}", ["NS505"]),
        ("epochs: 10, scheduler: {CosineAnnealingLR: 5}", ["NS505"]),
        ("epochs: 10, scheduler: {CosineAnnealingLR: {T_max: 10}}", []),
        ("epochs: 10, scheduler: {CosineAnnealingLR: 9}", []),
        ("epochs: 10, warmup: 5, scheduler: {CosineAnnealingLR: 5}", []),
        ("epochs: 10, scheduler: CosineAnnealingLR", []),
        ("epochs: 10, scheduler: {PolynomialLR: {total_iters: 5}}", ["NS505"]),
        ("epochs: 10, scheduler: {LinearLR: {total_iters: 5}}", []),
        ("epochs: 10, scheduler: {LinearLR: {total_iters: 50}}", ["NS505"]),
        ("epochs: 10, scheduler: {CosineAnnealingWarmRestarts: 20}", ["NS505"]),
        ("epochs: 10, scheduler: {CosineAnnealingWarmRestarts: 5}", []),
        ("epochs: 10, scheduler: {ReduceLROnPlateau: {patience: 10}}", ["NS505"]),
        ("epochs: 10, scheduler: ReduceLROnPlateau", []),
        ("epochs: 10, scheduler_interval: step, scheduler: {StepLR: 30}", []),
    ],
)
def test_a_schedule_beside_the_length_of_the_run(train: str, expected: list[str]) -> None:
    assert codes(listed("Flatten", "Linear: 10"), rest=f"train: {{{train}}}") == expected


def test_a_short_trial_of_a_long_recipe_is_no_mistake() -> None:
    text = "netspec: 1\ninput: [8]\nlayers: [Linear: 3]\n"
    text += "train: {epochs: 90, scheduler: {StepLR: 30}}\n"
    short = parse_overrides(["train.epochs=1"], None)
    assert compile_text(text, overrides=short).warnings == ()


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ("optimizer: {SGD: 0.1}, scheduler: {OneCycleLR: 0.2}", ["NS506"]),
        ("optimizer: {SGD: {lr: 0.1}}, scheduler: {OneCycleLR: {max_lr: 0.2}}", ["NS506"]),
        ("optimizer: {SGD: {lr: 0.2}}, scheduler: {OneCycleLR: {max_lr: 0.2}}", []),
        ("optimizer: {SGD: {momentum: 0.9}}, scheduler: {OneCycleLR: {max_lr: 0.2}}", []),
        ("optimizer: SGD, scheduler: {OneCycleLR: {max_lr: 0.2}}", []),
        ("optimizer: {SGD: {lr: 0.1}}, scheduler: CosineAnnealingLR", []),
    ],
)
def test_a_learning_rate_beside_a_cycle(train: str, expected: list[str]) -> None:
    assert codes(listed("Flatten", "Linear: 10"), rest=f"train: {{{train}}}") == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("[224, 224, 3]", ["NS612"]),
        ("[28, 28, 1]", ["NS612"]),
        ("[120, 160, 3]", ["NS612"]),
        ("[3, 224, 224]", []),
        ("[3, 3, 3]", []),
        ("[64, 100, 1]", []),  # 64 channels of a long strip
        ("[3, 32, 3]", []),
        ("[224, 224]", []),
    ],
)
def test_an_input_whose_channels_come_last(shape: str, expected: list[str]) -> None:
    assert codes(listed("ReLU"), input=shape) == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["Flatten", "Linear: 10"], ["NS613"]),
        (["Flatten", "Linear: 10", "Softmax"], ["NS613"]),
        (["Flatten", "Linear: 10", "Dropout: 0"], ["NS613"]),
        (["Flatten", "Linear: 10", "LogSoftmax"], []),
        (["Flatten", "Linear: 10", "LogSoftmax", "Identity"], []),
        ([conv(10), "LogSoftmax", "AdaptiveAvgPool2d: 1", "Flatten"], []),
    ],
)
def test_nllloss_over_what_holds_no_log_probabilities(
    layers: list[str], expected: list[str]
) -> None:
    assert codes(listed(*layers), rest="train: {loss: NLLLoss}") == expected
    assert "NS613" not in codes(listed(*layers), rest="train: {loss: CrossEntropyLoss}")


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        ("Linear: {weight: zeros_}", ["NS614"]),
        ("Linear: {weight: {constant_: 0.1}}", ["NS614"]),
        ("'*': {weight: ones_}", ["NS614"]),
        ("Linear: {weight: normal_}", []),
        ("Linear: {bias: zeros_}", []),
        ("'3': {weight: zeros_}", []),  # only the last starts at zero
        ("Linear: {weight: zeros_}, '1': {weight: normal_}", []),
    ],
)
def test_weights_that_all_start_at_one_value(init: str, expected: list[str]) -> None:
    layers = listed("Flatten", "Linear: 8", "ReLU", "Linear: 3")
    assert codes(layers, rest=f"init: {{{init}}}") == expected


@pytest.mark.parametrize(
    ("unit", "spec", "expected"),
    [
        ("Linear: {weight: zeros_}", "{}", ["NS614"]),
        ("'2': {weight: zeros_}", "{}", []),  # the first of each block starts at random
        ("Linear: {weight: normal_}", "{Linear: {weight: zeros_}}", ["NS614"]),  # the spec's win
        ("Linear: {weight: zeros_}", "{Linear: {weight: normal_}}", []),
        ("Linear: {weight: zeros_}", "{'3.2': {weight: normal_}}", []),
    ],
)
def test_rules_of_blocks_may_start_all_weights_at_one_value(
    unit: str, spec: str, expected: list[str]
) -> None:
    text = f"""netspec: 1
input: [3, 8, 8]
blocks:
  Unit: {{layers: [Linear: 8, ReLU, Linear: 8], init: {{{unit}}}}}
layers: [Flatten, Unit, ReLU, Unit]
init: {spec}
"""
    assert [warning.code for warning in compile_text(text).warnings] == expected


def test_a_single_linear_map_may_start_at_zero() -> None:
    assert codes(listed("Flatten", "Linear: 3"), rest="init: {Linear: {weight: zeros_}}") == []


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([conv(4), "ReLU", "MaxPool2d: 2", "Linear: 10"], ["NS615"]),
        (["Linear: 16", "ReLU", "Linear: 10"], ["NS615"]),
        ([conv(4), "ReLU", "Flatten", "Linear: 10"], []),
        # features were laid last on purpose
        ([conv(4), "Permute: [0, 2, 3, 1]", "LayerNorm", "Linear: 10"], []),
        ([conv(4), "ReLU", "Linear: 10", "ReLU", conv(2)], []),
    ],
)
def test_a_flatten_that_is_missing_before_the_head(layers: list[str], expected: list[str]) -> None:
    assert codes(listed(*layers)) == expected


def test_the_first_of_several_linear_layers_over_rows_is_where_a_flatten_is_missing() -> None:
    layers = listed(conv(4), "ReLU", "Linear: 16", "ReLU", "Linear: 10")
    (warning,) = compile_text(f"netspec: 1\ninput: [3, 32, 32]\nlayers:\n{layers}\n").warnings
    assert (warning.code, warning.span.line) == ("NS615", 6)


@pytest.mark.parametrize(
    ("resize", "augment", "expected"),
    [
        ("64", "[]", ["NS502"]),
        ("[32, 48]", "[]", ["NS502"]),
        ("32", "[]", []),
        ("64", "[RandomResizedCrop: 32]", []),
    ],
)
def test_a_folder_s_images_that_are_resized_to_another_size(
    resize: str, augment: str, expected: list[str]
) -> None:
    train = f"train: {{data: {{dataset: folder, resize: {resize}}}, augment: {augment}}}"
    assert codes(listed("Flatten", "Linear: 10"), rest=train) == expected


def test_a_schedule_set_from_outside_is_held_against_epochs_that_are_too() -> None:
    text = "netspec: 1\ninput: [3]\nlayers: [Linear: 2]\ntrain: {epochs: 40}\n"
    outside = {"epochs": 10, "scheduler": {"StepLR": 30}}
    assert [w.code for w in netspec.loads(text, train=outside).warnings] == ["NS505"]
    long = text.replace("epochs: 40", "epochs: 40, scheduler: {StepLR: 30}")
    assert netspec.loads(long, train={"epochs": 10}).warnings == ()


def test_a_middle_that_is_wider_than_what_comes_in_is_no_map_of_low_rank() -> None:
    assert codes(listed("Linear: 8", "Linear: 64"), input="[4]") == ["NS607"]


def test_a_bias_before_a_norm_that_nothing_uses_is_left_to_the_norm_s_finding() -> None:
    layers = f"  conv: {{{conv()}}}\n  norm: BatchNorm2d\n  relu: {{from: input, ReLU: {{}}}}"
    assert codes(layers) == ["NS604"]
