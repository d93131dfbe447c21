"""What a training step holds, found without torch, beside what torch itself keeps and tracks."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from random import Random

import pytest
import torch
import torch.nn.functional as F
from random_graphs import Graphs
from test_graphs import written
from test_ops import ROWS, Row
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch_answer import given
from torchvision_zoo import NAMES, ONE_OF_EACH

import netspec
from netspec.compiler.analysis.step_memory import step_memory
from netspec.compiler.facade import Network
from netspec.ops.base import Op

SPECS = Path(__file__).parent.parent / "specs"
BATCH = 64  # what is held once for the whole batch is little beside that

# What torch keeps depends on the device and on whether one kernel does the whole attention.
ROUGH = {
    "ShiftedWindowAttention": 0.15,
    "ShiftedWindowAttention3d": 0.15,
    "MultiscaleAttention": 0.05,
    "ShiftedWindowAttentionV2": 0.25,
    "RelativePositionalMultiHeadAttention": 0.2,
}
if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 12):
    ROUGH["ScaledDotProductAttention"] = 0.1  # it keeps less of one head alone


def saved(module: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """Bytes for each sample that torch keeps for the backward pass, weights left out."""
    own = {tensor.untyped_storage()._cdata for tensor in (*module.parameters(), *module.buffers())}
    held: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            held[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = module.train()(*inputs)
    del outputs
    return sum(storage.nbytes() for storage in held.values()) / len(inputs[0])


def of_one(op: Op, row: Row) -> int:
    """Bytes that the op says it keeps for each sample."""
    assert row.output is not None
    saving = op.saving(*row.inputs)
    total = 4 * sum(map(prod, row.inputs)) if saving in ("input", "both") else 0
    if saving == "input" and len(row.inputs) > 1:
        kept = op.kept_inputs((True,) * len(row.inputs), *row.inputs)
        total = 4 * sum(prod(row.inputs[i]) for i in kept)
    if saving in ("output", "both"):
        total += 4 * prod(row.output)
    return total + op.extra_saved(*row.inputs).bytes()


def accepted() -> Iterator[tuple[str, Row]]:
    for name, row in ROWS.items():
        circular = row.args.get("padding_mode") == "circular"  # a little less than is said
        certain = row.args.get("p") == 1  # zeros need no mask
        plain = row.args.get("elementwise_affine") is False  # RMSNorm without weights
        if row.output and row.op.arity != (0, 0) and not (circular or certain or plain):
            yield name, row


KEPT = dict(accepted())


@pytest.mark.parametrize("row", KEPT.values(), ids=KEPT)
def test_an_op_keeps_what_torch_keeps(row: Row) -> None:
    op = row.op(**row.args)
    if op.values.get("inplace"):
        pytest.skip("works in memory of another layer, which whole networks show")
    # Attention is one kernel on a real device, and several steps on `meta`.
    attention = ("MultiheadAttention", "ScaledDotProductAttention")
    device = "cpu" if row.op.__name__ in attention else "meta"
    with torch.device(device):
        module = op.make(*row.inputs)
    with torch.device(device):
        inputs = tuple(
            x.requires_grad_(x.is_floating_point() and place < 3)  # no attention's mask learns
            for place, x in enumerate(given(row.op, row.args, row.inputs, BATCH))
        )
    real = saved(module, inputs)
    tolerance = ROUGH.get(row.op.__name__, 0.02)
    # Sixteen bytes: the means of batch norm and the like, shared out among the samples.
    assert of_one(op, row) == pytest.approx(real, rel=tolerance, abs=16)


def kept_by_network(network: Network) -> tuple[float, float]:
    """Bytes for each sample: said, and kept by torch. The loss's own are taken off."""
    with torch.device("meta"):
        module = network.build()
    real = saved(module, (torch.empty(4, *network.input_shape, device="meta"),))
    step = step_memory(network)
    loss = 2 * 4 * sum(prod(output.shape) for output in network.output_list)
    return step.saved.bytes() - loss, real


def whole(path: Path) -> bool:
    return not path.stem.startswith("vit_")  # whose attention is one kernel on real devices


ALL = [*sorted(SPECS.glob("*.yaml")), *filter(whole, sorted(SPECS.glob("torchvision/*.yaml")))]
SELDOM = {*NAMES} - {*ONE_OF_EACH}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.soak] if p.stem in SELDOM else []) for p in ALL],
    ids=lambda path: path.stem,
)
def test_a_network_keeps_what_torch_keeps(path: Path) -> None:
    said, real = kept_by_network(netspec.load(path))
    assert said == pytest.approx(real, rel=0.03)


def test_random_networks_keep_what_torch_keeps() -> None:
    """Shared parts, calls, branches, views, and layers in place, in every combination."""
    apart, compared = [], 0
    for number in range(240):
        text = written(Graphs(Random(f"memory-{number}"), usual=True).spec())
        if "area" in text or "circular" in text or "same" in text:  # which copies for some kernels
            continue
        try:
            network = netspec.loads(text)
        except netspec.SpecError:
            continue
        said, real = kept_by_network(network)
        compared += 1
        logits = 4 * sum(prod(output.shape) for output in network.output_list)
        if abs(said - real) > 0.05 * real + 200 + logits:  # a later layer may keep them, too
            apart.append(f"graph {number}: said {said}, kept {real}\n{text}")
    assert compared > 50
    assert not apart, "\n".join(apart)


def tracked_peak(network: Network, batch: int) -> int:
    """Bytes at the peak of the second of two training steps, by torch's own tracker."""
    with FakeTensorMode():
        module = network.build().train()
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
        images = torch.empty(batch, *network.input_shape)
        labels = torch.empty(batch, *network.output_shape[1:], dtype=torch.int64)
        tracker = MemTracker()
        tracker.track_external(module, optimizer, images, labels)
        with tracker:
            for number in range(2):
                optimizer.zero_grad()
                outputs = module(images)
                heads = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
                loss = torch.stack([F.cross_entropy(head, labels) for head in heads]).sum()
                loss.backward()
                optimizer.step()
                del outputs, heads, loss
                if number == 0:
                    tracker.reset_mod_stats()
    return max(figures["Total"] for figures in tracker.get_tracker_snapshot("peak").values())


QUICK = ("alexnet-cifar10", "alexnet-original", "resnet18-cifar", "unet", "torchvision/vgg16")
SLOW = (
    "densenet-bc-100-12",
    "googlenet-plain",
    "torchvision/convnext_tiny",
    "torchvision/mobilenet_v3_large",
    "torchvision/regnet_y_400mf",
    "torchvision/resnet50",
    "torchvision/squeezenet1_0",
    "torchvision/vit_b_32",
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.soak) for name in SLOW)]
)
def test_the_peak_of_a_step_is_what_torch_tracks(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netspec.compiler.building.initialize._apply", lambda *args: None)
    network = netspec.load(SPECS / f"{name}.yaml")
    # Large batches, and the difference of two: weights and their gradients cancel out.
    each = (tracked_peak(network, 256) - tracked_peak(network, 128)) / 128
    step = step_memory(network)
    assert step.peak.bytes() == pytest.approx(each, rel=0.06)


def test_what_a_chain_holds_can_be_reckoned_by_hand() -> None:
    network = netspec.loads(
        """
netspec: 1
input: [2, 4, 4]
layers:
  - Conv2d: {out_channels: 3, kernel_size: 3, padding: 1}  # keeps its input: 2·4·4
  - ReLU: {inplace: true}                                  # keeps the one tensor: 3·4·4
  - MaxPool2d: 2                                           # keeps it too; and 3·2·2 indices
  - Flatten                                                # is the same memory: 3·2·2
  - Linear: 5                                              # keeps that; its output is 5
"""
    )
    step = step_memory(network)
    assert step.saved.values == 32 + 48 + 12 + 2 * 5  # the loss keeps the logits, and as much again
    assert step.saved.other_bytes == 8 * 12
    assert step.saved.bytes(2) == 2 * 102 + 96
    # The most is held as the pooling hands its gradient on: the input, the kept tensor and its
    # gradient, and the gradient from above. The indices are there still.
    assert step.peak.values == 32 + 48 + 48 + 12
    assert step.peak.other_bytes == 96


FACTORS = {
    "both learn": ("a: {Linear: 4}", "b: {from: input, Linear: 4}", "[a, b]"),
    "one learns": ("a: {Linear: 4}", "b: {from: input, Tanh: {}}", "[a, b]"),
    "none learns": ("a: Tanh", "b: {from: input, ReLU: {}}", "[a, b]"),
    "the last learns": ("a: Tanh", "b: {from: input, Linear: 4}", "[a, b]"),
}


@pytest.mark.parametrize("layers", FACTORS.values(), ids=FACTORS)
@pytest.mark.parametrize("join", ["Mul", "Add"])
def test_a_factor_is_kept_where_another_one_learns(layers: tuple[str, ...], join: str) -> None:
    a, b, both = layers
    text = f"netspec: 1\ninput: [4]\nlayers:\n  {a}\n  {b}\n  c: {{from: {both}, {join}: {{}}}}\n"
    said, real = kept_by_network(netspec.loads(text + "  d: {Linear: 3}\n"))
    assert said == pytest.approx(real)
