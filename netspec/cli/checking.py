"""What `netspec check` does, without a parser of command lines: it must start at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from netspec.compiler.sources.override import Overrides

FORMATS: Final = ("text", "concise", "json", "github")


class UsageError(Exception):
    """A command called in a wrong way, which ends it with exit code 2."""

    def __init__(self, message: str, hint: str | None = None, details: Sequence[str] = ()) -> None:
        self.message, self.hint, self.details = message, hint, details
        super().__init__(message)

    def text(self) -> str:
        """The sentence, the lines that belong to it, and how to mend it."""
        from netspec.escape import safe

        lines = [f"error: {safe(self.message)}", *(f"  {safe(line)}" for line in self.details)]
        return "\n".join([*lines, f"hint: {safe(self.hint)}"] if self.hint else lines)

    def tell(self) -> None:
        """Print it on standard error; the exit code says it where nobody reads that."""
        try:
            print(self.text(), file=sys.stderr, flush=True)
        except OSError:
            from netspec.unheard import mute

            mute(sys.stderr)


def check_specs(
    paths: list[str],
    settings: list[str] | None = None,
    input: str | None = None,
    format: str = "text",
    strict: bool = False,
) -> int:
    """Check specs and print what was found; 0 clean, 1 findings.

    Raises `UsageError` for an unknown format, a wrong setting, or a folder without specs.
    """
    # Cyclic garbage is not worth looking for in a process that ends so soon.
    gc.disable()
    from netspec.report import check as checker
    from netspec.report.renderers import RENDERERS

    if format not in FORMATS:
        raise UsageError(f"there is no format `{format}`", f"one of {', '.join(FORMATS)}")
    if "" in paths:
        raise UsageError("a path is empty", "name a spec, a folder, or `-` for standard input")
    overrides = overrides_of(settings, input)
    try:
        files = checker.spec_paths(map(os.path.expanduser, paths))
    except FileNotFoundError as problem:
        raise UsageError(f"the folder `{problem}` holds no `*.yaml`") from None
    renderer, color = RENDERERS[format], in_color(sys.stdout)
    checked: list[checker.Checked] = []
    for path in files:
        done = checker.check(path, overrides, standard_input(path))
        _show(renderer.one(done, color))
        checked.append(done._replace(network=None, texts={}))  # no more is needed of it
    _show(renderer.end(checked))
    return int(any(c.count("error") or (strict and c.count("warning")) for c in checked))


def in_color(stream: IO[str]) -> bool:
    """Whether a terminal reads the stream that shows colours and is not asked to leave them out."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def overrides_of(settings: list[str] | None, input: str | None) -> Overrides:
    """What `--set` and `--input` say. Raises `UsageError` for a wrong one."""
    from netspec.compiler.sources.override import parse_overrides
    from netspec.diagnostics import SpecError

    try:
        return parse_overrides(settings or [], input)
    except SpecError as problem:
        found = problem.diagnostics[0]
        raise UsageError(found.message, found.hint) from None


def standard_input(path: str) -> bytes | None:
    """What stands on standard input, where the path is `-`."""
    return sys.stdin.buffer.read(1 << 20) if path == "-" else None


def _show(text: str) -> None:
    if text:
        print(text)
