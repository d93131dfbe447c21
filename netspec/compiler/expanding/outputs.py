"""`outputs:`: the values that a network or a block gives out."""

from __future__ import annotations

from netspec.compiler.expanding.context import AlreadyReported, Elaboration, listed_names
from netspec.compiler.expanding.kinds import kinds, value_dtype
from netspec.compiler.expanding.taps import only_in_training, value_shape, within
from netspec.compiler.ir import Layer, Output, Scope, changed
from netspec.compiler.language.document import Block, Child
from netspec.diagnostics import Span, nearest
from netspec.source import Scalar


def outputs(context: Elaboration, root: Layer, scope: Scope) -> tuple[Layer, tuple[Output, ...]]:
    """The outputs that the spec names, or the one that it has; and the network that gives them."""
    declared = context.document.outputs
    if declared is None:
        return root, (Output("", root.result, root.output, False, value_dtype(root, root.result)),)
    written = context.document.layers.children
    plain = _plain(root)
    found: list[Output] = []
    for key, node in declared.items.items():
        raw = str(node.value) if isinstance(node, Scalar) else ""
        reached = _reached(context, root, plain, raw, node.span, scope, written)
        if reached is None:
            continue
        root, source = reached
        training = only_in_training(root.children, source)
        shape, dtype = value_shape(root, source), value_dtype(root, source)
        found.append(Output(key, source, shape, training, dtype))
    if found and found[0].training_only:
        name = next(iter(declared.items))
        context.report("NS310", "the first output runs only in training", declared.keys[name],
                 "put the logits first")  # fmt: skip
    return root, tuple(found)


def block_outputs(context: Elaboration, block: Block, made: Layer, scope: Scope) -> Layer | None:
    """A block's body that gives the outputs that the block names; None after a finding."""
    if made.kind != "container":
        span = block.outputs[0][2]
        context.report("NS310", f"`{block.name}` is one layer, and has none to name", span,
                       "list its layers under names")  # fmt: skip
        return None
    results: list[int] = []
    plain = _plain(made)
    context.seek(len(block.outputs), block.outputs[0][2])
    for _, raw, span in block.outputs:
        if raw in block.inputs:
            results.append(-1 - block.inputs.index(raw))
            continue
        reached = _reached(context, made, plain, raw, span, scope, block.body.children)
        if reached is None:
            return None
        made, source = reached
        results.append(source)
    shapes = tuple([value_shape(made, source) for source in results])
    return changed(
        made,
        result=results[0],
        results=tuple(results),
        output=shapes[0],
        outputs=shapes,
        output_names=tuple([name for name, _, _ in block.outputs]),
        dtypes=kinds([value_dtype(made, source) for source in results]),
    )


def _plain(layer: Layer) -> dict[str, int]:
    """The layers that give one value and are always there, by their names."""
    left_out = dict(layer.left_out)
    return {
        child.name: place
        for place, child in enumerate(layer.children)
        if not child.choices and child.name not in left_out
    }


def _reached(
    context: Elaboration,
    layer: Layer,
    plain: dict[str, int],
    raw: str,
    span: Span,
    scope: Scope,
    written: tuple[Child, ...],
) -> tuple[Layer, int] | None:
    """The container, and the source in it that an output names; None after a finding."""
    try:
        target = context.layer_name(raw, span, scope)
    except AlreadyReported:
        return None
    if target in plain:
        return layer, plain[target]
    found = within(layer, target, lambda steps: context.seek(steps, span))
    if found is not None and target not in dict(layer.left_out):
        return found
    if target and target in {child.key or child.entry.name for child in written}:
        several = [child for child in layer.children if child.name == target]
        if several:
            listed = listed_names(several[0].choices)
            context.report("NS310", f"`{target}` gives several values: {listed}", span,
                           f"name one: `{target}.{several[0].choices[0]}`")  # fmt: skip
            return None
        context.report("NS310", f"`if` leaves the output `{target}` out", span,
                       "an output is a layer that is always there")  # fmt: skip
        return None
    near = nearest(target, [child.name for child in layer.children])
    hint = f"did you mean `{near}`?" if near else "an output is a layer of `layers`"
    context.report("NS310", f"there is no layer `{target}`", span, hint)
    return None
