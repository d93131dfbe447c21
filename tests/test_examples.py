"""The examples do what they say, and the network written by hand is the one that the spec gives."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import torch

import netspec
from netspec.train.data import open_data

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(*command: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.check_output([sys.executable, *command], cwd=ROOT, env=env, text=True)


def test_the_network_by_hand_and_the_spec_are_one(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from resnet18_by_hand import ResNet18

    torch.manual_seed(0)
    by_hand = ResNet18(num_classes=10).eval()
    torch.manual_seed(0)
    compiled = netspec.build(ROOT / "specs" / "resnet18.yaml", num_classes=10).eval()
    ours, theirs = compiled.state_dict(), by_hand.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(compiled(images), by_hand(images))


def test_a_layer_of_ones_own_is_checked_and_built() -> None:
    said = run("-m", "netspec", "--plugin", "examples/scale.py", "check", "examples/scaled.yaml")
    assert "examples/scaled.yaml: ok: 3×32×32 → 10, 322 parameters" in said
    build = (
        "from netspec.plugins import load_plugin; load_plugin('examples/scale.py');"
        "import netspec, torch; module = netspec.build('examples/scaled.yaml');"
        "print(module(torch.zeros(2, 3, 32, 32)).shape, module.state_dict()['1.weight'].unique())"
    )
    assert run("-c", build) == "torch.Size([2, 10]) tensor([0.5000])\n"


def test_a_spec_trains_in_a_loop_of_ones_own() -> None:
    right, rest = run("examples/own_loop.py").split(" of ")
    assert rest == "297 test images right\n"
    assert int(right) > 240


def test_texts_are_told_apart_by_an_lstm_and_by_a_transformer(tmp_path: Path) -> None:
    run("examples/docstrings.py", str(tmp_path / "docstrings.csv"))
    for name in ("lstm", "transformer"):
        network = netspec.load(
            EXAMPLES / f"{name}.yaml", train={"data.root": str(tmp_path / "docstrings.csv")}
        )
        assert network.warnings == ()
        data = open_data(network.recipe, network.input_shape, num_classes=5, inputs=network.inputs)
        assert data.info.classes == ("concurrency", "files", "internet", "numbers", "testing")
        assert data.info.num_train > 1_000
        module = network.build()
        (batch,) = islice(data.batches("test", batch_size=8), 1)
        inputs = batch.images if isinstance(batch.images, tuple) else (batch.images,)
        assert module(*inputs).shape == (8, 5)
