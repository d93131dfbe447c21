"""`load`, `loads` and `build` set what `--set` and `--input` set: parameters, recipe, input."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import netspec
from netspec import SpecError
from netspec.compiler import compile_text
from netspec.compiler.sources.override import parse_overrides

SPEC = """
netspec: 1
params: {path: 4, params: 5, train: 6, text: 7, keywords: 8, self: 9, flag: false, sizes: [1]}
input: [3]
layers: [{Linear: $path}, {Linear: $params}, {Linear: $train}]
train:
  epochs: 10
  data: {dataset: synthetic, validation: 0.2}
  optimizer: {SGD: {lr: 0.1, momentum: 0.9}}
"""


def test_a_parameter_may_have_any_name_even_one_that_a_function_uses() -> None:
    net = netspec.loads(SPEC, path=1, text=2, keywords=3, self=4, params={"params": 5, "train": 6})
    assert net.params == {"path": 1, "text": 2, "keywords": 3, "self": 4, "params": 5, "train": 6,
                          "flag": False, "sizes": [1]}  # fmt: skip


def test_load_loads_and_build_take_the_same(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    given: dict[str, Any] = {"path": 2, "params": {"train": 3}, "train": {"epochs": 1}}
    loaded = netspec.load(spec, input=(7,), **given)
    assert loaded.resolved() == netspec.loads(SPEC, input=(7,), **given).resolved().replace(
        "<text>", "spec"
    )
    assert netspec.build(spec, input=(7,), **given)[0].weight.shape == (2, 7)
    signatures = [list(inspect.signature(f).parameters.items())[1:]
                  for f in (netspec.load, netspec.loads, netspec.build)]  # fmt: skip
    assert signatures[0] == signatures[1] == signatures[2]


@pytest.mark.parametrize(
    ("train", "settings"),
    [
        ({"epochs": 3}, ["train.epochs=3"]),
        ({"data": {"validation": 0.5}}, ["train.data.validation=0.5"]),
        ({"data.validation": 0.5}, ["train.data.validation=0.5"]),
        ({"optimizer.SGD.lr": 0.2}, ["train.optimizer.SGD.lr=0.2"]),
        ({"optimizer": {"Adam": {"betas": (0.8, 0.9)}}},
         ["train.optimizer={Adam: {betas: [0.8, 0.9]}}"]),
        ({"optimizer": "Adam", "ema": None}, ["train.optimizer=Adam", "train.ema=null"]),
        ({"data": {"root": Path("a") / "b"}}, ["train.data.root=a/b"]),
        ({"epochs": "$path"}, ["train.epochs=$path"]),
    ],
)  # fmt: skip
def test_the_recipe_is_set_nested_as_in_the_file_or_by_dotted_keys(
    train: dict[str, Any], settings: list[str]
) -> None:
    same = compile_text(SPEC, overrides=parse_overrides(settings, None))
    assert netspec.loads(SPEC, train=train).resolved() == same.resolved()


def test_single_numbers_of_numpy_and_torch_are_numbers() -> None:
    net = netspec.loads(
        SPEC,
        path=np.int64(2),
        flag=np.bool_(True),
        sizes=(np.float32(0.5), torch.tensor(2)),
        input=torch.Size([7]),
    )
    assert (net.params["path"], net.params["flag"], net.params["sizes"]) == (2, True, [0.5, 2])
    assert net.input_shape == (7,)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"path": 1, "params": {"path": 2}}, "the parameter `path` is given twice"),
        ({"path": object()}, "`params.path` cannot be of the type `object`"),
        ({"path": b"4"}, "`params.path` cannot be of the type `bytes`"),
        ({"path": {1: 2}}, "`1` is no name in `params.path`"),
        ({"path": "four"}, "`path` is a whole number, not `four`"),
        ({"path": {"a": None}}, "`path` is a whole number, not `{a: null}`"),
        ({"sizes": [1, {"a": float("nan")}]}, "the value of `params.sizes.a` is not a finite"),
        ({"path": 10**400}, "the value of `params.path` is too large"),
        ({"params": ["path"]}, "`params` is a mapping of names to values"),
        ({"params": {"pth": 1}}, "the spec has no parameter `pth`"),
        ({"train": 3}, "`train` is a mapping of names to values"),
        ({"train": {"epochs": 0}}, "`epochs` is at least 1, not 0"),
        ({"train": {"data": {"rot": "a"}}}, "`data` has no `rot`"),
        ({"train": {"data.root": "a", "data": {"root": "b"}}}, "`train.data.root` is given twice"),
        ({"train": {"a..b": 1}}, "`a..b` is no name in `train`"),
        ({"train": {".".join("abcdefghij"): 1}}, "`train.a.b.c.d.e.f.g.h.i.j` is no setting"),
        ({"train": {3: 1}}, "`3` is no name in `train`"),
        ({"input": 3}, "`3` is not an input's shape"),
        ({"input": ()}, "`[]` is not an input's shape"),
        ({"input": (3, 0)}, "`[3, 0]` is not an input's shape"),
        ({"input": (3.5,)}, "`[3.5]` is not an input's shape"),
        ({"input": "3,4"}, "`3,4` is not an input's shape"),
        ({"input": (True,)}, "`[true]` is not an input's shape"),
    ],
)
def test_what_no_spec_could_hold_is_a_finding(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError) as caught:
        netspec.loads(SPEC, **given)
    (found,) = caught.value.diagnostics
    assert found.message.startswith(says)


def test_what_is_set_is_written_down_with_the_run() -> None:
    net = netspec.loads(SPEC, path=2, train={"data": {"samples": 8}}, input=[5])
    again = netspec.loads(net.resolved())
    assert (again.params["path"], again.input_shape) == (2, (5,))
    assert again.recipe.data == net.recipe.data
    assert (again.recipe.data.samples, again.recipe.data.validation) == (8, 0.2)
