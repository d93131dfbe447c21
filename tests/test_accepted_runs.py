"""What `check` accepts, torch runs: layers that torch refuses, or answers by chance, elsewhere."""

from __future__ import annotations

import pytest
import torch

import netspec


def network(layers: str, shape: str = "[4, 6, 6]") -> netspec.Network:
    return netspec.loads(f"netspec: 1\ninput: {shape}\nlayers: [{layers}]\n")


def refusal(layers: str, shape: str = "[4, 6, 6]") -> str:
    with pytest.raises(netspec.SpecError) as caught:
        network(layers, shape)
    (found,) = caught.value.diagnostics
    return f"{found.code} {found.message}"


CONV = "{Conv2d: {out_channels: 4, kernel_size: 1}}"


@pytest.mark.parametrize(
    ("layer", "in_place"),
    [
        ("{LeakyReLU: {negative_slope: -0.5, inplace: true}}", False),
        ("{ELU: {alpha: -1, inplace: true}}", False),
        ("{RReLU: {lower: -0.5, upper: 0.25, inplace: true}}", False),
        ("{LeakyReLU: {negative_slope: 0.5, inplace: true}}", True),
        ("{ELU: {alpha: 1, inplace: true}}", True),
        ("{RReLU: {lower: -0.25, upper: 0.5, inplace: true}}", True),
    ],
)
def test_an_activation_works_in_place_where_its_gradient_can_be_found(
    layer: str, in_place: bool
) -> None:
    module = network(f"{CONV}, {layer}").build()
    assert module[1].inplace is in_place
    for mode in (True, False):
        module.train(mode)(torch.randn(2, 4, 6, 6)).sum().backward()


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ("{Permute: [0, 1, 3, 2, 4]}, {LocalResponseNorm: 2}", "[3, 4, 5, 6]"),
        ("{Permute: [0, 2, 1, 3, 4]}, {PixelShuffle: 1}", "[3, 4, 5, 6]"),
        ("{Permute: [0, 2, 1, 3, 4]}, {PixelUnshuffle: 1}", "[3, 4, 5, 6]"),
    ],
)
def test_a_layer_takes_its_input_in_any_layout(layers: str, shape: str) -> None:
    found = network(layers, shape)
    x = torch.randn(2, 3, 4, 5, 6)
    module = found.build().eval()
    expected = module(x)
    assert tuple(expected.shape[1:]) == found.output_shape
    assert torch.equal(module(x.contiguous(memory_format=torch.channels_last_3d)), expected)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (
            "{CircularPad2d: [5, -1, 0, 0]}",
            "NS410 torch cannot pad one side of the width in a circle and crop the other: 5 and -1",
        ),
        (
            "{CircularPad2d: [0, 0, -1, 2]}",
            "NS410 torch cannot pad one side of the height in a circle and crop the other: "
            "-1 and 2",
        ),
        ("{CELU: {alpha: 1e-40}}", "NS410 1 divided by `alpha: 1e-40` is no number of float32"),
        (
            "{AdaptiveAvgPool2d: 1}, Flatten, {GroupNorm: 4}",
            "NS409 4 groups of a vector of 4 have one value each, which has no variance",
        ),
        (
            "{AdaptiveAvgPool2d: 1}, {GroupNorm: 4}",
            "NS409 4 groups of 4×1×1 have one value each, which has no variance",
        ),
        (
            "Flatten, {BatchNorm1d: {track_running_stats: false}}",
            "NS409 BatchNorm1d without running statistics cannot evaluate one sample: "
            "a vector of 144 has one value for each channel",
        ),
        (
            "{AdaptiveAvgPool2d: 1}, {BatchNorm2d: {track_running_stats: false}}",
            "NS409 BatchNorm2d without running statistics cannot evaluate one sample: "
            "4×1×1 has one value for each channel",
        ),
    ],
)
def test_what_torch_answers_by_chance_or_not_at_all_is_refused(layers: str, expected: str) -> None:
    assert refusal(layers) == expected


@pytest.mark.parametrize(
    "layers",
    [
        "{CircularPad2d: [2, 2, -1, -1]}",
        "{CircularPad2d: -1}",
        "{CELU: {alpha: 1e-30}}",
        "{AdaptiveAvgPool2d: 1}, {GroupNorm: 2}",
        "{BatchNorm2d: {track_running_stats: false}}",
    ],
)
def test_what_stands_beside_it_is_taken_also_for_one_sample(layers: str) -> None:
    found = network(layers)
    out = found.build().eval()(torch.randn(1, 4, 6, 6))
    assert tuple(out.shape[1:]) == found.output_shape
    assert out.isfinite().all()


def test_circular_padding_is_what_a_ring_gives() -> None:
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    padded = network("{CircularPad2d: [2, 1, -1, -1]}", "[1, 3, 4]").build()(x)
    assert torch.equal(padded[0, 0], torch.tensor([[6.0, 7, 4, 5, 6, 7, 4]]))
