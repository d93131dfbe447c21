"""A sequence of the reference while it runs: its entries, and the values that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_entries import as_sequence, copies, is_group, is_sequence, joined, named, op_of
from reference_layers import Refused
from reference_values import Env, evaluated
from torch import Tensor

from netspec.ops import OPS
from netspec.ops.base import Refusal

if TYPE_CHECKING:
    from graph_reference import Run

REFUSALS = (
    Refusal, RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError,
    ZeroDivisionError, OverflowError,
)  # fmt: skip
"""What torch raises where it refuses."""

INPUTLESS = {name for name, op in OPS.items() if op.arity == (0, 0)}


Given = dict[str, Tensor]
"""The inputs of a block, or of the network, by their names."""


class Values:
    """Values by their names, and within them by names with dots; `behind` are others."""

    def __init__(self, values: dict[str, Tensor], behind: Values | None = None) -> None:
        self.values, self.behind = values, behind
        self.training_only: set[str] = set()
        self.aliases: set[str] = set()
        """Names of what `if` leaves out, which have nothing within."""

    def here(self, name: str) -> tuple[Tensor, bool] | None:
        """The value of a name, and whether only training has it."""
        if name in self.values:
            return self.values[name], name in self.training_only
        parts = name.split(".")
        for length in range(len(parts) - 1, 0, -1):
            first, rest = ".".join(parts[:length]), ".".join(parts[length:])
            owner = self.values.get(first)
            if owner is None or first in self.aliases:
                continue
            if hasattr(owner, "absent"):
                return owner, True
            inner: Values | None = getattr(owner, "within", None)
            found = None if inner is None else inner.here(rest)
            if found is not None:
                return found[0], found[1] or first in self.training_only
        return None if self.behind is None else self.behind.here(name)


class Frame(Values):
    """A sequence while it runs."""

    def __init__(self, run: Run, path: str, x: Tensor, given: Given, outer: Frame | None) -> None:
        super().__init__({})
        run.starts.setdefault(path, getattr(x, "first_of", x))
        self.run, self.path, self.start, self.given = run, path, x, given
        self.outer = outer
        self.previous = x
        self.beside: list[Tensor] = []
        """What each entry is given after the value before it, as copies of `repeat` are."""
        self.entries: dict[str, tuple[Any, Env, str]] = {}
        self.made: list[str] = []
        self.inputs: dict[str, int] = {}

    def extend(self, entry: Any, env: Env) -> None:
        for key, child in named(entry):
            if not isinstance(child, dict) or is_sequence(child) or "each" not in child:
                self.add(str(evaluated(key, env)), child, env)
                continue
            body = {k: v for k, v in child.items() if k != "each"}
            if "layers" in body and (key or {"name", "else"} & {*body}):
                raise Refused(f"{key} names layers that each stand in the sequence around")
            for inner in copies(child["each"], env):
                if "layers" not in body:
                    self.add(str(evaluated(key, inner)), body, inner)
                elif evaluated(body.get("if", True), inner):
                    self.extend(as_sequence(body["layers"]), inner)

    def add(self, key: str, entry: Any, env: Env) -> None:
        """Run one entry; where only what is read counts, whoever reads it tells a failure."""
        if not self.run.lazy:
            self.run_entry(key, entry, env)
            return
        count = len(self.made)
        try:
            self.run_entry(key, entry, env)
        except (Refused, *REFUSALS) as problem:
            modifiers = entry if isinstance(entry, dict) and not is_sequence(entry) else {}
            name = str(evaluated(modifiers.get("name", ""), env)) or key or str(count)
            self.previous = self.values[name] = self.start.view(self.start.shape)
            self.previous.failed = str(problem)  # type: ignore[attr-defined]
            if name not in self.made:
                self.made.append(name)

    def run_entry(self, key: str, entry: Any, env: Env) -> None:
        modifiers = entry if isinstance(entry, dict) and not is_sequence(entry) else {}
        key = str(evaluated(modifiers.get("name", ""), env)) or key
        training = modifiers.get("when") == "training"
        holds = evaluated(modifiers.get("if", True), env)
        if "else" in modifiers:
            self.require([str(evaluated(modifiers["else"], env))])
        inputs = [self.previous, *self.beside]
        if "else" in modifiers and not holds:  # what is not taken is not read
            names = evaluated(modifiers.get("from", []), env)
            self.require(names if isinstance(names, list) else [names])
            inputs = [self.named(str(evaluated(modifiers["else"], env)), training)]
        elif "from" in modifiers:
            names = evaluated(modifiers["from"], env)
            names = names if isinstance(names, list) else [names]
            inputs = [self.named(str(n), training) for n in names]
        no_inputs = not is_sequence(entry) and op_of(entry, env) in INPUTLESS
        for x in [] if no_inputs or is_group(entry) else inputs:
            said_which(x)
        if not holds:
            self.previous = inputs[0]
            if key and key not in self.made:
                self.values[key] = self.previous
                self.aliases.add(key)
            return
        name = key or str(len(self.made))
        if name in self.made:
            raise Refused(f"two layers are called {name}", "name twice")
        path = joined(self.path, name)
        if training and not self.run.whole:  # it does not run, and whoever reads it does not
            self.values[name] = absent = self.previous.view(self.previous.shape)
            absent.absent = True  # type: ignore[attr-defined]
            self.entries[name], self.inputs[name] = (entry, env, name), 1
            self.made.append(name)
            self.training_only.add(name)
            return
        if "call" in modifiers:
            out = self.call(str(evaluated(modifiers["call"], env)), inputs, training, name, path)
        else:
            fed = [] if no_inputs and "from" not in modifiers else inputs
            out = self.run.layer(entry, fed, env, self.given, path, self)
            self.entries[name] = (entry, env, name)
            self.inputs[name] = len(fed)
        self.values[name] = out
        self.aliases.discard(name)
        self.made.append(name)
        if training:
            self.training_only.add(name)
        if not training and not no_inputs:
            self.previous = out

    def require(self, names: list[Any]) -> None:
        """Names without dots must be there, whether they are read or not."""
        for name in map(str, names):
            if "." not in name and not self.knows(name):
                raise Refused(f"there is no {name}", "no such name")

    def knows(self, name: str) -> bool:
        outer = name in self.given if self.outer is None else self.outer.knows(name)
        return name in self.values or outer

    def call(
        self, target: str, inputs: list[Tensor], training: bool, name: str, path: str
    ) -> Tensor:
        """Run an earlier entry again; a call of a call runs what that one runs."""
        if target not in self.entries:
            raise Refused(f"there is no {target} to call", "no such name")
        entry, env, own = self.entries[name] = self.entries[target]
        if own in self.training_only and not training:
            raise Refused(f"{own} is called", "only in training")
        first = joined(self.path, own)
        if first in self.run.reads_around:
            raise Refused(f"{own} is called", "call of what reads around")
        if len(inputs) != self.inputs[own]:
            raise Refused(f"{own} is called on {len(inputs)}", "number of inputs")
        out = self.run.layer(entry, inputs, env, self.given, first, self)
        return held(self.run.seen(path, out), getattr(out, "within", None))

    def branch(self, key: str, entry: Any, env: Env) -> Tensor:
        self.previous = self.start
        before = len(self.made)
        self.add(key, entry, env)
        return self.values[self.made[-1]] if len(self.made) > before else self.previous

    def named(self, name: str, training: bool) -> Tensor:
        """The value that `from` names. Raises `Refused`."""
        value, training_only = self.lookup(name)
        if value is None:
            raise Refused(f"there is no {name}", "no such name")
        if training_only and not training:
            raise Refused(f"{name} is read", "only in training")
        return said_which(value)

    def lookup(self, name: str) -> tuple[Tensor | None, bool]:
        """The value of a name here or around, up to the block's wall; whether only training has it.

        A frame that reads another value from around than it is fed is remembered.
        """
        found = self.here(name)
        if found is not None:
            return found
        if self.outer is None:
            return self.given.get(name), False
        value, training_only = self.outer.lookup(name)
        start = getattr(self.start, "first_of", self.start)
        fed_at_first = self.run.starts.setdefault(self.path, start)
        if value is fed_at_first:  # a call is fed what stands in its place
            return start, training_only
        if value is not None and value is not start:
            self.run.reads_around.add(self.path)
        return value, training_only


def said_which(x: Tensor) -> Tensor:
    """The value, unless it is one of several of which none is the layer's own, or has failed."""
    if getattr(x, "failed", None):
        raise Refused(x.failed)  # type: ignore[attr-defined]
    if getattr(x, "several", False):
        raise Refused("one of several values is named", "number of inputs")
    return x


def held(x: Tensor, inner: Values | None) -> Tensor:
    """The value, with those that can be named within it."""
    x.within = inner  # type: ignore[attr-defined]
    return x


def start_of(given: Given) -> Tensor:
    """What the first layer of a block takes: of several inputs, it must say which."""
    first, *others = given.values()
    if not others:
        return first
    start = first.view(first.shape)
    start.several, start.first_of = True, first  # type: ignore[attr-defined]
    return start


def single(inputs: list[Tensor]) -> Tensor:
    if len(inputs) != 1:
        raise Refused("one input is taken", "number of inputs")
    return inputs[0]
