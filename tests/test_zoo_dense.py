"""The networks of torchvision for video and for segmentation, beside those that torchvision builds.

Keys, shapes and their order; weights after the same seed, where nothing else is drawn between;
outputs equal to the bit in eval mode and in training; published parameters and multiply-adds.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.video import mvit

import netspec

FOLDER = Path(__file__).parent.parent / "specs" / "torchvision"


class Kind(NamedTuple):
    """A folder of specs: the input that outputs are compared on, and who builds the others."""

    folder: str
    sizes: dict[str, tuple[int, ...]]
    listed: Any
    seeded: bool


VIDEO = Kind(
    "video",
    {
        "r3d_18": (3, 8, 48, 48),
        "mc3_18": (3, 8, 48, 48),
        "r2plus1d_18": (3, 8, 48, 48),
        "s3d": (3, 14, 210, 210),
        "swin3d_t": (3, 5, 33, 30),
        "mvit_v1_b": (3, 4, 64, 32),
        "mvit_v2_s": (3, 4, 64, 32),
    },
    models.video,
    True,
)

SEGMENTATION = Kind(
    "segmentation",
    {
        "deeplabv3_mobilenet_v3_large": (3, 49, 65),
        "deeplabv3_resnet50": (3, 49, 65),
        "deeplabv3_resnet101": (3, 33, 33),
        "fcn_resnet50": (3, 49, 65),
        "fcn_resnet101": (3, 33, 33),
        "lraspp_mobilenet_v3_large": (3, 49, 65),
    },
    models.segmentation,
    False,  # torchvision draws the backbone's own head too, and drops it
)

ALL = [(kind, name) for kind in (VIDEO, SEGMENTATION) for name in kind.sizes]
every = pytest.mark.parametrize(("kind", "name"), ALL, ids=[name for _, name in ALL])


def spec(kind: Kind, name: str) -> Path:
    return FOLDER / kind.folder / f"{name}.yaml"


def of_one_size(name: str) -> bool:
    """Whether torchvision's network takes the size of input that it was made for, and no other."""
    return name.startswith("mvit")


def theirs(name: str, shape: tuple[int, ...] = (3, 16, 224, 224)) -> nn.Module:
    """torchvision's, of random weights; one that takes one size alone is made for `shape`."""
    made = mvit._mvit
    sizes = {"temporal_size": shape[1], "spatial_size": shape[-2:]}
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setattr(mvit, "_mvit", lambda **given: made(**given | sizes))
        given: dict[str, Any] = {}
        if name in SEGMENTATION.sizes:
            given["weights_backbone"] = None
        if name.startswith(("fcn", "deeplab")):
            given["aux_loss"] = True
        module: nn.Module = models.get_model(name, **given)
    return module


def values(out: Any) -> dict[str, Tensor]:
    """The outputs by name; a network of one gives it without."""
    return dict(out) if isinstance(out, dict) else {"out": out}


def run(module: nn.Module, shape: tuple[int, ...], train: bool) -> dict[str, Tensor]:
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(5))
    torch.manual_seed(3)
    with torch.no_grad():
        return values(module.train(train)(x))


@pytest.mark.parametrize("kind", [VIDEO, SEGMENTATION], ids=lambda kind: kind.folder)
def test_every_spec_is_compared_and_short(kind: Kind) -> None:
    paths = sorted((FOLDER / kind.folder).glob("*.yaml"))
    assert [path.stem for path in paths] == sorted(kind.sizes)
    assert [path.name for path in paths if len(path.read_text().splitlines()) > 150] == []


@every
def test_a_spec_is_named_as_its_file_and_has_no_warnings(kind: Kind, name: str) -> None:
    net = netspec.load(spec(kind, name))
    assert (net.name, net.warnings) == (name, ())
    assert net.description
    assert netspec.loads(net.resolved()).state == net.state


@every
def test_keys_shapes_and_order_are_torchs(kind: Kind, name: str) -> None:
    with torch.device("meta"):
        state = [(k, tuple(v.shape)) for k, v in theirs(name).state_dict().items()]
    assert list(netspec.load(spec(kind, name)).state.items()) == state


@every
def test_parameters_and_multiply_adds_are_as_published(kind: Kind, name: str) -> None:
    meta = models.get_model_weights(name).DEFAULT.meta
    net = netspec.load(spec(kind, name))
    assert net.num_params == meta["num_params"]
    assert f"{net.macs / 1e9:.3f}" == f"{meta['_ops']:.3f}"


@every
def test_outputs_are_equal_to_the_bit(kind: Kind, name: str) -> None:
    size = kind.sizes[name]
    torch.manual_seed(11)
    ours = netspec.load(spec(kind, name), input=size if of_one_size(name) else None).build()
    torch.manual_seed(11)
    their = theirs(name, size)
    state = their.state_dict()
    if kind.seeded:
        mine = ours.state_dict()
        assert [key for key in state if not torch.equal(mine[key], state[key])] == []
    ours.load_state_dict(state)
    for train in (False, True):
        a, b = (run(m, size, train) for m in (ours, their))
        assert [(key, torch.equal(a[key], b[key])) for key in b] == [(key, True) for key in b]


@every
def test_the_shape_of_every_layer_is_torchs_at_two_sizes(kind: Kind, name: str) -> None:
    full = netspec.load(spec(kind, name)).input_shape
    by, less = (32, 64) if of_one_size(name) else (17, 3)
    for shape in (full, (*full[:-2], full[-2] + by, full[-1] - less)):
        net = netspec.load(spec(kind, name), input=shape)
        with torch.device("meta"):
            module = theirs(name, shape).eval()
        found: dict[str, tuple[int, ...]] = {}

        def hook(path: str, into: dict[str, tuple[int, ...]]) -> Any:
            def note(_module: nn.Module, _inputs: Any, out: Any) -> None:
                first = out[0] if isinstance(out, tuple) else out
                if isinstance(first, Tensor):
                    into.setdefault(path, tuple(first.shape[1:]))

            return note

        for path, inner in module.named_modules():
            inner.register_forward_hook(hook(path, found))
        with torch.no_grad():
            module(torch.empty(1, *shape, device="meta"))
        said = {x.path: x.output for x in net.layers if x.kind != "call" and x.path in found}
        assert said == {path: found[path] for path in said}
        assert len(said) > 20


def test_a_feature_pyramid_over_resnet_50_is_torchvisions() -> None:
    path = FOLDER / "detection" / "resnet50_fpn.yaml"
    net = netspec.load(path)
    assert net.warnings == ()
    ours = net.build()
    their = resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5
    )
    state = their.state_dict()
    assert list(net.state.items()) == [(k, tuple(v.shape)) for k, v in state.items()]
    ours.load_state_dict(state)
    for train in (False, True):
        a, b = (run(module, (3, 97, 65), train) for module in (ours, their))
        assert list(a) == list(b) == ["0", "1", "2", "3", "pool"]
        assert [torch.equal(a[key], b[key]) for key in b] == [True] * 5
        odd = netspec.load(path, input=(3, 97, 65))
        assert [one.shape for one in odd.outputs] == [tuple(x.shape[1:]) for x in b.values()]
