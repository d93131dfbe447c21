"""Augmentation: whole batches give what torchvision gives for each image with the same draw."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional

from netspec.recipe import Choice
from netspec.train.data.augment.augmentation import Augmentation, augmentation
from netspec.train.data.augment.index_maps import IndexMap
from netspec.train.data.augment.lazy_batch import LazyBatch
from netspec.train.data.augment.resample import resized, resized_boxes, turned
from netspec.train.errors import TrainError

MEAN, STD = torch.tensor([120.0, 110.0, 100.0]), torch.tensor([60.0, 61.0, 62.0])


def images(count: int = 64, size: tuple[int, int] = (12, 10)) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, *size), dtype=torch.uint8, generator=generator)


def made(name: str, **args: Any) -> Augmentation:
    return augmentation([Choice(name, args)], 0, MEAN, STD)


def applied(augment: Augmentation, batch: Tensor, epoch: int = 0) -> Tensor:
    return augment(LazyBatch(batch), torch.arange(len(batch)), epoch).settled().images


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_a_padded_crop_is_torchvisions_at_some_corner(mode: str) -> None:
    batch = images()
    cropped = applied(made("RandomCrop", size=(12, 10), padding=3, padding_mode=mode), batch)
    corners = set()
    for before, after in zip(batch, cropped, strict=True):
        padded = functional.pad(before, [3, 3, 3, 3], padding_mode=mode)
        at = [
            (top, left)
            for top in range(7)
            for left in range(7)
            if torch.equal(padded[:, top : top + 12, left : left + 10], after)
        ]
        assert len(at) == 1
        corners.add(at[0])
    assert len(corners) > 30


def test_a_crop_without_padding_stays_inside() -> None:
    batch = torch.full((200, 3, 12, 10), 7, dtype=torch.uint8)
    assert (applied(made("RandomCrop", size=(5, 10)), batch) == 7).all()


def test_constant_padding_has_the_fill_value() -> None:
    batch = torch.full((200, 3, 4, 4), 7, dtype=torch.uint8)
    cropped = applied(made("RandomCrop", size=4, padding=2, fill=(9, 10, 11)), batch)
    for channel, fill in enumerate((9, 10, 11)):
        assert cropped[:, channel].unique().tolist() == [7, fill]


def test_two_paddings_keep_their_own_values() -> None:
    entries = [
        Choice("RandomCrop", {"size": 4, "padding": 2, "fill": 9}),
        Choice("RandomCrop", {"size": 4, "padding": 2, "fill": 50}),
    ]
    batch = torch.full((200, 3, 4, 4), 7, dtype=torch.uint8)
    seen = applied(augmentation(entries, 0, MEAN, STD), batch)
    assert seen.unique().tolist() == [7, 9, 50]


@pytest.mark.parametrize(("name", "axis"), [("RandomHorizontalFlip", 3), ("RandomVerticalFlip", 2)])
def test_a_flip_turns_about_half_of_the_images(name: str, axis: int) -> None:
    batch = images(1000)
    flipped = applied(made(name), batch)
    turned_over = (flipped == batch.flip(axis)).flatten(1).all(1)
    left = (flipped == batch).flatten(1).all(1)
    assert (turned_over ^ left).all()
    assert 400 < turned_over.sum() < 600
    assert torch.equal(applied(made(name, p=1.0), batch), batch.flip(axis))
    assert torch.equal(applied(made(name, p=0.0), batch), batch)


def test_crops_and_flips_together_move_pixels_once_and_right() -> None:
    batch = images(8)
    window = IndexMap.whole(8, (12, 10), torch.device("cpu"))
    corner = torch.full((8,), -2)
    window = window.crop((12, 10), corner, corner).flip(None, torch.ones(8, dtype=torch.bool))
    expected = functional.pad(batch, [2, 2, 0, 0])[:, :, :12, :10].flip(3)
    assert torch.equal(window.of(batch), expected)


def test_cutout_is_a_square_of_the_mean_that_may_reach_over_the_edge() -> None:
    batch = images(500, (12, 12))
    cut = applied(made("Cutout", size=4), batch)
    changed = (cut != batch).any(1)
    assert (cut.movedim(1, 3)[changed] == MEAN).all()
    heights = changed.any(2).sum(1)
    widths = changed.any(1).sum(1)
    assert set(heights.tolist()) == {2, 3, 4}
    assert set(widths.tolist()) == {2, 3, 4}
    assert torch.equal(changed.flatten(1).sum(1), heights * widths)


def test_erasing_changes_a_rectangle_of_the_area_that_is_asked_for() -> None:
    batch = images(500, (32, 32))
    erased = applied(made("RandomErasing", p=0.5, scale=(0.1, 0.3), value=1.0), batch)
    changed = (erased != batch).any(1)
    hit = changed.flatten(1).any(1)
    assert 200 < hit.sum() < 300
    area = changed.flatten(1).float().mean(1)[hit]
    assert area.min() > 0.08
    assert area.max() < 0.33
    assert (erased.movedim(1, 3)[changed] == MEAN + STD).all()


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(6, 5), (20, 17), (12, 10)])
def test_a_resized_box_is_torchvisions_resized_crop(antialias: bool, size: tuple[int, int]) -> None:
    batch = images(4, (24, 21)).float()
    start = torch.tensor([[0, 0], [3, 5], [11, 2], [1, 1]])
    extent = torch.tensor([[24, 21], [12, 10], [7, 19], [23, 3]])
    resized_here = resized_boxes(batch, start.float(), extent.float(), size, antialias)
    for place in range(4):
        (top, left), (height, width) = start[place].tolist(), extent[place].tolist()
        expected = functional.resized_crop(
            batch[place], top, left, height, width, list(size), antialias=antialias
        )
        torch.testing.assert_close(resized_here[place], expected, atol=1e-3, rtol=1e-5)


def test_random_boxes_keep_to_area_and_shape() -> None:
    batch = torch.zeros(1000, 3, 40, 40)
    rows = torch.arange(40.0)[None, None, :, None].expand(1000, 1, 40, 40)
    columns = rows.transpose(2, 3)
    batch = torch.cat([rows, columns, rows], dim=1)
    seen = applied(made("RandomResizedCrop", size=8, scale=(0.25, 0.5)), batch)
    # With places as pixels, the first and the last pixel tell how far the box reached.
    heights = (seen[:, 0, -1, 0] - seen[:, 0, 0, 0]) * 8 / 7
    widths = (seen[:, 1, 0, -1] - seen[:, 1, 0, 0]) * 8 / 7
    area = heights * widths / 1600
    assert area.min() > 0.2
    assert area.max() < 0.58
    assert (widths / heights).min() > 0.68
    assert (widths / heights).max() < 1.5
    assert area.mean().item() == pytest.approx(0.375, abs=0.03)


@pytest.mark.parametrize(
    "motion",
    [
        {"angle": 30.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]},
        {"angle": -75.0, "translate": [3, -2], "scale": 1.0, "shear": [0.0, 0.0]},
        {"angle": 10.0, "translate": [0, 1], "scale": 1.3, "shear": [15.0, 0.0]},
    ],
    ids=["turned", "turned and moved", "turned, scaled and sheared"],
)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_a_turn_is_torchvisions_affine(motion: dict[str, Any], interpolation: str) -> None:
    batch = images(2, (24, 21)).float()
    expected = functional.affine(
        batch,
        **motion,
        interpolation=InterpolationMode(interpolation),
        fill=[5.0, 6.0, 7.0],
    )
    got = turned(
        batch,
        degrees=torch.full((2,), motion["angle"]),
        shift=torch.tensor([motion["translate"]] * 2, dtype=torch.float32),
        scale=torch.full((2,), motion["scale"]),
        shear=torch.full((2,), motion["shear"][0]),
        fill=torch.tensor([5.0, 6.0, 7.0]),
        interpolation=interpolation,
    )
    # Where a target lies half outside, torchvision mixes the fill value in twice; and a target on
    # the border between two pixels may go to either.
    inside = functional.affine(
        torch.ones_like(batch), **motion, interpolation=InterpolationMode.BILINEAR, fill=[0.0] * 3
    )
    compared = inside > 0.999
    assert compared.float().mean() > 0.4
    assert ((got - expected).abs() < 0.01)[compared].float().mean() > 0.98


@pytest.mark.parametrize("size", [(24, 24), (7, 9)])
def test_resizing_is_torchvisions(size: tuple[int, int]) -> None:
    batch = images(3, (16, 12))
    expected = functional.resize(batch.float(), list(size), antialias=True)
    torch.testing.assert_close(resized(batch, size), expected, atol=1e-3, rtol=1e-5)


def test_jitter_is_torchvisions_with_the_same_factors() -> None:
    from netspec.train.data.augment.colors import jittered

    batch = images(2).float()
    factors = torch.tensor([[0.6, 1.4, 0.5], [1.3, 0.7, 1.6]])
    for place in range(2):
        expected = batch[place] / 255
        for change, factor in zip(
            (
                functional.adjust_brightness,
                functional.adjust_contrast,
                functional.adjust_saturation,
            ),
            factors[place].tolist(),
            strict=True,
        ):
            expected = change(expected, factor)
        got = jittered(batch, factors)[place] / 255
        torch.testing.assert_close(got, expected, atol=2e-3, rtol=0)


EVERYTHING = [
    Choice("RandomCrop", {"size": (12, 10), "padding": 2, "padding_mode": "reflect"}),
    Choice("RandomHorizontalFlip"),
    Choice("RandomRotation", {"degrees": 20, "interpolation": "bilinear"}),
    Choice("RandomAffine", {"degrees": 5, "translate": (0.1, 0.1), "scale": (0.9, 1.1)}),
    Choice("ColorJitter", {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}),
    Choice("RandomResizedCrop", {"size": (12, 10)}),
    Choice("RandomErasing"),
    Choice("Cutout", {"size": 3}),
    Choice("RandomVerticalFlip"),
]


def test_an_image_is_changed_alike_in_every_batch_and_otherwise_in_every_epoch() -> None:
    batch = images(32)
    augment = augmentation(EVERYTHING, 0, MEAN, STD)
    whole = augment(LazyBatch(batch), torch.arange(32), 4).settled().images
    some = torch.tensor([20, 3])
    alone = augment(LazyBatch(batch[some]), some, 4).settled().images
    torch.testing.assert_close(alone, whole[some], atol=1e-3, rtol=1e-5)
    later = augment(LazyBatch(batch), torch.arange(32), 5).settled().images
    assert not torch.isclose(later, whole).flatten(1).all(1).any()


def test_crops_flips_and_cutout_give_the_same_bytes_in_every_batch() -> None:
    batch = images(32)
    augment = augmentation([*EVERYTHING[:2], EVERYTHING[7]], 0, MEAN, STD)
    whole = augment(LazyBatch(batch), torch.arange(32), 4).settled().images
    for place in range(32):
        alone = augment(LazyBatch(batch[place : place + 1]), torch.tensor([place]), 4).settled()
        assert torch.equal(alone.images[0], whole[place])


def test_masks_move_with_their_images() -> None:
    levels = torch.randint(0, 5, (64, 1, 12, 10), generator=torch.Generator().manual_seed(0))
    batch = (levels * 40).to(torch.uint8).expand(-1, 3, -1, -1).contiguous()
    entries = [
        Choice("RandomCrop", {"size": (12, 10), "padding": 3}),
        Choice("RandomHorizontalFlip"),
        Choice("RandomRotation", {"degrees": 40}),
        Choice("RandomResizedCrop", {"size": (12, 10), "interpolation": "nearest"}),
    ]
    seen = augmentation(entries, 0, MEAN, STD)(LazyBatch(batch, levels), torch.arange(64), 0)
    seen = seen.settled()
    assert seen.masks is not None
    inside = seen.masks != -100
    assert 0.3 < inside.float().mean() < 0.95
    assert torch.equal(seen.images[:, :1][inside], (seen.masks * 40).float()[inside])
    assert (seen.images[:, :1][~inside] == 0).all()


def test_a_crop_larger_than_the_image_is_refused_with_its_sizes() -> None:
    with pytest.raises(TrainError) as caught:
        made("RandomCrop", size=40, padding=2).size((32, 32))
    assert (
        caught.value.message == "a crop of 40×40 does not fit images of 32×32, 36×36 with padding"
    )


def test_the_size_after_all_steps_is_known_before_any_image_is_seen() -> None:
    augment = augmentation(EVERYTHING, 0, MEAN, STD)
    assert augment.size((12, 10)) == (12, 10)
    assert made("RandomResizedCrop", size=7).size((30, 40)) == (7, 7)


def transform(name: str, **args: Any) -> Any:
    (step,) = made(name, **args).steps
    return step


def test_arguments_that_are_left_out_are_torchvisions_own() -> None:
    defaults = {
        "RandomHorizontalFlip": {"share": "p"},
        "RandomVerticalFlip": {"share": "p"},
        "RandomErasing": {"share": "p", "scale": "scale", "ratio": "ratio"},
        "RandomResizedCrop": {"scale": "scale", "ratio": "ratio", "antialias": "antialias"},
    }
    for name, fields in defaults.items():
        required = {"size": 8} if name == "RandomResizedCrop" else {}
        ours, theirs = transform(name, **required), getattr(v2, name)(**required)
        for own, other in fields.items():
            wanted = getattr(theirs, other)
            wanted = tuple(wanted) if isinstance(wanted, list | tuple) else wanted
            assert getattr(ours, own) == wanted, (name, own)
    assert not transform("RandomResizedCrop", size=8).nearest
    assert InterpolationMode(v2.RandomResizedCrop(8).interpolation) is InterpolationMode.BILINEAR


@pytest.mark.parametrize("name", ["RandomRotation", "RandomAffine"])
def test_a_turn_without_more_is_torchvisions(name: str) -> None:
    ours, theirs = transform(name, degrees=30.0), getattr(v2, name)(30.0)
    assert tuple(theirs.degrees) == ours.degrees == (-30.0, 30.0)
    assert InterpolationMode(ours.interpolation) is InterpolationMode(theirs.interpolation)
    assert (ours.translate, ours.scale, ours.shear) == ((0.0, 0.0), (1.0, 1.0), (0.0, 0.0))
    if name == "RandomAffine":
        assert (theirs.translate, theirs.scale, theirs.shear) == (None, None, None)
    assert float(ours.fill.abs().max()) == 0 == theirs.fill


def test_one_number_stands_for_both_signs_or_both_sides() -> None:
    assert transform("RandomRotation", degrees=(5, 20)).degrees == (5, 20)
    shear = transform("RandomAffine", degrees=0.0, shear=7.0).shear
    assert shear == tuple(v2.RandomAffine(0.0, shear=7.0).shear) == (-7.0, 7.0)
    crop = transform("RandomCrop", size=4, padding=(1, 2))
    assert (crop.extent, crop.padding) == ((4, 4), (1, 2, 1, 2))
    assert transform("RandomCrop", size=(4, 5), padding=(1, 2, 3, 4)).padding == (1, 2, 3, 4)
    assert transform("RandomCrop", size=4).padding == (0, 0, 0, 0)
    jitter = transform("ColorJitter", brightness=0.4, contrast=(0.5, 0.6))
    theirs = v2.ColorJitter(brightness=0.4, contrast=(0.5, 0.6))
    assert jitter.ranges[:2] == (tuple(theirs.brightness), tuple(theirs.contrast))
    assert jitter.ranges[2] == (1.0, 1.0)
    assert theirs.saturation is None
    strong = tuple(v2.ColorJitter(brightness=3.0).brightness)
    assert transform("ColorJitter", brightness=3.0).ranges[0] == strong == (0.0, 4.0)


def test_what_a_cut_out_leaves_is_the_mean_and_an_erased_value_is_after_normalising() -> None:
    assert torch.equal(transform("Cutout", size=2).value, MEAN)
    assert transform("Cutout", size=2).share == 1.0
    assert torch.equal(transform("RandomErasing").value, MEAN)
    assert torch.equal(transform("RandomErasing", value=2.0).value, MEAN + 2 * STD)
