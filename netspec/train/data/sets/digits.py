"""scikit-learn's 1,797 handwritten digits of 8×8 pixels; no download."""

import hashlib

import numpy as np
import torch

from netspec.train.data.arrays import Arrays, Part
from netspec.train.data.augment.counter_rng import TEST, permutation
from netspec.train.errors import TrainError

TEST_IMAGES = 360
"""Images of the test set: a fifth, drawn once and for all, the same whatever the seed."""


def digits_arrays() -> Arrays:
    """The digits, their 17 levels spread over 0 to 255; raises TrainError without sklearn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise TrainError(
            "`digits` needs the package `scikit-learn`", "install it: `pip install scikit-learn`"
        ) from error
    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    content = hashlib.sha256(pixels.tobytes() + labels.astype(np.int64).tobytes()).hexdigest()
    order = permutation(0, 0, TEST, len(pixels))
    whole = Part(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)))
    parts = {"test": order[:TEST_IMAGES].sort().values, "train": order[TEST_IMAGES:].sort().values}
    return Arrays(
        "digits",
        tuple(str(digit) for digit in range(10)),
        {name: Part(whole.images[index], whole.labels[index]) for name, index in parts.items()},
        content,
    )
