"""A network after expansion and inference, as data: a tree of layers, each with its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from netspec.compiler.language.document import Document, Entry
from netspec.compiler.language.env import Env
from netspec.counted import counted
from netspec.diagnostics import Note, Span
from netspec.ops.base import Op, Shape, text
from netspec.ops.dtype import FLOAT, Dtype
from netspec.recipe import Recipe

INPUT: Final = -1
"""A source: the first input of the container. Its input number `i` is the source `-1 - i`."""

OUTPUT: Final = 1 << 20
"""The distance of two outputs of one layer, as sources: more than a container has children."""


class ExpandedFrom(NamedTuple):
    """A block through which a layer came, and where the block was used."""

    block: str
    span: Span


def provenance(
    expanded_from: tuple[ExpandedFrom, ...], path: str | None = None
) -> tuple[Note, ...]:
    """The note that says through which block a layer came, where it came through one."""
    if not expanded_from:
        return ()
    last = expanded_from[-1]
    what = f"in `{path}`, from {last.block}" if path else f"{last.block} is used here"
    return (Note(what, last.span),)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a block's expressions see, and the blocks through which the walk came to it."""

    env: Env
    block: str | None
    expanded_from: tuple[ExpandedFrom, ...]


class BlockUse(NamedTuple):
    """How a layer came of a block: the entry that uses it, and what that entry sees."""

    entry: Entry
    block: str
    scope: Scope


class BlockInit(NamedTuple):
    """The `init` rules of a block, and what their expressions see."""

    block: str
    params: Env


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One module of the network, and where it stands in its container.

    `sources` are indices of siblings, or of the container's own inputs (`INPUT`); the output number
    `j` of the sibling `i` is the source `i + j * OUTPUT`. `output` is a shape without the batch.
    Where a layer gives several values, `outputs` are their shapes, of which the first is `output`,
    and `output_names` what they are called: the first may be called nothing, and is then what the
    layer's own name stands for. A container's `result` is the source that it returns, or `results`
    the several; `free` are the names of the outer values that it reads, its last inputs.
    `input_dtypes` and `dtypes` tell the kinds of the inputs' and outputs' numbers, and are empty
    where all are floating-point.

    A `call` runs the module of the sibling `target` again and owns nothing. `size_dependencies`
    are the sizes of its inputs that expressions used (of which input, which, and what it was), so
    that the layer is the same on all inputs that agree in them; `origin` is how a block with such
    sizes came about, to make it again for others. `order` is the one in which torch lists the
    children, where it is not the one in which they run.
    """

    name: str
    path: str
    kind: Literal["op", "container", "call"]
    span: Span
    sources: tuple[int, ...]
    inputs: tuple[Shape, ...]
    output: Shape
    op: Op | None = None
    block: str | None = None
    children: tuple[Layer, ...] = ()
    result: int = INPUT
    target: int = INPUT
    free: tuple[str, ...] = ()
    training_only: bool = False
    expanded_from: tuple[ExpandedFrom, ...] = ()
    inits: tuple[BlockInit, ...] = ()
    size_dependencies: tuple[tuple[int, str, Any], ...] = ()
    order: tuple[int, ...] = ()
    origin: BlockUse | None = None
    results: tuple[int, ...] = ()
    outputs: tuple[Shape, ...] = ()
    output_names: tuple[str, ...] = ()
    input_dtypes: tuple[Dtype, ...] = ()
    dtypes: tuple[Dtype, ...] = ()
    runs: bool = True
    """Whether its value reaches an output: what nobody reads is made, and does not run."""
    tied: str = ""
    """The path of the layer whose `weight` this one shares."""
    left_out: tuple[tuple[str, int], ...] = ()
    """Names of layers that `if` leaves out, with the sources that they pass on."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The outputs of which one must be named, where the layer's name alone says none."""
        return () if self.output_names[:1] in ((), ("",)) else self.output_names

    @property
    def listed(self) -> tuple[Layer, ...]:
        """The children in the order in which torch lists them."""
        return tuple(self.children[i] for i in self.order) if self.order else self.children

    @property
    def kind_name(self) -> str:
        """The op's name, the block's, `Sequential`, or `call`."""
        if self.op is not None:
            return type(self.op).__name__
        if self.kind == "call":
            return "call"
        return self.block or "Sequential"


_FIELDS: Final = tuple(field.name for field in fields(Layer))
_values = attrgetter(*_FIELDS)


def changed(layer: Layer, **changes: Any) -> Layer:
    """`dataclasses.replace` for layers, of which a network has thousands, in half the time."""
    return Layer(**{**dict(zip(_FIELDS, _values(layer), strict=True)), **changes})


def sibling(source: int) -> int:
    """The index of the sibling that a source is an output of; an input stays what it is."""
    return source if source < 0 else source % OUTPUT


class Input(NamedTuple):
    """One input of the network: its name, its shape without the batch, the kind of its numbers."""

    name: str
    shape: Shape
    dtype: Dtype = FLOAT


class Output(NamedTuple):
    """One output of the network, as `outputs` names it."""

    name: str
    source: int
    shape: Shape
    training_only: bool
    dtype: Dtype = FLOAT


def walk(layer: Layer, *, training: bool = True) -> Iterator[Layer]:
    """The layer and all within it, in the order written; what only training runs, if asked."""
    todo = [layer]
    while todo:
        found = todo.pop()
        if found.training_only and not training:
            continue
        yield found
        if found.children:
            todo.extend(reversed(found.children))


def leaves(layer: Layer, *, training: bool = True) -> Iterator[Layer]:
    """The layers that compute: ops, and what a call runs again; not those that nobody reads."""
    todo = [layer]
    while todo:
        found = todo.pop()
        if not found.runs or (found.training_only and not training):
            continue
        if found.op is not None:
            yield found
        elif found.children:
            todo.extend(reversed(found.children))


def owners(layer: Layer, *, training: bool = True) -> Iterator[Layer]:
    """The ops that own parameters: all but those that a call runs again."""
    todo = [layer]
    while todo:
        found = todo.pop()
        if found.kind == "call" or (found.training_only and not training):
            continue
        if found.op is not None:
            yield found
        elif found.children:
            todo.extend(reversed(found.children))


@dataclass(frozen=True, eq=False)
class NetworkIR:
    """A checked network as data. Shapes exclude the batch; all was found without torch."""

    name: str
    description: str
    inputs: tuple[Input, ...]
    root: Layer
    document: Document
    params: dict[str, Any]
    recipe: Recipe
    output_list: tuple[Output, ...]
    path: Path | None
    unread: tuple[Layer, ...] = ()
    """The layers whose value nobody takes."""

    def __repr__(self) -> str:
        """Short, since a notebook shows it."""
        given = ", ".join(text(one.shape) for one in self.inputs)
        shapes = f"{given} → {text(self.output_shape)}"
        return f"<Network {self.name}: {shapes}, {counted(self.num_params, 'parameter')}>"

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input."""
        return self.inputs[0].shape

    @property
    def output_shape(self) -> Shape:
        """The shape of the first output: the logits."""
        return self.output_list[0].shape

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, the logits first; `output` where the spec names none."""
        return tuple(o if o.name else o._replace(name="output") for o in self.output_list)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs, the logits first; `()` where the spec names none."""
        return tuple(o.name for o in self.output_list if o.name)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer but the network itself, in the order written, containers before theirs."""
        return tuple(walk(self.root))[1:]

    @cached_property
    def num_params(self) -> int:
        """Trainable parameters of the network as it infers."""
        return sum(num_params(x) for x in owners(self.root, training=False))

    @cached_property
    def training_params(self) -> int:
        """Trainable parameters of what runs only in training."""
        return sum(num_params(x) for x in owners(self.root)) - self.num_params

    @cached_property
    def macs(self) -> int:
        """Multiply-adds of one sample, of convolutions and matrix products, as it infers."""
        return sum(macs(x) for x in leaves(self.root, training=False))

    @cached_property
    def activation_bytes(self) -> int:
        """Bytes of every layer's output for one sample in float32, as training keeps them."""
        return sum(activation_bytes(x) for x in leaves(self.root))

    @property
    def source_text(self) -> str:
        """The text of the spec's file."""
        return self.document.source.text


def num_params(layer: Layer) -> int:
    """Trainable parameters that an op owns; a weight that it shares is the other layer's."""
    if layer.op is None:
        return 0
    count = layer.op.num_params(*layer.inputs)
    return count - prod(layer.op.parameters(*layer.inputs)["weight"]) if layer.tied else count


def macs(layer: Layer) -> int:
    """Multiply-adds of one sample."""
    return 0 if layer.op is None else layer.op.macs(*layer.inputs)


def activation_bytes(layer: Layer) -> int:
    """Bytes of the output of one sample in float32."""
    return 4 * sum(map(prod, layer.outputs or (layer.output,))) if layer.op is not None else 0
