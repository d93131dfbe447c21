"""Networks that torchvision's classifiers do not cover: a U-Net, one on sequences, DenseNet-BC."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

import netspec
from netspec.compiler import compile_path
from netspec.compiler.sources.override import parse_overrides
from netspec.train.run import TrainOptions, train

SPECS = Path(__file__).parent.parent / "specs"
OTHERS = ("unet", "resnet-sequence", "densenet-bc-100-12")


@pytest.mark.parametrize("name", OTHERS)
def test_the_module_gives_the_shapes_that_the_check_found(name: str) -> None:
    net = netspec.load(SPECS / f"{name}.yaml")
    assert net.warnings == ()
    with torch.device("meta"):
        module, images = net.build(), torch.empty(2, *net.input_shape)
    assert module(images).shape[1:] == net.output_shape
    assert {k: tuple(v.shape) for k, v in module.state_dict().items()} == net.state


def test_densenet_bc_has_the_published_number_of_parameters() -> None:
    net = netspec.load(SPECS / "densenet-bc-100-12.yaml")
    assert net.num_params == 769_162
    assert sum(x.kind_name == "Conv2d" for x in net.layers) + 1 == 100  # and the linear layer


def test_a_u_net_names_a_class_for_every_pixel_at_any_size_that_four_halvings_divide() -> None:
    net = netspec.load(SPECS / "unet.yaml")
    assert net.output_shape == (4, 96, 96)
    assert net.min_input_size == 16
    wide = netspec.load(SPECS / "unet.yaml", num_classes=2, input=(1, 48, 160))
    assert wide.output_shape == (2, 48, 160)
    with pytest.raises(netspec.SpecError, match="NS403"):
        netspec.load(SPECS / "unet.yaml", input=(3, 100, 100))


def test_a_u_nets_output_depends_on_every_scale() -> None:
    torch.manual_seed(0)
    module = netspec.load(SPECS / "unet.yaml", width=2).build()
    image = torch.randn(2, 3, 32, 32)
    module(image).square().mean().backward()
    convolutions = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) == 9 * 2 + 4 + 1
    assert all(m.weight.grad is not None and m.weight.grad.any() for m in convolutions)


@pytest.mark.parametrize(
    ("name", "settings", "shape"),
    [
        ("unet", ["width=4", "train.data.samples=64", "train.batch_size=16"], "3,32,32"),
        ("resnet-sequence", ["width=8", "train.data.samples=100", "train.batch_size=20"], "2,128"),
        ("densenet-bc-100-12", ["depth=10", "train.data.samples=64", "train.batch_size=16"],
         "3,16,16"),
    ],
)  # fmt: skip
def test_it_learns_on_synthetic_data(
    name: str, settings: list[str], shape: str, tmp_path: Path
) -> None:
    given = [*settings, "train.epochs=3", "train.data.dataset=synthetic", "train.augment=[]"]
    net = compile_path(SPECS / f"{name}.yaml", parse_overrides(given, shape))
    result = train(net, TrainOptions(device="cpu", run_dir=tmp_path, silent=True))
    assert result.train is not None
    assert result.train.loss < 0.9 * math.log(net.output_shape[0])  # better than guessing


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet18"])
def test_a_spec_with_a_recipe_is_the_same_network_as_its_twin_without(name: str) -> None:
    ours, twin = (netspec.load(f / f"{name}.yaml") for f in (SPECS, SPECS / "torchvision"))
    assert list(ours.state.items()) == list(twin.state.items())
    assert [(x.path, x.op, x.output) for x in ours.layers] == [
        (x.path, x.op, x.output) for x in twin.layers
    ]
    assert ours.document.train
    assert not twin.document.train
