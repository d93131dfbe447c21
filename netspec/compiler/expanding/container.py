"""A container while it is filled: its children in order, and where each takes its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netspec.compiler.expanding.call import called
from netspec.compiler.expanding.context import (
    MAX_PATH,
    AlreadyReported,
    Elaboration,
    Site,
    Wall,
    Wire,
    listed_names,
)
from netspec.compiler.expanding.feeds import either, source_names
from netspec.compiler.expanding.held_names import Holders, hold, within_holders
from netspec.compiler.expanding.kinds import NO_KINDS, kinds
from netspec.compiler.expanding.loops import spread
from netspec.compiler.expanding.sibling_sizes import inner_shape
from netspec.compiler.expanding.taps import inner_names, layer_called, tap
from netspec.compiler.expanding.ties import tied
from netspec.compiler.ir import INPUT, Layer, Scope, changed
from netspec.compiler.language.document import Child, Entry
from netspec.compiler.language.names import unfit_name
from netspec.compiler.language.said import said
from netspec.diagnostics import Note, Span, nearest
from netspec.ops import OPS
from netspec.ops.base import Shape
from netspec.ops.dtype import FLOAT

SEVERAL: Final = "the inputs"
"""What made a value that could be any of several inputs."""

Expand = Callable[[Entry, Site], Layer | None]
"""How one entry becomes a layer; None after a finding."""


class Builder:
    """A container while its children are added."""

    def __init__(
        self, context: Elaboration, site: Site, inputs: tuple[Wire, ...], expand: Expand
    ) -> None:
        """Begin a container at `site` that is fed `inputs`."""
        self.context, self.site, self.scope = context, site, site.scope
        self.expand = expand
        self.fed = tuple([wire.source for wire in inputs])
        self.starts = tuple([wire.sampled(INPUT - i) for i, wire in enumerate(inputs)])
        self.prefix = f"{site.path}." if site.path else ""
        self.free: dict[str, Wire] = {}
        """Values from around the container that it reads: its inputs after those of its own."""
        self.children: list[Layer] = []
        self.indices: dict[str, int] = {}
        self.names: dict[str, Wire] = {}
        self.taps: dict[str, Wire] = {}
        self.aliases: set[str] = set()
        self.holders: Holders = {}
        self.start = self.starts[0]
        if len(inputs) > 1:
            names = tuple(site.outer.visible())
            self.start = self.start._replace(maker=SEVERAL, choices=names)
        self.previous = self.start
        self.beside: tuple[Wire, ...] = ()
        """What each layer is fed beside the value before it, as copies of `repeat` are."""
        self.poisoned = False
        self.numbered = 0

    def extend(self, children: tuple[Child, ...], scope: Scope) -> None:
        """Add entries in order; after a failure go on, to find what else is wrong."""
        for child in children:
            if child.entry.each is None:
                key = self.key(child, scope)
                if key is not None:
                    self.add(child.entry, key, scope, child.span)
                continue
            for copy in spread(self, child, scope):
                if copy.key is not None:
                    self.add(copy.entry, copy.key, copy.scope, copy.child.span)

    def key(self, child: Child, scope: Scope) -> str | None:
        """The name that a child is given, empty for a number; None after a finding."""
        raw = child.entry.name if child.entry.name is not None else child.key
        if raw is None:
            return ""
        if "$" not in raw:
            return raw
        try:
            made = self.context.layer_name(raw, child.span, scope)
        except AlreadyReported:
            self.fail()
            return None
        unfit = unfit_name(made, child.span)
        if unfit is not None:
            self.context.report(unfit.code, unfit.message, unfit.span, unfit.hint)
            self.fail()
            return None
        return made

    def fail(self) -> None:
        """Remember a failure: what follows has no shape, and is silent."""
        self.poisoned = True
        self.previous = self.previous._replace(shape=None, choices=())

    def holds(self, entry: Entry, scope: Scope) -> bool:
        """Whether the entry's condition is true. Raises `AlreadyReported`."""
        if entry.condition is None:
            return True
        value = self.context.value(entry.condition, scope)
        if not isinstance(value, bool | int):
            message = f"a condition is true or false, not {said(value)}"
            self.context.report("NS202", message, entry.condition.span)
            raise AlreadyReported
        return bool(value)

    def sources(self, entry: Entry, scope: Scope) -> tuple[Wire, ...]:
        """The values that feed the entry. Raises `AlreadyReported` for a name that is not there."""
        if entry.sources is None:
            if self.previous.choices and entry.kind != "sequence":  # which may need none
                return self.unsaid(entry)
            if self.beside:
                self.context.add_edges(len(self.beside), entry.span)
            return (self.previous, *self.beside)
        names = entry.sources
        if entry.sources_node is not None:
            names = source_names(self.context, entry, entry.sources_node, scope)
        self.context.add_edges(len(names), entry.span)
        return tuple([self.source(name, span, entry) for name, span in names])

    def unsaid(self, entry: Entry) -> tuple[Wire, ...]:
        """The inputs of an entry where they could be several. Raises `AlreadyReported`."""
        if entry.op in OPS and OPS[entry.op].arity[1] == 0:
            return ()
        self.choose(self.previous, entry.span)
        raise AlreadyReported

    def choose(self, wire: Wire, span: Span, name: str | None = None) -> None:
        """Report that one of several values must be named; `name` is what the spec calls them."""
        listed = listed_names(wire.choices)
        first = wire.choices[0]
        if wire.maker == SEVERAL:
            message = f"which of the inputs {listed} this takes is not said"
            hint = f"name it: `from: {first}`"
        else:
            message = f"`{wire.maker}` gives several values: {listed}"
            if name is None:
                name = self.children[wire.source].name if wire.source >= 0 else wire.maker
            hint = f"name one: `from: {name}.{first}`"
        self.context.report("NS407", message, span, hint)

    def source(self, name: str, span: Span, entry: Entry) -> Wire:
        """The value of one name in `from`. Raises `AlreadyReported` after a finding."""
        value = self.lookup(name, span)
        if value is None:
            if not self.poisoned:
                near = nearest(name, [*self.visible(), *inner_names(self, name)])
                hint = f"did you mean `{near}`?" if near else (
                    "`from` takes an earlier layer of this sequence or of one around it, or `input`"
                )  # fmt: skip
                message = f"no earlier layer here is called `{name}`"
                self.context.report("NS304", message, span, hint)
            raise AlreadyReported
        if value.choices:
            self.choose(value, span, name)
            raise AlreadyReported
        if value.training_only and not entry.training_only:
            self.context.report(
                "NS304",
                f"`{name}` runs only in training, and this layer always",
                span,
                "give this layer `when: training` too",
            )
            raise AlreadyReported
        return value

    def lookup(self, name: str, span: Span) -> Wire | None:
        """The value of a name: of a layer here, in one, or around the container.

        A value from around becomes one of the container's inputs, unless it feeds it anyway.
        """
        found = self.names.get(name) or self.free.get(name) or self.taps.get(name)
        if found is None and "." in name:
            found = self.tapped(name, span)
        if found is not None:
            return found
        around = self.site.outer.lookup(name, span)
        if around is None or around.choices:
            return around
        if around.source in self.fed:
            return around.sampled(INPUT - self.fed.index(around.source))
        source = INPUT - len(self.starts) - len(self.free)
        found = self.free[name] = around.sampled(source)
        return found

    def tapped(self, name: str, span: Span) -> Wire | None:
        """The value within an earlier layer that a name with dots stands for."""
        parts = name.split(".")
        self.context.seek(len(parts) + len(name) // 16, span)
        if len(name) > MAX_PATH:  # no layer's name is as long
            return None
        for length in range(len(parts) - 1, 0, -1):
            first, rest = ".".join(parts[:length]), ".".join(parts[length:])
            index = self.indices.get(first)
            if index is None or first not in self.names or first in self.aliases:
                continue
            reached = tap(self.children, index, rest, lambda n: self.context.seek(n, span))
            if reached is not None:
                wire = Wire(reached.source, reached.shape, name, self.names[first].span,
                            reached.training_only, dtype=reached.dtype)  # fmt: skip
                self.taps[name] = wire
                return wire
        return None

    def shape(self, name: str) -> Shape | None:
        """The shape of the value of this name, here, within a layer, or around."""
        wire = self.names.get(name)
        if wire is not None:
            return None if wire.choices else wire.shape
        first, dot, rest = name.partition(".")
        index = self.indices.get(first)
        if dot and index is not None and first not in self.aliases:
            return inner_shape(self.children[index], rest)
        return self.site.outer.shape(name)

    def layer(self, name: str) -> Layer | None:
        """The earlier layer of this name, here, in one, or around."""
        found = layer_called(self.children, name)
        return found if found is not None else self.site.outer.layer(name)

    def visible(self) -> list[str]:
        """Every name that can stand in `from`."""
        return [*self.names, *self.site.outer.visible()]

    def add(self, entry: Entry, key: str, scope: Scope, span: Span) -> bool:
        """Add one entry under `key` (or, where that is empty, its number)."""
        self.context.frame = self
        name = key or str(self.numbered)
        if len(self.prefix) + len(name) > MAX_PATH:
            self.context.path_too_long(span)
        try:
            if entry.training_only and self.context.first and self.holds(entry, scope):
                self.append(name, self.left_out(name, span), span)  # nothing that infers reads it
                return True
            other_way = entry.otherwise is not None
            inputs = either(self, entry, scope) if other_way else self.sources(entry, scope)
            if not self.holds(entry, scope):  # a join that is left out passes on its first input
                if key and key not in self.indices:  # of two conditions, the other may hold
                    self.names[key] = inputs[0]
                    self.aliases.add(key)
                self.previous = inputs[0]
                return True
            if name in self.names and name not in self.aliases:
                self.duplicate(name, span)
                raise AlreadyReported
            if "." in name or name in self.holders:
                hold(self, name, span)
            made: Layer | None
            if entry.kind == "call":
                made = called(self, entry, name, self.path(name), inputs, scope)
            elif entry.branches is not None and entry.repeat is None:
                one = self.context.one_input(entry, inputs, "a layer with branches")
                made = self.make(entry, name, (one,), scope)
            else:
                made = self.make(entry, name, inputs, scope)
        except AlreadyReported:
            made = None
        if made is None:
            self.names[name] = Wire(INPUT, None, name, span)
            self.numbered += 1
            self.fail()
            return False
        if made.training_only != entry.training_only:
            made = changed(made, training_only=entry.training_only)
        if entry.tie is not None and entry.repeat is None:
            made = tied(self.context, self, made, entry, scope)
        self.append(name, made, span)
        return True

    def left_out(self, name: str, span: Span) -> Layer:
        """What stands for a layer that only training has, where it is not expanded."""
        shape = self.start.shape or ()
        return Layer(name, self.path(name), "container", span, (INPUT,), (shape,), shape,
                     training_only=True)  # fmt: skip

    def make(self, entry: Entry, name: str, inputs: tuple[Wire, ...], scope: Scope) -> Layer | None:
        """Expand one entry; None where its input or itself has failed."""
        if None in [wire.shape for wire in inputs]:
            return None
        site = Site(name, self.prefix + name, inputs, scope, self)
        if "." in name:
            return within_holders(self.context, name, self.expand, entry, site)
        return self.expand(entry, site)

    def path(self, name: str) -> str:
        """The path of a child."""
        return self.prefix + name

    def duplicate(self, name: str, span: Span) -> None:
        """Say that a name is taken."""
        first = self.names[name].span
        notes = (Note("the first one is here", first),) if first and first != span else ()
        hint = "rename one of them; of copies, a template such as `layer$(index)` names each"
        self.context.report("NS306", f"two layers are called `{name}`", span, hint, notes)

    def append(self, name: str, made: Layer, span: Span) -> None:
        """Take a layer as the next child."""
        if made.free:
            outer = [found.source for n in made.free if (found := self.lookup(n, span)) is not None]
            made = changed(made, sources=(*made.sources, *outer))
        self.children.append(made)
        self.numbered += 1
        index = len(self.children) - 1
        self.indices[made.name] = index
        value = Wire(index, made.output, made.path, made.span, made.training_only)
        if made.outputs or made.dtypes:
            dtype = made.dtypes[0] if made.dtypes else FLOAT
            value = value._replace(choices=made.choices, dtype=dtype)
        self.names[name] = value
        self.aliases.discard(name)
        aside = made.training_only or (made.op is not None and made.op.arity[1] == 0)
        if not aside:
            self.previous = value

    def branch(self, entry: Entry, key: str, scope: Scope, span: Span) -> Wire | None:
        """Add a branch, fed the container's own input."""
        self.previous = self.start
        self.numbered = len(self.names)
        if not self.add(entry, key, scope, span):
            return None
        made = self.names[key]  # which is not the last value where the branch is a `Parameter`
        if made.choices:
            self.choose(made, span)
            return None
        return made

    def finish(self, span: Span) -> Layer | None:
        """The container; None if any child failed."""
        inputs = self.site.inputs
        if self.poisoned or self.previous.shape is None or inputs[0].shape is None:
            return None
        outer = self.site.outer
        if self.previous.choices and not (isinstance(outer, Wall) and outer.outputs):
            self.choose(self.previous, span)
            return None
        return Layer(
            self.site.name,
            self.site.path,
            "container",
            span,
            tuple([wire.source for wire in inputs]),
            tuple([wire.shape for wire in inputs if wire.shape is not None]),
            self.previous.shape,
            children=tuple(self.children),
            result=self.previous.source,
            free=tuple(self.free),
            expanded_from=self.scope.expanded_from,
            left_out=tuple([(name, self.names[name].source) for name in self.aliases])
            if self.aliases
            else (),
            input_dtypes=kinds([wire.dtype for wire in inputs]),
            dtypes=NO_KINDS if self.previous.dtype is FLOAT else kinds([self.previous.dtype]),
        )
