"""Modifiers that do not go with what stands beside them, each as a finding."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.language.document import Child
from netspec.diagnostics import Diagnostic
from netspec.source import Mapping


def else_alone(node: Mapping) -> Diagnostic | None:
    """`else` without the `if` whose other way it is, or None."""
    if "else" not in node.items or "if" in node.items:
        return None
    message = "`else` says what passes where `if` is false, and there is no `if` here"
    hint = "add `if: …`, or delete `else`"
    return Diagnostic("NS206", message, node.keys["else"], (), hint)


def unfit_branches(children: tuple[Child, ...]) -> Iterator[Diagnostic]:
    """Branches that say where their input comes from, or when they run."""
    for child in children:
        inner = child.entry
        if inner.spliced:
            yield from unfit_branches(inner.children)
        elif inner.sources or inner.otherwise or inner.training_only:
            what = "from" if inner.sources else "else" if inner.otherwise else "when"
            hint = "each branch is fed the layer's own input, always"
            yield Diagnostic("NS206", f"a branch cannot have `{what}`", child.span, (), hint)
