"""`outputs:`: the values that a network gives out."""

from __future__ import annotations

from netspec.compiler.expanding.context import AlreadyReported, Elaboration
from netspec.compiler.ir import Layer, Output, Scope
from netspec.diagnostics import nearest
from netspec.source import Scalar


def outputs(context: Elaboration, root: Layer, scope: Scope) -> tuple[Output, ...]:
    """The outputs that the spec names, or the one that it has."""
    declared = context.document.outputs
    if declared is None:
        return (Output("", root.result, root.output, False),)
    known = {child.name: (i, child) for i, child in enumerate(root.children)}
    found: list[Output] = []
    for key, node in declared.items.items():
        try:
            raw = str(node.value) if isinstance(node, Scalar) else ""
            target = context.layer_name(raw, node.span, scope)
        except AlreadyReported:
            continue
        if target not in known:
            written = {c.key or c.entry.name for c in context.document.layers.children}
            if target and target in written:
                context.report("NS310", f"`if` leaves the output `{target}` out", node.span,
                         "an output is a layer that is always there")  # fmt: skip
                continue
            near = nearest(target, list(known))
            hint = f"did you mean `{near}`?" if near else "an output is a layer of `layers`"
            context.report("NS310", f"there is no layer `{target}`", node.span, hint)
            continue
        i, child = known[target]
        found.append(Output(key, i, child.output, child.training_only))
    if found and found[0].training_only:
        name = next(iter(declared.items))
        context.report("NS310", "the first output runs only in training", declared.keys[name],
                 "put the logits first")  # fmt: skip
    return tuple(found)
