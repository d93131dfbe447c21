"""A finding's hint applied to the text, as a person would who takes it by its word."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from netspec.diagnostics import Diagnostic, Span, SpecError
from netspec.source import Mapping, Node, Scalar, Sequence, parse

Range = tuple[int, int]


def applied(text: str, finding: Diagnostic) -> str:
    """The text with the mend in place. Raises `ValueError` for a hint that names none."""
    hint = finding.hint or ""
    here = offsets(text, finding.span)
    if hint == "indent with spaces":
        return text.replace("\t", "  ")
    if hint.startswith("indent the arguments deeper"):
        return _indented(text, finding.span)
    if hint == "write it without quotes":
        return _put(text, here, text[here[0] + 1 : here[1] - 1])
    meant = re.search("did you mean `([^`]+)`", hint)
    if meant:
        return _put(text, here, meant[1])
    entries = re.findall("`([^`]+)`", hint)
    try:
        root = parse(text, finding.span.file).root
    except SpecError:  # the text is no data yet
        return _put(text, here, entries[0])
    if hint.startswith(("delete it", "leave it out")):
        return _without(text, _spare(text, root, finding.span))
    if hint.startswith("move "):
        return _moved(text, root, finding.span, entries[0])
    if hint.startswith("write the whole as "):
        return _replaced(text, root, _whole(text, root, finding.span, entries[0]), entries)
    if hint.startswith("write "):
        return _replaced(text, root, _entry(text, root, finding.span), entries)
    raise ValueError(hint)


def offsets(text: str, span: Span) -> Range:
    """Where a span begins and ends in the text."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1


def extent(text: str, node: Node) -> Range:
    """From where to where a value stands, in block style too."""
    start, end = offsets(text, node.span)
    if isinstance(node, Scalar) or text[start] in "[{":
        return start, end
    inner = node.items if isinstance(node, Sequence) else list(node.items.values())
    ends = [extent(text, child)[1] for child in inner]
    if isinstance(node, Mapping):
        ends += [offsets(text, key)[1] + 1 for key in node.keys.values()]
    return start, max(ends)


def places(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Every value with those around it, the nearest first."""
    yield node, above
    children = node.items.values() if isinstance(node, Mapping) else (
        node.items if isinstance(node, Sequence) else ()
    )  # fmt: skip
    for child in children:
        yield from places(child, (node, *above))


def _pair(text: str, node: Mapping, key: str) -> Range:
    """A key with its value."""
    start, after = offsets(text, node.keys[key])
    return start, max(after + 1, extent(text, node.items[key])[1])


def _entry(text: str, root: Node, span: Span) -> Range:
    """What a finding at `span` is of: a key with its value, or a value."""
    for node, _ in places(root):
        if isinstance(node, Mapping):
            for key, place in node.keys.items():
                if place == span:
                    return _pair(text, node, key)
    return offsets(text, span)


def _spare(text: str, root: Node, span: Span) -> Range:
    """What goes with what a finding at `span` is of: its key, and an item that holds no more."""
    for node, above in places(root):
        if isinstance(node, Mapping):
            for key, place in node.keys.items():
                if span in (place, node.items[key].span):
                    alone = len(node.items) == 1 and above and isinstance(above[0], Sequence)
                    return extent(text, node) if alone else _pair(text, node, key)
    return offsets(text, span)


def _whole(text: str, root: Node, span: Span, entry: str) -> Range:
    """What is around `span` and is to be this entry: what has its name, or else the whole layer."""
    name = entry.partition(":")[0]
    around = next(
        (node, *above)
        for node, above in places(root)
        if isinstance(node, Mapping) and span in node.keys.values()
    )
    for inner, outer in itertools.pairwise(around):
        if isinstance(outer, Mapping) and outer.items.get(name) is inner:
            return _pair(text, outer, name)
    return extent(text, around[0])


def _replaced(text: str, root: Node, here: Range, entries: list[str]) -> str:
    """The text with these entries there, each an item of its own where they are several."""
    mended = entries[0]
    if len(entries) > 1:
        line = text[text.rfind("\n", 0, here[0]) + 1 : here[0]]
        block = re.match(r"( *)- $", line)
        mended = f"\n{block[1]}- ".join(entries) if block else ", ".join(entries)
    return _put(text, here, mended)


def _moved(text: str, root: Mapping, span: Span, entry: str) -> str:
    """The text with the entry in `train`, in the place of what it says and of what moved there."""
    train = root.items["train"]
    assert isinstance(train, Mapping)
    name, _, value = entry.partition(": ")
    given = [key for key in train.items if key == name or re.search(rf"\b{key}: ", value)]
    names = [key for key in train.items if key == name]
    first = next(key for key, place in train.keys.items() if place == span)
    gone = [key for key in train.items if key in (*given, first) and key not in names]
    ranges = {key: _pair(text, train, key) for key in (*gone, *names)}
    kept = names[0] if names else gone[0]
    for key in sorted(ranges, key=lambda key: ranges[key], reverse=True):
        text = _put(text, ranges[key], entry) if key == kept else _without(text, ranges[key])
    return text


def _without(text: str, here: Range) -> str:
    """The text without a stretch, and without the comma or the line that was only for it."""
    before, after = text[: here[0]], text[here[1] :]
    if re.match(r", ", after):
        return before + after[2:]
    if before.endswith(", "):
        return before[:-2] + after
    line = re.search(r"\n *(- )?$", before)
    if line and re.match(r" *(#[^\n]*)?(\n|$)", after):
        return before[: line.start()] + re.sub(r"^ *(#[^\n]*)?", "", after, count=1)
    return before + after


def _indented(text: str, span: Span) -> str:
    lines = text.split("\n")
    place = span.line - 1
    margin = span.column - 1
    while place < len(lines) and lines[place][:margin].strip() == "" and lines[place].strip():
        lines[place] = "    " + lines[place]
        place += 1
    return "\n".join(lines)


def _put(text: str, here: Range, new: str) -> str:
    return text[: here[0]] + new + text[here[1] :]
