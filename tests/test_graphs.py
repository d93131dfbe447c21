"""Random whole networks: what netspec says of each is what torch says.

NETSPEC_RANDOM_GRAPHS sets how many are drawn, NETSPEC_RANDOM_SEED which.
"""

from __future__ import annotations

import math
import os
import pickle
import warnings
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
import yaml
from graph_reference import Run
from random_graphs import graph
from reference_layers import Refused
from test_ops_run import LAYOUTS
from torch import Tensor, nn
from torch_answer import first, torch_macs

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
    """The graph of a number; under `extends` stands the spec that it extends."""
    return graph(SEED, number).spec()


class Plain(yaml.SafeDumper):
    """Writes what is there twice twice, since a spec has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def written(data: Spec) -> str:
    return yaml.dump(data, Dumper=Plain, sort_keys=False, default_flow_style=None, width=90)


def loaded(data: Spec) -> Network:
    """The network; of two specs in two files where one extends the other."""
    if "extends" not in data:
        return netspec.loads(written(data))
    with TemporaryDirectory() as folder:
        base, child = Path(folder, "base.yaml"), Path(folder, "spec.yaml")
        base.write_text(written(data["extends"]), encoding="utf-8")
        child.write_text(written({**data, "extends": base.name}), encoding="utf-8")
        return netspec.load(child)


def whole(data: Spec) -> Spec:
    """The spec as one, where it extends another."""
    if "extends" not in data:
        return data
    base, child = data["extends"], {k: v for k, v in data.items() if k != "extends"}
    params = {**base.get("params", {}), **child.get("params", {})}
    return {**base, **child, **({"params": params} if params else {})}


def disagreement(drawn: Spec, tally: Counter[str]) -> str | None:
    """What netspec says otherwise than torch, or None; the answer is counted in `tally`."""
    data = whole(drawn)
    shape = tuple(data["input"])
    reference = Run(data)
    refusal = None
    try:
        outputs = reference(torch.randn(BATCH, *shape))
    except Refused as problem:
        refusal = problem
    try:
        net = loaded(drawn)
    except netspec.SpecError as problem:
        if refusal is None:
            return f"refused by netspec alone: {problem}"
        tally[f"refused: {refusal.stated}" if refusal.stated else "refused by torch too"] += 1
        return None
    if refusal is not None:
        return f"refused by torch alone: {refusal}"
    tally["accepted"] += 1
    given = {o.name: o.shape for o in net.output_list}
    return (
        differ("outputs", given, {k: tuple(v.shape[1:]) for k, v in outputs.items()})
        or differ("shapes", shapes(net.root), reference.shapes)
        or differ("tensors", net.state, reference.state)
        or built(net, data, reference)
        or least_otherwise(net, data)
    )


def shapes(layer: Layer) -> dict[str, Shape]:
    """Every layer's output shape by its path; the inside of a call belongs to what it calls."""
    found: dict[str, Shape] = {layer.path: layer.output} if layer.path else {}
    for child in layer.children if layer.kind != "call" else ():
        found |= shapes(child)
    return found


def ran(layer: Layer) -> Iterator[str]:
    """The paths of the layers whose value somebody reads."""
    for child in layer.children if layer.kind != "call" else ():
        if child.runs:
            yield child.path
            yield from ran(child)


def differ(what: str, ours: Any, theirs: Any) -> str | None:
    if ours == theirs:
        return None
    if isinstance(ours, dict):
        keys = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
        ours, theirs = ({k: d.get(k) for k in keys} for d in (ours, theirs))
    return f"{what}: netspec {ours}, torch {theirs}"


def built(net: Network, data: Spec, reference: Run) -> str | None:
    """The built module: its tensors, every shape as it runs, its outputs and its multiply-adds."""
    torch.manual_seed(0)
    module = net.build()
    state = {k: tuple(v.shape) for k, v in module.state_dict().items()}
    if list(state.items()) != list(net.state.items()):
        return differ("built tensors", dict(net.state), state) or "the tensors' order"
    if list(state) != reference.listed():
        return f"the tensors' order: {list(state)}, of the reference {reference.listed()}"
    for name, number in reference.expected_starts().items():
        if not math.isnan(number) and not (module.state_dict()[name] == number).all():
            return f"`{name}` does not start with {number}"
    x = torch.randn(BATCH, *net.input_shape)
    seen = watch(module, x)
    known = {path: shapes(net.root)[path] for path in ran(net.root)}
    for path, found in seen.items():
        if path in known and known[path] not in found:
            return f"{path}: netspec {known[path]}, the module {found}"
    macs = differ("multiply-adds", net.macs, torch_macs(module, (net.input_shape,)))
    return macs or used(module.double(), x.double(), data)


def used(module: nn.Module, x: Tensor, data: Spec) -> str | None:
    """What goes wrong where the module is evaluated, copied, given one sample, or trained."""
    copy = deepcopy(module)
    weights = {k: v.clone() for k, v in module.state_dict().items()}
    module.eval()
    with torch.no_grad():
        expected = Run(data, training=False, weights=weights, dtype=x.dtype)(x)
        for what, other in (
            ("the module", module),
            ("a copy", copy.eval()),
            ("a pickled one", pickle.loads(pickle.dumps(module))),
        ):
            if not alike(named(other(x), expected), expected):
                return f"{what} answers otherwise than torch in evaluation"
        one = named(module(x[:1]), expected)
        if not batch_statistics(module) and not alike(one, {k: v[:1] for k, v in expected.items()}):
            return "one sample alone is answered otherwise than among others"
    trained = Run(data, weights=weights, dtype=x.dtype)(x)
    for name, layout in LAYOUTS.items():
        if refuses(data, weights, layout(x)):
            continue
        with torch.no_grad():
            if not alike(named(module(layout(x)), expected), expected):
                return f"inputs that are {name} are answered otherwise"
        out = named(copy.train()(layout(x).requires_grad_()), trained)
        if name == "plain" and not draws(module) and not alike(out, trained):
            return "a copy answers otherwise than torch in training"
        total = sum(value.sum() for value in out.values())
        if isinstance(total, Tensor) and total.requires_grad:
            total.backward()
    return None


def refuses(data: Spec, weights: dict[str, Tensor], x: Tensor) -> bool:
    """Whether torch has a layer that refuses how the input lies in memory."""
    if x.is_contiguous():
        return False
    try:
        with torch.no_grad():
            Run(data, training=False, weights=weights, dtype=x.dtype)(x)
    except Refused:
        return True
    return False


def named(out: Any, like: dict[str, Tensor]) -> dict[str, Tensor]:
    """The outputs by their names; a single one by that of `like`."""
    return out if isinstance(out, dict) else dict.fromkeys(list(like)[:1], out)


def alike(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(
        a[k].shape == b[k].shape
        and torch.allclose(a[k], b[k], atol=1e-7, rtol=1e-6, equal_nan=True)
        for k in a
    )


def batch_statistics(module: nn.Module) -> bool:
    """Whether a sample's answer depends on the others, also in evaluation."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    return any(isinstance(m, norms) and m.running_mean is None for m in module.modules())


def draws(module: nn.Module) -> bool:
    """Whether the module's answer in training has something of chance."""
    return any(
        isinstance(m, nn.RReLU)
        or any(vars(m).get(k) for k in ("p", "dropout", "attention_dropout", "dropout_p"))
        for m in module.modules()
    )


def watch(module: nn.Module, x: Tensor) -> dict[str, set[Shape]]:
    """The shapes that each layer gives in training."""
    seen: dict[str, set[Shape]] = {}

    def hook(path: str) -> Any:
        def remember(_module: nn.Module, _inputs: Any, out: Any) -> None:
            seen.setdefault(path, set()).add(tuple(first(out).shape[1:]))

        return remember

    handles = [m.register_forward_hook(hook(p)) for p, m in module.named_modules() if p]
    with torch.no_grad():
        module.train()(x)
    for handle in handles:
        handle.remove()
    return seen


def least_otherwise(net: Network, data: Spec) -> str | None:
    """Whether the least size is another than a search finds.

    What nobody reads does not run. Of a network whose layers depend on the size, netspec may ask
    that it fits all the same: its answer is then between that of what is read and that of all.
    """
    ours, found = net.min_input_size, least_size(data, lazy=True)
    if ours == found:
        return None
    if any(layer.size_dependencies for layer in (net.root, *net.layers)):
        most = least_size(data, lazy=False)
        low, high = (math.inf if n is None else n for n in (found, most))
        if low <= (math.inf if ours is None else ours) <= high:
            return None
    return f"least size: netspec {ours}, torch {found}"


def least_size(data: Spec, *, lazy: bool) -> int | None:
    """The least height and width that torch takes, but for what only training has."""
    channels, *sizes = data["input"]
    for n in range(1, max(sizes, default=0) + 1):
        resized = {**data, "input": [channels, *[n] * len(sizes)]}
        try:
            Run(resized, whole=False, lazy=lazy)(torch.zeros(BATCH, *resized["input"]))
        except Refused:
            continue
        return n
    return None


def answered_otherwise(numbers: range, tally: Counter[str]) -> list[str]:
    """The graphs of which netspec says otherwise than torch."""
    found = []
    for number in numbers:
        data = spec(number)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what torch runs all the same
                said = disagreement(data, tally)
        except Exception as error:
            said = f"fails: {type(error).__name__}: {error}"
        if said:
            found.append(f"graph {number}: {said}\n{written(data)}")
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_random_networks_are_answered_as_torch_answers_them(part: int) -> None:
    tally: Counter[str] = Counter()
    numbers = range(part, COUNT, PARTS)
    found = answered_otherwise(numbers, tally)
    print(dict(tally))  # seen with `pytest -rP`
    assert not found, "\n".join(found)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_twenty_thousand_random_networks(part: int) -> None:
    tally: Counter[str] = Counter()
    numbers = range(part, max(SOAK, COUNT), 20)
    found = answered_otherwise(numbers, tally)
    print(dict(tally))
    assert not found, "\n".join(found)
