"""The entries of `train.augment`: torchvision's transforms by their names, and Cutout.

They run on whole batches, each image with a draw of its own, in the order written and before
normalisation. Sizes are in pixels after `data.resize`.
"""

from typing import Final

from netspec.json_schema import Schema
from netspec.recipe.schema import boolean, mapping, number, numbers, one_of


def _chance(default: float) -> Schema:
    return number("Chance that an image is changed.", default, minimum=0, maximum=1)


def _scale(doc: str, default: list[float]) -> Schema:
    return numbers(doc, default, least=2, most=2, minimum=0, maximum=100)


def _ratio(doc: str, default: list[float]) -> Schema:
    return numbers(doc, default, least=2, most=2, minimum=0.001, maximum=1000)


def _strength(doc: str) -> Schema:
    return numbers(doc, 0, least=2, most=2, single=True, minimum=0, maximum=1_000_000)


_LARGEST: Final = 65_536
"""Pixels of a side, and angles, beyond which nobody means what is written."""
_SIZE = numbers(
    "Height and width, or one number for both.",
    least=2,
    most=2,
    single=True,
    whole=True,
    minimum=1,
    maximum=_LARGEST,
)
_FILL = numbers(
    "Value of the pixels beyond the edge, 0 to 255, or one for each channel.",
    0,
    single=True,
    minimum=0,
    maximum=255,
)
_DEGREES = numbers(
    "Least and greatest angle, or one number for both signs.",
    least=2,
    most=2,
    single=True,
    minimum=-_LARGEST,
    maximum=_LARGEST,
)
_INTERPOLATION = one_of("How pixels between pixels are found.", ["nearest", "bilinear"], "nearest")

AUGMENTATIONS: dict[str, Schema] = {
    "RandomCrop": mapping(
        "A window at a random place, after padding.",
        {
            "size": _SIZE,
            "padding": numbers(
                "Pixels added to every side, to [sides, top and bottom], or to [left, top, right, "
                "bottom].",
                0,
                least=2,
                most=4,
                single=True,
                null=True,
                whole=True,
                minimum=0,
                maximum=_LARGEST,
            ),
            "padding_mode": one_of(
                "What the padding holds.", ["constant", "edge", "reflect", "symmetric"], "constant"
            ),
            "fill": _FILL,
        },
        required=["size"],
        bare=True,
    ),
    "RandomHorizontalFlip": mapping("Left and right swapped.", {"p": _chance(0.5)}, bare=True),
    "RandomVerticalFlip": mapping("Top and bottom swapped.", {"p": _chance(0.5)}, bare=True),
    "Cutout": mapping(
        "A square about a random pixel set to the data set's mean; it may reach over the edge.",
        {
            "size": {**_SIZE, "description": "Side of the square, or its height and width."},
            "p": _chance(1.0),
        },
        required=["size"],
        bare=True,
    ),
    "RandomErasing": mapping(
        "A rectangle of random place and shape set to one value.",
        {
            "p": _chance(0.5),
            "scale": _scale("Least and greatest share of the area.", [0.02, 0.33]),
            "ratio": _ratio("Least and greatest height over width.", [0.3, 3.3]),
            "value": number("The value, after normalisation: 0 is the mean.", 0.0),
        },
        bare=True,
    ),
    "RandomResizedCrop": mapping(
        "A window of random area and shape, resized.",
        {
            "size": _SIZE,
            "scale": _scale("Least and greatest share of the area.", [0.08, 1.0]),
            "ratio": _ratio("Least and greatest width over height.", [0.75, 1.3333333333333333]),
            "interpolation": one_of(
                "How pixels between pixels are found.", ["nearest", "bilinear"], "bilinear"
            ),
            "antialias": boolean("Smooth before shrinking.", True),
        },
        required=["size"],
        bare=True,
    ),
    "RandomRotation": mapping(
        "Turned about the centre.",
        {"degrees": _DEGREES, "interpolation": _INTERPOLATION, "fill": _FILL},
        required=["degrees"],
        bare=True,
    ),
    "RandomAffine": mapping(
        "Turned, moved, scaled and sheared about the centre.",
        {
            "degrees": _DEGREES,
            "translate": numbers(
                "Greatest shift as a share of width and of height.",
                None,
                least=2,
                most=2,
                null=True,
                minimum=0,
                maximum=1,
            ),
            "scale": numbers(
                "Least and greatest factor.",
                None,
                least=2,
                most=2,
                null=True,
                minimum=0.001,
                maximum=1000,
            ),
            "shear": numbers(
                "Least and greatest shear along x in degrees, or one number for both signs.",
                None,
                least=2,
                most=2,
                single=True,
                null=True,
                exclusiveMinimum=-90,
                exclusiveMaximum=90,
            ),
            "interpolation": _INTERPOLATION,
            "fill": _FILL,
        },
        required=["degrees"],
    ),
    "ColorJitter": mapping(
        "Brightness, contrast and saturation changed by random factors, in this order.",
        {
            "brightness": _strength("Greatest change, or least and greatest factor."),
            "contrast": _strength("Greatest change, or least and greatest factor."),
            "saturation": _strength("Greatest change, or least and greatest factor."),
        },
    ),
}
