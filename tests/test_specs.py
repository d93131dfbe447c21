"""Every row of published networks: its layers, its parameters counted by hand, its recipe; it runs.

The counts are written out from the published structure, layer by layer, so that neither netspec's
nor torch's own counting stands behind them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import netspec
from netspec.compiler import compile_path
from netspec.compiler.facade import Network
from netspec.compiler.sources.override import parse_overrides
from netspec.recipe import Recipe

SPECS = Path(__file__).parent.parent / "specs"
ALL = sorted(path.stem for path in SPECS.glob("*.yaml"))


def load(name: str, **params: object) -> Network:
    return netspec.load(SPECS / f"{name}.yaml", **params)


def recipe(name: str) -> Recipe:
    return load(name).recipe


def outputs(network: Network) -> dict[str, tuple[int, ...]]:
    return {layer.path: layer.output for layer in network.layers}


def conv(inputs: int, out: int, size: int, bias: bool = True) -> int:
    return inputs * out * size * size + (out if bias else 0)


def linear(inputs: int, out: int) -> int:
    return inputs * out + out


def chain(of: Callable[[int, int], int], *widths: int) -> int:
    return sum(of(a, b) for a, b in pairwise(widths))


def alexnet_original(classes: int) -> int:
    convolutions = conv(3, 96, 11) + conv(96, 256, 5)
    convolutions += chain(lambda a, b: conv(a, b, 3), 256, 384, 384, 256)
    return convolutions + chain(linear, 256 * 6 * 6, 4096, 4096, classes)


def alexnet_torchvision(classes: int) -> int:
    convolutions = conv(3, 64, 11) + conv(64, 192, 5)
    convolutions += chain(lambda a, b: conv(a, b, 3), 192, 384, 256, 256)
    return convolutions + chain(linear, 256 * 6 * 6, 4096, 4096, classes)


def alexnet_cifar10() -> int:
    convolutions = chain(lambda a, b: conv(a, b, 3), 3, 64, 256, 384, 256, 256)
    return convolutions + chain(linear, 256 * 4 * 4, 4096, 4096, 10)


def alexnet_half(classes: int) -> int:
    convolutions = conv(3, 48, 11) + conv(48, 128, 5)
    convolutions += chain(lambda a, b: conv(a, b, 3), 128, 192, 192, 128)
    return convolutions + chain(linear, 128 * 6 * 6, 2048, 2048, classes)


INCEPTIONS = (
    (192, 64, (96, 128), (16, 32), 32),
    (256, 128, (128, 192), (32, 96), 64),
    (480, 192, (96, 208), (16, 48), 64),
    (512, 160, (112, 224), (24, 64), 64),
    (512, 128, (128, 256), (24, 64), 64),
    (512, 112, (144, 288), (32, 64), 64),
    (528, 256, (160, 320), (32, 128), 128),
    (832, 256, (160, 320), (32, 128), 128),
    (832, 384, (192, 384), (48, 128), 128),
)


def googlenet_plain() -> int:
    total = conv(1, 64, 7) + conv(64, 64, 1) + conv(64, 192, 3)
    for inputs, one, (three_before, three), (five_before, five), pool in INCEPTIONS:
        total += conv(inputs, one, 1) + conv(inputs, pool, 1)
        total += conv(inputs, three_before, 1) + conv(three_before, three, 3)
        total += conv(inputs, five_before, 1) + conv(five_before, five, 5)
    return total + linear(1024, 10)


def basic_block(inputs: int, out: int, shortcut: bool) -> int:
    main = conv(inputs, out, 3, bias=False) + conv(out, out, 3, bias=False) + 4 * out
    return main + (conv(inputs, out, 1, bias=False) + 2 * out if shortcut else 0)


def resnet18_cifar() -> int:
    total = conv(3, 64, 3, bias=False) + 2 * 64
    total += 2 * basic_block(64, 64, shortcut=False)
    for inputs, out in ((64, 128), (128, 256), (256, 512)):
        total += basic_block(inputs, out, shortcut=True) + basic_block(out, out, shortcut=False)
    return total + linear(512, 10)


def resnet_digits() -> int:
    total = conv(1, 32, 3, bias=False) + 2 * 32 + basic_block(32, 32, shortcut=False)
    for inputs, out in ((32, 64), (64, 128)):
        total += basic_block(inputs, out, shortcut=False) + conv(inputs, out, 1, bias=False)
    return total + linear(128, 10)


COUNTS = {
    "alexnet": (alexnet_torchvision(1000), 61_100_840),
    "alexnet-original": (alexnet_original(10), 58_322_314),
    "alexnet-nodropout": (alexnet_original(10), 58_322_314),
    "alexnet-dropout": (alexnet_original(10), 58_322_314),
    "alexnet-paper": (alexnet_original(1000), 62_378_344),
    "alexnet-cifar10": (alexnet_cifar10(), 36_113_290),
    "alexnet-half": (alexnet_half(1000), 16_630_440),
    "googlenet": (None, 6_624_904),
    "googlenet-plain": (googlenet_plain(), 5_977_530),
    "resnet18": (None, 11_689_512),
    "resnet18-cifar": (resnet18_cifar(), 11_173_962),
    "resnet-digits": (resnet_digits(), 307_690),
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_those_of_the_published_structure(name: str) -> None:
    by_hand, published = COUNTS[name]
    assert by_hand in (None, published)
    assert load(name).num_params == published


@pytest.mark.parametrize("name", ALL)
def test_each_spec_has_no_finding(name: str) -> None:
    network = load(name)
    assert [str(finding.span) for finding in network.warnings] == []


@pytest.mark.parametrize("name", ALL)
def test_each_spec_says_what_it_is_and_how_it_is_trained(name: str) -> None:
    network = load(name)
    assert network.name == name
    assert network.description
    assert recipe(name).data.dataset is not None


@pytest.mark.parametrize("name", ALL)
def test_each_line_can_be_read_at_a_glance(name: str) -> None:
    lines = (SPECS / f"{name}.yaml").read_text().splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("name", ALL)
def test_each_network_builds_and_gives_the_shapes_that_were_found_without_torch(name: str) -> None:
    network = load(name)
    with torch.device("meta"):
        module = network.build()
        images = torch.empty(2, *network.input_shape)
    found: dict[str, tuple[int, ...]] = {}

    def note(path: str) -> Callable[[torch.nn.Module, object, torch.Tensor], None]:
        def hook(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
            found[path] = tuple(output.shape)

        return hook

    for path, part in module.named_modules():
        part.register_forward_hook(note(path))
    module.eval()
    assert module(images).shape == (2, *network.output_shape)
    stated = outputs(network)
    assert found[""] == (2, *network.output_shape)
    for path, shape in found.items():
        assert path == "" or shape == (2, *stated[path]), path
    assert sum(p.numel() for p in module.parameters()) == (
        network.num_params + network.training_params
    )


SMALL = ["alexnet-cifar10", "resnet18-cifar", "resnet-digits"]


@pytest.mark.parametrize("name", SMALL)
def test_a_small_network_learns_from_real_numbers(name: str) -> None:
    network = load(name)
    torch.manual_seed(0)
    module = network.build()
    images = torch.randn(4, *network.input_shape)
    loss = torch.nn.functional.cross_entropy(module(images), torch.tensor([0, 1, 2, 3]))
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize(
    "name",
    [
        *SMALL[1:],
        "googlenet",
        "googlenet-plain",
        pytest.param("alexnet", marks=pytest.mark.soak),
        pytest.param("alexnet-cifar10", marks=pytest.mark.soak),
        pytest.param("alexnet-dropout", marks=pytest.mark.soak),
        pytest.param("alexnet-half", marks=pytest.mark.soak),
        pytest.param("alexnet-nodropout", marks=pytest.mark.soak),
        pytest.param("alexnet-original", marks=pytest.mark.soak),
        pytest.param("alexnet-paper", marks=pytest.mark.soak),
        pytest.param("resnet18", marks=pytest.mark.soak),
    ],
)
def test_a_spec_trains_for_some_steps_on_images_made_on_the_spot(name: str, tmp_path: Path) -> None:
    from netspec.train.run import TrainOptions, train

    data = {"dataset": "synthetic", "samples": 8, "resize": None, "channels": None}
    settings = [
        f"train.data.{key}={'null' if value is None else value}" for key, value in data.items()
    ]
    settings += ["train.epochs=1", "train.batch_size=4"]
    overrides = parse_overrides([*settings, "num_classes=4"], None)
    network = compile_path(SPECS / f"{name}.yaml", overrides)
    result = train(network, TrainOptions(device="cpu", run_dir=tmp_path, silent=True))
    assert result.steps == 2
    assert result.test is not None
    assert math.isfinite(result.test.loss)
    assert (result.folder / "model.safetensors").exists()
    assert (result.folder / "curves.svg").exists()


# what the tutorials worked out by hand


def test_the_first_layer_at_224_gives_55_with_padding_2_and_54_without() -> None:
    assert outputs(load("alexnet-paper"))["conv1.0"] == (96, 55, 55)
    text = (SPECS / "alexnet-paper.yaml").read_text()
    unpadded = netspec.loads(text.replace("stride: 4, padding: 2", "stride: 4"))
    assert outputs(unpadded)["conv1.0"] == (96, 54, 54)
    assert outputs(load("alexnet-original"))["features.0"] == (96, 55, 55)


def test_a_stride_of_4_without_padding_leaves_pixels_unread_at_224_and_none_at_227() -> None:
    from netspec.compiler.lints.run import lint

    original = SPECS / "alexnet-original.yaml"
    assert lint(netspec.load(original)) == ()
    codes = [finding.code for finding in lint(netspec.load(original, input=(3, 224, 224)))]
    assert "NS603" in codes


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("alexnet", 256 * 6 * 6),
        ("alexnet-original", 256 * 6 * 6),
        ("alexnet-nodropout", 256 * 6 * 6),
        ("alexnet-dropout", 256 * 6 * 6),
        ("alexnet-paper", 256 * 6 * 6),
        ("alexnet-cifar10", 256 * 4 * 4),
        ("alexnet-half", 128 * 6 * 6),
    ],
)
def test_the_width_after_flatten_follows(name: str, features: int) -> None:
    assert outputs(load(name))["flatten"] == (features,)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("alexnet", "D F R D F R F"),
        ("alexnet-original", "F R D F R D F"),
        ("alexnet-nodropout", "F R F R F"),
        ("alexnet-dropout", "D F R D F R D F"),
        ("alexnet-half", "D F R D F R F"),
    ],
)
def test_dropout_stands_where_its_row_has_it(name: str, kinds: str) -> None:
    letters = {"Dropout": "D", "Linear": "F", "ReLU": "R"}
    layers = [x for x in load(name).layers if x.path.startswith("classifier.")]
    assert " ".join(letters[x.kind_name] for x in layers) == kinds


def test_stages_have_the_names_of_the_paper() -> None:
    for name in ("alexnet-paper", "alexnet-cifar10"):
        top = [layer.path for layer in load(name).layers if "." not in layer.path]
        assert [p for p in top if p != "flatten"] == [f"conv{n}" for n in range(1, 6)] + [
            f"fc{n}" for n in range(1, 4)
        ]


def test_a_shortcut_is_projected_only_where_the_shape_changes() -> None:
    owners = {path.rpartition(".shortcut")[0] for path in load("resnet18-cifar").state}
    assert owners - {""} == {"layer2.0", "layer3.0", "layer4.0"}


def test_plain_googlenet_keeps_the_size_within_an_inception_block() -> None:
    sizes = outputs(load("googlenet-plain"))
    assert sizes["inception3a"] == (256, 28, 28)
    assert sizes["inception4e"] == (832, 14, 14)
    assert sizes["inception5b"] == (1024, 7, 7)


# recipes


def test_the_original_recipes_are_the_published_ones() -> None:
    alexnet = recipe("alexnet")
    assert (alexnet.batch_size, alexnet.epochs) == (256, 300)
    assert alexnet.optimizer.args == {"lr": 0.01, "momentum": 0.9, "nesterov": True}
    for name in ("alexnet-original", "alexnet-nodropout", "alexnet-dropout"):
        found = recipe(name)
        assert (found.batch_size, found.epochs, found.optimizer) == (256, 300, alexnet.optimizer)
        assert (found.data.dataset, found.data.resize) == ("CIFAR10", (227, 227))
        assert found.data.normalize is not None
        assert (found.data.normalize.mean, found.data.normalize.std) == ((0.5,), (0.5,))
    cifar = recipe("alexnet-cifar10")
    assert (cifar.batch_size, cifar.epochs, cifar.data.validation) == (32, 20, 0.2)
    assert cifar.optimizer.args == {"lr": 0.01, "momentum": 0.9}
    for name in ("googlenet-plain", "googlenet"):
        google = recipe(name)
        assert (google.data.dataset, google.data.resize) == ("FashionMNIST", (224, 224))
        assert (google.batch_size, google.epochs) == (16, 3)
        assert (google.optimizer.name, google.optimizer.args) == ("Adam", {"lr": 1e-3})
    residual = recipe("resnet18-cifar")
    assert (residual.batch_size, residual.epochs) == (128, 135)
    assert residual.optimizer.args == {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}


@pytest.mark.parametrize("name", [name for name in ALL if name.endswith("-fast")])
def test_a_faster_recipe_trains_the_same_network(name: str) -> None:
    fast = load(name)
    plain = load(name.removesuffix("-fast"), **fast.params)
    assert fast.state == plain.state
    assert fast.recipe != plain.recipe
