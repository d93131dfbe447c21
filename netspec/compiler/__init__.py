"""read → extend → override → validate → expand and infer → recipe → init: a `Network`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from netspec.compiler.analysis.channels_last import noted
from netspec.compiler.analysis.class_weights import class_weights
from netspec.compiler.analysis.init_check import init_findings, init_findings_of_kinds
from netspec.compiler.expanding.expand import expand
from netspec.compiler.facade import Network
from netspec.compiler.ir import Layer
from netspec.compiler.language.document import Document
from netspec.compiler.sources.extend import extend, read
from netspec.compiler.sources.override import NONE, Overrides, override, parameters
from netspec.compiler.validating.sections import network_inputs, recipe_section
from netspec.compiler.validating.validate import validate
from netspec.diagnostics import MAX_FINDINGS, Diagnostic, SpecError
from netspec.source import Mapping, Scalar, Source, parse

__all__ = ["Layer", "Network", "Overrides", "compile_path", "compile_source", "compile_text"]

P = ParamSpec("P")
T = TypeVar("T")


def compile_path(path: str | os.PathLike[str], overrides: Overrides = NONE) -> Network:
    """Check the spec at `path`. Raises `SpecError` with every finding."""
    path = os.path.expanduser(path)
    return compile_source(read(path), overrides, Path(path))


def compile_text(text: str, name: str = "<text>", overrides: Overrides = NONE) -> Network:
    """Check a spec given as text. Raises `SpecError` with every finding."""
    return compile_source(parse(text, name), overrides)


def compile_source(
    source: Source, overrides: Overrides = NONE, path: Path | None = None
) -> Network:
    """Check a parsed spec. Raises `SpecError` with every finding."""
    extended = extend(source)
    root = override(extended.root, overrides)
    document = _validated(source, root, extended.sources)
    # What is wrong in the recipe or in `init` keeps no shape from being inferred: all is told.
    found = list(document.findings)
    params = _collected(found, parameters, document, overrides)
    if params is None:
        raise SpecError(tuple(found))
    recipe = _collected(found, recipe_section, document, params)
    inputs = _collected(found, network_inputs, document, params)
    expansion = None if inputs is None else _collected(found, expand, document, params, inputs)
    if expansion is None:
        found += init_findings_of_kinds(document)
    else:
        found += init_findings(document, params, expansion.root)
    if recipe is not None and expansion is not None:
        found += class_weights(recipe, document.train, expansion.outputs)
    if found or recipe is None or inputs is None or expansion is None:
        found.sort(key=lambda finding: finding.span)
        shape = inputs[0].shape if inputs else ()
        raise SpecError(tuple(noted(found, shape, document.input_span))[:MAX_FINDINGS])
    return Network(
        name=document.name,
        description=_text(root.items.get("description")),
        inputs=inputs,
        root=expansion.root,
        document=document,
        params=params,
        recipe=recipe,
        output_list=expansion.outputs,
        path=path,
        unread=expansion.unread,
    )


def _collected(
    found: list[Diagnostic], step: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """What a step gives; None where it ended with findings, which join those before."""
    try:
        return step(*args, **kwargs)
    except SpecError as problem:
        found += problem.diagnostics
        return None


def _validated(source: Source, root: Mapping, sources: tuple[Source, ...]) -> Document:
    """Validate; an unknown layer may come from an installed plugin, which is loaded then."""
    try:
        return validate(source, root, sources)
    except SpecError as problem:
        if not any(finding.code == "NS205" for finding in problem.diagnostics):
            raise
        from netspec.plugins import load_installed

        if not load_installed():
            raise
    return validate(source, root, sources)


def _text(node: Any) -> str:
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""
