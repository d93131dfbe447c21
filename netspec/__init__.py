"""netspec: a network in one YAML file, checked before torch could load.

```python
net = netspec.load("specs/resnet18.yaml", num_classes=10)  # needs no torch
net.num_params, net.macs, net.output_shape, net.min_input_size
module = net.build()  # an ordinary torch.nn.Module
```
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from netspec.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from torch import nn

    from netspec.compiler.facade import Network

__version__ = "0.1.0"
__all__ = ["Diagnostic", "SpecError", "__version__", "build", "load", "loads"]


def load(
    path: str | os.PathLike[str], *, input: tuple[int, ...] | None = None, **params: Any
) -> Network:
    """Check the spec at `path`, with parameters and the input's shape set over its own.

    The shape is without the batch. Needs no torch. Raises `SpecError`, whose `diagnostics` are
    every finding.
    """
    from netspec.compiler import Overrides, compile_path

    return compile_path(path, Overrides(params, input))


def loads(text: str, *, input: tuple[int, ...] | None = None, **params: Any) -> Network:
    """The same for a spec given as text."""
    from netspec.compiler import Overrides, compile_text

    return compile_text(text, overrides=Overrides(params, input))


def build(
    path: str | os.PathLike[str], *, input: tuple[int, ...] | None = None, **params: Any
) -> nn.Module:
    """The spec at `path` as an ordinary `torch.nn.Module`. Raises `SpecError`."""
    return load(path, input=input, **params).build()
