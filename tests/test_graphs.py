"""Random whole networks: what netspec says of each is what torch says.

NETSPEC_RANDOM_GRAPHS sets how many are drawn, NETSPEC_RANDOM_SEED which.
"""

from __future__ import annotations

import os
import pickle
import random
from copy import deepcopy
from typing import Any

import pytest
import torch
import yaml
from graph_reference import Refused, Run
from random_graphs import Graphs
from torch import Tensor, nn
from torch_answer import torch_macs

import netspec
from netspec.compiler.facade import Network
from netspec.compiler.ir import Layer

COUNT = int(os.environ.get("NETSPEC_RANDOM_GRAPHS", "500"))
SEED = int(os.environ.get("NETSPEC_RANDOM_SEED", "1"))
SOAK = 20_000
PARTS = 5
BATCH = 2

Shape = tuple[int, ...]
Spec = dict[str, Any]


def spec(number: int) -> Spec:
    """The graph of a number."""
    return Graphs(random.Random(f"{SEED}-{number}")).spec()


def written(data: Spec) -> str:
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=90)


def disagreement(data: Spec) -> str | None:
    """What netspec says otherwise than torch, or None."""
    shape = tuple(data["input"])
    reference = Run(data)
    refusal = None
    try:
        out = tuple(reference(torch.zeros(BATCH, *shape, device="meta")).shape[1:])
    except Refused as problem:
        refusal = str(problem)
    try:
        net = netspec.loads(written(data))
    except netspec.SpecError as problem:
        return None if refusal else f"refused by netspec alone: {problem}"
    if refusal:
        return f"refused by torch alone: {refusal}"
    return (
        differ("output", net.output_shape, out)
        or differ("shapes", shapes(net.root), reference.shapes)
        or differ("tensors", net.state, reference.state)
        or built(net, data)
    )


def shapes(layer: Layer) -> dict[str, Shape]:
    """Every layer's output shape by its path; the inside of a call belongs to what it calls."""
    found: dict[str, Shape] = {layer.path: layer.output} if layer.path else {}
    for child in layer.children if layer.kind != "call" else ():
        found |= shapes(child)
    return found


def differ(what: str, ours: Any, theirs: Any) -> str | None:
    if ours == theirs:
        return None
    if isinstance(ours, dict):
        keys = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
        ours, theirs = ({k: d.get(k) for k in keys} for d in (ours, theirs))
    return f"{what}: netspec {ours}, torch {theirs}"


def built(net: Network, data: Spec) -> str | None:
    """The built module: its tensors, every shape as it runs, its outputs and its multiply-adds."""
    torch.manual_seed(0)
    module = net.build()
    state = {k: tuple(v.shape) for k, v in module.state_dict().items()}
    if list(state.items()) != list(net.state.items()):
        return differ("built tensors", dict(net.state), state) or "the tensors' order"
    x = torch.randn(BATCH, *net.input_shape)
    seen = watch(module, x)
    known = shapes(net.root)
    for path, found in seen.items():
        if known[path] not in found:
            return f"{path}: netspec {known[path]}, the module {found}"
    module.eval()
    reference = Run(data, training=False, device="cpu", weights=module.state_dict())
    with torch.no_grad():
        ours = module(x)
        # in eval mode what only training has does not run, and takes no part in the output
        theirs = reference(x)
    if ours.shape != theirs.shape or not torch.allclose(ours, theirs, atol=1e-5, rtol=1e-4):
        return f"the outputs differ by {(ours - theirs).abs().max()}"
    return used(module, x, ours) or differ(
        "multiply-adds", net.macs, torch_macs(module, (net.input_shape,))
    )


def used(module: nn.Module, x: Tensor, expected: Tensor) -> str | None:
    """What goes wrong where the module is copied, pickled, given one sample, or trained."""
    with torch.no_grad():
        for what, other in (
            ("a copy", deepcopy(module)),
            ("a pickled one", pickle.loads(pickle.dumps(module))),
        ):
            if not torch.equal(other(x), expected):
                return f"{what} of the module answers otherwise"
        one = module(x[:1])
    if not torch.allclose(one, expected[:1], atol=1e-4, rtol=1e-3):
        return "one sample alone is answered otherwise than among others"
    out = module.train()(x.clone().requires_grad_())
    (out[0] if isinstance(out, tuple) else out).sum().backward()
    module.eval()
    return None


def watch(module: nn.Module, x: Tensor) -> dict[str, set[Shape]]:
    """The shapes that each layer gives in training."""
    seen: dict[str, set[Shape]] = {}

    def hook(path: str) -> Any:
        def remember(_module: nn.Module, _inputs: Any, out: Tensor) -> None:
            seen.setdefault(path, set()).add(tuple(out.shape[1:]))

        return remember

    handles = [m.register_forward_hook(hook(p)) for p, m in module.named_modules() if p]
    with torch.no_grad():
        module.train()(x)
    for handle in handles:
        handle.remove()
    return seen


def least_size(data: Spec) -> int | None:
    """The least height and width that torch takes in eval mode, by trying each."""
    channels, *sizes = data["input"]
    for n in range(1, max(sizes) + 1):
        try:
            Run(data, training=False)(
                torch.zeros(BATCH, channels, *[n] * len(sizes), device="meta")
            )
        except Refused:
            continue
        return n
    return None


def answered_otherwise(numbers: range) -> list[str]:
    """The graphs of which netspec says otherwise than torch."""
    found = []
    for number in numbers:
        data = spec(number)
        said = disagreement(data)
        if said:
            found.append(f"graph {number}: {said}\n{written(data)}")
    return found


def least_otherwise(numbers: range) -> list[str]:
    """The graphs for which netspec and a search find different least sizes."""
    found = []
    for number in numbers:
        data = spec(number)
        try:
            net = netspec.loads(written(data))
        except netspec.SpecError:
            continue
        ours, theirs = net.min_input_size, least_size(data)
        if ours != theirs:
            found.append(f"graph {number}: netspec {ours}, torch {theirs}\n{written(data)}")
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_random_networks_are_answered_as_torch_answers_them(part: int) -> None:
    found = answered_otherwise(range(part, COUNT, PARTS))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_least_input_size_is_what_a_search_finds(part: int) -> None:
    found = least_otherwise(range(part, COUNT, PARTS))
    assert not found, "\n".join(found)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_twenty_thousand_random_networks(part: int) -> None:
    numbers = range(part, max(SOAK, COUNT), 20)
    found = [*answered_otherwise(numbers), *least_otherwise(numbers)]
    assert not found, "\n".join(found)


def test_the_draw_is_mostly_accepted_and_uses_the_whole_language() -> None:
    texts, accepted = [], 0
    for number in range(100):
        texts.append(written(spec(number)))
        try:
            netspec.loads(texts[-1])
        except netspec.SpecError:
            continue
        accepted += 1
    assert 50 <= accepted <= 90
    for word in ("branches", "repeat", "each", "call", "if:", "when", "blocks", "from", "params"):
        assert sum(word in text for text in texts) >= 3, word
