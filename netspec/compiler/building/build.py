"""A checked network → an ordinary `torch.nn.Module`. This file holds the first `import torch`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from netspec.compiler.analysis.holders import held
from netspec.compiler.analysis.in_place import overwrites, sole_reader
from netspec.compiler.analysis.state import is_tensor
from netspec.compiler.building.graph import Graph, GraphStep, InputsGraph, NamedValue, OpenGraph
from netspec.compiler.building.hold import put
from netspec.compiler.building.initialize import initialize
from netspec.compiler.building.tie import tie
from netspec.compiler.ir import INPUT, OUTPUT, Layer, NetworkIR, Output, sibling
from netspec.compiler.language.init_rule import Rule
from netspec.diagnostics import Diagnostic, SpecError
from netspec.ops.base import Refusal, Shape
from netspec.ops.join import Elementwise
from netspec.ops.join_modules import Aligned
from netspec.ops.matmul import AddMM

BlockRules = dict[str, tuple[Rule, ...]]


def build(network: NetworkIR) -> nn.Module:
    """The module, initialised by torch's defaults and then by the spec's `init` rules.

    Its `state_dict` has the names of the spec. It trains, pickles, deep-copies, compiles and
    exports as a hand-written module does.
    """
    named = tuple(output for output in network.output_list if output.name)
    rules = {name: block.init for name, block in network.document.blocks.items() if block.init}
    module = _container(network.root, named, rules, tuple(one.name for one in network.inputs))
    tie(module, network.root)
    initialize(module, network.document.init, network.params)
    return module


def _module(layer: Layer, rules: BlockRules) -> nn.Module:
    if layer.op is not None:
        try:
            module = layer.op.make(*layer.inputs)
        except Refusal as refusal:  # of a plugin's own `make`
            found = Diagnostic(refusal.code, refusal.message, layer.span, (), refusal.hint)
            raise SpecError((found,)) from refusal
    else:
        module = _container(layer, (), rules)
    for block, params in layer.inits:  # at once, so that a seed gives the weights of such code
        initialize(module, rules[block], params)
    return module


def _container(
    layer: Layer, outputs: tuple[Output, ...], rules: BlockRules, names: tuple[str, ...] = ()
) -> nn.Module:
    needed = {output.source for output in outputs}
    mine = sole_reader(layer, needed)
    if not outputs and _is_chain(layer):
        return nn.Sequential(OrderedDict((c.name, _child(c, rules, mine)) for c in layer.children))
    slot = _slots(layer)
    named = tuple(NamedValue(o.name, slot(o.source), o.training_only) for o in outputs)
    inputs = len(layer.inputs) + len(layer.free)
    results = tuple(slot(source) for source in layer.results)
    steps = _steps(layer, needed)
    graph: Graph
    if len(names) > 1:
        graph = InputsGraph(steps, slot(layer.result), named, names)
    else:
        kind = Graph if inputs == 1 else OpenGraph
        graph = kind(steps, slot(layer.result), named, results)
    batched: dict[str, Shape] = {}
    made: dict[str, nn.Module | Tensor] = {}
    for child in layer.listed:
        if child.kind == "call":
            continue
        if is_tensor(child):
            tensor: object = None if child.op is None else child.op.make()
            assert isinstance(tensor, Tensor)
            made[child.name] = tensor
            if tensor.dim() > len(child.output) or not _broadcasts(layer, child, needed):
                batched[child.name] = child.output
        else:
            made[child.name] = _child(child, rules, mine)
    for child in layer.children if batched else ():
        missing = _missing(layer, child, batched)
        if missing:
            join = made[child.name]
            assert isinstance(join, nn.Module)
            made[child.name] = Aligned(join, missing)
    put(graph, held(layer), made)
    modules = tuple(n for n, m in made.items() if "." in n and isinstance(m, nn.Module))
    if modules:
        graph._held = modules
    if batched:
        graph._batched = batched
    return graph


def _broadcasts(layer: Layer, tensor: Layer, needed: set[int]) -> bool:
    """Whether every reader of a child of `layer` takes it for all samples of another input."""
    index = layer.children.index(tensor)
    if index in (layer.result, *layer.results) or index in needed:
        return False
    tensors = {i for i, child in enumerate(layer.children) if is_tensor(child)}
    return all(
        (isinstance(reader.op, Elementwise) and not tensors.issuperset(reader.sources))
        or (isinstance(reader.op, AddMM) and reader.sources[1] not in tensors)
        for reader in layer.children
        if reader.runs and index in reader.sources
    )


def _missing(layer: Layer, join: Layer, batched: dict[str, Shape]) -> dict[int, int]:
    """How many dimensions the tensors that each sample is given have too few for `join`."""
    if not isinstance(join.op, Elementwise) or join.kind == "call":
        return {}
    found = {}
    for place, (source, shape) in enumerate(zip(join.sources, join.inputs, strict=True)):
        tensor = layer.children[source] if 0 <= source < len(layer.children) else None
        if tensor is not None and tensor.name in batched and len(shape) > len(tensor.output):
            found[place] = len(shape) - len(tensor.output)
    return found


def _child(layer: Layer, rules: BlockRules, mine: frozenset[int]) -> nn.Module:
    """A child's module; it works in place only on a value that is its own alone."""
    module = _module(layer, rules)
    if layer.op is not None and layer.op.overwrites and not overwrites(layer, mine):
        module.inplace = False  # type: ignore[assignment]
    return module


def _is_chain(layer: Layer) -> bool:
    """Whether every child is fed by the one before, as in `nn.Sequential`."""
    if layer.order or layer.free or layer.results or layer.result != len(layer.children) - 1:
        return False
    if len(layer.inputs) > 1:
        return False
    return all(
        child.sources == (i - 1 if i else INPUT,)
        and child.kind != "call"
        and not child.training_only
        and not child.outputs
        and "." not in child.name
        for i, child in enumerate(layer.children)
    )


def _slots(layer: Layer) -> Callable[[int], int]:
    """Where a graph keeps the value of each source: its inputs, the last first, then outputs."""
    inputs = max(1, len(layer.inputs) + len(layer.free))
    starts: list[int] = []
    at = inputs
    for child in layer.children:
        starts.append(at)
        at += (len(child.outputs) or 1) if child.runs else 0

    def slot(source: int) -> int:
        return source + inputs if source < 0 else starts[sibling(source)] + source // OUTPUT

    return slot


def _steps(layer: Layer, needed: set[int]) -> tuple[GraphStep, ...]:
    """The steps of what runs, each with the values that nothing after it reads."""
    last: dict[int, int] = {}
    running = [(i, child) for i, child in enumerate(layer.children) if child.runs]
    for i, child in running:
        for source in child.sources:
            last[source] = i
        for place in range(len(child.outputs) or 1):
            last.setdefault(i + place * OUTPUT, i)
    keep = {layer.result, *layer.results, *needed}
    slot = _slots(layer)
    done: dict[int, list[int]] = {}
    for source, index in last.items():
        if source not in keep:
            done.setdefault(index, []).append(slot(source))
    return tuple(
        GraphStep(
            layer.children[child.target].name if child.kind == "call" else child.name,
            tuple(slot(source) for source in child.sources),
            tuple(sorted(done.get(i, ()))),
            child.training_only,
            len(child.outputs),
        )
        for i, child in running
    )
