"""What the elaboration of a document carries: limits, findings, and the values of expressions."""

from __future__ import annotations

import re
from math import prod
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from netspec.compiler.expanding.recursion import HINT, Use, again, chain
from netspec.compiler.ir import INPUT, Layer, Scope, provenance
from netspec.compiler.language.document import Document, Entry
from netspec.compiler.language.expression import ExpressionError, InputShape, evaluate, names
from netspec.compiler.language.params import ParamTable
from netspec.compiler.language.said import flow
from netspec.compiler.language.schema_validation import expression_span
from netspec.compiler.language.work import LAYER, MAX_WORK, TooMuchWork, Work
from netspec.counted import counted
from netspec.diagnostics import MAX_FINDINGS, Diagnostic, Note, Span
from netspec.ops.base import Op, Refusal, Shape, text
from netspec.ops.dtype import FLOAT, Dtype
from netspec.source import Mapping, Node, Scalar, Sequence

MAX_LAYERS = 20_000
MAX_EDGES = 100_000
MAX_PATH = 1_000
MAX_DIMS = 64
MAX_PARAMS = 10**12
MAX_ELEMENTS = 10**12
MAX_DEPTH = 64
SEVERAL_STEPS = 5
"""Steps of each of the several values that a layer gives."""
_SHORT = 32


class Wire(NamedTuple):
    """What flows along an edge: its source, its shape (None after a failure), its maker."""

    source: int
    shape: Shape | None
    maker: str
    span: Span | None
    training_only: bool = False
    choices: tuple[str, ...] = ()
    """The names of several values, of which one must be named: this wire alone is none."""
    dtype: Dtype = FLOAT

    def sampled(self, source: int) -> Wire:
        """The wire within a container, where it is `source` and each sample's own."""
        shape = self.shape
        if shape.__class__ is not tuple and shape is not None:
            shape = (*shape,)
        elif source == self.source:
            return self
        return Wire(source, shape, *self[2:])


class Frame(Protocol):
    """What can be named at a place."""

    def lookup(self, name: str, span: Span) -> Wire | None:
        """The value of this name, whose source is one of the frame."""

    def visible(self) -> list[str]:
        """Every name that `lookup` knows."""

    def shape(self, name: str) -> Shape | None:
        """The shape of the value of this name, or of one within a layer; None where none is known.

        To ask makes no value an input of the container.
        """

    def layer(self, name: str) -> Layer | None:
        """The layer of this name, or within one."""


class Wall(dict[str, Wire]):
    """The frame of a block, or of the network: its inputs, and nothing from around it.

    `outputs` says whether its outputs are named, so that its last layer need not give one value.
    """

    outputs: bool = False

    def lookup(self, name: str, span: Span) -> Wire | None:
        """The input of this name."""
        return self.get(name)

    def visible(self) -> list[str]:
        """The names of the inputs."""
        return list(self)

    def shape(self, name: str) -> Shape | None:
        """The shape of the input of this name."""
        wire = self.get(name)
        return None if wire is None else wire.shape

    def layer(self, name: str) -> Layer | None:
        """None: an input is no layer."""
        return None


NOWHERE: Final = Wall()
"""The frame of what names nothing."""


class Site(NamedTuple):
    """Where an entry stands: its name and path, what feeds it, and what it sees.

    `outer` is the frame around its container, whose values it can name too.
    """

    name: str
    path: str
    inputs: tuple[Wire, ...]
    scope: Scope
    outer: Frame


_MOST_NAMED: Final = 6


def listed_names(names: tuple[str, ...]) -> str:
    """The names between backticks, of many the first ones."""
    more = ", …" if len(names) > _MOST_NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:_MOST_NAMED]) + more


class LimitReached(Exception):
    """Raised through the elaboration where a limit ends it."""


class AlreadyReported(Exception):
    """A finding was made, and the layer has no shape."""


class Elaboration:
    """The state of one elaboration."""

    def __init__(
        self, document: Document, shape: Shape, *, first: bool = False, work: Work | None = None
    ) -> None:
        self.document, self.shape = document, shape
        self.first = first
        """Whether only the first finding is wanted, of the network as it infers: what only training
        runs is left out."""
        self.work = Work() if work is None else work
        self.most = MAX_LAYERS if work is None else min(MAX_LAYERS, work.left // LAYER)
        self.findings: dict[tuple[str, Span], Diagnostic] = {}
        self.count = 0
        self.edges = 0
        self.depth = 0
        self.params = 0
        self.made: dict[object, Op | None] = {}
        self.lists: dict[int, list[Any] | dict[str, Any]] = {}
        """Lists and mappings that keys of `made` tell apart by identity, kept as they are."""
        self.literals: dict[int, list[Any]] = {}
        """The values of lists without expressions, which all copies share."""
        self.merged: dict[tuple[Span, str, str], Mapping] = {}
        """Arguments that came with the layer of a parameter, joined with those where it is used."""
        self.within: list[Use] = []
        """The blocks that are being expanded."""
        self.records: dict[int, dict[str, Any]] = {}
        """The values of mappings without expressions."""
        self.optional: dict[str, re.Pattern[str]] = {}
        """The names of layers that a block's uses may leave out, for `order`."""
        self.tables: dict[str, ParamTable] = {}
        """The parameters of each block, which all its uses share."""
        self.sizes: dict[int, tuple[Layer, int, int, int]] = {}
        """How many layers, edges and several values a layer that is called has within it."""
        self.inferred: dict[tuple[int, tuple[Shape, ...]], tuple[Shape, int]] = {}
        """The output and the number of parameters of an op of `made`, by its inputs."""
        self.mentions: dict[int, tuple[str, ...]] = {}
        self.unknown: set[tuple[str | None, str]] = set()
        self.frame: Frame = NOWHERE
        """What can be named at the entry that is expanded now."""

    # findings

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        hint: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Make a finding; of one code at one place, the first is kept.

        Raises `LimitReached` where the elaboration is only to find the first one, or has found as
        many as one check tells.
        """
        self.findings.setdefault((code, span), Diagnostic(code, message, span, notes, hint))
        if self.first or len(self.findings) >= MAX_FINDINGS:
            raise LimitReached

    def report_at(self, found: Diagnostic, scope: Scope) -> None:
        """Take a finding, and say through which blocks the elaboration came to it."""
        self.report(found.code, found.message, found.span, found.hint, self.provenance(scope))

    def provenance(self, scope: Scope, path: str | None = None) -> tuple[Note, ...]:
        """How the elaboration came here, through blocks."""
        return provenance(scope.expanded_from, path)

    def refused(self, refusal: Refusal, entry: Entry, site: Site) -> None:
        """Make a finding of an op's refusal: its place, and what made its inputs."""
        notes = [note for wire in site.inputs if (note := _gives(wire)) is not None]
        alone = len(self.document.inputs) == 1
        if alone and site.inputs and site.inputs[-1].maker != "the input" and notes:
            last = notes[-1]
            where = f" ({last.span})" if last.span else ""
            notes[-1] = Note(f"{last.message}{where}, from an input of {text(self.shape)}")
        notes += self.provenance(site.scope, site.path)
        hint = refusal.hint
        if refusal.code == "NS401" and len(self.shape) == 4 and self.shape[0] == 1:
            hint = "leave the batch out of `input`: it is implied"
        span = _argument_span(refusal, entry)
        self.report(refusal.code, refusal.message, span, hint, tuple(notes))

    def one_input(self, entry: Entry, inputs: tuple[Wire, ...], what: str) -> Wire:
        """The only input of what takes one. Raises `AlreadyReported` after a finding."""
        if len(inputs) != 1:
            self.report(
                "NS407",
                f"{what} takes one input, not {len(inputs)}",
                entry.span,
                "join them first with `Add`, `Mul` or `Concat`",
            )
            raise AlreadyReported
        return inputs[0]

    # limits

    def enter(self, span: Span) -> None:
        """Go one layer deeper; `leave` comes back."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.too_deep(span)

    def too_deep(self, span: Span) -> NoReturn:
        """Refuse layers within too many others. Raises `LimitReached`."""
        use = again(self.within)
        if use is not None:
            block, _, place = use
            names = chain([used for used, _, _ in self.within])
            message = f"`{block}` uses itself without end: {names}"
            self.report("NS305", message, place, HINT)
            raise LimitReached
        message = f"layers and blocks are nested more than {MAX_DEPTH} deep"
        self.report("NS307", message, span, "flatten them")
        raise LimitReached

    def leave(self) -> None:
        """Come back from a layer."""
        self.depth -= 1

    def tick(self, span: Span, layers: int = 1) -> None:
        """Count a layer, a copy, or the layers that a call runs. Raises `LimitReached`."""
        self.count += layers
        if self.count > self.most:
            self.report(
                "NS307",
                f"the network has more than {MAX_LAYERS:,} layers",
                span,
                "is a `repeat` or an `each` larger than meant?"
                if layers == 1
                else "a `call` counts as all the layers that it runs",
            )
            raise LimitReached

    def settle(self) -> None:
        """Count the steps of all layers, at the end of an elaboration."""
        self.work.left -= LAYER * self.count

    def spend(self, steps: int, span: Span) -> None:
        """Count steps of work. Raises `LimitReached`."""
        self.work.left -= steps
        if self.work.left < 0:
            self.exhausted(span)

    def seek(self, steps: int, span: Span) -> None:
        """Count what is looked through for a value, and several values. Raises `LimitReached`."""
        self.work.left -= steps
        if self.work.left < 0:
            message = "values within layers, and those that layers give several of, take more than"
            hint = "name such a value once, and take what is named"
            self.report("NS307", f"{message} {MAX_WORK:,} steps, over every copy", span, hint)
            raise LimitReached

    def exhausted(self, span: Span) -> NoReturn:
        """Say that the values of this spec take too much work. Raises `LimitReached`."""
        self.report(
            "NS307",
            f"arguments and expressions take more than {MAX_WORK:,} steps, over every copy",
            span,
            "work a value out once, in a parameter of the block around the copies",
        )
        raise LimitReached

    def add_edges(self, number: int, span: Span) -> None:
        """Count values that layers take from others. Raises `LimitReached`."""
        self.edges += number
        if self.edges > MAX_EDGES:
            self.report(
                "NS307",
                f"layers take more than {MAX_EDGES:,} inputs, over every copy",
                span,
                "join values once, and take the result in each copy",
            )
            raise LimitReached

    def path_too_long(self, span: Span) -> NoReturn:
        """Refuse a layer whose path has too many characters. Raises `LimitReached`."""
        message = f"this layer's name and those around it have more than {MAX_PATH:,} characters"
        self.report("NS307", message, span, "its path in `state_dict` joins them: shorten some")
        raise LimitReached

    def add_params(self, number: int, span: Span) -> None:
        """Count parameters. Raises `LimitReached`."""
        self.params += number
        if self.params > MAX_PARAMS:
            message = f"the network has more than {MAX_PARAMS:,} parameters"
            self.report("NS307", message, span)
            raise LimitReached

    def guard_size(self, shape: Shape, span: Span) -> None:
        """Raise `LimitReached` for a tensor that no machine holds, or torch does not handle."""
        if len(shape) >= MAX_DIMS:
            message = f"this gives {counted(len(shape) + 1, 'dimension')}, the batch counted"
            self.report("NS307", message, span, f"torch works on {MAX_DIMS} at most")
            raise LimitReached
        if prod(shape) > MAX_ELEMENTS:
            message = f"{text(shape)} is more than {MAX_ELEMENTS:,} numbers for one sample"
            self.report("NS307", message, span)
            raise LimitReached

    # expressions

    def value(self, node: Node, scope: Scope) -> Any:
        """A node's value, its expressions evaluated. Raises `AlreadyReported` after a finding."""
        if isinstance(node, Scalar):
            raw = node.value
            if isinstance(raw, str) and "$" in raw:
                return self.evaluated(node, scope)
            return raw
        if isinstance(node, Sequence):
            made = self.literals.get(id(node))
            if made is None:
                self.spend(len(node.items), node.span)
                made = [self.value(item, scope) for item in node.items]
                if not self._mentioned(node):
                    self.literals[id(node)] = made
            return made
        known = self.records.get(id(node))
        if known is None:
            self.spend(len(node.items), node.span)
            known = {key: self.value(item, scope) for key, item in node.items.items()}
            if not self._mentioned(node):
                self.records[id(node)] = known
        return known

    def known(self, node: Node | None, scope: Scope) -> str | None:
        """The values that decide what a node's expressions give, as text; long lists by identity.

        None where they ask for the input's shape, or for a name that is not there.
        """
        mentions = self._mentioned(node)
        if not mentions:
            return ""
        if "input" in mentions:
            return None
        self.work.left -= len(mentions)
        try:
            values = [scope.env[name] for name in mentions]
        except KeyError:
            return None
        for place, value in enumerate(values):
            kind = value.__class__
            if kind is int or kind is str:
                continue
            if kind is InputShape:
                return None
            if kind is dict or (kind is list and not _short(value)):
                self.lists[id(value)] = value
                values[place] = "list", id(value)
        return repr(values)

    def _mentioned(self, node: Node | None) -> tuple[str, ...]:
        """The names in a node's expressions, found once."""
        mentions = self.mentions.get(id(node))
        if mentions is None:
            mentions = self.mentions[id(node)] = _mentions(node)
        return mentions

    def evaluated(self, node: Scalar, scope: Scope) -> Any:
        """A scalar that holds `$`, evaluated. Raises `AlreadyReported` after a finding."""
        try:
            return evaluate(str(node.value), scope.env, self.work)
        except TooMuchWork:
            self.exhausted(node.span)
        except ExpressionError as problem:
            span = expression_span(node, problem.start, problem.end)
            notes = self.provenance(scope)
            hint = problem.hint
            if problem.code == "NS301":
                name = str(node.value)[problem.start : problem.end]
                if str(node.value)[problem.start - 1] == ".":
                    name = f".{name}"  # a field, which is no parameter
                if scope.block and name in self.document.params:
                    hint = f"a block sees its own parameters: declare `{name}` in `{scope.block}`"
                if (scope.block, name) in self.unknown:  # misspelt where it is declared, perhaps
                    raise AlreadyReported from None
                self.unknown.add((scope.block, name))
            self.report(problem.code, problem.message, span, hint, notes)
            raise AlreadyReported from None

    def layer_name(self, raw: str, span: Span, scope: Scope) -> str:
        """The name of a layer, its expressions evaluated. Raises `AlreadyReported`."""
        if "$" not in raw:
            return raw
        value = self.evaluated(Scalar(raw, span), scope)
        return value if isinstance(value, str) else flow(value)


def _short(items: list[Any]) -> bool:
    """Whether a list is as well compared by its items."""
    return len(items) <= _SHORT and not any(item.__class__ in (list, dict) for item in items)


def _gives(wire: Wire) -> Note | None:
    """What is known of a layer's input: its shape, and what made it."""
    if wire.shape is None or (wire.span is None and wire.source != INPUT):
        return None
    if wire.maker.startswith("the input"):
        return Note(f"{wire.maker} is {text(wire.shape)}", wire.span)
    return Note(f"`{wire.maker}` gives {text(wire.shape)}", wire.span)


def _argument_span(refusal: Refusal, entry: Entry) -> Span:
    """Where the argument that is to blame is written, or else the layer."""
    args = entry.args
    if refusal.code == "NS411":  # a plugin is to blame, and no argument
        return entry.span
    if refusal.argument and isinstance(args, Mapping):
        node = args.items.get(refusal.argument)
        return node.span if node is not None else entry.span
    if isinstance(args, Sequence) or (isinstance(args, Scalar) and args.value is not None):
        return args.span
    return entry.span


def _mentions(node: Node | None) -> tuple[str, ...]:
    """The names in a node's expressions."""
    if isinstance(node, Scalar):
        try:
            found = names(node.value) if isinstance(node.value, str) and "$" in node.value else ()
        except ExpressionError:  # told where it is worked out, as what asks for `input` always is
            return ("input",)
        return tuple(sorted(found))
    if node is None:
        return ()
    items = node.items if isinstance(node, Sequence) else node.items.values()
    return tuple(sorted({name for item in items for name in _mentions(item)}))
