"""NS615: a linear layer over the rows of an image, where a `Flatten` is missing before it."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compiler.lints.flow import Flow, provenance
from netspec.diagnostics import Diagnostic, Note
from netspec.ops.adaptive_pool import AdaptivePool
from netspec.ops.base import Op, text
from netspec.ops.conv import Conv
from netspec.ops.linear import Linear
from netspec.ops.pool import Pool


def unflattened_head(flow: Flow) -> Iterator[Diagnostic]:
    """Look at the last layer, a `Linear` whose input is still an image.

    Silent where a layer such as `Permute` or `Reshape` stands between the image and it: features
    were laid last on purpose, as in a Transformer. A mixer of rows may be silenced by a comment.
    """
    if len(flow.network.input_shape) != 3:
        return
    output, source = flow.outputs[0]
    last = flow.maker(source)
    if last < 0 or len(output.shape) != 3 or not isinstance(flow.steps[last].op, Linear):
        return
    step = flow.steps[last]
    first = last  # the earliest of a row of linear layers, which is where the `Flatten` belongs
    at = step.sources[0]
    while at >= 0:
        before = flow.steps[at]
        if isinstance(before.op, Linear):
            first = at
        elif isinstance(before.op, Conv | Pool | AdaptivePool):
            break
        elif len(before.sources) > 1 or not _keeps_the_image(before.op):
            return
        at = before.sources[0]
    step = flow.steps[first]
    image = step.layer.inputs[0]
    message = (
        f"the network ends in {text(output.shape)}: this Linear maps each row of {text(image)}"
    )
    notes: tuple[Note, ...] = provenance(step.layer)
    yield Diagnostic("NS615", message, step.span, notes, "put a `Flatten` before it")


def _keeps_the_image(op: Op) -> bool:
    """Whether a layer leaves the axes where they are: norms, activations, dropout and the like."""
    kept = ("activation", "norm", "dropout", "pad", "upsample", "softmax")
    return type(op).__module__.rpartition(".")[2] in kept
