"""The language once more, small and apart from netspec: a spec's data run with torch.nn as it is.

It builds every layer at the moment when its input arrives, so that torch says what fits, and
remembers each layer's output shape and tensors by the path that the spec gives it. It knows no
findings: whatever torch raises, or a rule of the language that torch does not have, is `Refused`.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from reference_entries import as_sequence, copies, is_sequence, joined, spread
from reference_frame import REFUSALS, Frame, Given, Values, held, said_which, single, start_of
from reference_layers import Refused, as_arguments, made
from reference_starts import constant, selects, within
from reference_values import Env, Shape, described, evaluated
from stated_reasons import OF_LAYERS
from torch import Tensor, nn

from netspec.compiler.language.document import MODIFIERS
from netspec.compiler.language.names import TAKEN_BY_TORCH
from netspec.ops import OPS
from netspec.ops.join import Elementwise


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
        self.starts: dict[str, Tensor] = {}
        """What fed each sequence as it ran first."""
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
                top = self.body(self.spec["layers"], {"input": x}, env, "")
                return self.outputs(top, env | sizes({"input": x}))
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
            reached = top.here(target) if isinstance(top, Frame) else None
            if reached is None or (isinstance(top, Frame) and target in top.aliases):
                raise Refused(f"there is no {target}", "no such name")
            value, training_only = reached
            if training_only:
                if i == 0:
                    raise Refused(f"{target} is the first output", "only in training")
                if not self.whole:
                    continue
            found[name] = said_which(value)
        return found

    def body(self, entry: Any, given: Given, env: Env, path: str) -> Frame | Tensor:
        """What stands under `layers`: a sequence, or one layer that then is the whole."""
        env = env | sizes(given)
        start = start_of(given)
        if is_sequence(entry) or (isinstance(entry, dict) and {*entry} & {*PLACED}):
            frame = Frame(self, path, start, given, None)
            frame.extend(as_sequence(entry), env)
            return frame
        return self.layer(entry, [said_which(start)], env, given, path, None)

    def sequence(
        self, entry: Any, x: Tensor, env: Env, given: Given, path: str, outer: Frame | None
    ) -> Tensor:
        frame = Frame(self, path, x, given, outer)
        frame.extend(entry, env)
        return self.result(path, frame)

    def result(self, path: str, frame: Frame) -> Tensor:
        """What a sequence gives, and within it what its layers give, also where it fails itself."""
        value = frame.previous
        if self.lazy and getattr(value, "failed", None):
            own = value.view(value.shape)
            own.failed = value.failed  # type: ignore[attr-defined]
            return held(own, frame)
        return held(self.seen(path, said_which(value)), frame)

    def seen(self, path: str, out: Any) -> Tensor:
        """Remember what the layer at `path` gives."""
        if not isinstance(out, Tensor) or out.shape[:1] != (self.samples,):
            raise Refused(OF_LAYERS["not one tensor"], "not one tensor")
        if out.numel() == 0:
            raise Refused(OF_LAYERS["empty"], "empty")
        if path:
            self.shapes.setdefault(path, tuple(out.shape[1:]))
        own = out.view(out.shape)  # a value of its own, also where it is what was given
        own.several = getattr(out, "several", False)  # type: ignore[attr-defined]
        own.failed = getattr(out, "failed", None)  # type: ignore[attr-defined]
        return own

    def layer(
        self,
        entry: Any,
        inputs: list[Tensor],
        env: Env,
        given: Given,
        path: str,
        outer: Frame | None,
    ) -> Tensor:
        """One entry without `from`, `if` and `each`, which concern its frame."""
        if is_sequence(entry):
            return self.sequence(entry, single(inputs), env, given, path, outer)
        if isinstance(entry, str):
            entry = {entry: None}
        if "repeat" in entry:
            body = {k: v for k, v in entry.items() if k not in FRAME_ONLY}
            frame = Frame(self, path, inputs[0], given, outer)
            frame.beside = inputs[1:]
            for inner in copies(entry["repeat"], env):
                frame.add(str(inner["index"]), body, inner)
            return self.result(path, frame)
        head = next(k for k in entry if k not in MODIFIERS or k == "layers")
        if "branches" in entry:
            frame = Frame(self, path, single(inputs), given, outer)
            outs = [
                frame.branch(str(evaluated(key, inner)) or str(i), e, inner)
                for i, (key, e, inner) in enumerate(spread(entry["branches"], env))
            ]
            own = str(evaluated(head, env)).lower()
            while own in frame.values or own in TAKEN_BY_TORCH:
                own += "_"
            made = self.op(head, entry[head], outs, env, joined(path, own))
            frame.values[own] = made
            frame.previous = made
            return self.result(path, frame)
        if head in ("layers", "Sequential"):
            inner = as_sequence(entry[head])
            return self.sequence(inner, single(inputs), env, given, path, outer)
        if str(evaluated(head, env)) in self.spec.get("blocks", {}):
            name = str(evaluated(head, env))
            return self.block(name, entry.get(head), inputs, env, path)
        return self.op(head, entry[head], inputs, env, path)

    def block(self, name: str, args: Any, inputs: list[Tensor], env: Env, path: str) -> Tensor:
        block = self.spec["blocks"][name]
        declared = block.get("params") or {}
        values = evaluated({} if args is None else args, env)
        if not isinstance(values, dict):
            required = [k for k, v in declared.items() if v in PARAM_TYPES]
            values = {(required or list(declared))[0]: values}
        inner = {**declared, **values}
        self.blocks.append((path, name, inner))
        names = block.get("inputs", ["input"])
        if len(names) != len(inputs):
            raise Refused(f"{name} of {len(inputs)} inputs", "number of inputs")
        given = {n: x.view(x.shape) for n, x in zip(names, inputs, strict=True)}
        out = self.body(block["layers"], given, inner, path)
        if "order" in block:
            names = evaluated(block["order"], inner | sizes(given))
            if not isinstance(out, Frame) or not {*map(str, names)} <= {*out.values}:
                raise Refused(f"order of {path}", "no such name")
            self.orders[path] = [str(n) for n in names]
        if "outputs" in block:
            return self.block_outputs(out, block["outputs"], inner | sizes(given), given, path)
        if isinstance(out, Frame):
            return self.result(path, out)
        return held(self.seen(path, out), getattr(out, "within", None))

    def block_outputs(
        self, frame: Frame | Tensor, outputs: dict[str, str], env: Env, given: Given, path: str
    ) -> Tensor:
        """The values that a block names, of which none is the block's own."""
        if not isinstance(frame, Frame):
            raise Refused(f"{path} is one layer", "no such name")
        values: dict[str, Tensor] = {}
        training_only: set[str] = set()
        for name, raw in outputs.items():
            target = str(evaluated(raw, env))
            found = (given[target], False) if target in given else frame.here(target)
            if found is None or target in frame.aliases:
                raise Refused(f"there is no {target}", "no such name")
            values[name] = found[0] if self.lazy else said_which(found[0])
            training_only |= {name} if found[1] else set()
        first, *_ = values.values()
        inner = Values(values, frame)
        inner.training_only = training_only
        own = held(self.seen(path, first), inner)
        own.several, own.failed = True, None  # type: ignore[attr-defined]
        return own

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
            parts = {n: self.seen("", x) for n, x in zip(names, out, strict=True) if n}
            own = self.seen(path, out[0])
            own.several = "" not in names  # none of them is the layer's own value
            return held(own, Values(parts))
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


def sizes(given: Given) -> Env:
    """What an expression knows of each input."""
    return {name: described(tuple(x.shape[1:])) for name, x in given.items()}


PARAM_TYPES = ("int", "float", "bool", "str", "list")
PLACED = ("from", "if", "each", "name", "when", "call")
"""What needs a sequence around its entry."""
FRAME_ONLY = ("repeat", "from", "if", "else", "each", "name", "when")
"""What `repeat` does not hand on to its copies."""


def same_module(first: nn.Module, second: nn.Module) -> bool:
    """Whether both are made the same, as torch tells of them."""
    shapes = [{k: v.shape for k, v in m.state_dict().items()} for m in (first, second)]
    return repr(first) == repr(second) and shapes[0] == shapes[1]


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
