"""A network as a table of its layers, from the static analysis alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from netspec.compiler.analysis.step_memory import step_memory
from netspec.compiler.facade import Network
from netspec.compiler.ir import (
    Layer,
    activation_bytes,
    leaves,
    macs,
    num_params,
    owners,
)
from netspec.counted import counted
from netspec.escape import safe
from netspec.ops.base import Shape, text
from netspec.ops.dtype import Dtype
from netspec.report.check import inputs_said, least_said, outputs_said
from netspec.report.figure import figure, size
from netspec.report.memory import training_memory

HEADER = ("layer", "kind", "output", "parameters", "multiply-adds", "activations")


class Row(NamedTuple):
    """One line: a layer, or a container that is folded (its figures are sums)."""

    layer: Layer
    depth: int
    folded: bool
    params: int
    macs: int
    activations: int
    runs: bool


def rows(network: Network, depth: int | None) -> list[Row]:
    """The rows of the table, containers above what is in them, folded below `depth`."""
    return list(_rows(network.root, 0, depth, True))


def _rows(layer: Layer, level: int, depth: int | None, runs: bool) -> Iterator[Row]:
    for child in layer.children:
        inner = list(leaves(child)) if runs else []
        folded = child.op is None and (depth is not None and level + 1 >= depth)
        yield Row(
            child,
            level,
            folded,
            sum(num_params(x) for x in owners(child)),
            sum(macs(x) for x in inner),
            sum(activation_bytes(x) for x in inner),
            runs and child.runs,
        )
        if child.op is None and not folded and child.kind != "call":
            yield from _rows(child, level + 1, depth, runs and child.runs)


def table(network: Network, *, depth: int | None = None, batch_size: int | None = None) -> str:
    """The whole summary as text."""
    found = rows(network, depth)
    cells: list[tuple[str, ...]] = [HEADER]
    for row in found:
        cells.append(_cells(row))
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADER))]
    lines = [_heading(network), ""]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    for i, line in enumerate(cells):
        padded = [
            cell.ljust(widths[k]) if k < 3 else cell.rjust(widths[k]) for k, cell in enumerate(line)
        ]
        lines.append("  ".join(padded).rstrip())
        if i == 0:
            lines.append(rule)
    lines.append(rule)
    lines.extend(_totals(network, batch_size))
    return "\n".join(lines)


def _heading(network: Network) -> str:
    title = safe(network.name)
    if network.description:
        title += f": {safe(' '.join(network.description.split()))}"
    return title


def _cells(row: Row) -> tuple[str, ...]:
    layer = row.layer
    name = "  " * row.depth + safe(layer.name)
    kind = safe(layer.kind_name)
    if layer.kind == "call":
        kind = f"call, {type(layer.op).__name__}" if layer.op else "call"
    if layer.op is not None and layer.op.parametrizations:
        kind += ", " + ", ".join(function for function, _ in layer.op.parametrizations)
    if layer.training_only:
        kind += " (training)"
    if not layer.runs:
        kind += " (not run)"
    container = layer.op is None and not row.folded and layer.kind != "call"
    if container:
        return (name, kind, text(layer.output), "", "", "")
    return (
        name,
        kind,
        text(layer.output),
        f"{row.params:,}" if row.params else "–",
        figure(row.macs) if row.macs else "–",
        size(row.activations) if row.runs else "–",
    )


def _totals(network: Network, batch_size: int | None) -> list[str]:
    batch = batch_size or network.recipe.batch_size
    memory, step = training_memory(network, batch), step_memory(network)
    least = least_said(network)
    lines = [
        f"{'inputs' if len(network.inputs) > 1 else 'input':<19}{inputs_said(network)}"
        + (f", {'at ' if network.min_input_size else ''}least {least}" if least else ""),
        f"{'outputs' if len(network.outputs) > 1 else 'output':<19}{outputs_said(network)}",
        f"parameters         {network.num_params:,} ({size(4 * network.num_params)} in float32)",
        f"multiply-adds      {figure(network.macs)} a sample",
        f"activations        {size(network.activation_bytes)} a sample in float32; "
        f"training holds {size(step.peak.bytes())}",
    ]
    if network.training_params:
        lines.append(
            f"only in training   {counted(network.training_params, 'parameter')}, "
            f"{figure(sum(macs(x) for x in leaves(network.root)) - network.macs)} multiply-adds"
        )
    lines.append(
        f"training memory    {size(memory.total)} at a batch of {batch:,}: "
        f"weights {size(memory.weights)}, gradients {size(memory.gradients)}, "
        f"{memory.optimizer_name} {size(memory.optimizer)}, activations {size(memory.activations)}"
    )
    return lines


def _end(name: str, shape: Shape, dtype: Dtype) -> dict[str, Any]:
    """An input or an output as JSON."""
    return {"name": name, "shape": shape, "dtype": dtype.name}


def as_json(network: Network, *, depth: int | None = None, batch_size: int | None = None) -> str:
    """The same as JSON; sizes in bytes, shapes without the batch."""
    batch = batch_size or network.recipe.batch_size
    memory, step = training_memory(network, batch), step_memory(network)
    data = {
        "name": network.name,
        "description": network.description,
        "input_shape": network.input_shape,
        "output_shape": network.output_shape,
        "inputs": [_end(one.name, one.shape, one.dtype) for one in network.inputs],
        "outputs": [
            {**_end(one.name, one.shape, one.dtype), "training_only": one.training_only}
            for one in network.outputs
        ],
        "min_input_size": network.min_input_size,
        "min_input_size_above": network.least_input.above,
        "num_params": network.num_params,
        "macs": network.macs,
        "training_only_params": network.training_params,
        "activation_bytes": network.activation_bytes,
        "training_bytes": step.peak.bytes(),
        "training_memory": {"batch_size": batch, **memory._asdict(), "total": memory.total},
        "layers": [
            {
                "path": row.layer.path,
                "kind": row.layer.kind_name,
                "input_shapes": row.layer.inputs,
                "output_shape": row.layer.output,
                "num_params": row.params,
                "macs": row.macs,
                "activation_bytes": row.activations,
                "training_only": row.layer.training_only,
                "runs": row.runs,
            }
            for row in rows(network, depth)
        ],
    }
    return json.dumps(data, indent=2)
