"""What `check` lets through and cannot be trained or predicted is a sentence, before any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.train.data import Pictures
from netspec.train.errors import TrainError
from netspec.train.run import TrainOptions, train

MADE = "{dataset: synthetic, samples: 8}"
REFUSED: dict[str, tuple[str, str, str, str]] = {
    "a network without weights": (
        *("[2]", "[ReLU]", f"{{data: {MADE}}}"),
        "the network has no weights to train",
    ),
    "labels of another size than the images that are flipped": (
        "[3, 8, 8]",
        "[Conv2d: {out_channels: 2, kernel_size: 3}]",
        f"{{data: {MADE}, augment: [ColorJitter: {{}}, RandomVerticalFlip]}}",
        "`RandomVerticalFlip` moves the labels of pixels with the pixels, and the images are 8×8 "
        "and their labels 6×6",
    ),
    "labels of another size than the images that are enlarged and cropped": (
        "[3, 8, 8]",
        "[Conv2d: {out_channels: 2, kernel_size: 1}]",
        "{data: {dataset: synthetic, samples: 8, resize: 12}, augment: [RandomCrop: 8]}",
        "`RandomCrop` moves the labels of pixels with the pixels, and the images are 12×12 and "
        "their labels 8×8",
    ),
    "colours of what is no image": (
        *("[2, 3, 4, 4]", "[Flatten, Linear: 2]"),
        "{data: {dataset: synthetic, samples: 8, channels: 3}}",
        "`channels` turns images into grey or into red, green and blue, and those of `synthetic` "
        "are 2×3×4×4",
    ),
    "colours of an image with two channels": (
        *("[2, 4, 4]", "[Flatten, Linear: 2]"),
        "{data: {dataset: synthetic, samples: 8, channels: 1}}",
        "`channels` turns images into grey or into red, green and blue, and those of `synthetic` "
        "are 2×4×4",
    ),
    "one output of a vector and a loss that needs two": (
        *("[16]", "[Linear: 1]", f"{{data: {MADE}}}"),
        "`CrossEntropyLoss` needs an output for each class, and the network has one",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_is_refused(case: str, tmp_path: Path) -> None:
    shape, layers, recipe, message = REFUSED[case]
    network = netspec.loads(f"netspec: 1\ninput: {shape}\nlayers: {layers}\ntrain: {recipe}\n")
    with pytest.raises(TrainError) as caught:
        train(network, TrainOptions(run_dir=tmp_path / "runs", silent=True))
    assert caught.value.message == message
    assert caught.value.hint
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("layers", "augment"),
    [
        ("[Conv2d: {out_channels: 2, kernel_size: 1}]", "[RandomVerticalFlip]"),
        ("[Conv2d: {out_channels: 2, kernel_size: 3}]", "[ColorJitter: {}, Cutout: 2]"),
    ],
)
def test_labels_of_pixels_are_moved_where_they_lie_on_them(
    layers: str, augment: str, tmp_path: Path
) -> None:
    recipe = f"{{epochs: 1, data: {MADE}, augment: {augment}}}"
    network = netspec.loads(f"netspec: 1\ninput: [3, 8, 8]\nlayers: {layers}\ntrain: {recipe}\n")
    result = train(network, TrainOptions(run_dir=tmp_path / "runs", silent=True))
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("channels", "mean", "message"),
    [
        (4, (0.5,), "an image has 1 channel or 3, and the network takes 4"),
        (2, (0.5, 0.5), "an image has 1 channel or 3, and the network takes 2"),
        (3, (0.5, 0.5), "there are 2 values of `mean` for 3 channels"),
    ],
)
def test_images_that_a_network_cannot_take_are_not_predicted(
    channels: int, mean: tuple[float, ...], message: str
) -> None:
    with pytest.raises(TrainError) as caught:
        Pictures((channels, 8, 8), mean, (1.0,), None, None)  # type: ignore[arg-type]
    assert caught.value.message == message


@pytest.mark.parametrize("scheduler", ["[]", "3", "{[]: 1}", "''"])
def test_an_argument_beside_a_choice_of_an_odd_kind_is_a_finding(scheduler: str) -> None:
    text = f"netspec: 1\ninput: [2]\nlayers: [Linear: 2]\ntrain: {{scheduler: {scheduler}}}\n"
    with pytest.raises(netspec.SpecError):
        netspec.loads(text, train={"gamma": 0.5})
