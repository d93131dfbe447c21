"""`order`: the children of a block in the order in which torch is to list them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.compiler.expanding.context import AlreadyReported, Elaboration
from netspec.compiler.expanding.held_names import named_so
from netspec.compiler.ir import Layer, Scope
from netspec.compiler.language.document import Block, Child
from netspec.compiler.language.expression import pieces
from netspec.diagnostics import nearest


def listed_order(context: Elaboration, block: Block, made: Layer, scope: Scope) -> tuple[int, ...]:
    """The children in the order in which torch is to list them. Raises `AlreadyReported`."""
    places: dict[str, list[int]] = {}
    for i, child in enumerate(made.children):
        for name in named_so(child.name):
            places.setdefault(name, []).append(i)
    order = [(context.layer_name(raw, span, scope), span) for raw, span in block.order]
    for name, span in order:
        if name not in places and not _left_out(context, name, block):
            near = nearest(name, list(places))
            hint = f"did you mean `{near}`?" if near else None
            context.report("NS205", f"no layer of `{block.name}` is called `{name}`", span, hint)
            raise AlreadyReported
    first = dict.fromkeys(i for name, _ in order for i in places.get(name, ()))
    return (*first, *(i for i in range(len(made.children)) if i not in first))


def _left_out(context: Elaboration, name: str, block: Block) -> bool:
    """Whether a layer of this name may be left out of some uses of the block."""
    form = context.optional.get(block.name)
    if form is None:
        forms = (form for raw in _optional(block.body.children) for form in _forms(raw))
        form = context.optional[block.name] = re.compile("|".join(forms) or "(?!)")
    return form.fullmatch(name) is not None


def _optional(children: tuple[Child, ...], spliced: bool = False) -> Iterator[str]:
    """The names, as written, of layers that `if` or `each` may leave out."""
    for child in children:
        entry = child.entry
        if entry.spliced:
            yield from _optional(entry.children, spliced=True)
        elif spliced or entry.condition is not None or entry.each is not None:
            raw = entry.name if entry.name is not None else child.key
            if raw is not None:
                yield raw


def _forms(raw: str) -> Iterator[str]:
    """What a name and those of its holders may become: an expression stands for any word."""
    pattern = "".join(
        re.escape(piece.literal) if piece.literal is not None else "[A-Za-z0-9_-]+"
        for piece in pieces(raw)
    )
    yield pattern
    yield from (pattern[: dot.start()] for dot in re.finditer(r"\\\.", pattern))
