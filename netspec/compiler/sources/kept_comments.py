"""A resolved spec keeps what its author silenced, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.language.silenced import silenced, silencing
from netspec.diagnostics import Span, SpecError
from netspec.source import Mapping, Node, Sequence, Source, parse, plain


def with_comments(text: str, root: Node, sources: tuple[Source, ...]) -> str:
    """`text`, written out of `root`, with the comments of the `sources` that silence warnings.

    Each stands on the line on which now stands what stood on the line of the comment.
    """
    comments = {
        (source.name, number): codes
        for source in sources
        for number, line in enumerate(source.text.split("\n"), 1)
        if (codes := silenced(line))
    }
    if not comments:
        return text
    try:
        written = parse(text, "").root
        lines = text.split("\n")
        found: dict[int, set[str]] = {}
        for before, now in _pairs(root, written):
            found.setdefault(now.line, set()).update(comments.get((before.file, before.line), ()))
        for number, kept in found.items():
            if kept:
                lines[number - 1] += f"  {silencing(kept)}"
        marked = "\n".join(lines)
        # within a value of several lines it would be a part of that
        return marked if plain(parse(marked, "").root) == plain(written) else text
    except SpecError:  # longer than a spec may be
        return text


def _pairs(before: Node, now: Node) -> Iterator[tuple[Span, Span]]:
    """The places of every key and value that stand in both."""
    yield before.span, now.span
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key, node in before.items.items():
            if key in now.items:
                yield before.keys[key], now.keys[key]
                yield from _pairs(node, now.items[key])
    elif isinstance(before, Sequence) and isinstance(now, Sequence):
        for first, second in zip(before.items, now.items, strict=False):
            yield from _pairs(first, second)
