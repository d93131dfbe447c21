"""The least values of arguments, and the numbers in what a refusal says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import torch

from netspec.ops import OPS
from netspec.ops.base import Refusal, Shape

LEAST = {
    "kernel_size": 1, "stride": 1, "dilation": 1, "groups": 1,
    "padding": 0, "output_padding": 0,
}  # fmt: skip
"""Of every layer with windows; one that only pads takes negative numbers too."""


def windows() -> Iterator[tuple[str, str]]:
    for name, op in OPS.items():
        for argument in LEAST:
            pads = name.endswith(("Pad1d", "Pad2d", "Pad3d"))
            if argument in op.args and not (pads and argument == "padding"):
                yield name, argument


@pytest.mark.parametrize(("name", "argument"), list(windows()))
def test_the_numbers_of_a_window_begin_where_torchs_do(name: str, argument: str) -> None:
    schema = OPS[name].args[argument].schema
    takes = jsonschema.Draft202012Validator(schema).is_valid
    least = LEAST[argument]
    assert takes(least)
    assert not takes(least - 1)
    dimensions = schema.get("maxItems")
    if dimensions is not None:
        assert dimensions == (int(name[-2]) if name[-2].isdigit() else 2)
        assert takes([least] * dimensions)
        assert not takes([least] * (dimensions + 1))
        assert not takes([least - 1] * dimensions)


@pytest.mark.parametrize(
    ("name", "args", "shape", "told"),
    [
        ("Select", {"dim": 1, "index": 3}, (3, 4), "entries count from 0; the last one is 2"),
        ("Select", {"dim": -1, "index": -5}, (3, 4), "entries count from 0; the last one is 3"),
        ("Chunk", {"chunks": 2, "index": 2}, (7,), "parts count from 0; the last one is 1"),
        ("Permute", {"dims": [0, 1]}, (3, 4), "the dimensions are 0, which is the batch, to 2"),
        ("Softmax", {"dim": 0}, (3, 4), "`dim: 0` is the batch"),
        ("Softmax", {"dim": 3}, (3, 4), "`dim: 3` is not a dimension of 3×4"),
        ("Softmax", {"dim": -4}, (3, 4), "`dim: -4` is not a dimension of 3×4"),
        ("Softmax", {"dim": 3}, (3, 4), "the dimensions are 1 to 2; 0 is the batch"),
        ("Softmax", {"dim": 2}, (3,), "dimension 1 is the only one; 0 is the batch"),
        ("Unfold", {"kernel_size": 7, "padding": 1}, (3, 4, 9), "a height of 4 padded to 6"),
    ],
)
def test_a_refusal_counts_as_people_count(
    name: str, args: dict[str, Any], shape: Shape, told: str
) -> None:
    with pytest.raises(Refusal) as refused:
        OPS[name](**args).infer(*[shape])
    assert told in f"{refused.value.message} · {refused.value.hint}"


@pytest.mark.parametrize("shape", [(4,), (3, 4, 5)])
@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax", "Softmin"])
def test_a_softmax_without_its_dimension_is_over_the_channels(name: str, shape: Shape) -> None:
    x = torch.randn(2, *shape)
    op, named = OPS[name](), OPS[name](dim=1)
    assert op.make(*[shape])(x).equal(named.make(*[shape])(x))
    assert op.infer(*[shape]) == shape
