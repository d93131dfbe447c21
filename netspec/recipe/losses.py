"""The losses of `train.loss`: torch.nn's classes by their own names and arguments.

`reduction` is not offered: every figure that a run reports is the mean over its samples.
"""

from netspec.json_schema import Schema
from netspec.recipe.schema import integer, mapping, number, numbers

_WEIGHT = numbers("A weight for each class.", None, null=True, minimum=0)
_IGNORE = integer("A label that counts for nothing.", -100)

LOSSES: dict[str, Schema] = {
    "CrossEntropyLoss": mapping(
        "Cross-entropy of logits: it applies log-softmax itself.",
        {
            "weight": _WEIGHT,
            "ignore_index": _IGNORE,
            "label_smoothing": number(
                "Share of the target that is spread over all classes.", 0.0, minimum=0, maximum=1
            ),
        },
    ),
    "NLLLoss": mapping(
        "Negative log-likelihood, for a network that ends in LogSoftmax.",
        {"weight": _WEIGHT, "ignore_index": _IGNORE},
    ),
    "BCEWithLogitsLoss": mapping(
        "Binary cross-entropy of logits against the one-hot class.",
        {
            "weight": _WEIGHT,
            "pos_weight": numbers(
                "Weight of the positive examples of each class.", None, null=True, minimum=0
            ),
        },
    ),
    "MSELoss": mapping("Squared distance from the one-hot class.", {}),
    "L1Loss": mapping("Absolute distance from the one-hot class.", {}),
    "SmoothL1Loss": mapping(
        "Squared near zero and absolute beyond `beta`, from the one-hot class.",
        {"beta": number("Where the square turns into a line.", 1.0, exclusiveMinimum=0)},
    ),
}


ONE_HOT = ("BCEWithLogitsLoss", "MSELoss", "L1Loss", "SmoothL1Loss")
"""Losses whose target is the one-hot class, or of a network with one output 0 or 1."""
