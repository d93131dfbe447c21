"""The modules that netspec has of its own: what they compute, and that they travel."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.maxvit import WindowDepartition, WindowPartition

from netspec.ops import OPS
from netspec.ops.base import Shape


def made(name: str, *inputs: Shape, **args: object) -> nn.Module:
    return OPS[name](**args).make(*inputs)


def image(*shape: int) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, *shape)


def test_windows_are_those_of_maxvit() -> None:
    x = image(5, 6, 9)
    windows = made("WindowPartition", (5, 6, 9), p=3)(x)
    assert windows.equal(WindowPartition()(x, 3))
    back = made("WindowDepartition", (6, 9, 5), p=3, h_partitions=2, w_partitions=3)(windows)
    assert back.equal(x)
    assert back.equal(WindowDepartition()(windows, 3, 2, 3))


def test_self_attention_is_torchs_to_the_bit_and_by_its_seed() -> None:
    x = image(7, 12)
    torch.manual_seed(1)
    theirs = nn.MultiheadAttention(12, 3, dropout=0.5, batch_first=True)
    torch.manual_seed(1)
    ours = made("MultiheadAttention", (7, 12), num_heads=3, dropout=0.5)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for training in (True, False):
        theirs.train(training)
        ours.train(training)
        torch.manual_seed(2)
        expected = theirs(x, x, x, need_weights=False)[0]
        torch.manual_seed(2)
        assert ours(x).equal(expected)


@pytest.mark.parametrize(
    ("index", "expected"), [(0, [0, 1, 2]), (1, [3, 4, 5]), (2, [6]), (-1, [6])]
)
def test_a_chunk_is_one_part(index: int, expected: list[int]) -> None:
    x = torch.arange(7.0).expand(2, 7)
    assert made("Chunk", (7,), chunks=3, index=index)(x)[0].tolist() == expected


@pytest.mark.parametrize("dim", [2, -2])
def test_a_slice_is_pythons(dim: int) -> None:
    x = image(3, 8, 2)
    layer = made("Slice", (3, 8, 2), dim=dim, start=-6, end=7, step=2)
    assert layer(x).equal(x[:, :, -6:7:2])


def test_selection_mean_and_order_are_torchs() -> None:
    x = image(3, 4, 5)
    assert made("Select", (3, 4, 5), dim=2, index=-1)(x).equal(x[:, :, -1])
    assert made("Mean", (3, 4, 5), dim=[2, 3])(x).equal(x.mean([2, 3]))
    assert made("Permute", (3, 4, 5), dims=[0, 2, 3, 1])(x).equal(x.permute(0, 2, 3, 1))
    assert made("Transpose", (3, 4, 5), dim0=1, dim1=-1)(x).equal(x.transpose(1, 3))
    assert made("Reshape", (3, 4, 5), shape=[6, -1])(x).equal(x.reshape(2, 6, 10))


OWN = [
    ("Add", {}, [(3, 4), (3, 4)]),
    ("Mul", {}, [(3, 4), (3, 1)]),
    ("Concat", {"dim": -1}, [(3, 4), (3, 4)]),
    ("Reshape", {"shape": [4, 3]}, [(3, 4)]),
    ("Permute", {"dims": [0, 2, 1]}, [(3, 4)]),
    ("Transpose", {"dim0": 1, "dim1": 2}, [(3, 4)]),
    ("Select", {"dim": 1, "index": 0}, [(3, 4)]),
    ("Slice", {"end": 2}, [(3, 4)]),
    ("Chunk", {"chunks": 2, "index": 1}, [(3, 4)]),
    ("Mean", {"dim": 1}, [(3, 4)]),
    ("MultiheadAttention", {"num_heads": 2}, [(3, 4)]),
    ("WindowPartition", {"p": 2}, [(3, 4, 4)]),
    ("WindowDepartition", {"p": 2, "h_partitions": 2, "w_partitions": 2}, [(4, 4, 3)]),
]


@pytest.mark.parametrize(("name", "args", "inputs"), OWN, ids=[name for name, _, _ in OWN])
def test_a_module_is_copied_pickled_and_printed(
    name: str, args: dict[str, object], inputs: list[Shape]
) -> None:
    layer = made(name, *inputs, **args)
    tensors = [image(*shape) for shape in inputs]
    expected = layer(*tensors)
    assert copy.deepcopy(layer)(*tensors).equal(expected)
    assert pickle.loads(pickle.dumps(layer))(*tensors).equal(expected)
    for argument, value in args.items():
        if name != "MultiheadAttention":
            shown = tuple(value) if isinstance(value, list) else value
            assert f"{argument}={shown}" in repr(layer)


@pytest.mark.parametrize(("name", "args", "inputs"), OWN, ids=[name for name, _, _ in OWN])
def test_a_module_is_compiled_whole_and_exported(
    name: str, args: dict[str, object], inputs: list[Shape]
) -> None:
    layer = made(name, *inputs, **args).eval()
    tensors = tuple(image(*shape) for shape in inputs)
    expected = layer(*tensors)
    assert torch.compile(layer, backend="eager", fullgraph=True)(*tensors).equal(expected)
    assert torch.export.export(layer, tensors).module()(*tensors).equal(expected)
