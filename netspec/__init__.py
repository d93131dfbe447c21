"""netspec: a network in one YAML file, checked before torch could load.

```python
net = netspec.load("specs/resnet18.yaml", num_classes=10)  # needs no torch
net.num_params, net.macs, net.output_shape, net.min_input_size
module = net.build()  # an ordinary torch.nn.Module
```
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netspec.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from torch import nn

    from netspec.compiler.facade import Network

__version__ = "0.1.0"
__all__ = ["Diagnostic", "SpecError", "__version__", "build", "load", "loads"]


def load(
    path: str | os.PathLike[str],
    /,
    *,
    params: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    **keywords: Any,
) -> Network:
    """Check the spec at `path`, with parameters, keys of its recipe and the input set over its own.

    A parameter is given by its keyword or, whatever it is called, under `params`. `train` is nested
    as in the file, where a key replaces the spec's and those of `data` are set one by one, or has
    dotted keys as `--set` takes them: `{"data.resize": 64, "optimizer.SGD.lr": 0.1}`. `input` is
    without the batch. Needs no torch. Raises `SpecError`, whose `diagnostics` are every finding.
    """
    from netspec.compiler import compile_path
    from netspec.compiler.sources.from_python import overrides_from

    return compile_path(path, overrides_from(keywords, params, train, input))


def loads(
    text: str,
    /,
    *,
    params: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    **keywords: Any,
) -> Network:
    """The same for a spec given as text."""
    from netspec.compiler import compile_text
    from netspec.compiler.sources.from_python import overrides_from

    return compile_text(text, overrides=overrides_from(keywords, params, train, input))


def build(
    path: str | os.PathLike[str],
    /,
    *,
    params: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    **keywords: Any,
) -> nn.Module:
    """The spec at `path` as an ordinary `torch.nn.Module`. Raises `SpecError`."""
    return load(path, params=params, train=train, input=input, **keywords).build()
