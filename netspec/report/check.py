"""`netspec check`: many specs, one report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from netspec.compiler import Network, Overrides, compile_source
from netspec.compiler.sources.extend import read
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, SpecError
from netspec.escape import safe
from netspec.ops.base import text
from netspec.ops.dtype import FLOAT
from netspec.report.figure import figure
from netspec.source import Source, decode, lines_ended, parse

STDIN = "<stdin>"
OUTPUTS_SAID = 12


class Checked(NamedTuple):
    """One spec: its network where it is usable, every finding, and the texts to show."""

    path: str
    network: Network | None
    findings: tuple[Diagnostic, ...]
    texts: dict[str, str]

    def count(self, severity: str) -> int:
        """How many findings are of this severity, `error` or `warning`."""
        return sum(finding.severity == severity for finding in self.findings)


def spec_paths(paths: Iterable[str]) -> list[str]:
    """The files, and every `*.yaml` and `*.yml` below the folders, in order.

    Raises `FileNotFoundError` for a folder without any.
    """
    found: list[str] = []
    for path in paths:
        if path != "-" and os.path.isdir(path):
            below = [
                os.path.join(folder, name)
                for folder, folders, names in os.walk(path)
                for name in sorted(names)
                if name.endswith((".yaml", ".yml")) and not folders.sort()
            ]
            if not below:
                raise FileNotFoundError(path)
            found += below
        else:
            found.append(path)
    return found


def check(path: str, overrides: Overrides, stdin: bytes | None = None) -> Checked:
    """Check one file, or the text from standard input."""
    texts: dict[str, str] = {}
    if stdin is not None:
        path = STDIN
    try:
        if stdin is not None:
            texts[STDIN] = lines_ended(stdin.decode("utf-8-sig", errors="replace"))
            source: Source = parse(decode(stdin, STDIN), STDIN)
        else:
            source = read(path)
            texts[path] = source.text
        network = compile_source(source, overrides)
        for other in network.document.sources:
            texts[other.name] = other.text
        return Checked(path, network, network.warnings, texts)
    except SpecError as problem:
        return Checked(path, None, problem.diagnostics, finding_texts(problem.diagnostics, texts))


def finding_texts(
    findings: Iterable[Diagnostic], known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The texts of the files that findings stand in, read where they are not known."""
    texts = dict(known or {})
    for finding in findings:
        for span in (finding.span, *(note.span for note in finding.notes if note.span)):
            if span.file not in texts:
                texts[span.file] = _shown(span.file)
    return texts


def _shown(path: str) -> str:
    """The text of a file in a finding, as far as it can be shown."""
    if path.startswith("--set "):
        return path.removeprefix("--set ").partition("=")[2]
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def least_said(network: Network) -> str | None:
    """The least input, `63×63`; or `above 700×700` where the search ended there."""
    least, above = network.least_input
    size = above if least is None else least
    if size is None:
        return None
    sizes = "×".join([str(size)] * (len(network.input_shape) - 1))
    if least is not None:
        return sizes
    return f"above {sizes}, where the search ended" if size else "not found in bounded time"


def inputs_said(network: Network) -> str:
    """Every input: the shape of the only one, or names and shapes; and kinds, but for floats."""
    return ", ".join(
        (f"{safe(one.name)} " if len(network.inputs) > 1 else "")
        + text(one.shape)
        + ("" if one.dtype.name == FLOAT.name else f" of {one.dtype.name}")
        for one in network.inputs
    )


def outputs_said(network: Network) -> str:
    """Every output: the shape of the only one, or names and shapes; the first of very many."""
    several = len(network.output_list) > 1
    more = len(network.output_list) - OUTPUTS_SAID
    return ", ".join(
        (f"{safe(one.name)} " if several else "")
        + text(one.shape)
        + (" (training)" if one.training_only else "")
        for one in network.output_list[:OUTPUTS_SAID]
    ) + (f" and {more:,} more" if more > 0 else "")


def fine(checked: Checked) -> str:
    """The line for a spec that can be used."""
    network = checked.network
    assert network is not None
    parts = [
        f"{inputs_said(network)} → {outputs_said(network)}",
        f"{counted(network.num_params, 'parameter')}",
        f"{figure(network.macs)} {'multiply-add' if network.macs == 1 else 'multiply-adds'}",
    ]
    least = least_said(network)
    if least:
        parts.append(f"least input {least}")
    return f"{safe(checked.path)}: ok: " + ", ".join(parts)
