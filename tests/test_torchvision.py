"""AlexNet, GoogLeNet and ResNet-18 against torchvision's: names, weights, outputs, figures."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

import netspec

SPECS = Path(__file__).parent.parent / "specs"


class Pair(NamedTuple):
    """A spec, torchvision's own module, and the smallest input that both are run on."""

    spec: str
    theirs: Callable[[], nn.Module]
    weights: Any
    size: int


# `init_weights=True` says what torchvision does anyway, without its warning
PAIRS = {
    "alexnet": Pair("alexnet.yaml", models.alexnet, models.AlexNet_Weights.DEFAULT, 63),
    "googlenet": Pair(
        "googlenet.yaml",
        functools.partial(models.googlenet, init_weights=True),
        models.GoogLeNet_Weights.DEFAULT,
        64,
    ),
    "resnet18": Pair("resnet18.yaml", models.resnet18, models.ResNet18_Weights.DEFAULT, 32),
}
pairs = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


@functools.cache
def modules(spec: str) -> tuple[nn.Module, nn.Module]:
    """Ours and torchvision's, both made after the same seed."""
    pair = next(p for p in PAIRS.values() if p.spec == spec)
    torch.manual_seed(7)
    ours = netspec.load(SPECS / spec).build()
    torch.manual_seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = pair.theirs()
    return ours, theirs


def images(size: int) -> Tensor:
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))


@pairs
def test_the_state_dict_has_the_same_keys_and_shapes_in_the_same_order(pair: Pair) -> None:
    ours, theirs = (m.state_dict() for m in modules(pair.spec))
    assert [(k, v.shape) for k, v in ours.items()] == [(k, v.shape) for k, v in theirs.items()]


@pairs
def test_the_state_is_known_without_building(pair: Pair) -> None:
    theirs = modules(pair.spec)[1].state_dict()
    known = netspec.load(SPECS / pair.spec).state
    assert list(known.items()) == [(k, tuple(v.shape)) for k, v in theirs.items()]


@pairs
def test_the_same_seed_gives_the_same_weights(pair: Pair) -> None:
    ours, theirs = (m.state_dict() for m in modules(pair.spec))
    assert [k for k in theirs if not torch.equal(ours[k], theirs[k])] == []


@pairs
def test_torchvisions_weights_load_as_they_are(pair: Pair) -> None:
    ours, theirs = modules(pair.spec)
    ours.load_state_dict(theirs.state_dict(), strict=True)


@pairs
def test_outputs_in_eval_mode_are_equal_to_the_bit(pair: Pair) -> None:
    ours, theirs = (m.eval() for m in modules(pair.spec))
    with torch.inference_mode():
        assert torch.equal(ours(images(pair.size)), theirs(images(pair.size)))


@pairs
def test_a_training_step_is_equal_to_the_bit(pair: Pair) -> None:
    """Outputs, the auxiliary heads' too, with every dropout mask; gradients; running statistics.

    torchvision's GoogLeNet runs its heads in the midst of the network and the spec after it, so
    autograd adds the same gradients in another order: those are left out.
    """
    results = []
    for module in modules(pair.spec):
        module.train().zero_grad()
        torch.manual_seed(3)
        out = module(images(pair.size))
        named = named_outputs(out)
        sum(x.square().mean() for x in named.values()).backward()
        gradients = {n: p.grad for n, p in module.named_parameters()}
        results.append((named, gradients, dict(module.named_buffers())))
    (out, grad, buffers), (their_out, their_grad, their_buffers) = results
    assert out.keys() == their_out.keys()
    assert [n for n in out if not torch.equal(out[n], their_out[n])] == []
    assert grad.keys() == their_grad.keys()
    if len(out) == 1:
        assert [n for n in grad if not torch.equal(grad[n], their_grad[n])] == []
    assert [n for n in buffers if not torch.equal(buffers[n], their_buffers[n])] == []


def named_outputs(out: Any) -> dict[str, Tensor]:
    """Ours are a dict; torchvision's GoogLeNet gives a named tuple with the second head first."""
    if isinstance(out, Tensor):
        return {"logits": out}
    if isinstance(out, dict):
        return out
    return {"logits": out.logits, "aux1": out.aux_logits1, "aux2": out.aux_logits2}


def test_googlenets_auxiliary_heads_are_outputs_of_training_alone() -> None:
    net = netspec.load(SPECS / "googlenet.yaml")
    assert net.output_names == ("logits", "aux1", "aux2")
    module, _ = modules("googlenet.yaml")
    with torch.inference_mode():
        assert set(module.train()(images(64))) == {"logits", "aux1", "aux2"}
        assert isinstance(module.eval()(images(64)), Tensor)


@pairs
def test_parameters_multiply_adds_and_least_size_are_as_torchvision_publishes(pair: Pair) -> None:
    net = netspec.load(SPECS / pair.spec)
    meta = pair.weights.meta
    assert net.num_params == meta["num_params"]
    assert round(net.macs / 1e9, 3) == pytest.approx(meta["_ops"], abs=1e-9)
    assert (net.min_input_size,) * 2 == meta["min_size"]
    assert net.output_shape == (len(meta["categories"]),)


@pairs
def test_the_least_size_is_torchs_too(pair: Pair) -> None:
    module = modules(pair.spec)[0].eval()
    least = netspec.load(SPECS / pair.spec).min_input_size
    assert least is not None
    with torch.inference_mode():
        module(images(least))
        if least > 1:
            with pytest.raises(RuntimeError):
                module(images(least - 1))


def test_the_weights_file_has_the_size_that_the_parameters_say() -> None:
    """torchvision's files hold 4 bytes a number, buffers included, and little else."""
    net = netspec.load(SPECS / "alexnet.yaml")
    megabytes = 4 * net.num_params / 2**20
    assert megabytes == pytest.approx(PAIRS["alexnet"].weights.meta["_file_size"], rel=1e-3)
