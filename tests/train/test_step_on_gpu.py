"""What a step on a GPU must not do, found without one: tensors that have a device and no values.

Torch's fake tensors carry shapes, types and devices through every operation, refuse to mix
devices, and cannot be read: a step that passes with them reads nothing back from the GPU, which is
what keeps the host ahead of it and what the recording of a CUDA graph asks for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from stand_in import AuxiliaryCnn, SegmentingCnn, full_cnn
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import netspec
from netspec.recipe import Recipe, recipe_from
from netspec.train.data import Batch
from netspec.train.data.augment.augmentation import augmentation
from netspec.train.data.preparation import Preparation
from netspec.train.engine.criterion import Criterion
from netspec.train.engine.ema import MovingAverage
from netspec.train.engine.evaluate import infer
from netspec.train.engine.finite_loss import DeviceLossCheck, HostLossCheck
from netspec.train.engine.learner import Learner
from netspec.train.engine.metric_sums import MetricSums
from netspec.train.engine.optimizer import make_optimizer
from netspec.train.engine.prefetch import Prefetch
from netspec.train.engine.step import TrainingStep
from netspec.train.machine.distributed import Processes
from netspec.train.machine.plan import Plan
from netspec.train.reporting.data_wait import DeviceDataWait

SPECS = Path(__file__).resolve().parents[2] / "specs"
GPU = torch.device("cuda", 0)
PLAN = Plan(
    device=GPU,
    autocast=torch.bfloat16,
    scaler=False,
    channels_last=True,
    compile=False,
    cuda_graph=False,  # what would be recorded is run as it is
    fused=True,
    deterministic=False,
    line="",
)


class FusedOptimizers(TorchDispatchMode):
    """Torch has no fake of its fused optimizers: that all their tensors lie on the GPU is asked."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func.name().startswith("aten::_fused_"):
            tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
            assert {tensor.device for tensor in tensors} == {GPU}
            return None
        return func(*args, **(kwargs or {}))


@pytest.fixture
def without_values(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTensorMode]:
    """The mode in which tensors on the GPU can be made; backward gives gradients of some value."""
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *args, **options: True)
    monkeypatch.setattr(FakeTensorMode, "__deepcopy__", lambda mode, memo: mode, raising=False)
    with FakeTensorMode() as mode:
        yield mode


def on_gpu(module: nn.Module) -> nn.Module:
    """The module with parameters and buffers on the GPU, in the layout that the plan picks."""
    for part in module.modules():
        for name, parameter in list(part._parameters.items()):
            if parameter is not None:
                part._parameters[name] = nn.Parameter(there(parameter))
        for name, buffer in list(part._buffers.items()):
            if buffer is not None:
                part._buffers[name] = there(buffer)
    return module


def there(tensor: Tensor) -> Tensor:
    images = tensor.dim() == 4
    layout = torch.channels_last if images else torch.contiguous_format
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=GPU).contiguous(
        memory_format=layout
    )


def take_steps(
    monkeypatch: pytest.MonkeyPatch,
    module: nn.Module,
    outputs: tuple[str, ...],
    recipe: Recipe,
    images: Tensor,
    labels: Tensor,
) -> TrainingStep:
    """Two steps, the second with the optimizer's state there."""
    module = on_gpu(module).train()

    def backward(loss: Tensor) -> None:
        assert loss.device == GPU
        assert loss.dtype == torch.float32
        assert loss.requires_grad
        for parameter in module.parameters():
            parameter.grad = torch.empty_like(parameter)

    # Torch's engine for backward passes asks the driver for a context.
    monkeypatch.setattr(Tensor, "backward", backward)
    criterion = Criterion(recipe.loss, GPU)
    optimizer = make_optimizer(
        recipe.optimizer, module.parameters(), fused=PLAN.fused, capturable=True
    )
    average = None if recipe.ema is None else MovingAverage(module, recipe.ema)
    sums = MetricSums(criterion, GPU)
    learner = Learner(module, outputs, criterion, optimizer, average, sums)
    step = TrainingStep(learner, recipe, PLAN, Processes())
    with FusedOptimizers():
        step(images, labels)
        for group in optimizer.param_groups:  # as it is while a graph is recorded
            group["lr"] = torch.empty((), device=GPU)
        step(images, labels)
    return step


RECIPES: dict[str, dict[str, Any]] = {
    "SGD": {"optimizer": {"SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True}}},
    "SGD without momentum": {"optimizer": {"SGD": {"lr": 0.1}}},
    "Adam": {"optimizer": {"Adam": {"lr": 0.001}}},
    "AdamW": {"optimizer": {"AdamW": {"lr": 0.001}}},
    "average": {"ema": {"decay": 0.99}},
    "clipped": {"clip_grad_norm": 1.0},
    "smoothed": {"loss": {"CrossEntropyLoss": {"label_smoothing": 0.1}}},
    "weighed": {"loss": {"CrossEntropyLoss": {"weight": [1.0, 2.0] * 5}}},
    "one-hot": {"loss": "BCEWithLogitsLoss"},
    "some ignored": {"loss": {"CrossEntropyLoss": {"ignore_index": 3}}},
}


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
@pytest.mark.parametrize("name", RECIPES)
def test_a_step_reads_nothing_back(
    name: str, without_values: FakeTensorMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_from({"optimizer": {"SGD": {"lr": 0.1, "momentum": 0.9}}, **RECIPES[name]})
    images = torch.empty(4, 1, 8, 8, device=GPU)
    labels = torch.empty(4, dtype=torch.int64, device=GPU)
    step = take_steps(monkeypatch, full_cnn(), ("logits",), recipe, images, labels)
    assert isinstance(step.loss_check, DeviceLossCheck)


def test_auxiliary_heads_and_a_label_a_pixel_read_nothing_back(
    without_values: FakeTensorMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_from(RECIPES["SGD"])
    images = torch.empty(4, 1, 8, 8, device=GPU)
    labels = torch.empty(4, dtype=torch.int64, device=GPU)
    take_steps(monkeypatch, AuxiliaryCnn(), ("logits", "aux1"), recipe, images, labels)
    pixels = torch.empty(4, 8, 8, dtype=torch.int64, device=GPU)
    take_steps(monkeypatch, SegmentingCnn(3), ("logits",), recipe, images, pixels)


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_spec_reads_anything_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    network = netspec.load(path)
    recipe = network.recipe
    if recipe.optimizer.name not in ("SGD", "Adam", "AdamW"):
        pytest.skip(f"{recipe.optimizer.name} has no fused step, so that no graph is recorded")
    module = network.build()  # with values, as some initialisations look at them
    request.getfixturevalue("without_values")
    images = torch.empty(4, *network.input_shape, device=GPU)
    shape = (4, *network.output_shape[1:])
    labels = torch.empty(shape, dtype=torch.int64, device=GPU)
    take_steps(monkeypatch, module, network.output_names or ("",), recipe, images, labels)
    logits = infer(module.eval(), images, PLAN)
    assert logits.shape == (4, *network.output_shape)
    sums = MetricSums(Criterion(recipe.loss, GPU), GPU, top5=True)
    sums.add(logits.mean(), logits, labels)


def test_a_step_that_reads_something_back_is_found(
    without_values: FakeTensorMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "netspec.train.engine.step.DeviceLossCheck",
        lambda *args: HostLossCheck(Processes(), args[-1]),
    )
    images = torch.empty(4, 1, 8, 8, device=GPU)
    labels = torch.empty(4, dtype=torch.int64, device=GPU)
    with pytest.raises(DataDependentOutputException):
        take_steps(
            monkeypatch, full_cnn(), ("logits",), recipe_from(RECIPES["SGD"]), images, labels
        )


AUGMENTATIONS: list[Any] = [
    {"RandomCrop": {"size": 12, "padding": 2, "padding_mode": "reflect"}},
    {"RandomCrop": {"size": 12, "padding": 2, "fill": [1, 2, 3]}},
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    {"Cutout": 4},
    "RandomErasing",
    {"RandomRotation": {"degrees": 20, "interpolation": "bilinear"}},
    {"RandomAffine": {"degrees": 5, "translate": [0.1, 0.1], "shear": 5}},
    {"ColorJitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}},
    {"RandomResizedCrop": 12},
]


@pytest.mark.parametrize("resize", [None, (12, 12)], ids=["as stored", "resized"])
@pytest.mark.parametrize("step", [*AUGMENTATIONS, None], ids=str)
def test_making_a_batch_reads_nothing_back(
    step: Any, resize: tuple[int, int] | None, without_values: FakeTensorMode
) -> None:
    recipe = recipe_from({"augment": [] if step is None else [step]})
    mean, std = torch.empty(3, device=GPU), torch.empty(3, device=GPU)
    made = augmentation(recipe.augment, 0, mean, std)
    size = (16, 16) if resize is None else resize
    prepare = Preparation(resize, made.size(size), made, mean, 1 / std)
    stored = torch.empty(6, 3, 16, 16, dtype=torch.uint8, device=GPU)
    labels = torch.empty(6, dtype=torch.uint8, device=GPU)
    index = torch.empty(6, dtype=torch.int64, device=GPU)
    images, answers = prepare(stored, labels, index, 1)
    assert images.shape == (6, 3, *made.size(size))
    assert images.device == answers.device == GPU
    assert (images.dtype, answers.dtype) == (torch.float32, torch.int64)


class Streams:
    """A GPU with clocks for the things in its queues, and a host that only puts them there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps, self.side = Queue("steps"), Queue("side")
        self.current = self.steps
        streams = self

        class Event:
            def __init__(self, enable_timing: bool = False) -> None:
                self.at = 0.0

            def record(self, queue: Queue) -> None:
                self.at = queue.clock

            def query(self) -> bool:
                return True

            def elapsed_time(self, other: Event) -> float:
                return other.at - self.at

        class Entered:
            def __init__(self, queue: Queue) -> None:
                self.queue = queue

            def __enter__(self) -> None:
                self.before, streams.current = streams.current, self.queue

            def __exit__(self, *error: object) -> None:
                streams.current = self.before

        monkeypatch.setattr(torch.cuda, "Stream", lambda device: self.side)
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device: self.current)
        monkeypatch.setattr(torch.cuda, "stream", Entered)
        monkeypatch.setattr(torch.cuda, "Event", Event)


class Queue:
    """A stream: ``clock`` is when what was put into it is done, in milliseconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.clock = 0.0

    def run(self, milliseconds: float) -> None:
        self.clock += milliseconds

    def wait_stream(self, other: Queue) -> None:
        self.clock = max(self.clock, other.clock)

    def wait_event(self, event: Any) -> None:
        self.clock = max(self.clock, event.at)


def trained(streams: Streams, make: float, step: float, *, ahead: bool) -> tuple[float, float]:
    """Milliseconds that ten steps took on the device, and those among them spent waiting."""
    alive: deque[int] = deque()

    def batches() -> Iterator[Batch]:
        for number in range(10):
            assert streams.current.name == ("side" if ahead else "steps")
            streams.current.run(make)
            alive.append(number)
            empty = torch.empty(0)
            yield Batch(empty, empty, number, number)

    waits = DeviceDataWait(GPU)
    source = Prefetch(GPU)(batches()) if ahead else batches()
    seen = []
    while True:
        waits.begin()
        batch = next(source, None)
        waits.end()
        if batch is None:
            break
        seen.append(batch.count)
        assert streams.current is streams.steps
        streams.steps.run(step)
    assert seen == list(range(10))
    return streams.steps.clock, 1000 * waits.take()


def test_batches_are_made_beside_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first is waited for; where making takes longer than a step, all wait for it."""
    assert trained(Streams(monkeypatch), make=1, step=10, ahead=False) == (110, pytest.approx(10))
    assert trained(Streams(monkeypatch), make=1, step=10, ahead=True) == (101, pytest.approx(1))
    assert trained(Streams(monkeypatch), make=10, step=4, ahead=True) == (104, pytest.approx(64))


def test_a_batch_is_let_go_only_after_the_step_that_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its memory may be taken for the next batch, so the making of that one has to wait."""
    streams = Streams(monkeypatch)
    began: list[float] = []

    def batches() -> Iterator[Batch]:
        for number in range(6):
            began.append(streams.side.clock)
            streams.side.run(1)
            yield Batch(torch.empty(0), torch.empty(0), number, number)

    ended = []
    for _ in Prefetch(GPU)(batches()):
        streams.steps.run(10)
        ended.append(streams.steps.clock)
    for number in range(2, 6):  # the memory of two batches before
        assert began[number] >= ended[number - 2]
    assert streams.side.clock >= ended[-1]  # and the next epoch may begin
