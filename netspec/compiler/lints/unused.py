"""NS604, NS605, NS606: a layer, a block or a parameter that nothing uses."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from netspec.compiler.ir import INPUT, walk
from netspec.compiler.language.document import Param
from netspec.compiler.language.expression import ExpressionError, names, pieces
from netspec.compiler.lints.flow import Flow, provenance
from netspec.diagnostics import Diagnostic, Span
from netspec.ops.norm import BatchNorm
from netspec.source import Mapping, Node, Scalar, Sequence


def unused_layers(flow: Flow) -> Iterator[Diagnostic]:
    """Report each layer whose output nothing takes, in any copy of it."""
    network = flow.network
    if not network.unread:
        return
    copies: Counter[Span] = Counter()
    called: set[Span] = set()
    for layer in walk(network.root):
        for child in layer.children:
            if child.span != layer.span:  # the copies that `repeat` makes feed one another
                copies[child.span] += 1
            if child.kind == "call":
                called.add(layer.children[child.target].span)
    unread = Counter(layer.span for layer in network.unread)
    for layer in network.unread:
        span = layer.span
        if copies[span] > unread[span]:
            continue
        hint = "delete it, or name it in the `from` of a later layer"
        if isinstance(layer.op, BatchNorm):  # published weights often hold one
            hint += ", or silence this where published weights hold it"
        if layer.training_only or network.output_names:
            hint += ", or under `outputs:`"
        so = "" if layer.runs else ", so it does not run"
        if span in called:
            so, hint = so and ", so only its calls run", "write it where the first call stands"
        message = f"nothing uses `{layer.path}`{so}"
        yield Diagnostic("NS604", message, span, provenance(layer), hint)


def unused_inputs(flow: Flow) -> Iterator[Diagnostic]:
    """Report each of several inputs that no layer takes."""
    network = flow.network
    if len(network.inputs) == 1:
        return
    taken = {output.source for output in network.output_list}
    for child in network.root.children:
        taken.update(child.sources)
    for place, entry in enumerate(network.document.inputs):
        if INPUT - place not in taken:
            message = f"nothing uses the input `{entry.name}`"
            hint = f"delete it, or name it, as in `from: {entry.name}`"
            yield Diagnostic("NS604", message, entry.node.span, (), hint)


def unused_blocks(flow: Flow) -> Iterator[Diagnostic]:
    """Report each block that no other part of the spec mentions."""
    document = flow.network.document
    if not document.blocks:
        return
    mentioned: dict[str | None, set[str]] = {None: set(_words([document.root.items["layers"]]))}
    mentioned[None].update(_words_of(flow.network.params.values()))
    # a family names the blocks of its variants in parameters, which a variant replaces
    roots = (document.root, *(source.root for source in document.sources))
    mentioned[None].update(_words(r.items["params"] for r in roots if "params" in r.items))
    declared = document.root.items["blocks"]
    assert isinstance(declared, Mapping)
    for name, node in declared.items.items():
        mentioned[name] = set(_words([node]))
    for name, block in document.blocks.items():
        if not any(name in words for where, words in mentioned.items() if where != name):
            hint = f"delete it, or write `- {name}` among the layers"
            yield Diagnostic("NS605", f"nothing uses the block `{name}`", block.span, (), hint)


def unused_params(flow: Flow) -> Iterator[Diagnostic]:
    """Report each parameter that no expression names, of the spec and of its blocks."""
    document = flow.network.document
    if document.params:
        # what an override or an extending spec has replaced still counts as a use
        sections = [
            node
            for root in (document.root, *(source.root for source in document.sources))
            for key, node in root.items.items()
            if key not in ("params", "blocks")
        ]
        yield from _unused(document.params, sections, "the spec")
    declared = document.root.items.get("blocks")
    for name, block in document.blocks.items():
        if block.params and isinstance(declared, Mapping):
            body = declared.items[name]
            assert isinstance(body, Mapping)
            parts = [body.items[key] for key in ("layers", "order", "init") if key in body.items]
            yield from _unused(block.params, parts, f"`{name}`")


def _unused(params: dict[str, Param], nodes: list[Node], what: str) -> Iterator[Diagnostic]:
    mentioned: set[str] = set()
    for value in _strings(nodes):
        if "$" in value:
            try:
                mentioned |= names(value)
            except ExpressionError:
                continue
    for name, param in params.items():
        if name not in mentioned:
            hint = f"delete it, or write `${name}` where its value belongs"
            message = f"nothing in {what} uses the parameter `{name}`"
            yield Diagnostic("NS606", message, param.span, (), hint)


def _strings(nodes: Iterable[Node]) -> Iterator[str]:
    """Every key and every string below the nodes."""
    todo = list(nodes)
    while todo:
        node = todo.pop()
        if isinstance(node, Scalar):
            if isinstance(node.value, str):
                yield node.value
        elif isinstance(node, Sequence):
            todo += node.items
        else:
            yield from node.items
            todo += node.items.values()


def _words(nodes: Iterable[Node]) -> Iterator[str]:
    """The same, with the words that stand within expressions."""
    for value in _strings(nodes):
        yield value
        if "$(" in value:
            try:
                trees = [piece.tree for piece in pieces(value) if piece.tree is not None]
            except ExpressionError:
                continue
            for tree in trees:
                for node in ast.walk(tree):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value


def _words_of(values: Iterable[object]) -> Iterator[str]:
    todo = list(values)
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            todo += value
        elif isinstance(value, dict):
            todo += (*value, *value.values())
