"""The networks of `specs/torchvision`, each beside the one of torchvision that it describes."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision import models
from torchvision.models import regnet

import netspec
from netspec.compiler import Network, compile_path

FOLDER = Path(__file__).parent.parent / "specs" / "torchvision"

NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
"""To stand in the folder is to be tested."""

ONE_OF_EACH = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "regnet_x_400mf",
    "regnet_y_400mf",
    "resnet18",
    "resnet50",
    "resnext50_32x4d",
    "shufflenet_v2_x0_5",
    "squeezenet1_0",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11",
    "vgg11_bn",
    "vit_b_16",
    "vit_b_32",
    "wide_resnet50_2",
)
"""A network of every kind, the smallest; what takes long is asked of the others in `soak`."""

FIXED_SIZE = ("vit_",)
"""Networks whose weights depend on the image's size, which is a parameter of the spec."""


def load(name: str, size: int | None = None) -> Network:
    """The spec, for square images of another size where one is given."""
    path = FOLDER / f"{name}.yaml"
    if size is None:
        return compile_path(path)
    if name.startswith(FIXED_SIZE):
        return netspec.load(path, image_size=size)
    return netspec.load(path, input=(3, size, size))


def theirs(name: str, size: int | None = None) -> nn.Module:
    """torchvision's module, with fresh weights."""
    given: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        given["init_weights"] = True  # what it does anyway, without the warning
    if size is not None and name.startswith(FIXED_SIZE):
        given["image_size"] = size
    if size is not None and name == "maxvit_t":
        given["input_size"] = (size, size)
    table = regnet.BlockParams.from_init_params
    regnet.BlockParams.from_init_params = _on_cpu  # it works out widths with tensors
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            module: nn.Module = models.get_model(name, **given)
    finally:
        regnet.BlockParams.from_init_params = table
    return module


@functools.lru_cache(maxsize=2)
def on_meta(name: str, size: int | None = None) -> tuple[nn.Module, nn.Module]:
    """Ours and torchvision's, without memory for weights; kept for the next test of the network."""
    with torch.device("meta"):
        return load(name, size).build(), theirs(name, size)


_TABLE = regnet.BlockParams.from_init_params


def _on_cpu(*args: Any, **kwargs: Any) -> Any:
    with torch.device("cpu"):
        return _TABLE(*args, **kwargs)


def weights(name: str) -> list[Any]:
    """What torchvision publishes for the network: an entry for each file of weights."""
    return list(models.get_model_weights(name))


def published_size(entry: Any) -> int:
    """Height and width of the images that the published figures are for."""
    return int(entry.transforms.keywords["crop_size"])


def outputs(out: Any) -> list[Tensor]:
    """The logits, then the auxiliary heads in the order of the network."""
    if isinstance(out, Tensor):
        return [out]
    if isinstance(out, dict):
        return list(out.values())
    if hasattr(out, "aux_logits2"):  # torchvision's GoogLeNet gives the second head first
        return [out.logits, out.aux_logits1, out.aux_logits2]
    return [x for x in out if x is not None]


def output_shapes(module: nn.Module, size: int) -> dict[str, tuple[int, ...]]:
    """The shape that each module within gives, without the batch, when it first runs.

    Batch norm, which would take most of the time on `meta`, hands its input on.
    """
    found: dict[str, tuple[int, ...]] = {}

    def hook(path: str) -> Any:
        def note(_module: nn.Module, _inputs: Any, out: Any) -> None:
            first = out[0] if isinstance(out, tuple) else out  # attention gives its weights too
            if isinstance(first, Tensor):
                found.setdefault(path, tuple(first.shape[1:]))

        return note

    handles = [m.register_forward_hook(hook(path)) for path, m in module.named_modules()]
    with torch.no_grad(), mock.patch.object(F, "batch_norm", lambda x, *args, **kwargs: x):
        module.train()(torch.empty(2, 3, size, size, device="meta"))
    for handle in handles:
        handle.remove()
    return found
