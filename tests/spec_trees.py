"""A spec as a tree whose scalars are kept as they are written, and the tree as text again.

A scalar is a `str`, a sequence a `list`, a mapping `Pairs`: lists of a key and a value, so that a
key may stand twice. A slot is a list and a place in it, which can be read and set.
"""

from __future__ import annotations

import json
import random
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Pairs(list[Any]):
    """A mapping: `[key, value]`s."""


Tree = Any
Slot = tuple[list[Any], int]


def tree_of(text: str) -> Tree | None:
    """The tree of a text; None where it is not YAML, or not in one document."""
    try:
        node = yaml.compose(text, Loader=LOADER)
    except (yaml.YAMLError, ValueError, UnicodeEncodeError):
        return None
    return None if node is None else _tree(node)


def _tree(node: yaml.Node) -> Tree:
    if isinstance(node, yaml.MappingNode):
        return Pairs([[_tree(key), _tree(value)] for key, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return [_tree(item) for item in node.value]
    value = str(node.value)
    if not node.style and "\n" not in value:  # "" in the loader written in C
        return value or "~"
    return json.dumps(value, ensure_ascii=False)


def copied(tree: Tree) -> Tree:
    """A tree of its own."""
    if isinstance(tree, Pairs):
        return Pairs([[key, copied(value)] for key, value in tree])
    return [copied(item) for item in tree] if isinstance(tree, list) else tree


def slots(root: list[Any]) -> list[Slot]:
    """Every place of a value below `root[0]`, itself included."""
    found: list[Slot] = []
    todo: list[Slot] = [(root, 0)]
    while todo:
        slot = todo.pop()
        found.append(slot)
        tree = slot[0][slot[1]]
        if isinstance(tree, Pairs):
            todo += [(pair, 1) for pair in tree]
        elif isinstance(tree, list):
            todo += [(tree, place) for place in range(len(tree))]
    return found


def scalars(root: list[Any]) -> list[Slot]:
    """The places of scalars that are values."""
    return [slot for slot in slots(root) if isinstance(slot[0][slot[1]], str)]


def mappings(root: list[Any]) -> list[Pairs]:
    """Every mapping."""
    values = (holder[place] for holder, place in slots(root))
    return [tree for tree in values if isinstance(tree, Pairs)]


def written(tree: Tree, draw: random.Random) -> str:
    """The tree as text: in lines, in brackets from some depth on, or all in brackets."""
    depth = draw.choice((0, 1, 2, 3, 9, 9, 9, 9))
    if isinstance(tree, str):
        return f"{tree}\n"
    return "\n".join(_lines(tree, depth)) + "\n" if depth and tree else f"{_flow(tree)}\n"


def _lines(tree: Tree, depth: int) -> list[str]:
    lines: list[str] = []
    if isinstance(tree, Pairs):
        for key, value in tree:
            key = key if isinstance(key, str) else _flow(key)
            if isinstance(value, str) or not value or depth <= 1:
                lines.append(f"{key}: {_flow(value)}")
            else:
                lines += [f"{key}:", *(f"  {line}" for line in _lines(value, depth - 1))]
        return lines
    for item in tree:
        if isinstance(item, str) or not item or depth <= 1:
            lines.append(f"- {_flow(item)}")
        else:
            first, *rest = _lines(item, depth - 1)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
    return lines


def _flow(tree: Tree) -> str:
    """In brackets; a scalar that would not stay whole there is quoted."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, Pairs):
        return "{" + ", ".join(f"{_flow_scalar(key)}: {_flow_scalar(v)}" for key, v in tree) + "}"
    return "[" + ", ".join(_flow_scalar(item) for item in tree) + "]"


def _flow_scalar(tree: Tree) -> str:
    if isinstance(tree, str) and tree[:1] not in ('"', "'") and any(c in tree for c in ",[]{}"):
        return json.dumps(tree, ensure_ascii=False) if tree[:1] not in "[{" else tree
    return tree if isinstance(tree, str) else _flow(tree)
