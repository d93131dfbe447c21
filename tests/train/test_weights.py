"""Weights are read without running anything, and fit by name, shape and dtype or not at all."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from stand_in import StandIn, full_cnn
from torch import Tensor

from netspec.train.errors import TrainError
from netspec.train.storage.weights import load_weights, save_weights, starting_weights

NETWORK = StandIn(full_cnn)


def state() -> dict[str, Tensor]:
    found: dict[str, Tensor] = full_cnn().state_dict()
    return found


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth"])
def test_what_was_saved_comes_back(name: str, tmp_path: Path) -> None:
    weights, path = state(), tmp_path / name
    if name.endswith("pth"):
        torch.save(weights, path)
    else:
        save_weights(path, weights)
    loaded = load_weights(path, NETWORK)
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[key], weights[key]) for key in weights)


def test_a_checkpoint_that_wraps_its_state_dict_is_read_too(tmp_path: Path) -> None:
    torch.save({"state_dict": state(), "epoch": 3}, tmp_path / "model.pth")
    assert load_weights(tmp_path / "model.pth", NETWORK).keys() == state().keys()


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_every_mismatch_is_listed_before_anything_is_loaded(kind: str, tmp_path: Path) -> None:
    weights = state()
    del weights["1.running_mean"]
    weights["0.weight"] = torch.zeros(8, 3, 3, 3)
    weights["4.bias"] = weights["4.bias"].to(torch.int32)
    weights["head.\x1b[2Jweight"] = torch.zeros(2)
    path = tmp_path / f"model.{kind}"
    if kind == "pth":
        torch.save(weights, path)
    else:
        safetensors.torch.save_file(weights, path)
    with pytest.raises(TrainError) as caught:
        load_weights(path, NETWORK)
    assert str(caught.value).splitlines()[:-1] == [
        f"the weights in `{path}` do not fit the network: 4 tensors differ",
        "  `0.weight` is float32 [8, 3, 3, 3], and the network has float32 [8, 1, 3, 3]",
        "  `1.running_mean` is missing: the network has float32 [8]",
        "  `4.bias` is int32 [16], and the network has float32 [16]",
        "  `head.\\x1b[2Jweight` (float32 [2]) is nowhere in the network",
    ]


class Harm:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("harmed"),)


@pytest.mark.parametrize(
    "write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))]
)
def test_a_pickle_is_never_run(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write({"0.weight": Harm()}, tmp_path / "model.pth")
    with pytest.raises(TrainError):
        load_weights(tmp_path / "model.pth", NETWORK)
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"not weights",
        b"\xff" * 8 + b"{}",
        b"\x02" + bytes(7) + b"{}",
        b"\x10" + bytes(7) + b'{"a": {"x": 1}} ',
        b"\x04" + bytes(7) + b"{]]]",
    ],
)
def test_a_damaged_file_is_a_sentence(contents: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(contents)
    with pytest.raises(TrainError):
        load_weights(tmp_path / "model.safetensors", NETWORK)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="there is no file"):
        load_weights(tmp_path / "model.safetensors", NETWORK)


class TestWeightsToStartFrom:
    """A run may start from a file whose head has another number of classes."""

    def network(self, classes: int) -> StandIn:
        def build() -> torch.nn.Module:
            return torch.nn.Sequential(
                torch.nn.Conv2d(1, 8, 3), torch.nn.Flatten(), torch.nn.Linear(288, classes)
            )

        return StandIn(build, output_shape=(classes,))

    def test_all_of_it_where_all_of_it_fits(self, tmp_path: Path) -> None:
        network = self.network(10)
        save_weights(tmp_path / "w.safetensors", network.build().state_dict())
        start = starting_weights(tmp_path / "w.safetensors", network)
        assert (start.replaced, len(start.weights)) == ((), 4)

    def test_without_the_head_of_another_number_of_classes(self, tmp_path: Path) -> None:
        save_weights(tmp_path / "w.safetensors", self.network(1000).build().state_dict())
        start = starting_weights(tmp_path / "w.safetensors", self.network(10))
        assert (start.replaced, start.classes) == (("2.weight", "2.bias"), 1000)
        assert start.weights.keys() == {"0.weight", "0.bias"}

    def test_every_other_mismatch_is_listed(self, tmp_path: Path) -> None:
        state = self.network(1000).build().state_dict()
        state["0.weight"] = torch.zeros(4, 1, 3, 3)
        save_weights(tmp_path / "w.safetensors", state)
        with pytest.raises(TrainError) as caught:
            starting_weights(tmp_path / "w.safetensors", self.network(10))
        assert "1 tensor differs" in str(caught.value)
        assert "`0.weight` is float32 [4, 1, 3, 3]" in str(caught.value)


def test_a_file_from_before_batches_were_counted_loads(tmp_path: Path) -> None:
    weights = {k: v for k, v in state().items() if not k.endswith("num_batches_tracked")}
    save_weights(tmp_path / "old.safetensors", weights)
    assert load_weights(tmp_path / "old.safetensors", NETWORK).keys() == state().keys()


OTHERS: dict[str, tuple[Any, list[str]]] = {
    "DataParallel": (
        lambda s: {f"module.{k}": v for k, v in s.items()},
        ["`module.` is taken off"],
    ),
    "torch.compile": (
        lambda s: {f"_orig_mod.{k}": v for k, v in s.items()},
        ["`_orig_mod.` is taken off"],
    ),
    "both": (
        lambda s: {f"module._orig_mod.{k}": v for k, v in s.items()},
        ["`module._orig_mod.` is taken off"],
    ),
    "Lightning": (
        lambda s: {"state_dict": {f"model.{k}": v for k, v in s.items()}, "epoch": 3},
        ["under `state_dict`", "`model.` is taken off"],
    ),
    "torchvision's references": (lambda s: {"model": s, "epoch": 3}, ["under `model`"]),
    "a backbone": (
        lambda s: {f"backbone.{k}": v for k, v in s.items()},
        ["`backbone.` is taken off"],
    ),
    "a running average beside the weights": (
        lambda s: {
            "model": {k: torch.zeros_like(v) for k, v in s.items()},
            "model_ema": {
                "n_averaged": torch.tensor(3),
                **{f"module.{k}": v for k, v in s.items()},
            },
        },
        ["under `model_ema`, and others under `model`", "`module.` is taken off"],
    ),
    "half": (
        lambda s: {k: v.half() if v.is_floating_point() else v for k, v in s.items()},
        ["are float16, and are cast"],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_weights_of_other_trainers_are_taken_and_told(name: str, tmp_path: Path) -> None:
    change, words = OTHERS[name]
    whole = state()
    torch.save(change(whole), tmp_path / "other.pth")
    told: list[str] = []
    loaded = load_weights(tmp_path / "other.pth", NETWORK, told.append)
    assert len(told) == len(words)
    assert all(word in line for word, line in zip(words, told, strict=True))
    start = starting_weights(tmp_path / "other.pth", NETWORK)
    assert [f"note: {note}" for note in start.notes] == told
    for key, value in whole.items():
        assert loaded[key].dtype == value.dtype
        close = {"rtol": 1e-3, "atol": 1e-3} if name == "half" else {"rtol": 0.0, "atol": 0.0}
        assert torch.allclose(loaded[key].double(), value.double(), **close)


def test_a_head_that_is_missing_starts_afresh(tmp_path: Path) -> None:
    whole = state()
    head = list(whole)[-1].rpartition(".")[0]
    body = {key: value for key, value in whole.items() if not key.startswith(f"{head}.")}
    torch.save(body, tmp_path / "body.pth")
    start = starting_weights(tmp_path / "body.pth", NETWORK)
    assert set(start.replaced) == whole.keys() - body.keys()
    assert (start.classes, start.weights.keys()) == (0, body.keys())
    with pytest.raises(TrainError, match="is missing"):
        load_weights(tmp_path / "body.pth", NETWORK)


def test_what_is_missing_elsewhere_is_no_head(tmp_path: Path) -> None:
    whole = state()
    first = next(iter(whole))
    torch.save({k: v for k, v in whole.items() if k != first}, tmp_path / "broken.pth")
    with pytest.raises(TrainError, match=f"`{first}` is missing"):
        starting_weights(tmp_path / "broken.pth", NETWORK)


def test_a_network_whose_own_names_begin_so_keeps_them(tmp_path: Path) -> None:
    from netspec.train.storage.foreign_weights import prefix

    assert prefix(["model.0.weight"], ["model.0.weight"]) == ""
    assert prefix(["model.model.0.weight"], ["model.0.weight"]) == "model."
    assert prefix(["module.a", "b"], ["a", "b"]) == ""
    assert prefix([], ["a"]) == ""
