"""What a drawn spec holds, told from its data alone: layers, modifiers, sections and forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from random_layers import APART
from reference_entries import is_sequence

from netspec.compiler.language.document import MODIFIERS, SECTIONS
from netspec.compiler.language.grammar import FUNCTIONS, SIZES
from netspec.ops import OPS
from netspec.ops.embedding import Table

NOT_OF_GRAPHS = {"name", "description", "train", "inputs"}
"""Sections that change nothing of the network."""

SECTIONS_DRAWN = set(SECTIONS) - NOT_OF_GRAPHS


def features(spec: dict[str, Any]) -> Counter[str]:
    """How often each feature is in a spec."""
    found: Counter[str] = Counter()
    if "extends" in spec:
        found += features(spec["extends"])
    found.update(f"section {key}" for key in spec)
    found["input of 1 to 4 dimensions: " + str(len(spec.get("input", ())))] += 1
    blocks = spec.get("blocks", {})
    params = [spec.get("params", {}), *(b.get("params", {}) for b in blocks.values())]
    named = {str(value) for one in params for value in one.values()}
    found.update(f"layer {name}" for name in named & set(OPS))
    for block in blocks.values():
        found.update(f"block {key}" for key in block)
    for entry in entries([spec.get("layers", []), *(b["layers"] for b in blocks.values())]):
        found.update(of_entry(entry, blocks))
    for text in texts([spec.get("layers", []), blocks]):
        found.update(f"expression {name}" for name, has in EXPRESSIONS.items() if has(text))
    found.update(of_outputs(spec))
    return found


def entries(data: Any) -> Iterator[Any]:
    """Every entry, at any depth."""
    if is_sequence(data):
        for child in data.values() if isinstance(data, dict) else data:
            yield from entries(child)
        yield data
        return
    yield data
    if isinstance(data, dict):
        for key in ("layers", "Sequential", "branches"):
            if key in data:
                yield from entries(data[key])


def of_entry(entry: Any, blocks: dict[str, Any]) -> Iterator[str]:
    """The features of one entry."""
    if is_sequence(entry):
        yield "sequence as a mapping" if isinstance(entry, dict) else "sequence as a list"
        if isinstance(entry, dict):
            yield from ("template as a key" for key in entry if "$" in key)
        return
    heads = [entry] if isinstance(entry, str) else [k for k in entry if k not in MODIFIERS]
    for head in heads:
        yield f"layer {head}"
        if head in blocks:
            yield "a block used"
        if head.startswith("$"):
            yield "a layer that a parameter names"
    if isinstance(entry, str):
        return
    for key in MODIFIERS:
        if key in entry:
            yield f"modifier {key}"
            yield from (f"{key} with {other}" for other in MODIFIERS if other in entry)
    for key in ("repeat", "each"):
        if key in entry:
            yield f"{key} over {loop_of(entry[key])}"
    names = entry.get("from", [])
    names = names if isinstance(names, list) else [names]
    if "repeat" in entry and len(names) > 1:
        yield "repeat with several inputs"
    yield from ("a name within a layer" for name in names if "." in str(name))
    for key in ("name", "from", "call"):
        if "$" in str(entry.get(key, "")):
            yield f"template in {key}"


def loop_of(loop: Any) -> str:
    """What a loop goes over."""
    if not isinstance(loop, dict):
        return "a number" if isinstance(loop, int) else "an expression"
    (values,) = loop.values()
    if isinstance(values, str):
        return "an expression" if "(" in values else "a parameter"
    if isinstance(values, int):
        return "counted names"
    return "lists of lists" if values and isinstance(values[0], list) else "a list"


def of_outputs(spec: dict[str, Any]) -> Iterator[str]:
    """What the outputs are."""
    layers = spec.get("layers", [])
    if not spec.get("outputs") or not is_sequence(layers):
        return
    items = layers.items() if isinstance(layers, dict) else (
        (e.get("name") if isinstance(e, dict) else None, e) for e in layers
    )  # fmt: skip
    by_name = {name: entry for name, entry in items if name}
    for target in spec["outputs"].values():
        entry = by_name.get(target)
        if isinstance(entry, dict):
            yield from ("a learned tensor as an output" for key in entry if key == "Parameter")
            if entry.get("when") == "training":
                yield "an output of training only"
    yield from ("a value within a layer as an output" for t in spec["outputs"].values() if "." in t)
    yield "outputs several" if len(spec["outputs"]) > 1 else "outputs one"


def texts(data: Any) -> Iterator[str]:
    """Every scalar with an expression."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from texts([key, value])
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif isinstance(data, str) and "$" in data:
        yield data


def spelled(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.search(text) is not None


EXPRESSIONS: dict[str, Callable[[str], bool]] = {
    "$name": spelled(r"\$[a-z]"),
    **{f"{name}()": spelled(rf"\b{name}\(") for name in FUNCTIONS},
    **{f"input.{size}": spelled(rf"input\.{size}\b") for size in SIZES},
    **{f"`{sign}`": spelled(rf" {re.escape(sign)} ") for sign in ("+", "-", "*", "/", "//", "%")},
    **{f"`{sign}`": spelled(rf" {sign} ") for sign in ("<", "<=", ">", ">=", "==", "!=")},
    **{f"`{word}`": spelled(rf"\b{word} ") for word in ("and", "or", "not", "in", "not in")},
    "chained comparison": spelled(r"< \S+ <="),
    "`if else`": spelled(r" if .* else "),
    "index": spelled(r"\bindex\b"),
    "`[i]`": spelled(r"\]?\[-?\d+\]"),
    "`[i:]`": spelled(r"\[\d+:\]"),
}
"""The forms of expressions, each with how it is told."""

NOT_YET = {"parametrize", "tie"}
"""Modifiers that no graph draws yet."""

OF_INTEGERS = {name for name, op in OPS.items() if issubclass(op, Table)}
"""Layers that take no floating-point numbers."""

WANTED = (
    *(f"layer {name}" for name in OPS if name not in OF_INTEGERS | APART),
    *(f"modifier {name}" for name in MODIFIERS if name not in NOT_YET),
    *(f"section {name}" for name in sorted(SECTIONS_DRAWN)),
    *(f"block {name}" for name in ("params", "layers", "order", "init", "inputs", "outputs")),
    *(f"expression {name}" for name in EXPRESSIONS),
    *(f"input of 1 to 4 dimensions: {n}" for n in (1, 2, 3, 4)),
    *(f"{key} over {what}" for key in ("repeat", "each") for what in (
        "a number", "an expression", "a list", "lists of lists", "a parameter", "counted names")),
    "sequence as a mapping", "sequence as a list", "a block used", "layer Sequential",
    "a layer that a parameter names", "template as a key",
    "template in name", "template in from", "template in call",
    "each with layers", "each with if", "each with branches", "repeat with branches",
    "if with else",
    "repeat with from", "from with call", "if with from", "when with from", "layers with if",
    "repeat with several inputs", "a name within a layer", "a value within a layer as an output",
    "a learned tensor as an output", "an output of training only", "outputs one",
    "outputs several",
)  # fmt: skip
"""What the graphs must draw: every layer, every modifier, every section, and how they combine."""
