"""The closed registry of layers: what a spec can name."""

from __future__ import annotations

from netspec.ops import (
    activation,
    adaptive_pool,
    conv,
    dropout,
    join,
    linear,
    norm,
    pool,
    reshape,
    softmax,
)
from netspec.ops.base import Op

MODULES = (
    activation,
    adaptive_pool,
    conv,
    dropout,
    join,
    linear,
    norm,
    pool,
    reshape,
    softmax,
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
