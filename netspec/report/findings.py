"""Findings as people, editors and CI read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from unicodedata import east_asian_width

from netspec.diagnostics import Diagnostic, Span
from netspec.escape import safe

WIDTH = 100
"""The longest stretch of a source line that is shown."""

Texts = Mapping[str, str]
"""The text of each file by its name."""


def text(findings: Iterable[Diagnostic], texts: Texts, color: bool = False) -> str:
    """Each finding with its line, a mark under its place, its notes and its hint."""
    lines = {name: whole.split("\n") for name, whole in texts.items()}
    return "\n\n".join(_one(f, lines, color) for f in findings)


def concise(findings: Iterable[Diagnostic]) -> str:
    """One line for each finding."""
    return "\n".join(f"{safe(str(f.span))}: {_title(f)}: {safe(f.message)}" for f in findings)


def as_json(findings: Iterable[Diagnostic]) -> str:
    """A JSON list of findings, for programs."""
    return json.dumps([as_data(f) for f in findings], indent=2)


def as_data(finding: Diagnostic) -> dict[str, object]:
    """A finding as plain data."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": safe(finding.message),
        **_place(finding.span),
        "notes": [
            {"message": safe(n.message), **(_place(n.span) if n.span else {})}
            for n in finding.notes
        ],
        "hint": None if finding.hint is None else safe(finding.hint),
    }


def _place(span: Span) -> dict[str, object]:
    return {
        "file": safe(span.file),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def github(findings: Iterable[Diagnostic]) -> str:
    """Workflow commands, which GitHub shows beside the line."""
    lines = []
    for f in findings:
        place = f.span
        message = safe(f.message) + (f"%0Ahint: {_data(safe(f.hint))}" if f.hint else "")
        lines.append(
            f"::{f.severity} file={_property(safe(place.file))},line={place.line},"
            f"col={place.column},endLine={place.end_line},endColumn={place.end_column},"
            f"title={f.code}::" + (_data(safe(f.message)) + message[len(safe(f.message)) :])
        )
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _title(finding: Diagnostic) -> str:
    return f"{finding.severity}[{finding.code}]"


_CODES = {"error": "31;1", "warning": "33;1", "note": "36", "bold": "1", "blue": "34;1"}


def _painter(color: bool) -> Callable[[str, str], str]:
    def paint(style: str, words: str) -> str:
        return f"\x1b[{_CODES[style]}m{words}\x1b[0m" if color else words

    return paint


def _one(finding: Diagnostic, lines_of: Mapping[str, list[str]], color: bool) -> str:
    paint = _painter(color)
    title = paint(finding.severity, _title(finding))
    message = paint("bold", safe(finding.message))
    lines = [f"{safe(str(finding.span))}: {title}: {message}"]
    number = str(finding.span.line)
    gutter = " " * len(number)
    source = lines_of.get(finding.span.file, [])
    if 0 < finding.span.line <= len(source) and source[finding.span.line - 1].strip():
        shown, before, width = _excerpt(source[finding.span.line - 1], finding.span)
        bar = paint("blue", "|")
        lines.append(f"  {paint('blue', number)} {bar} {shown}")
        mark = paint(finding.severity, "^" * width)
        lines.append(f"  {gutter} {bar} {' ' * before}{mark}")
    equals = paint("blue", "=")
    for note in finding.notes:
        where = f" ({safe(str(note.span))})" if note.span else ""
        lines.append(f"  {gutter} {equals} note: {safe(note.message)}{where}")
    if finding.hint:
        lines.append(f"  {gutter} {equals} hint: {safe(finding.hint)}")
    return "\n".join(lines)


def _excerpt(line: str, span: Span) -> tuple[str, int, int]:
    """The line as shown, the columns before the mark, and the mark's width."""
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(min(end, len(line)), start)
    first = 0
    if len(line) > WIDTH:
        first = max(0, min(start - 40, len(line) - WIDTH))
        end = min(end, first + WIDTH)
    head, body = safe(line[first:start]), safe(line[start:end])
    shown = head + body + safe(line[end : first + WIDTH])
    if first:
        shown, head = "…" + shown, "…" + head
    if first + WIDTH < len(line):
        shown += "…"
    return shown, _columns(head), max(_columns(body), 1)


def _columns(text: str) -> int:
    """The columns that a terminal gives the text: wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
