"""The language once more, small and apart from netspec: a spec's data run with torch.nn as it is.

It builds every layer at the moment when its input arrives, so that torch says what fits, and
remembers each layer's output shape and tensors by the path that the spec gives it. It knows no
findings: whatever torch raises, or a rule of the language that torch does not have, is `Refused`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any

import torch
from reference_layers import Refused, as_arguments, made
from stated_reasons import OF_LAYERS
from torch import Tensor, nn

from netspec.compiler.language.document import MARKS, MODIFIERS
from netspec.compiler.language.names import TAKEN_BY_TORCH
from netspec.ops import OPS
from netspec.ops.base import Refusal
from netspec.ops.join import Elementwise

REFUSALS = (
    Refusal, RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError,
    ZeroDivisionError, OverflowError,
)  # fmt: skip

Shape = tuple[int, ...]
Env = dict[str, Any]


# values


def evaluated(value: Any, env: Env) -> Any:
    """The value with `$name` and `$(…)` replaced, by Python itself."""
    if isinstance(value, list):
        return [evaluated(v, env) for v in value]
    if isinstance(value, dict):
        return {k: evaluated(v, env) for k, v in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    parts = list(split(value))
    if len(parts) == 1:
        return compute(parts[0][1], env)
    return "".join(str(compute(text, env)) if code else text for code, text in parts)


def split(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a scalar: whether each is an expression, and its text."""
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        if dollar > at:
            yield False, text[at:dollar]
        end = dollar + 1
        if text[end] == "(":
            depth = 0
            while True:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
                if depth == 0:
                    break
        else:
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
        yield True, text[dollar + 1 : end]
        at = end
    if at < len(text):
        yield False, text[at:]


def make_divisible(value: float, divisor: int) -> int:
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


FUNCTIONS = {
    "min": min, "max": max, "len": len, "abs": abs, "round": round, "sum": sum,
    "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "make_divisible": make_divisible,
    "range": lambda *ends: list(range(*ends)),
    "zip": lambda *of: [list(one) for one in zip(*of, strict=True)],
    "true": True, "false": False, "null": None,
}  # fmt: skip


def compute(text: str, env: Env) -> Any:
    """The value of an expression. Raises `Refused`."""
    try:
        return eval(text, {"__builtins__": FUNCTIONS}, env)
    except Exception as problem:
        raise Refused(f"{text}: {problem}", "no value") from None


def described(shape: Shape) -> SimpleNamespace:
    """What `input` is in an expression."""
    sizes = {"channels": shape[0], "features": shape[-1]} if shape else {}
    if len(shape) > 1:
        sizes["length"] = shape[-1]
    if len(shape) > 2:
        sizes |= {"height": shape[-2], "width": shape[-1]}
    return SimpleNamespace(**sizes)


# networks


class Run:
    """One forward pass over a spec's data, on a batch.

    `training` is the mode of every module, and `whole` whether what only training has runs too;
    with `lazy` a layer that fails is no failure where nobody reads it;
    `weights`, where given, are loaded into each as it is
    made, so that the outputs can be compared with those of another module.
    """

    def __init__(
        self,
        spec: dict[str, Any],
        *,
        training: bool = True,
        whole: bool = True,
        lazy: bool = False,
        weights: dict[str, Tensor] | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.spec, self.training, self.weights, self.dtype = spec, training, weights, dtype
        self.whole, self.lazy = whole and training, lazy
        self.shapes: dict[str, Shape] = {}
        self.state: dict[str, Shape] = {}
        self.modules: dict[str, nn.Module] = {}
        self.inputs: dict[str, list[Shape]] = {}
        self.kinds: dict[str, str] = {}
        self.reads_around: set[str] = set()
        self.blocks: list[tuple[str, str, Env]] = []
        self.values: dict[str, Tensor] = {}
        self.orders: dict[str, list[str]] = {}
        self.samples = 0

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """The outputs by their names; `""` is the one of a spec that names none.

        Raises `Refused`.
        """
        env = dict(self.spec.get("params", {}))
        self.samples = len(x)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch warns of what it refuses a moment later
                top = self.body(self.spec["layers"], x, env, x, "")
                return self.outputs(top, {**env, "input": described(tuple(x.shape[1:]))})
        except REFUSALS as problem:
            raise Refused(f"{type(problem).__name__}: {problem}") from None

    def outputs(self, top: Frame | Tensor, env: Env) -> dict[str, Tensor]:
        """What the network returns in this mode."""
        named = self.spec.get("outputs")
        if not named:
            return {"": said_which(top.previous if isinstance(top, Frame) else top)}
        found = {}
        for i, (name, raw) in enumerate(named.items()):
            target = str(evaluated(raw, env))
            if not isinstance(top, Frame) or target not in top.made:
                raise Refused(f"there is no {target}", "no such name")
            if target in top.training_only:
                if i == 0:
                    raise Refused(f"{target} is the first output", "only in training")
                if not self.whole:
                    continue
            found[name] = said_which(top.values[target])
        return found

    def body(
        self, entry: Any, x: Tensor, env: Env, block_input: Tensor, path: str
    ) -> Frame | Tensor:
        """What stands under `layers`: a sequence, or one layer that then is the whole."""
        env = {**env, "input": described(tuple(block_input.shape[1:]))}
        if is_sequence(entry) or (isinstance(entry, dict) and {*entry} & {*PLACED}):
            frame = Frame(self, path, x, block_input, None)
            frame.extend(as_sequence(entry), env)
            return frame
        return self.layer(entry, [x], env, block_input, path, None)

    def sequence(
        self, entry: Any, x: Tensor, env: Env, block_input: Tensor, path: str, outer: Frame | None
    ) -> Tensor:
        frame = Frame(self, path, x, block_input, outer)
        frame.extend(entry, env)
        return self.seen(path, said_which(frame.previous))

    def seen(self, path: str, out: Any) -> Tensor:
        """Remember what the layer at `path` gives."""
        if not isinstance(out, Tensor) or out.shape[:1] != (self.samples,):
            raise Refused(OF_LAYERS["not one tensor"], "not one tensor")
        if out.numel() == 0:
            raise Refused(OF_LAYERS["empty"], "empty")
        if path:
            self.shapes.setdefault(path, tuple(out.shape[1:]))
            self.values.setdefault(path, out)
        own = out.view(out.shape)  # a value of its own, also where it is what was given
        own.several = getattr(out, "several", False)  # type: ignore[attr-defined]
        own.failed = getattr(out, "failed", None)  # type: ignore[attr-defined]
        return own

    def layer(
        self,
        entry: Any,
        inputs: list[Tensor],
        env: Env,
        block_input: Tensor,
        path: str,
        outer: Frame | None,
    ) -> Tensor:
        """One entry without `from`, `if` and `each`, which concern its frame."""
        if is_sequence(entry):
            return self.sequence(entry, single(inputs), env, block_input, path, outer)
        if isinstance(entry, str):
            entry = {entry: None}
        if "repeat" in entry:
            body = {k: v for k, v in entry.items() if k not in FRAME_ONLY}
            frame = Frame(self, path, single(inputs), block_input, outer)
            for inner in copies(entry["repeat"], env):
                frame.add(str(inner["index"]), body, inner)
            return self.seen(path, said_which(frame.previous))
        head = next(k for k in entry if k not in MODIFIERS or k == "layers")
        if "branches" in entry:
            frame = Frame(self, path, single(inputs), block_input, outer)
            outs = [
                frame.branch(str(evaluated(key, inner)) or str(i), e, inner)
                for i, (key, e, inner) in enumerate(spread(entry["branches"], env))
            ]
            own = str(evaluated(head, env)).lower()
            while own in frame.values or own in TAKEN_BY_TORCH:
                own += "_"
            return self.seen(path, self.op(head, entry[head], outs, env, joined(path, own)))
        if head in ("layers", "Sequential"):
            inner = as_sequence(entry[head])
            return self.sequence(inner, single(inputs), env, block_input, path, outer)
        if str(evaluated(head, env)) in self.spec.get("blocks", {}):
            name = str(evaluated(head, env))
            return self.block(name, entry.get(head), single(inputs), env, path)
        return self.op(head, entry[head], inputs, env, path)

    def block(self, name: str, args: Any, x: Tensor, env: Env, path: str) -> Tensor:
        block = self.spec["blocks"][name]
        declared = block.get("params") or {}
        given = evaluated({} if args is None else args, env)
        if not isinstance(given, dict):
            required = [k for k, v in declared.items() if v in PARAM_TYPES]
            given = {(required or list(declared))[0]: given}
        inner = {**declared, **given}
        self.blocks.append((path, name, inner))
        out = self.body(block["layers"], x, inner, x, path)
        if "order" in block:
            names = evaluated(block["order"], {**inner, "input": described(tuple(x.shape[1:]))})
            if not isinstance(out, Frame) or not {*map(str, names)} <= {*out.values}:
                raise Refused(f"order of {path}", "no such name")
            self.orders[path] = [str(n) for n in names]
        return self.seen(path, said_which(out.previous if isinstance(out, Frame) else out))

    def op(self, head: str, args: Any, inputs: list[Tensor], env: Env, path: str) -> Tensor:
        name = str(evaluated(head, env))
        args = evaluated({} if args is None else args, env)
        inputs = aligned(name, inputs)
        shapes = [tuple(said_which(x).shape[1:]) for x in inputs]
        module = self.modules.get(path)
        if module is None:
            module = self.modules[path] = self.make(name, args, inputs, path)
            self.inputs[path], self.kinds[path] = shapes, name
        elif shapes != self.inputs[path]:
            again = made(name, args, inputs)
            if not same_module(module, again):
                raise Refused(f"{path} is called on {shapes}", "call on other sizes")
        if isinstance(module, nn.Parameter):
            tensor = self.seen(path, self.tensor(module, args))
            tensor.unbatched = True  # type: ignore[attr-defined]
            return tensor
        # what works in place, and what gives its input itself, leaves its input as it was
        out = module(*(x.clone() for x in inputs))
        if isinstance(out, tuple):
            names = OPS[name](**as_arguments(name, args)).outputs(*shapes)
            for part, value in zip(names, out, strict=True):
                self.values[joined(path, part) if part else path] = value
            out = out[0]
            out.several = "" not in names  # none of them is the layer's own value
        return self.seen(path, out)

    def tensor(self, tensor: nn.Parameter, args: Any) -> Tensor:
        """A learned tensor for each sample."""
        shape = args["shape"] if isinstance(args, dict) else args
        return tensor.expand(self.samples, *shape)

    def make(self, name: str, args: Any, inputs: list[Tensor], path: str) -> Any:
        module = made(name, args, inputs)
        if isinstance(module, nn.Parameter):
            self.state[path] = tuple(module.shape)
            if self.weights is None:
                return module
            return nn.Parameter(self.weights[path])
        own = module.state_dict()
        self.state |= {joined(path, k): tuple(v.shape) for k, v in own.items()}
        module.to(self.dtype).train(self.training)
        if self.weights is not None and own:
            module.load_state_dict({k: self.weights[joined(path, k)] for k in own})
        return module

    def listed(self, path: str = "") -> list[str]:
        """The names of all tensors in torch's order, as `order` changes it."""
        start = len(path) + 1 if path else 0
        below = [k[start:] for k in self.state if within(path, k)]
        names = list(dict.fromkeys(k.partition(".")[0] for k in below))
        first = [n for n in self.orders.get(path, ()) if n in names]
        names = [*first, *(n for n in names if n not in first)]
        own = [joined(path, n) for n in names if n in below]
        deeper = [self.listed(joined(path, n)) for n in names if n not in below]
        return [*own, *(k for keys in deeper for k in keys)]

    def expected_starts(self) -> dict[str, float]:
        """The parameters that `init` sets to one number, with the number."""
        found: dict[str, float] = {}
        params = self.spec.get("params", {})
        for path, name, env in reversed(self.blocks):
            found |= self.started(self.spec["blocks"][name].get("init") or {}, path, env)
        return found | self.started(self.spec.get("init") or {}, "", params)

    def started(self, rules: Any, base: str, env: Env) -> dict[str, float]:
        found: dict[str, float] = {}
        kinds = {p: type(m).__mro__ for p, m in self.modules.items() if within(base, p)}
        matched = set()
        for path, mro in kinds.items():
            if not hasattr(self.modules[path], "named_parameters"):
                continue
            local = path[len(base) :].lstrip(".")
            for selector, parameters in rules.items():
                if not selects(selector, local, mro):
                    continue
                matched.add(selector)
                for parameter, rule in parameters.items():
                    key = joined(path, parameter)
                    if key in self.state:
                        found[key] = constant(rule, env)
        return found


PARAM_TYPES = ("int", "float", "bool", "str", "list")
PLACED = ("from", "if", "each", "name", "when", "call")
"""What needs a sequence around its entry."""
FRAME_ONLY = ("repeat", "from", "if", "else", "each", "name", "when")
"""What `repeat` does not hand on to its copies."""


def within(base: str, path: str) -> bool:
    """Whether a path is below another, or the same."""
    return not base or path == base or path.startswith(f"{base}.")


def selects(selector: str, path: str, mro: tuple[type, ...]) -> bool:
    """Whether a rule of `init` takes the module at a path."""
    if selector[:1].isupper() and selector.isalnum():
        return selector in {c.__name__ for c in mro}
    return fnmatchcase(path, selector)


def constant(rule: Any, env: Env) -> float:
    """The number of a rule that is one; not a number for one that draws."""
    if rule in ("zeros_", "ones_"):
        return float(rule == "ones_")
    if isinstance(rule, dict) and "constant_" in rule:
        value = evaluated(rule["constant_"], env)
        return float(value["val"] if isinstance(value, dict) else value)
    return math.nan


def same_module(first: nn.Module, second: nn.Module) -> bool:
    """Whether both are made the same, as torch tells of them."""
    shapes = [{k: v.shape for k, v in m.state_dict().items()} for m in (first, second)]
    return repr(first) == repr(second) and shapes[0] == shapes[1]


class Frame:
    """A sequence while it runs."""

    def __init__(
        self, run: Run, path: str, x: Tensor, block_input: Tensor, outer: Frame | None
    ) -> None:
        self.run, self.path, self.start, self.block_input = run, path, x, block_input
        self.outer = outer
        self.previous = x
        self.values: dict[str, Tensor] = {}
        self.entries: dict[str, tuple[Any, Env, str]] = {}
        self.made: list[str] = []
        self.training_only: set[str] = set()
        self.inputs: dict[str, int] = {}

    def extend(self, entry: Any, env: Env) -> None:
        for key, child in named(entry):
            if not isinstance(child, dict) or is_sequence(child) or "each" not in child:
                self.add(str(evaluated(key, env)), child, env)
                continue
            body = {k: v for k, v in child.items() if k != "each"}
            if key and "layers" in body:
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
        inputs = [self.previous]
        if "from" in modifiers:
            names = evaluated(modifiers["from"], env)
            names = names if isinstance(names, list) else [names]
            inputs = [self.named(str(n), training) for n in names]
        no_inputs = not is_sequence(entry) and op_of(entry, env) in INPUTLESS
        for x in [] if no_inputs else inputs:
            said_which(x)
        if not evaluated(modifiers.get("if", True), env):
            self.previous = inputs[0]
            if "else" in modifiers:
                other = str(evaluated(modifiers["else"], env))
                self.previous = said_which(self.named(other, training))
            if key and key not in self.made:
                self.values[key] = self.previous
            return
        name = key or str(len(self.made))
        if name in self.made:
            raise Refused(f"two layers are called {name}", "name twice")
        path = joined(self.path, name)
        if training and not self.run.whole:  # it does not run, and whoever reads it does not
            self.values[name] = self.previous
            self.entries[name], self.inputs[name] = (entry, env, name), 1
            self.made.append(name)
            self.training_only.add(name)
            return
        if "call" in modifiers:
            out = self.call(str(evaluated(modifiers["call"], env)), inputs, training, name, path)
        else:
            given = [] if no_inputs and "from" not in modifiers else inputs
            out = self.run.layer(entry, given, env, self.block_input, path, self)
            self.entries[name] = (entry, env, name)
            self.inputs[name] = len(given)
        self.values[name] = out
        self.made.append(name)
        if training:
            self.training_only.add(name)
        if not training and not no_inputs:
            self.previous = out

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
        out = self.run.layer(entry, inputs, env, self.block_input, first, self)
        return self.run.seen(path, out)

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
        return value

    def lookup(self, name: str) -> tuple[Tensor | None, bool]:
        """The value of a name here or around, up to the block's wall; whether only training has it.

        A frame that reads another value from around than it is fed is remembered.
        """
        if name in self.values:
            return self.values[name], name in self.training_only
        if self.outer is None:
            return (self.block_input if name == "input" else None), False
        value, training_only = self.outer.lookup(name)
        if value is not None and value is not self.start:
            self.run.reads_around.add(self.path)
        return value, training_only


INPUTLESS = {name for name, op in OPS.items() if op.arity == (0, 0)}


def op_of(entry: Any, env: Env) -> str:
    """What an entry names as its layer."""
    if isinstance(entry, str):
        return str(evaluated(entry, env))
    if "repeat" in entry:
        return ""
    heads = [k for k in entry if k not in MODIFIERS]
    return str(evaluated(heads[0], env)) if heads else ""


def aligned(name: str, inputs: list[Tensor]) -> list[Tensor]:
    """The inputs, learned tensors of an elementwise join with as many dimensions as the others."""
    if not issubclass(OPS[name], Elementwise):
        return inputs
    dims = max((x.dim() for x in inputs if not hasattr(x, "unbatched")), default=0)
    return [
        x.reshape(len(x), *[1] * (dims - x.dim()), *x.shape[1:])
        if hasattr(x, "unbatched") and x.dim() < dims
        else x
        for x in inputs
    ]


def said_which(x: Tensor) -> Tensor:
    """The value, unless it is one of several of which none is the layer's own, or has failed."""
    if getattr(x, "failed", None):
        raise Refused(x.failed)  # type: ignore[attr-defined]
    if getattr(x, "several", False):
        raise Refused("one of several values is named", "number of inputs")
    return x


def single(inputs: list[Tensor]) -> Tensor:
    if len(inputs) != 1:
        raise Refused("one input is taken", "number of inputs")
    return inputs[0]


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def is_sequence(entry: Any) -> bool:
    if isinstance(entry, dict):
        return not any(k in MARKS or k[:1].isupper() or k[:1] == "$" for k in entry)
    return isinstance(entry, list)


def as_sequence(entry: Any) -> Any:
    return entry if is_sequence(entry) else [entry]


def named(entry: Any) -> Iterator[tuple[str, Any]]:
    yield from (entry.items() if isinstance(entry, dict) else (("", child) for child in entry))


def spread(branches: Any, env: Env) -> Iterator[tuple[str, Any, Env]]:
    """Every branch with its key and what it sees, those of `each` one by one."""
    for key, entry in named(branches):
        if isinstance(entry, dict) and not is_sequence(entry) and "each" in entry:
            body = {k: v for k, v in entry.items() if k != "each"}
            for inner in copies(entry["each"], env):
                yield key, body, inner
        else:
            yield key, entry, env


def copies(loop: Any, env: Env) -> Iterator[Env]:
    if isinstance(loop, dict):
        ((variable, values),) = loop.items()
        items = evaluated(values, env)
        for i, value in enumerate(range(items) if isinstance(items, int) else items):
            yield {**env, "index": i, variable: value}
    else:
        for i in range(evaluated(loop, env)):
            yield {**env, "index": i}
