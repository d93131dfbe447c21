"""The language once more, small and apart from netspec: a spec's data run with torch.nn as it is.

It builds every layer at the moment when its input arrives, so that torch says what fits, and
remembers each layer's output shape and tensors by the path that the spec gives it. It knows no
findings: whatever torch raises, or a rule of the language that torch does not have, is `Refused`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

MODIFIERS = {"name", "from", "branches", "if", "repeat", "each", "call", "when", "layers"}
REFUSALS = (
    RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError,
    ZeroDivisionError, OverflowError,
)  # fmt: skip

Shape = tuple[int, ...]
Env = dict[str, Any]


class Refused(Exception):
    """The spec does not describe a network that runs."""


def evaluated(value: Any, env: Env) -> Any:
    """The value with `$name` and `$(…)` replaced, by Python itself."""
    if isinstance(value, list):
        return [evaluated(v, env) for v in value]
    if isinstance(value, dict):
        return {k: evaluated(v, env) for k, v in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = re.fullmatch(r"\$(?:(\w+)|\((.*)\))", value)
    if whole and value.count("$") == 1:
        return compute(whole[1] or whole[2], env)
    return re.sub(
        r"\$(?:\(([^$]*?)\)(?!\))|(\w+))", lambda m: str(compute(m[1] or m[2], env)), value
    )


def compute(text: str, env: Env) -> Any:
    try:
        return eval(text, {"__builtins__": {"min": min, "max": max, "len": len}}, env)
    except Exception as problem:
        raise Refused(f"{text}: {problem}") from None


# layers: each takes its inputs and its arguments, and gives the module that torch has for it


def need(x: Tensor, name: str) -> None:
    """A layer of n spatial dimensions takes a batch of images, never one alone."""
    if x.dim() != int(name[-2]) + 2:
        raise Refused(f"{name} on {tuple(x.shape)}")


def conv(name: str) -> Callable[..., nn.Module]:
    def make(x: Tensor, out_channels: int, kernel_size: Any, **rest: Any) -> nn.Module:
        need(x, name)
        if name.startswith("ConvTranspose"):
            run_kernel(name, x, kernel_size, rest)
        return getattr(nn, name)(x.shape[1], out_channels, kernel_size, **rest)

    return make


def run_kernel(name: str, x: Tensor, kernel_size: Any, rest: dict[str, Any]) -> None:
    """Run the layer on one channel of real numbers.

    On `meta`, some versions of torch do not refuse an output padding that their kernels refuse.
    """
    plain_args = {key: value for key, value in rest.items() if key not in ("groups", "bias")}
    with torch.device("cpu"), torch.no_grad():
        getattr(nn, name)(1, 1, kernel_size, **plain_args)(torch.zeros(1, 1, *x.shape[2:]))


def plain(name: str, *, spatial: bool = True) -> Callable[..., nn.Module]:
    def make(x: Tensor, *args: Any, **rest: Any) -> nn.Module:
        if spatial:
            need(x, name)
        return getattr(nn, name)(*args, **rest)

    return make


def norm(name: str) -> Callable[..., nn.Module]:
    def make(x: Tensor, **rest: Any) -> nn.Module:
        if name == "BatchNorm1d":
            if x.dim() not in (2, 3):
                raise Refused(f"{name} on {tuple(x.shape)}")
        else:
            need(x, name)
        return getattr(nn, name)(x.shape[1], **rest)

    return make


def linear(x: Tensor, out_features: int, **rest: Any) -> nn.Module:
    return nn.Linear(x.shape[-1], out_features, **rest)


def group_norm(x: Tensor, num_groups: int) -> nn.Module:
    if x[0].numel() == num_groups:
        raise Refused("a sample alone has one value in each group")
    return nn.GroupNorm(num_groups, x.shape[1])


def shuffle(x: Tensor, upscale_factor: int) -> nn.Module:
    if x.dim() < 4:
        raise Refused("a single sample")
    return nn.PixelShuffle(upscale_factor)


def layer_norm(x: Tensor) -> nn.Module:
    return nn.LayerNorm(x.shape[-1])


class Join(nn.Module):
    """`Add`, `Mul` or `Concat` of all inputs."""

    def __init__(self, kind: str, dim: int = 1) -> None:
        super().__init__()
        self.kind, self.dim = kind, dim

    def forward(self, *inputs: Tensor) -> Tensor:
        if len({x.dim() for x in inputs}) > 1:
            raise Refused("a batch would meet another dimension")
        if self.kind == "Concat":
            if self.dim == 0 or self.dim == -inputs[0].dim():
                raise Refused("the batch is joined")
            return torch.cat(inputs, self.dim)
        if len(inputs) < 2:
            raise Refused("nothing to join")
        out = inputs[0]
        for x in inputs[1:]:
            out = out + x if self.kind == "Add" else out * x
        return out


def flatten(x: Tensor, start_dim: int = 1, end_dim: int = -1) -> nn.Module:
    return nn.Flatten(start_dim, end_dim)


LAYERS: dict[str, tuple[Callable[..., nn.Module], str | None]] = {
    "Linear": (linear, "out_features"),
    "Flatten": (flatten, None),
    "GroupNorm": (group_norm, "num_groups"),
    "LayerNorm": (layer_norm, None),
    "PixelShuffle": (shuffle, "upscale_factor"),
    "Upsample": (plain("Upsample", spatial=False), None),
    **{n: (plain(n, spatial=False), None) for n in ("ReLU", "GELU", "Identity", "Tanh", "SiLU")},
    "Dropout": (plain("Dropout", spatial=False), "p"),
}
"""For each layer the function that makes its module, and the argument that may stand alone."""

for dims in "123":
    for kind in ("Conv", "ConvTranspose"):
        LAYERS[f"{kind}{dims}d"] = conv(f"{kind}{dims}d"), None
    for kind in ("MaxPool", "AvgPool"):
        LAYERS[f"{kind}{dims}d"] = plain(f"{kind}{dims}d"), "kernel_size"
    for kind in ("AdaptiveAvgPool", "AdaptiveMaxPool"):
        LAYERS[f"{kind}{dims}d"] = plain(f"{kind}{dims}d"), "output_size"
    for kind in ("ReflectionPad", "ReplicationPad"):
        LAYERS[f"{kind}{dims}d"] = plain(f"{kind}{dims}d"), "padding"
    LAYERS[f"Dropout{dims}d"] = plain(f"Dropout{dims}d"), "p"
    LAYERS[f"BatchNorm{dims}d"] = norm(f"BatchNorm{dims}d"), None
    LAYERS[f"InstanceNorm{dims}d"] = norm(f"InstanceNorm{dims}d"), None

JOINS = ("Add", "Mul", "Concat")


class Run:
    """One forward pass over a spec's data, on a batch of two.

    `training` is the mode of every module; `weights`, where given, are loaded into each as it is
    made, so that the outputs can be compared with those of another module.
    """

    def __init__(
        self,
        spec: dict[str, Any],
        *,
        training: bool = True,
        device: str = "meta",
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.spec, self.training, self.device, self.weights = spec, training, device, weights
        self.shapes: dict[str, Shape] = {}
        self.state: dict[str, Shape] = {}
        self.modules: dict[str, nn.Module] = {}

    def __call__(self, x: Tensor) -> Tensor:
        env = dict(self.spec.get("params", {}))
        try:
            with torch.device(self.device), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch warns of what it refuses a moment later
                return self.body(self.spec["layers"], x, env, x, "")
        except REFUSALS as problem:
            raise Refused(f"{type(problem).__name__}: {problem}") from None

    def body(self, entry: Any, x: Tensor, env: Env, block_input: Tensor, path: str) -> Tensor:
        """What stands under `layers`: a sequence, or one layer that then is the whole."""
        env = {**env, "input": described(block_input)}
        if is_sequence(entry):
            return self.sequence(entry, x, env, block_input, path)
        frame = Frame(self, path, x, block_input)
        frame.add("", entry, env)
        return frame.previous

    def sequence(self, entry: Any, x: Tensor, env: Env, block_input: Tensor, path: str) -> Tensor:
        frame = Frame(self, path, x, block_input)
        frame.extend(entry, env)
        return self.seen(path, frame.previous)

    def seen(self, path: str, out: Tensor) -> Tensor:
        if out.numel() == 0 or out.dim() < 2:
            raise Refused(f"{path} is empty")
        if path:
            self.shapes.setdefault(path, tuple(out.shape[1:]))
        return out

    def layer(
        self, entry: Any, inputs: list[Tensor], env: Env, block_input: Tensor, path: str
    ) -> Tensor:
        """One entry without `from`, `if` and `each`, which concern its frame."""
        if is_sequence(entry):
            (x,) = single(inputs)
            return self.sequence(entry, x, env, block_input, path)
        if isinstance(entry, str):
            entry = {entry: None}
        if "repeat" in entry:
            body = {k: v for k, v in entry.items() if k not in ("repeat", "from", "if", "each")}
            (x,) = single(inputs)
            frame = Frame(self, path, x, block_input)
            for inner in copies(entry["repeat"], env):
                frame.add(str(inner["index"]), body, inner)
            return self.seen(path, frame.previous)
        head = next(k for k in entry if k not in MODIFIERS or k == "layers")
        if "branches" in entry:
            (x,) = single(inputs)
            frame = Frame(self, path, x, block_input)
            outs = [frame.branch(key, e, env) for key, e in named(entry["branches"])]
            out = self.op(head, entry[head], outs, env, joined(path, head.lower()))
            return self.seen(path, out)
        if head in ("layers", "Sequential"):
            (x,) = single(inputs)
            return self.sequence(as_sequence(entry[head]), x, env, block_input, path)
        head = str(evaluated(head, env))
        if head in self.spec.get("blocks", {}):
            (x,) = single(inputs)
            return self.block(head, entry.get(head), x, env, path)
        return self.op(head, next(v for k, v in entry.items() if k not in MODIFIERS), inputs, env,
                       path)  # fmt: skip

    def block(self, name: str, args: Any, x: Tensor, env: Env, path: str) -> Tensor:
        block = self.spec["blocks"][name]
        declared = block.get("params", {})
        given = evaluated(args or {}, env)
        if not isinstance(given, dict):
            given = {next(iter(declared)): given}
        inner = {}
        for key, default in declared.items():
            inner[key] = given.get(key, default)
        return self.seen(path, self.body_of_block(block["layers"], x, inner, path))

    def body_of_block(self, entry: Any, x: Tensor, env: Env, path: str) -> Tensor:
        env = {**env, "input": described(x)}
        if is_sequence(entry):
            return self.sequence(entry, x, env, x, path)
        return self.layer(entry, [x], env, x, path)

    def op(self, name: str, args: Any, inputs: list[Tensor], env: Env, path: str) -> Tensor:
        args = evaluated({} if args is None else args, env)
        module = self.modules.get(path)
        if module is None:
            module = self.modules[path] = self.make(name, args, inputs, path)
            module.train(self.training)
        return self.seen(path, module(*inputs))

    def make(self, name: str, args: Any, inputs: list[Tensor], path: str) -> nn.Module:
        if name in JOINS:
            return Join(name, **(args if isinstance(args, dict) else {"dim": args}))
        (x,) = single(inputs)
        function, bare = LAYERS[name]
        if not isinstance(args, dict):
            assert bare is not None
            args = {bare: args}
        module = function(x, **args)
        own = module.state_dict()
        self.state |= {f"{path}.{k}": tuple(v.shape) for k, v in own.items()}
        if self.weights is not None and own:
            module.load_state_dict({k: self.weights[f"{path}.{k}"] for k in own})
        return module


class Frame:
    """A sequence while it runs."""

    def __init__(self, run: Run, path: str, x: Tensor, block_input: Tensor) -> None:
        self.run, self.path, self.start, self.block_input = run, path, x, block_input
        self.previous = x
        self.values: dict[str, Tensor] = {}
        self.entries: dict[str, tuple[Any, Env]] = {}
        self.count = 0

    def extend(self, entry: Any, env: Env) -> None:
        for key, child in named(entry):
            if not isinstance(child, dict) or "each" not in child:
                self.add(key, child, env)
                continue
            body = {k: v for k, v in child.items() if k != "each"}
            if key and "layers" in body:
                raise Refused(f"{key} names layers that each stand in the sequence around")
            for inner in copies(child["each"], env):
                if "layers" in body:
                    self.extend(as_sequence(body["layers"]), inner)
                else:
                    self.add(str(evaluated(key, inner)), body, inner)

    def add(self, key: str, entry: Any, env: Env) -> None:
        modifiers = entry if isinstance(entry, dict) and not is_sequence(entry) else {}
        inputs = [self.previous]
        if "from" in modifiers:
            names = evaluated(modifiers["from"], env)
            inputs = [self.named(n) for n in (names if isinstance(names, list) else [names])]
        if not evaluated(modifiers.get("if", True), env):
            (self.previous,) = single(inputs)
            if key:
                self.values[key] = self.previous
            return
        name = str(modifiers.get("name", "")) or key or str(self.count)
        if name in self.values:
            raise Refused(f"two layers are called {name}")
        path = joined(self.path, name)
        if "call" in modifiers:
            target = modifiers["call"]
            if target not in self.entries:
                raise Refused(f"there is no {target} to call")
            again, scope = self.entries[target]
            out = self.run.layer(again, inputs, scope, self.block_input, joined(self.path, target))
            self.run.seen(path, out)
        else:
            out = self.run.layer(entry, inputs, env, self.block_input, path)
            self.entries[name] = (entry, env)
        self.values[name] = out
        self.count += 1
        if modifiers.get("when") != "training":
            self.previous = out

    def branch(self, key: str, entry: Any, env: Env) -> Tensor:
        self.previous = self.start
        self.add(key or str(len(self.values)), entry, env)
        return self.previous

    def named(self, name: str) -> Tensor:
        if name != "input" and name not in self.values:
            raise Refused(f"there is no {name}")
        return self.block_input if name == "input" else self.values[name]


def described(x: Tensor) -> SimpleNamespace:
    """What `input` is in an expression."""
    sizes = {1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
    names = ["channels", *sizes.get(x.dim() - 2, [])]
    return SimpleNamespace(**dict(zip(names, x.shape[1:], strict=False)))


def single(inputs: list[Tensor]) -> list[Tensor]:
    if len(inputs) != 1:
        raise Refused("one input is taken")
    return inputs


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def is_sequence(entry: Any) -> bool:
    if isinstance(entry, dict):
        return not any(k in MODIFIERS or k[:1].isupper() or k[:1] == "$" for k in entry)
    return isinstance(entry, list)


def as_sequence(entry: Any) -> Any:
    return entry if is_sequence(entry) else [entry]


def named(entry: Any) -> Iterator[tuple[str, Any]]:
    yield from (entry.items() if isinstance(entry, dict) else (("", child) for child in entry))


def copies(loop: Any, env: Env) -> Iterator[Env]:
    if isinstance(loop, dict):
        ((variable, values),) = loop.items()
        for i, value in enumerate(evaluated(values, env)):
            yield {**env, "index": i, variable: value}
    else:
        for i in range(evaluated(loop, env)):
            yield {**env, "index": i}
