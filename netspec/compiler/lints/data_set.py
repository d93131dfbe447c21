"""NS502: a known data set that does not fit the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netspec.compiler.lints.flow import Flow
from netspec.compiler.lints.recipe import data_place
from netspec.counted import counted
from netspec.diagnostics import Diagnostic, Note
from netspec.ops.base import text
from netspec.recipe import DATA_SETS

_CROPS: Final = ("RandomCrop", "RandomResizedCrop")


def data_set(flow: Flow) -> Iterator[Diagnostic]:
    """Compare channels, size and classes, as far as the spec tells them.

    More outputs than classes is left to the trainer: a spec is written for its paper's classes,
    and `--set num_classes=10` comes with the run.
    """
    network = flow.network
    data = network.recipe.data
    known = DATA_SETS[data.dataset].contents if data.dataset in DATA_SETS else None
    span = data_place(network, "dataset")
    shape = network.input_shape
    if len(shape) != 3:
        return
    if known is None or span is None:
        yield from _resized(flow)
        return
    note = (Note(f"the input is {text(shape)}", network.document.input_span),)
    channels = data.channels or known.shape[0]
    if channels != shape[0]:
        hint = f"write `input: {[known.shape[0], *shape[1:]]}`"
        if shape[0] in (1, 3):
            kind = "grey" if shape[0] == 1 else "red, green and blue"
            hint = f"add `channels: {shape[0]}` beside it, which makes them {kind}, or {hint}"
        images = f"images of `{data.dataset}` have {counted(channels, 'channel')}"
        message = f"{images}, and the network takes {shape[0]}"
        yield Diagnostic("NS502", message, span, note, hint)
        return
    cropped = any(e.name in _CROPS for e in network.recipe.augment)
    size = data.resize or known.shape[1:]
    if size != shape[1:] and not cropped:
        wanted = shape[1] if shape[1] == shape[2] else list(shape[1:])
        taken = f"and the network takes {text(shape[1:])}"
        if data.resize:
            message, hint = f"images are resized to {text(size)}, {taken}", "write"
        else:
            message, hint = f"images of `{data.dataset}` are {text(size)}, {taken}", "add"
        place = data_place(network, "resize") or span
        yield Diagnostic("NS502", message, place, note, f"{hint} `resize: {wanted}`")
        return
    outputs = network.output_shape
    if len(outputs) == 1 and outputs[0] < known.classes:
        had = f"`{data.dataset}` has {counted(known.classes, 'class', 'classes')}"
        message = f"{had}, and the network has {counted(outputs[0], 'output')}"
        hint = f"give the last layer {counted(known.classes, 'output')}"
        if "num_classes" in network.params:
            hint += f", as with `--set num_classes={known.classes}`"
        yield Diagnostic("NS502", message, span, (), hint)


def _resized(flow: Flow) -> Iterator[Diagnostic]:
    """Compare the size that images of any data set are resized to, where no crop follows."""
    network = flow.network
    size, shape = network.recipe.data.resize, network.input_shape
    place = data_place(network, "resize")
    if size is None or place is None or size == shape[1:]:
        return
    if any(e.name in _CROPS for e in network.recipe.augment):
        return
    wanted = shape[1] if shape[1] == shape[2] else list(shape[1:])
    message = f"images are resized to {text(size)}, and the network takes {text(shape[1:])}"
    note = (Note(f"the input is {text(shape)}", network.document.input_span),)
    yield Diagnostic("NS502", message, place, note, f"write `resize: {wanted}`")
