"""A checked network → an ordinary `torch.nn.Module`. This file holds the first `import torch`."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from torch import nn

from netspec.compiler.analysis.in_place import overwrites, sole_reader
from netspec.compiler.analysis.state import is_tensor
from netspec.compiler.building.graph import Graph, Output, Step
from netspec.compiler.building.initialize import initialize
from netspec.compiler.ir import BLOCK_INPUT, INPUT, Layer
from netspec.compiler.validating.init_rules import Rule, init_rules
from netspec.ops.base import Shape
from netspec.ops.join import Elementwise

if TYPE_CHECKING:
    from netspec.compiler.ir import Network


BlockRules = dict[str, tuple[Rule, ...]]


def build(network: Network) -> nn.Module:
    """The module, initialised by torch's defaults and then by the spec's `init` rules.

    Its `state_dict` has the names of the spec. It trains, pickles, deep-copies, compiles and
    exports as a hand-written module does.
    """
    root = network.root
    outputs = tuple(
        Output(o.name, o.source + 2, o.training_only) for o in network.output_list if o.name
    )
    rules = {
        name: init_rules(block.init)
        for name, block in network.document.blocks.items()
        if block.init is not None
    }
    module = _container(root, outputs, rules)
    initialize(module, init_rules(network.document.init), network.params)
    return module


def _module(layer: Layer, rules: BlockRules) -> nn.Module:
    if layer.op is not None:
        module = layer.op.make(*layer.inputs)
    else:
        module = _container(layer, (), rules)
    for block, params in layer.inits:  # at once, so that a seed gives the weights of such code
        initialize(module, rules[block], params)
    return module


def _container(layer: Layer, outputs: tuple[Output, ...], rules: BlockRules) -> nn.Module:
    needed = {o.value for o in outputs}
    mine = sole_reader(layer, {value - 2 for value in needed})
    if not outputs and _is_chain(layer):
        return nn.Sequential(OrderedDict((c.name, _child(c, rules, mine)) for c in layer.children))
    graph = Graph(_steps(layer, needed), layer.result + 2, outputs)
    batched: dict[str, Shape] = {}
    for child in layer.listed:
        if child.kind == "call":
            continue
        if is_tensor(child):
            tensor = child.op.make() if child.op is not None else None
            assert isinstance(tensor, nn.Parameter)
            graph.register_parameter(child.name, tensor)
            if tensor.dim() > len(child.output) or not _broadcasts(layer, child, needed):
                batched[child.name] = child.output
        else:
            graph.add_module(child.name, _child(child, rules, mine))
    if batched:
        graph._batched = batched
    return graph


def _broadcasts(layer: Layer, tensor: Layer, needed: set[int]) -> bool:
    """Whether every reader of a child of `layer` spreads it over the samples of another input."""
    index = layer.children.index(tensor)
    if index == layer.result or index + 2 in needed:
        return False
    others = {i for i, child in enumerate(layer.children) if not is_tensor(child)}
    others |= {INPUT, BLOCK_INPUT}
    return all(
        isinstance(reader.op, Elementwise) and not others.isdisjoint(reader.sources)
        for reader in layer.children
        if index in reader.sources
    )


def _child(layer: Layer, rules: BlockRules, mine: frozenset[int]) -> nn.Module:
    """A child's module; it works in place only on a value that is its own alone."""
    module = _module(layer, rules)
    asked = layer.op is not None and layer.op.values.get("inplace")
    if asked and not overwrites(layer, mine):
        module.inplace = False  # type: ignore[assignment]
    return module


def _is_chain(layer: Layer) -> bool:
    """Whether every child is fed by the one before, as in `nn.Sequential`."""
    if layer.order or layer.takes_block_input or layer.result != len(layer.children) - 1:
        return False
    return all(
        child.sources == (i - 1 if i else INPUT,)
        and child.kind != "call"
        and not child.training_only
        for i, child in enumerate(layer.children)
    )


def _steps(layer: Layer, needed: set[int]) -> tuple[Step, ...]:
    """The steps, each with the values that nothing after it reads.

    A source plus 2 is the number of its value: `BLOCK_INPUT` is -2 and `INPUT` is -1.
    """
    last: dict[int, int] = {}
    for i, child in enumerate(layer.children):
        for source in child.sources:
            last[source + 2] = i
        last.setdefault(i + 2, i)
    keep = {layer.result + 2, *needed}
    done: dict[int, list[int]] = {}
    for value, index in last.items():
        if value not in keep:
            done.setdefault(index, []).append(value)
    return tuple(
        Step(
            layer.children[child.target].name if child.kind == "call" else child.name,
            tuple(s + 2 for s in child.sources),
            tuple(sorted(done.get(i, ()))),
            child.training_only,
        )
        for i, child in enumerate(layer.children)
    )
