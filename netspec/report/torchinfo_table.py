"""torchinfo's own table of the built module. Imports torch."""

from __future__ import annotations

from netspec.compiler.facade import Network


def torchinfo_table(network: Network, *, batch_size: int, depth: int | None) -> str:
    """The table for a batch of zeros, `depth` levels deep."""
    import torch
    import torchinfo

    statistics = torchinfo.summary(
        network.build(),
        input_data=[
            torch.zeros((batch_size, *one.shape), dtype=getattr(torch, one.dtype.name))
            for one in network.inputs
        ],
        depth=depth or 5,
        col_names=("output_size", "num_params", "mult_adds"),
        verbose=0,
    )
    return str(statistics)
