"""read → extend → override → validate → expand and infer → recipe: a `Network`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from netspec.compiler.analysis.init_check import misapplied
from netspec.compiler.expanding.expand import expand
from netspec.compiler.ir import Layer, Network
from netspec.compiler.language.document import Document
from netspec.compiler.sources.extend import extend, read
from netspec.compiler.sources.override import NONE, Overrides, override, parameters
from netspec.compiler.validating.init_rules import init_rules, unmatched
from netspec.compiler.validating.sections import input_shape, recipe_section
from netspec.compiler.validating.validate import validate
from netspec.diagnostics import SpecError
from netspec.source import Mapping, Scalar, Source, parse

__all__ = ["Layer", "Network", "Overrides", "compile_path", "compile_source", "compile_text"]


def compile_path(path: str | os.PathLike[str], overrides: Overrides = NONE) -> Network:
    """Check the spec at `path`. Raises `SpecError` with every finding."""
    return compile_source(read(os.fspath(path)), overrides, Path(path))


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
    params = parameters(document, overrides)
    shape = input_shape(document, params)
    for section in (document.init, *(block.init for block in document.blocks.values())):
        init_rules(section)
    train = recipe_section(document, params)
    expansion = expand(document, params, shape)
    network = Network(
        name=document.name,
        description=_text(root.items.get("description")),
        input_shape=shape,
        root=expansion.root,
        document=document,
        params=params,
        train=train,
        output_list=expansion.outputs,
        path=path,
    )
    findings = unmatched(network, document.init) or misapplied(network)
    if findings:
        raise SpecError(tuple(findings))
    return network


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
