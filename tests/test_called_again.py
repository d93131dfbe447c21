"""A layer that is called again on another shape: only where one module of torch takes both."""

from __future__ import annotations

import pytest
import torch

import netspec

PERMUTED = "{Permute: [0, 2, 3, 1]}"
SHAPE = (4, 6, 8)


def spec(layer: str, between: str, blocks: str = "{}") -> str:
    return (
        f"netspec: 1\ninput: [4, 6, 8]\nblocks: {blocks}\n"
        f"layers:\n  q: {layer}\n  mid: {between}\n  again: {{call: q}}\n"
    )


def refusal(text: str) -> str:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.loads(text)
    (found,) = caught.value.diagnostics
    return f"{found.code} {found.message}"


@pytest.mark.parametrize(
    ("layer", "between"),
    [
        # weights
        ("{Conv2d: {out_channels: 8, kernel_size: 1}}", "ReLU"),
        ("LayerNorm", PERMUTED),
        # sizes that are fixed without weights
        ("{LayerNorm: {elementwise_affine: false}}", "Flatten"),
        ("{LayerNorm: {elementwise_affine: false}}", PERMUTED),
        ("{RMSNorm: {elementwise_affine: false}}", PERMUTED),
        ("{GroupNorm: {num_groups: 2, affine: false}}", PERMUTED),
        # running statistics
        ("{BatchNorm2d: {affine: false}}", PERMUTED),
        ("{BatchNorm2d: {affine: false, track_running_stats: false}}", PERMUTED),
        ("{InstanceNorm2d: {track_running_stats: true}}", PERMUTED),
        # of which torch warns in each step
        ("InstanceNorm2d", PERMUTED),
        # a table of every pair of positions
        (
            "[{WindowPartition: 2}, {RelativePositionalMultiHeadAttention: {head_dim: 2}}, "
            "{WindowDepartition: {p: 2, h_partitions: 3, w_partitions: 4}}]",
            "{Conv2d: {out_channels: 2, kernel_size: 1}}",
        ),
    ],
)
def test_a_module_that_the_first_input_decides_is_not_called_on_another(
    layer: str, between: str
) -> None:
    assert refusal(spec(layer, between)).startswith("NS406 ")


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("LayerNorm", "NS406 `q` has weights for 4×6×8, and cannot be called on 6×8×4"),
        (
            "{LayerNorm: {elementwise_affine: false}}",
            "NS406 `q` is made for 4×6×8, and cannot be called on 6×8×4",
        ),
        (
            "[ReLU, {LayerNorm: {elementwise_affine: false}}]",
            "NS406 LayerNorm in `q` is made for 4×6×8, and cannot be called on 6×8×4",
        ),
        (
            "{repeat: 2, BatchNorm2d: {affine: false}}",
            "NS406 BatchNorm2d in `q` is made for 4×6×8, and cannot be called on 6×8×4",
        ),
        (
            "{branches: [Identity, {RMSNorm: {elementwise_affine: false}}], Add: {}}",
            "NS406 RMSNorm in `q` is made for 4×6×8, and cannot be called on 6×8×4",
        ),
        ("Unit", "NS406 GroupNorm in `q` is made for 4×6×8, and cannot be called on 6×8×4"),
    ],
)
def test_the_finding_names_the_layer(layer: str, expected: str) -> None:
    blocks = "{Unit: {layers: [ReLU, {GroupNorm: {num_groups: 2, affine: false}}]}}"
    found = refusal(spec(layer, PERMUTED, blocks if layer == "Unit" else "{}"))
    assert found == expected


@pytest.mark.parametrize(
    ("layer", "between"),
    [
        ("ReLU", "Flatten"),
        ("{MaxPool2d: 2}", "{AvgPool2d: {kernel_size: [1, 2]}}"),
        ("{Conv2d: {out_channels: 4, kernel_size: 1}}", "{MaxPool2d: 2}"),
        ("{LayerNorm: {elementwise_affine: false}}", "{MaxPool2d: {kernel_size: [2, 1]}}"),
        ("{LayerNorm: {normalized_shape: 8}}", "{MaxPool2d: {kernel_size: [2, 1]}}"),
        ("{BatchNorm2d: {affine: false}}", "{MaxPool2d: 2}"),
        ("{GroupNorm: {num_groups: 2, affine: false}}", "{MaxPool2d: 2}"),
        ("InstanceNorm2d", "{MaxPool2d: 2}"),
        ("{Softmax: 1}", "Flatten"),
        ("LogSoftmax", "Flatten"),
    ],
)
def test_a_module_that_takes_both_is_called(layer: str, between: str) -> None:
    network = netspec.loads(spec(layer, between))
    assert network.build().eval()(torch.ones(2, *SHAPE)).shape[1:] == network.output_shape
