"""Every classification network of torchvision as a spec: what is known without running it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torchvision import models
from torchvision_zoo import (
    FOLDER,
    NAMES,
    ONE_OF_EACH,
    load,
    on_meta,
    output_shapes,
    published_size,
    theirs,
    weights,
)

import netspec

# all tests of one network in a row, which then is built once
every = pytest.mark.parametrize("name", NAMES, scope="module")

one_of_each = pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in ONE_OF_EACH else [pytest.mark.soak]) for n in NAMES],
    scope="module",
)
"""One network of every kind; the others in `soak`."""

LONGEST = 150
"""Lines that a family's file may have."""

SMALLER = {
    **dict.fromkeys(["efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"], 1),
    **dict.fromkeys(["swin_t", "swin_s", "swin_b", "swin_v2_t", "swin_v2_s", "swin_v2_b"], 4),
    "maxvit_t": 221,
}
"""The least size of networks for which torchvision publishes a larger one than they need."""

MADE_FOR_ONE_SIZE = ("vit_", "maxvit")
"""Networks whose layers depend on the size of the image."""

DENSE_LAYER = re.compile(r"denseblock\d+\.denselayer\d+$")
"""Layers that give their new channels in torchvision, and those after their input in the specs."""


def odd_size(name: str) -> int:
    """A size that strided layers do not divide; a Vision Transformer takes whole patches."""
    if name.startswith("vit_"):
        return 13 * int(name.rpartition("_")[2])
    return {"inception_v3": 301, "maxvit_t": 223}.get(name, 147)


def test_every_network_that_torchvision_lists_has_a_spec() -> None:
    assert sorted(models.list_models(module=models)) == NAMES
    assert len(NAMES) == 80


def test_every_family_has_one_network_that_is_always_asked_everything() -> None:
    families = {p.stem for p in FOLDER.glob("*.yaml") if "\nextends:" not in p.read_text()}
    assert {family(name) for name in ONE_OF_EACH} == families


def family(name: str) -> str:
    """The spec that a network's own extends."""
    extends = re.search(r"^extends: (\S+)\.yaml$", (FOLDER / f"{name}.yaml").read_text(), re.M)
    return family(extends[1]) if extends else name


def test_no_spec_is_too_long_to_read() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in FOLDER.glob("*.yaml")}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_spec_is_named_as_its_file_and_has_no_warnings(path: Path) -> None:
    net = load(path.stem)
    assert net.name == path.stem
    assert net.description
    assert net.warnings == ()


@every
def test_a_spec_written_out_complete_is_the_same_network(name: str) -> None:
    net = load(name)
    again = netspec.loads(net.resolved())
    assert list(again.state.items()) == list(net.state.items())
    assert [(x.path, x.op, x.output) for x in again.layers] == [
        (x.path, x.op, x.output) for x in net.layers
    ]


@every
def test_the_state_dict_has_the_same_keys_and_shapes_in_the_same_order(name: str) -> None:
    net = load(name)
    ours, their = on_meta(name)
    state = [(k, tuple(v.shape)) for k, v in their.state_dict().items()]
    assert list(net.state.items()) == state
    assert [(k, tuple(v.shape)) for k, v in ours.state_dict().items()] == state
    ours.load_state_dict(their.state_dict(), strict=True, assign=True)


@every
def test_parameters_and_multiply_adds_are_as_published(name: str) -> None:
    for entry in weights(name):
        net = load(name, published_size(entry))
        # what is published for Inception v3 counts its auxiliary head, and for GoogLeNet not
        heads = net.training_params if name == "inception_v3" else 0
        assert net.num_params + heads == entry.meta["num_params"]
        assert f"{net.macs / 1e9:.3f}" == f"{entry.meta['_ops']:.3f}"
        assert net.output_shape == (len(entry.meta["categories"] or range(1000)),)


@every
def test_the_least_size_is_as_published_or_a_smaller_one_that_runs(name: str) -> None:
    entry = weights(name)[0]
    net = load(name, published_size(entry))
    published = entry.meta["min_size"][0]
    least = net.min_input_size
    assert least == SMALLER.get(name, published)
    assert least <= published
    if least < published:
        with torch.device("meta"):
            module = theirs(name).eval()
            assert module(torch.empty(1, 3, least, least)).shape == (1, 1000)


@one_of_each
def test_the_shape_of_every_layer_is_torchs_at_the_published_size(name: str) -> None:
    compare_shapes(name, published_size(weights(name)[0]))


@one_of_each
def test_the_shape_of_every_layer_is_torchs_at_an_odd_size(name: str) -> None:
    compare_shapes(name, odd_size(name))


def compare_shapes(name: str, size: int) -> None:
    net = load(name, size)
    fixed = name.startswith(MADE_FOR_ONE_SIZE) and net.input_shape != load(name).input_shape
    ours, their = (output_shapes(m, size) for m in on_meta(name, size if fixed else None))
    known = {x.path: x.output for x in net.layers if x.kind != "call" and x.inputs}
    assert {p: (s, ours.get(p)) for p, s in known.items() if ours.get(p) != s} == {}
    shared = {p: s for p, s in their.items() if p in known and not DENSE_LAYER.search(p)}
    assert {p: (known[p], s) for p, s in shared.items() if known[p] != s} == {}
    assert len(shared) > len(net.state) / 6  # most of torchvision's modules have our names
