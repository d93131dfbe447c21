"""The closed registry of layers: what a spec can name."""

from __future__ import annotations

from netspec.ops import (
    activation,
    adaptive_pool,
    attention,
    conv,
    conv_transpose,
    dropout,
    join,
    linear,
    maxvit,
    norm,
    pad,
    pool,
    reshape,
    select,
    shuffle,
    softmax,
    swin,
    unfold,
    upsample,
)
from netspec.ops.base import Op

MODULES = (
    conv,
    conv_transpose,
    linear,
    pool,
    adaptive_pool,
    norm,
    activation,
    softmax,
    dropout,
    pad,
    upsample,
    shuffle,
    reshape,
    select,
    unfold,
    attention,
    swin,
    maxvit,
    join,
)

OPS: dict[str, type[Op]] = {
    name: value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, type)
    and issubclass(value, Op)
    and not value.abstract
    and value.__module__ == module.__name__
}
"""Every layer by its name."""
