"""Parts of a spec whose sizes are drawn around what the bounds let pass."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

BYTES, VALUES, DEPTH, SCALAR, NUMBER = 262_144, 20_000, 48, 8_192, 10**15
LAYERS, EDGES, STEPS, HELD, PATH, DEEP, DIMS = 20_000, 100_000, 1_000_000, 300_000, 1_000, 64, 64
ITEMS, EXPRESSION, PARAMETERS, FINDINGS, CHAIN = 10_000, 500, 10**12, 100, 8


@dataclass
class Parts:
    """The sections of a spec as they are put together, each entry on a line of its own."""

    input: str = "[4]"
    params: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    init: list[str] = field(default_factory=list)
    train: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The spec; layers have names of their own where they say none."""
        sections = {
            "params": self.params, "blocks": self.blocks, "init": self.init,
            "layers": self.layers or ["r: ReLU"], "outputs": self.outputs, "train": self.train,
        }  # fmt: skip
        found = [f"netspec: 1\ninput: {self.input}\n", *(f"{line}\n" for line in self.more)]
        for name, lines in sections.items():
            if lines:
                found.append(f"{name}:\n" + "".join(f"  {line}\n" for line in lines))
        return "".join(found)


def near(draw: random.Random, bound: int) -> int:
    """A size that just passes, just fails, or is a part of the bound."""
    size = draw.choice((
        bound, bound - 1, bound + 1, int(bound * 0.98), int(bound * 0.95), int(bound * 0.9),
        int(bound * 0.8), bound // 2, bound // 3, bound // 4, bound // 10,
        int(bound * draw.random()), int(bound * draw.random() ** 3),
    ))  # fmt: skip
    return max(1, size)


def split(draw: random.Random, bound: int, most: int) -> tuple[int, int]:
    """Two sizes whose product is near the bound, the first at most `most`."""
    first = max(1, min(int(most ** draw.random()), most))
    return first, max(1, near(draw, bound) // first)


def joined(items: list[str] | range) -> str:
    return ", ".join(map(str, items))


def sum_of(draw: random.Random, name: str, nodes: int) -> str:
    """A long expression that may be of any value, and works out a number from 1 on."""
    operator = draw.choice(("+", "*", " or ", " and ", "-", "%", "==", "<"))
    terms = [draw.choice((name, "1", "1", "2")) for _ in range(max(2, nodes))]
    text = operator.join(terms)[: EXPRESSION - 14].rstrip("+*-%=< ") or "1"
    text = text.removesuffix(" or").removesuffix(" and").removesuffix(" o").removesuffix(" an")
    return draw.choice(
        (f"1 + 0*({text})", f"1 if ({text}) else 2", f"{name} + 1", f"({text}) % 7 + 1")
    )


def a_layer(draw: random.Random, parts: Parts, value: str = "4") -> str:
    """A layer for every copy; it keeps the shape in most draws."""
    dimensions = parts.input.count(",")
    if not dimensions:
        return draw.choice((
            "ReLU: {}", f"Linear: {value}", f"Linear: {value}", "Dropout: 0.1", "Softmax: -1",
            "BatchNorm1d: {}", "LayerNorm: {}", "Flatten: {}", "Reshape: [4]", "Parameter: [4]",
            "Identity: {}",
        ))  # fmt: skip
    d = min(dimensions, 3)
    return draw.choice((
        "ReLU: {}", f"BatchNorm{d}d: {{}}", "Identity: {}", "GroupNorm: 1", "Dropout: 0.1",
        f"Conv{d}d: {{out_channels: {value}, kernel_size: 1}}",
        f"Conv{d}d: {{out_channels: {value}, kernel_size: 3, padding: 1}}",
        f"MaxPool{d}d: {{kernel_size: 3, stride: 1, padding: 1}}",
        f"ConvTranspose{d}d: {{out_channels: 3, kernel_size: 1}}", "Upsample: {scale_factor: 1}",
    ))  # fmt: skip
