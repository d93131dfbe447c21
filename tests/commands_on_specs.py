"""The commands that read a spec, run in this process, and how each may end."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0041]"
)
LONGEST = 2_000
"""Characters of a line that is printed for people."""


class Bad(Exception):
    """What should not be: its kind, and what there was."""


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class _Input:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def run(arguments: list[str], stdin: bytes = b"") -> Ran:
    """`netspec` with these arguments in this process. Raises what it should have caught."""
    from netspec.cli.main import main

    sys.argv = ["netspec", *arguments]
    code: object = 0
    before = sys.stdin
    with (contextlib.redirect_stdout(io.StringIO()) as out,
          contextlib.redirect_stderr(io.StringIO()) as err):  # fmt: skip
        sys.stdin = _Input(stdin)  # type: ignore[assignment]
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        finally:
            sys.stdin = before
    return Ran(code if isinstance(code, int) else 1, out.getvalue(), err.getvalue())


def command(draw: random.Random) -> tuple[list[str], str]:
    """What is done with a file, and how its outcome is judged."""
    kind = draw.choices(("check", "stdin", "set", "summary", "schema", "resolved"),
                        (85, 4, 4, 3, 1, 3))[0]  # fmt: skip
    format = draw.choices(("text", "json", "concise", "github"), (45, 30, 12, 13))[0]
    match kind:
        case "check":
            strict = ["--strict"] if draw.random() < 0.1 else []
            return ["check", "spec.yaml", "--format", format, *strict], kind
        case "stdin":
            return ["check", "-", "--format", format], kind
        case "set":
            name = draw.choice(("n", "depth", "num_classes", "train.epochs", "train.optimizer", "a",
                                "train.data", "width", "x", "train"))  # fmt: skip
            value = draw.choice(("1", "0", "-1", "1e9", "a", "[1, 2]", "{SGD: {lr: 1}}", "~",
                                 "\x1b[31m", "x" * 300))  # fmt: skip
            size = draw.choice(([], [], ["--input", draw.choice(("3,32,32", "1,1,1", "4", "1,9"))]))
            return [
                "check",
                "spec.yaml",
                "--format",
                format,
                "--set",
                f"{name}={value}",
                *size,
            ], kind
        case "summary":
            depth = draw.choice(([], ["--depth", "1"], ["--batch-size", "7"]))
            return ["summary", "spec.yaml", "--format", draw.choice(("text", "json")), *depth], kind
        case "schema":
            return ["schema", "spec.yaml"], kind
        case _:
            return ["resolved", "spec.yaml"], kind


def resolved() -> Ran:
    """The spec written out in full, as a run keeps it: it must be taken as the spec was."""
    from netspec.compiler import compile_path, compile_text
    from netspec.diagnostics import SpecError

    try:
        network = compile_path("spec.yaml")
    except SpecError:
        return Ran(1, "", "")
    text = network.resolved()
    try:
        again = compile_text(text)
    except SpecError as problem:
        found = problem.diagnostics[0]
        if found.code == "NS106":  # written out in full it may be longer than a spec may be
            return Ran(0, "", "")
        raise Bad("resolved: refused", f"{found.code} {found.message} {text[:2000]}") from None
    if again.output_shape != network.output_shape or again.num_params != network.num_params:
        raise Bad("resolved: another network", text[:2000])
    return Ran(0, "", "")


def judged(ran: Ran, kind: str, arguments: list[str], findings: list[Any], lines: Any) -> None:
    """Raise `Bad` where a command ended, or said, what it should not."""
    allowed = (0, 1, 2) if kind == "set" else (0, 1)
    if ran.code not in allowed:
        raise Bad(f"exit code {ran.code} of {kind}", ran.err[:500])
    if ran.err and not (ran.code and kind in ("set", "summary", "schema")):
        raise Bad(f"{kind} says something on standard error", ran.err[:500])
    for text in (ran.out, ran.err):
        found = None if kind == "schema" else UNSAFE.search(text)
        if found:
            raise Bad(f"{kind} prints U+{ord(found.group()):04X}",
                      text[max(0, found.start() - 200) : found.end() + 50])  # fmt: skip
        text.encode()
    if "json" in arguments and kind != "summary" and ran.code != 2:
        told = json.loads(ran.out)
        if len(told) != len(findings):
            raise Bad("JSON tells another number of findings", ran.out[:300])
    elif not {"json", "github"} & set(arguments) and kind != "schema":
        longest = max(map(len, ran.out.split("\n")))
        if kind != "summary" and longest > LONGEST:
            raise Bad(f"a line of {kind} has {longest // 1000},000 characters", ran.out[:300])
    if ran.code == 1 and kind in ("check", "stdin", "set") and not findings:
        raise Bad("exit code 1 without a finding", ran.out[:300])
    for finding in findings:
        place = _misplaced(finding.span, lines, kind)
        if place:
            raise Bad(f"{finding.code} stands nowhere", f"{place}: {finding}"[:500])


def _misplaced(span: Any, lines: Any, kind: str) -> str | None:
    """Why a finding's place is none of the file's; None for one that is."""
    if span.file.startswith("--"):
        return None if kind == "set" else "a place of the command line"
    text = lines(span.file)
    if text is None:
        return "a file that is not there"
    if not 1 <= span.line <= len(text):
        return f"line {span.line} of {len(text)}"
    width = len(text[span.line - 1])
    if not 1 <= span.column <= width + 1:
        return f"column {span.column} of {width}"
    if (span.end_line, span.end_column) < (span.line, span.column):
        return "it ends before it begins"
    return None


def lines_of(name: str, data: bytes) -> list[str] | None:
    """The lines of a file as netspec counts them."""
    if name in ("spec.yaml", "<stdin>"):
        text = data.decode("utf-8-sig", errors="replace")
    else:
        try:
            text = Path(name).read_text("utf-8-sig", errors="replace")
        except OSError:
            return None
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
