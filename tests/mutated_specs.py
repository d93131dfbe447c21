"""Hostile specs without end: from a seed, a change of any spec there is, or one aimed at bounds.

What a file meets guides what follows: a file whose findings say something new is kept, and is
changed again. The same seeds in the same order give the same files.
"""

from __future__ import annotations

import random
from typing import Final, NamedTuple, TypeVar

from drawn_bounds import aimed, chain
from mutated_bytes import changed_bytes, encoded
from mutated_trees import changed_tree
from spec_pool import texts
from spec_trees import Tree, tree_of, written

MOST: Final = 300_000
"""Bytes of a file, which are more than a spec may have."""
KEPT: Final = 2_000
T = TypeVar("T")


class Drawn(NamedTuple):
    """A spec, other files beside it, and how it came about."""

    data: bytes
    beside: dict[str, bytes]
    kind: str


class Draws:
    """Draws from a pool of texts and trees, which grows by what was new."""

    def __init__(self) -> None:
        self.texts = texts()
        self.right = [text for text in self.texts if "error[" not in text]
        self.trees = _trees(self.texts)
        self.right_trees = _trees(self.right)
        self.kept_texts: list[str] = []
        self.kept_trees: list[Tree] = []
        self.said: set[str] = set()
        self.tree: Tree | None = None
        self.text: str | None = None

    def drawn(self, seed: int) -> Drawn:
        """The file of a seed."""
        draw = random.Random(seed)
        self.tree = self.text = None
        beside: dict[str, bytes] = {}
        kind = draw.choices(("bytes", "tree", "both", "bounds", "chain", "noise"),
                            (34, 50, 11, 3, 1, 1))[0]  # fmt: skip
        match kind:
            case "bytes":
                self.text = draw.choice(_some(draw, self.kept_texts, self.right, self.texts))
                data = changed_bytes(self.text, draw, self.texts)
                self.text = data.decode("utf-8", errors="surrogateescape")
            case "tree":
                data = self._tree_text(draw).encode("utf-8", errors="surrogatepass")
            case "both":
                data = changed_bytes(self._tree_text(draw), draw, self.texts)
            case "bounds":
                text = aimed(draw)
                data = (text.encode() if draw.random() < 0.85
                        else changed_bytes(text, draw, self.texts))  # fmt: skip
            case "chain":
                beside = {name: text.encode() for name, text in chain(draw).items()}
                data = beside.pop("spec.yaml")
                if draw.random() < 0.3:
                    data = changed_bytes(data.decode(), draw, self.texts)
            case _:
                data = draw.randbytes(draw.randrange(2_000))
                if draw.random() < 0.5:
                    data = encoded(data.decode("latin-1"), draw)
        return Drawn(data[:MOST], beside, kind)

    def _tree_text(self, draw: random.Random) -> str:
        tree = draw.choice(_some(draw, self.kept_trees, self.right_trees, self.trees))
        self.tree = changed_tree(tree, draw, self.trees)
        return written(self.tree, draw)

    def met(self, said: set[str], size: int) -> None:
        """Keep the last file where what was said of it is new."""
        new = said - self.said
        self.said |= new
        if not new or size > 20_000:
            return
        if self.text is not None and len(self.kept_texts) < KEPT:
            self.kept_texts.append(self.text)
        elif self.tree is not None and len(self.kept_trees) < KEPT:
            self.kept_trees.append(self.tree)


def _trees(texts: list[str]) -> list[Tree]:
    return [tree for text in texts if (tree := tree_of(text)) is not None]


def _some(draw: random.Random, kept: list[T], right: list[T], all: list[T]) -> list[T]:
    """What to draw from: what was new, what is right, or all."""
    return draw.choices((kept or right, right, all), (25, 50, 25))[0]
