"""Networks of timm: the same keys and parameters, and outputs equal to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import netspec

timm = pytest.importorskip("timm", reason="the package timm is not here")

FOLDER = Path(__file__).parent.parent / "specs" / "timm"
NETWORKS: dict[str, tuple[dict[str, Any], int]] = {
    "hrnet_w18_small": ({}, 96),
    "res2net50_26w_4s": ({}, 64),
    "vit_small_patch16_224": ({"reg_tokens": 4}, 224),
}
"""The arguments that timm is given, and the size of the images that outputs are compared on."""


def test_every_spec_is_compared() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_keys_parameters_and_outputs_are_timms(name: str) -> None:
    given, size = NETWORKS[name]
    net = netspec.load(FOLDER / f"{name}.yaml")
    assert net.warnings == ()
    theirs = timm.create_model(name, **given)
    state = theirs.state_dict()
    assert list(net.state.items()) == [(k, tuple(v.shape)) for k, v in state.items()]
    assert net.num_params == sum(p.numel() for p in theirs.parameters())
    with torch.no_grad():  # some start at zero, which would hide a difference
        for tensor in theirs.parameters():
            tensor.add_(0.01 * torch.randn_like(tensor))
    ours = net.build()
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, size, size)
    for train in (False, True):
        with torch.no_grad():
            torch.manual_seed(3)
            a = ours.train(train)(x)
            torch.manual_seed(3)
            b = theirs.train(train)(x)
        assert a.abs().max() > 0
        assert torch.equal(a, b)
