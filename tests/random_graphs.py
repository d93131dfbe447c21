"""Random specs of whole networks, most of them right: every construct of the language, mixed."""

from __future__ import annotations

from random import Random
from typing import Any

MISTAKE = 0.006
"""How often an argument is drawn without a thought for what fits."""


class Graphs:
    """Draws one spec as data. It tracks channels as it writes, sizes only roughly."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.dims = draw.choice((1, 2, 2, 2, 2, 3))
        self.blocks: dict[str, Any] = {}
        self.depth = 0

    # small choices

    def chance(self, probability: float) -> bool:
        return self.draw.random() < probability

    def pick(self, *choices: Any) -> Any:
        return self.draw.choice(choices)

    def name(self, kind: str) -> str:
        return f"{kind}{self.dims}d"

    def spec(self) -> dict[str, Any]:
        """A whole spec."""
        least = {1: 4, 2: 3, 3: 3}[self.dims]
        size = [self.draw.randint(least, 24 if self.dims < 3 else 9) for _ in range(self.dims)]
        if self.chance(0.4):
            size = [size[0]] * self.dims
        channels = self.pick(1, 2, 3, 4, 6)
        spec: dict[str, Any] = {"netspec": 1, "input": [channels, *size]}
        params = {"width": self.pick(2, 4, 6), "classes": self.draw.randint(1, 9), "slim": False}
        for letter in "AB"[: self.draw.randint(0, 2)]:
            self.block(f"Block{letter}")
        layers, _ = self.sequence(channels, self.draw.randint(2, 6), top=True)
        if isinstance(layers, list):
            layers += self.tail()
        else:
            layers |= {f"tail{i}": entry for i, entry in enumerate(self.tail())}
        used = repr([layers])
        kept = {k: v for k, v in params.items() if f"${k}" in used or f"({k}" in used}
        if kept:
            spec["params"] = kept
        if self.blocks:
            spec["blocks"] = self.blocks
        spec["layers"] = layers
        return spec

    def tail(self) -> list[Any]:
        """How a network ends: pooled, flattened, one linear layer or two."""
        ends: list[Any] = []
        if self.chance(0.6):
            ends.append({self.name("AdaptiveAvgPool"): self.pick(1, 1, 2)})
        if self.chance(0.9):
            ends.append("Flatten")
            ends.append({"Linear": self.pick(5, "$classes", "$(classes + 1)")})
        if self.chance(0.2):
            ends += ["ReLU", {"Dropout": 0.5}, {"Linear": {"out_features": 3, "bias": False}}]
        return ends

    # sequences

    def sequence(self, channels: int, count: int, top: bool = False) -> tuple[Any, int]:
        """A list or a mapping of `count` entries, and the channels that it gives."""
        as_mapping = self.chance(0.5)
        entries: list[tuple[str, Any]] = []
        same: dict[str, str] = {}  # entries that change nothing but values, and their input
        previous = "input" if self.depth == 0 or top else ""
        for i in range(count):
            key = f"{self.pick('a', 'conv', 'x')}{i}"
            entry, out = self.entry(channels)
            each = isinstance(entry, dict) and "each" in entry
            if each and as_mapping and "layers" in entry and not self.chance(MISTAKE):
                entry["Sequential"] = entry.pop("layers")  # a name is for one layer of each copy
            if each and not self.chance(MISTAKE):
                key += "_$(index)"
            if as_mapping and out == channels and previous and not each:
                same[key] = previous
            if as_mapping and previous and self.chance(0.2) and takes_from(entry):
                entry = {"from": previous, **entry}
            entries.append((key, entry))
            channels, previous = out, "" if each else key
            if key in same and "stride" not in repr(entry) and self.chance(0.5):
                joined, channels = self.join(key, same[key], channels)
                entries.append((f"join{i}", joined))
                previous = f"join{i}"
            elif as_mapping and self.chance(0.3) and is_weightless(entry):
                entries.append((f"again{i}", {"call": key}))
                previous = f"again{i}"
            if as_mapping and top and previous and self.chance(0.08):
                head = {"Sequential": ["Flatten", {"Linear": 3}]}
                entries.append((f"aux{i}", {"from": previous, "when": "training", **head}))
        if as_mapping and self.chance(0.15):
            stage, channels = self.copies(channels)
            entries.append(("stage$(index + 1)", stage))
        if as_mapping:
            return dict(entries), channels
        return [entry for _, entry in entries], channels

    def join(self, first: str, second: str, channels: int) -> tuple[Any, int]:
        kind = self.pick("Add", "Mul", "Concat")
        names = self.pick([first, second], [second, first], [first, second, first])
        if kind == "Concat":
            dim = (
                self.pick(1, 1, -self.dims - 1) if not self.chance(MISTAKE) else self.pick(0, 2, 9)
            )
            args = self.pick({"dim": dim}, dim) if dim != 1 else self.pick({}, {"dim": 1}, 1)
            return {"from": names, "Concat": args}, channels * len(names)
        return {"from": names, kind: {}}, channels

    # entries

    def entry(self, channels: int) -> tuple[Any, int]:
        """One entry, and the channels that it gives."""
        self.depth += 1
        try:
            deep = self.depth > 3
            kind = self.draw.random()
            if deep or kind < 0.52:
                return self.op(channels)
            if kind < 0.64:
                return self.branches(channels)
            if kind < 0.74:
                return self.repeat(channels)
            if kind < 0.82 and self.blocks:
                return self.use(channels)
            if kind < 0.88:
                inner, out = self.sequence(channels, self.draw.randint(1, 3))
                return self.pick(inner, {"Sequential": inner}, {"layers": inner}), out
            if kind < 0.94:
                return self.optional(channels)
            return self.copies(channels, template=False)
        finally:
            self.depth -= 1

    def optional(self, channels: int) -> tuple[Any, int]:
        entry, out = self.op(channels)
        kept = self.chance(0.5)
        entry = {entry: None} if isinstance(entry, str) else entry
        return {"if": kept, **entry}, out if kept else channels

    def copies(self, channels: int, template: bool = True) -> tuple[Any, int]:
        entry, out = self.same_size(channels)
        entry = {entry: None} if isinstance(entry, str) else entry
        count = self.draw.randint(1, 3)
        loop = self.pick(count, count, {"item": [self.pick(1, 2) for _ in range(count)]})
        if not template and self.chance(0.4):
            return {"each": loop, "layers": [entry, "ReLU"]}, out
        return {"each": loop, **entry}, out

    def repeat(self, channels: int) -> tuple[Any, int]:
        inner, out = self.same_size(channels)
        if self.chance(0.3):
            inner, out = self.op(channels)
            if out != channels:  # the second copy must take what the first gives
                inner, out = self.same_size(channels)
        inner = {inner: None} if isinstance(inner, str) else inner
        return {"repeat": self.draw.randint(1, 3), **inner}, out

    def use(self, channels: int) -> tuple[Any, int]:
        name = self.draw.choice(sorted(self.blocks))
        out = self.pick(2, 4, 6, channels)
        args: dict[str, Any] = {"channels": self.pick(out, f"$({out // 2} * 2)")}
        if self.chance(0.3):
            args["stride"] = self.pick(1, 2)
        plain = len(args) == 1 and self.chance(0.3)
        return {name: args["channels"] if plain else args}, out

    def branches(self, channels: int) -> tuple[Any, int]:
        kind = self.pick("Add", "Mul", "Concat", "Concat")
        stop = self.draw.randint(2, 3)
        outs, entries = [], []
        wanted = self.pick(channels, channels, 4)
        for _ in range(stop):
            if self.chance(0.25) and (kind == "Concat" or wanted == channels):
                entry, out = self.pick("Identity", "ReLU"), channels
            else:
                entry, out = self.same_size(channels, wanted if kind != "Concat" else None)
                if self.chance(0.3):
                    entry = [entry, self.pick("ReLU", self.name("BatchNorm"), "SiLU")]
            entries.append(entry)
            outs.append(out)
        keys = ["left", "right", "third"][:stop]
        listed = self.pick(entries, dict(zip(keys, entries, strict=True)))
        if kind == "Concat":
            return {"branches": listed, "Concat": self.pick({"dim": 1}, {}, 1)}, sum(outs)
        return {"branches": listed, kind: {}}, outs[0]

    # single layers

    def same_size(self, channels: int, out: int | None = None) -> tuple[Any, int]:
        """A layer that keeps the sizes, and mostly the channels, of its input."""
        kernel = self.pick(1, 3, 5)
        dilation = self.pick(1, 1, 2)
        padding: Any = dilation * (kernel - 1) // 2
        if self.chance(0.2):
            padding = "same"
        out = channels if out is None and self.chance(0.6) else out or self.pick(2, 4, 6)
        if self.chance(MISTAKE):
            padding, out = self.pick(0, 1, 4), self.pick(3, 5)
        args: dict[str, Any] = {"out_channels": out, "kernel_size": kernel, "padding": padding}
        if dilation > 1:
            args["dilation"] = dilation
        if self.chance(0.3):
            args["bias"] = False
        if out == channels and self.chance(0.2):
            args["groups"] = channels
        if "groups" not in args and self.chance(MISTAKE):
            args["groups"] = self.pick(2, 3)
        # a copy that changes the channels would not take what it gives
        return {self.name("Conv"): args}, out

    def op(self, channels: int) -> tuple[Any, int]:  # noqa: C901 - flat: one kind of layer a case
        """Any layer."""
        n, draw = self.name, self.draw
        kind = draw.random()
        if self.chance(MISTAKE):
            return self.pick("Flatten", {"Linear": 4}, {"PixelShuffle": 2}, {"GroupNorm": 4}), 4
        if kind < 0.3:
            return self.same_size(channels)
        if kind < 0.42:
            out = self.pick(2, 4, 6)
            args = {
                "out_channels": out,
                "kernel_size": self.pick(1, 2, 3, 3, 5),
                "stride": self.pick(1, 2, 2, 3),
                "padding": self.pick(0, 1, 1, 2),
            }
            if self.chance(0.2):
                args["kernel_size"] = [draw.randint(1, 4) for _ in range(self.dims)]
            return {n("Conv"): args}, out
        if kind < 0.55:
            kernel = self.pick(2, 3)
            args = {"kernel_size": kernel}
            if self.chance(0.5):
                args["stride"] = self.pick(1, 2, 3)
            if self.chance(0.4):
                args["padding"] = self.pick(0, 1)
            if self.chance(0.4):
                args["ceil_mode"] = True
            kinds = self.pick(n("MaxPool"), n("AvgPool"))
            return {kinds: kernel if self.chance(0.3) else args}, channels
        if kind < 0.6:
            out = self.pick(2, 4)
            args = {
                "out_channels": out,
                "kernel_size": self.pick(2, 3, 4),
                "stride": self.pick(1, 2),
            }
            if self.chance(0.4):
                args |= {"padding": 1, "output_padding": self.pick(0, 1)}
            return {n("ConvTranspose"): args}, out
        if kind < 0.64:
            return {"Upsample": {"scale_factor": self.pick(2, 2, 1.5, 0.5)}}, channels
        if kind < 0.68:
            return {
                self.pick(n("ReflectionPad"), n("ReplicationPad")): self.pick(1, 1, 2)
            }, channels
        if kind < 0.72:
            return {"GroupNorm": self.pick(1, channels)}, channels
        if kind < 0.74:
            return n("InstanceNorm"), channels
        if kind < 0.77:
            return {n("AdaptiveMaxPool"): self.pick(1, 2, 3)}, channels
        if kind < 0.79 and self.dims == 2 and channels % 4 == 0:
            return {"PixelShuffle": 2}, channels // 4
        if kind < 0.87:
            return n("BatchNorm"), channels
        return self.pick("ReLU", "GELU", "Tanh", {"Dropout": 0.1}, "Identity", "SiLU"), channels

    # blocks

    def block(self, name: str) -> None:
        """Declare a block of channels and a stride, residual or not."""
        conv = {
            "out_channels": "$channels",
            "kernel_size": 3,
            "stride": "$stride",
            "padding": 1,
            "bias": self.chance(0.5),
        }
        shortcut = {
            "if": "$(stride != 1 or input.channels != channels)",
            "from": "input",
            self.name("Conv"): {"out_channels": "$channels", "kernel_size": 1, "stride": "$stride"},
        }
        seen = self.pick("height", "width") if self.dims > 1 else "length"
        kind = self.draw.randrange(6)
        layers: Any
        if kind == 0:
            layers = {
                "conv1": {self.name("Conv"): conv},
                "act": self.pick("ReLU", "SiLU"),
                "conv2": {
                    self.name("Conv"): {"out_channels": "$channels", "kernel_size": 3, "padding": 1}
                },
                "shortcut": shortcut,
                "add": {"from": ["conv2", "shortcut"], "Add": {}},
                "act2": {"call": "act"},
            }
        elif kind == 1:
            half = {"out_channels": "$(channels // 2)", "kernel_size": 1, "stride": "$stride"}
            layers = {
                "branches": [
                    {self.name("Conv"): half},
                    [{self.name("Conv"): {**half, "bias": False}}],
                ],
                "Concat": {"dim": 1},
            }
        elif kind == 2:
            layers = [
                {self.name("Conv"): conv},
                {"if": f"$(input.{seen} > 6)", self.name("Dropout"): 0.2},
                {"repeat": "$(2 if stride == 1 else 1)", self.name("BatchNorm"): {}},
            ]
            if self.blocks and self.chance(0.5):
                layers.append({sorted(self.blocks)[0]: {"channels": "$channels"}})
        elif kind == 3:
            layers = {self.name("Conv"): conv}
        elif kind == 4:  # a gate on the block's own input
            whole = {"out_channels": "$(input.channels)", "kernel_size": 1}
            layers = {
                "gate": [{self.name("AdaptiveAvgPool"): 1}, {self.name("Conv"): whole}, "Tanh"],
                "scaled": {"from": self.pick(["input", "gate"], ["gate", "input"]), "Mul": {}},
                "conv": {self.name("Conv"): conv},
            }
        else:  # a sequence inside that reaches for the block's input
            deep = {"act": "Tanh", "both": {"from": ["act", "input"], "Concat": {"dim": 1}}}
            conv1 = {"out_channels": 2, "kernel_size": 3, "padding": 1}
            layers = [
                {self.name("Conv"): conv1},
                self.pick(deep, {"Sequential": ["Identity", deep]}, {"repeat": 2, "layers": deep}),
                {self.name("Conv"): conv},
            ]
        self.blocks[name] = {"params": {"channels": "int", "stride": 1}, "layers": layers}


def takes_from(entry: Any) -> bool:
    """Whether `from` can stand beside the entry's layer."""
    layer = isinstance(entry, dict) and any(k[0].isupper() or k in ("if", "repeat") for k in entry)
    return layer and "branches" not in entry and "each" not in entry


def is_weightless(entry: Any) -> bool:
    """Whether an entry can be called on what it gives itself."""
    return entry in ("ReLU", "GELU", "Tanh", "SiLU", "Identity") or "MaxPool" in repr(entry)
