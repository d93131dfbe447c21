"""YAML text → data with the span of every key and value.

The text is read as events, never as objects: no tag is honoured, nothing is constructed, and
nesting is counted as it opens, so that no input can exhaust the stack. Plain scalars are
resolved by the core schema of YAML 1.2, the one that editors use (`1e-3` is a number, `no` a
string).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Note, Span, SpecError

MAX_BYTES = 256 * 1024
MAX_EVENTS = 20_000
MAX_DEPTH = 48
MAX_SCALAR = 8_192
MAX_NUMBER = 10**15

Value = bool | int | float | str | None


class Scalar:
    """A scalar; `value` is resolved, `quoted` tells whether it was written in quotes."""

    __slots__ = ("quoted", "span", "value")

    def __init__(self, value: Value, span: Span, quoted: bool = False) -> None:
        self.value, self.span, self.quoted = value, span, quoted


class Sequence:
    """A list of nodes."""

    __slots__ = ("items", "span")

    def __init__(self, items: list[Node], span: Span) -> None:
        self.items, self.span = items, span


class Mapping:
    """A mapping by its keys in the order written; `keys` holds the span of each."""

    __slots__ = ("items", "keys", "span")

    def __init__(self, items: dict[str, Node], keys: dict[str, Span], span: Span) -> None:
        self.items, self.keys, self.span = items, keys, span


Node = Scalar | Sequence | Mapping


class Source(NamedTuple):
    """A file as read: its name in findings, its text, and its root."""

    name: str
    text: str
    root: Mapping


def plain(node: Node) -> Any:
    """The node as plain data: dicts, lists and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.items.items()}


_ALLOWED = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_WORDS: dict[str, Value] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


_TUPLE = re.compile(r"(?<![\w$)])\([-+0-9.eE]+(?:\s*,\s*[-+0-9.eE]+)+\s*,?\s*\)")
_BEFORE_NUMBER = frozenset("(+-.0123456789eE")
_NUMBERED = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")
"""Names in digits, as `torch` gives the layers of a list: `0`, or `0.1` within one."""
_PIECE = re.compile(r"\(?[-+0-9.eE]+\)?\Z")


def decode(data: bytes, name: str) -> str:
    """UTF-8 bytes as text. Raises `SpecError` (NS102, NS106)."""
    start = Span(name, 1, 1, 1, 1)
    if len(data) > MAX_BYTES:
        raise _error(
            "NS106",
            f"the file has {counted(len(data), 'byte')}, and a spec may have {MAX_BYTES:,}",
            start,
            hint="a block with parameters, and `repeat` or `each`, say the same in less",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        read = problem.object  # without the mark that may stand before the text
        good = lines_ended(read[: problem.start].decode("utf-8", errors="replace"))
        line, column = good.count("\n") + 1, len(good) - (good.rfind("\n") + 1) + 1
        raise _error(
            "NS102",
            f"the byte {read[problem.start]:#04x} is not UTF-8",
            Span(name, line, column, line, column + 1),
            hint="save the file as UTF-8",
        ) from None
    text = lines_ended(text)
    bad = _ALLOWED.search(text)
    if bad:
        at = bad.start()
        line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
        raise _error(
            "NS102",
            f"the character U+{ord(bad.group()):04X} is not allowed in a spec",
            Span(name, line, column, line, column + 1),
            hint="delete it",
        )
    return text


def lines_ended(text: str) -> str:
    """The text with line ends of one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str, name: str) -> Source:
    """Read one spec. Raises `SpecError` with a finding for what is not one mapping of data."""
    root = _Reader(text, name).read()
    return Source(name, text, root)


def parse_value(text: str, name: str) -> Node:
    """Read one value, as given on the command line. Raises `SpecError`."""
    return _Reader(text, name).value()


def _error(
    code: str, message: str, span: Span, *, hint: str | None = None, notes: tuple[Note, ...] = ()
) -> SpecError:
    return SpecError((Diagnostic(code, message, span, notes, hint),))


_OPENERS = {
    "parsing a flow mapping": ("`{`", "}"),
    "parsing a flow sequence": ("`[`", "]"),
    "scanning a quoted scalar": ("quote", "quote"),
    "parsing a block mapping": ("mapping", ""),
    "parsing a block collection": ("list", ""),
}
"""What the parser was in the middle of: how findings call it, and what closes it."""

START = (
    "start with `netspec: 1`, `input: [3, 224, 224]` and `layers:`; "
    "`netspec init NAME` writes a starter"
)
"""How a spec begins, for what is none."""

_LANGUAGES = {
    "a Darknet configuration": re.compile(r"^\[\w+\][ \t]*\n(?:[#;].*\n|\s*\n)*\w+[ \t]*=", re.M),
    "a Caffe prototxt": re.compile(r"^\w+[ \t]*\{[ \t]*$", re.M),
    "Python": re.compile(r"^(?:import \w|from [\w.]+ import |class \w+.*:$|\w+ ?= ?dict\()", re.M),
}
"""What a file that is no YAML may be, and a line that tells it."""

_LOOKED_AT = 4_000

_PLACED = "indent it as its neighbours are, and put what has a `:` or `#` in quotes"


def _reworded(said: str, line: str, column: int) -> tuple[str, str | None]:
    """The parser's complaint at a place of a line in a user's words, and a hint."""
    rest = line[column:]
    if "could not find expected ':'" in said:
        return "this key has no `:` after it, or the line before it is not finished", None
    if "found a tab" in said or (rest.startswith("\t") and "cannot start any token" in said):
        return "a tab cannot indent a line", "indent with spaces"
    if "cannot start any token" in said:
        return f"a plain value cannot start with `{rest[:1]}`", "put it in quotes"
    layer = re.match(r"\s*(?:-\s+)?([\w-]+):\s+([A-Z]\w*):", line)
    if "mapping values are not allowed" in said and layer:
        hint = f"put the layer in braces: `{layer[1]}: {{{layer[2]}: …}}`"
        return "a `:` here would start a second mapping on this line", hint
    tight = re.match(r"\s*(?:-\s+)?(\w+):[\[{]", line)
    if "mapping values are not allowed" in said and tight:
        return "a `:` here would start a second mapping on this line", (
            f"put a space after `{tight[1]}:`"
        )
    if "mapping values are not allowed" in said:
        return "a `:` here would start a second mapping on this line", (
            "put a value that has `: ` in it in quotes, or start a new line"
        )
    if "expected ',' or '}'" in said or "expected ',' or ']'" in said:
        closer = said.rstrip("'")[-1]
        return f"a `,` or `{closer}` is missing before this", None
    if "expected key" in said or "expected <block end>" in said:
        return "this does not continue the mapping around it", _PLACED
    if "expected node content" in said:
        return "a value is missing here", None
    if "expected '-' indicator" in said:
        return "this does not continue the list around it", _PLACED
    return said.replace("'", "`") or "this is not YAML", None


def _events(text: str) -> Iterator[Any]:
    # As events both parsers work without recursion; the C one is the faster.
    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    parser = loader(text)
    while parser.check_event():
        yield parser.get_event()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.name, self.text = name, text
        self.events = _events(text)
        self.count = 0

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.name, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def next(self) -> Any:
        self.count += 1
        try:
            event = next(self.events)
        except yaml.MarkedYAMLError as problem:
            raise self.malformed(problem) from None
        except (yaml.YAMLError, ValueError, OverflowError) as problem:
            span = Span(self.name, 1, 1, 1, 1)
            raise _error("NS103", f"this is not YAML: {problem}".split("\n")[0], span) from None
        if self.count > MAX_EVENTS:
            raise _error(
                "NS106",
                f"the file has more than {MAX_EVENTS:,} keys and values",
                self.span(event),
                hint="a block with parameters, and `repeat` or `each`, say the same in less",
            )
        return event

    def malformed(self, problem: yaml.MarkedYAMLError) -> SpecError:
        other = self.of_another_tool("NS103")
        if other is not None:
            return other
        mark = problem.problem_mark or problem.context_mark
        said, context = problem.problem or "", problem.context or ""
        place = self.at(mark)
        opener = self.at(problem.context_mark)
        at_end = mark is not None and not self.after(mark).strip()
        for words, (name, closer) in _OPENERS.items():
            if words in context and at_end and closer:
                hint = f"add the `{closer}` that ends it" if closer in "]}" else None
                return _error("NS103", f"this {name} is never closed", opener, hint=hint)
        line = self.line(mark.line) if mark else ""
        what, hint = _reworded(said, line, mark.column if mark else 0)
        if mark and "$(" in self.line(mark.line)[: mark.column]:
            hint = 'within `{…}` or `[…]`, quote an expression that has brackets: "$(sizes[0])"'
        notes: tuple[Note, ...] = ()
        for words, (name, _) in _OPENERS.items():
            if words in context and opener[1:3] != place[1:3]:
                notes = (Note(f"in the {name} that starts here", opener),)
        return _error("NS103", what, place, notes=notes, hint=hint)

    def of_another_tool(self, code: str) -> SpecError | None:
        """The finding for a whole file in another language, told at its first line of that."""
        for what, pattern in _LANGUAGES.items():
            found = pattern.search(self.text[:_LOOKED_AT])
            if found:
                line = self.text.count("\n", 0, found.start()) + 1
                end = len(self.line(line - 1)) + 1
                span = Span(self.name, line, 1, line, max(2, end))
                return _error(code, f"this reads as {what}, and a spec is YAML", span, hint=START)
        return None

    def at(self, mark: Any) -> Span:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        last = self.text.count("\n") + 1
        if line > last:  # the parser ends a last line that nothing ends
            line, column = last, len(self.line(last - 1)) + 1
        return Span(self.name, line, column, line, column + 1)

    def after(self, mark: Any) -> str:
        """The text from a mark on; a mark may stand below a last line that nothing ends."""
        lines = self.text.split("\n", mark.line)
        return lines[mark.line][mark.column :] if mark.line < len(lines) else ""

    def line(self, number: int) -> str:
        lines = self.text.split("\n", number + 1)
        return lines[number] if number < len(lines) else ""

    def read(self) -> Mapping:
        node = self.document()
        if not isinstance(node, Mapping):
            other = self.of_another_tool("NS109")
            if other is not None:
                raise other
            span = node.span if node else Span(self.name, 1, 1, 1, 1)
            said = "the file is empty" if _is_null(node) else "a spec is a mapping of keys"
            raise _error(
                "NS109",
                said,
                span,
                hint=START,
            )
        return node

    def value(self) -> Node:
        node = self.document()
        return node if node is not None else Scalar(None, Span(self.name, 1, 1, 1, 1))

    def document(self) -> Node | None:
        root: Node | None = None
        seen = False
        while True:
            event = self.next()
            kind = type(event)
            if kind is yaml.StreamEndEvent:
                return root
            if kind is yaml.DocumentStartEvent:
                if seen:
                    raise _error(
                        "NS109",
                        "a second document starts here",
                        self.span(event),
                        hint="one file describes one network",
                    )
                if event.tags:
                    raise _error("NS105", "a `%TAG` directive is not allowed", self.span(event))
                seen = True
                root = self.node(self.next(), 0)

    def node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is yaml.AliasEvent:
            raise _error(
                "NS105",
                f"the alias `*{event.anchor}` is not allowed",
                self.span(event),
                hint="a block under `blocks:` says a thing once and uses it often",
            )
        if event.anchor is not None:
            raise _error(
                "NS105",
                f"the anchor `&{event.anchor}` is not allowed",
                self.span(event),
                hint="a block under `blocks:` says a thing once and uses it often",
            )
        if event.tag is not None:
            raise _error(
                "NS105",
                f"the tag `{_short_tag(event.tag)}` is not allowed",
                self.span(event),
                hint="delete it; a spec is plain data",
            )
        if kind is yaml.ScalarEvent:
            return self.scalar(event)
        if depth >= MAX_DEPTH:
            raise _error(
                "NS106",
                f"more than {MAX_DEPTH} levels deep",
                self.span(event),
                hint="a block under `blocks:` gives a part of the network a place of its own",
            )
        if kind is yaml.SequenceStartEvent:
            items: list[Node] = []
            while True:
                following = self.next()
                if type(following) is yaml.SequenceEndEvent:
                    return Sequence(items, self.around(event, following))
                items.append(self.node(following, depth + 1))
        return self.mapping(event, depth)

    def around(self, first: Any, last: Any) -> Span:
        start = first.start_mark
        if last.start_mark.index == last.end_mark.index:  # block style: ends where the next begins
            return Span(
                self.name, start.line + 1, start.column + 1, start.line + 1, start.column + 2
            )
        end = last.end_mark
        return Span(self.name, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def mapping(self, event: Any, depth: int) -> Mapping:
        items: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        while True:
            following = self.next()
            if type(following) is yaml.MappingEndEvent:
                return Mapping(items, keys, self.around(event, following))
            key, span = self.key(following, depth)
            if key[0] in _BEFORE_NUMBER:
                self.no_tuple(key, span)
            if key in items:
                raise _error(
                    "NS104",
                    f"the key `{key}` is written twice",
                    span,
                    notes=(Note("it is first written here", keys[key]),),
                    hint="rename or delete one of them",
                )
            keys[key] = span
            items[key] = self.node(self.next(), depth + 1)

    def key(self, event: Any, depth: int) -> tuple[str, Span]:
        node = self.node(event, depth + 1)
        if isinstance(node, Scalar):
            if isinstance(node.value, str) and 0 < len(node.value) <= 200:
                if node.value == "<<" and not node.quoted:
                    raise _error(
                        "NS105",
                        "the merge key `<<` is not allowed",
                        node.span,
                        hint="a block under `blocks:` says a thing once and uses it often",
                    )
                return node.value, node.span
            self.no_tuple(event.value, node.span)
            if type(node.value) in (int, float) and _NUMBERED.match(event.value):
                return event.value, node.span  # a layer's name, as the layers of a list have it
            written = f"`{event.value[:40]}`" if event.value else "an empty key"
            number = type(node.value) in (int, float)
            raise _error(
                "NS107",
                f"{written} is not a name",
                node.span,
                hint=f"write it in quotes: `'{event.value}'`"
                if number
                else "a key starts with a letter, as `conv1` does",
            )
        kind = "list" if isinstance(node, Sequence) else "mapping"
        raise _error("NS107", f"a {kind} cannot be a key", node.span, hint="a key is a name")

    def no_tuple(self, text: str, span: Span) -> None:
        """Raise `SpecError` where `text` is a piece of `(3, 3)`, which YAML's commas cut."""
        if not _PIECE.match(text):
            return
        line = self.line(span.line - 1)
        for found in _TUPLE.finditer(line):
            if found.start() < span.column - 1 < found.end():
                there = Span(self.name, span.line, found.start() + 1, span.line, found.end() + 1)
                inner = found[0][1:-1].strip().rstrip(",")
                raise _error(
                    "NS202",
                    f"`{found[0]}` stands in parentheses, and a list stands in brackets",
                    there,
                    hint=f"write `[{inner}]`",
                )

    def scalar(self, event: Any) -> Scalar:
        text: str = event.value
        span = self.span(event)
        if len(text) > MAX_SCALAR:
            raise _error(
                "NS106",
                f"a value of {counted(len(text), 'character')} is too long",
                span,
                hint=f"a value may have {MAX_SCALAR:,} characters",
            )
        if event.style:  # None or empty for a plain scalar, as the parser has it
            return Scalar(text, span, quoted=True)
        if text in _WORDS:
            return Scalar(_WORDS[text], span)
        first = text[0]
        if first == "(" or text[-1] == ")":
            self.no_tuple(text, span)
        if first.isdigit() or first in "+-.":
            return Scalar(self.number(text, span), span)
        return Scalar(text, span)

    def number(self, text: str, span: Span) -> Value:
        if _NOT_FINITE.match(text):
            raise _error("NS108", f"`{text}` is not a finite number", span, hint="write a number")
        value: int | float
        if len(text) > 40 and (_INT.match(text) or _FLOAT.match(text) or _HEX.match(text)):
            raise _error(
                "NS108", f"a number of {counted(len(text), 'character')} is too long", span
            )
        if _INT.match(text):
            value = int(text)
        elif _OCTAL.match(text):
            value = int(text, 8)
        elif _HEX.match(text):
            value = int(text, 16)
        elif _FLOAT.match(text):
            value = float(text)
        else:
            return text
        if abs(value) > MAX_NUMBER:
            raise _error(
                "NS108", f"`{text}` is too large", span, hint=f"the largest is {MAX_NUMBER:.0e}"
            )
        return value


def _short_tag(tag: str) -> str:
    """A tag as it is written: `!!python/object`."""
    core = "tag:yaml.org,2002:"
    return "!!" + tag.removeprefix(core) if tag.startswith(core) else tag


def _is_null(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and node.value is None)
