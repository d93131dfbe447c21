"""A checked network → warnings, one function a lint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from netspec.compiler.network import Network


def lint(network: Network) -> tuple[Diagnostic, ...]:
    """Every warning, in the order of the file."""
    return ()
