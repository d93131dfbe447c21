"""The whole training step recorded once as a CUDA graph and replayed for every batch.

Launching a small network's kernels one by one takes longer than running them; a replay launches
all of them at once. Three things would be frozen by a recording, and are kept out of it: the
learning rate lives in a tensor that is filled before each replay, a batch is copied into the
recorded input, and a batch of another size takes the ordinary path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim import Optimizer

from netspec.train.data import Inputs
from netspec.train.engine.inputs import count, each, laid_out, tensors
from netspec.train.errors import TrainError, first_line
from netspec.train.machine.plan import Plan

WARM_UP = 3  # cuDNN's choice of algorithms, cuBLAS's workspaces and the momentum exist after these

Learn = Callable[[Inputs, Tensor, float], None]


class GraphedStep:
    """Takes the first steps for real on a side stream, records the next, replays from then on.

    Recording runs nothing, and the steps before it are steps of the run, so there is nothing to
    restore after the warm-up. Only batches of ``batch_size`` are recorded and replayed: an epoch's
    last one may be smaller. Every step reads its learning rates from the same tensors, so that one
    that is replayed and one that is not change the weights alike.

    Raises:
        TrainError: the step cannot be recorded, for instance because a layer reads the device.
    """

    def __init__(self, learn: Learn, optimizer: Optimizer, plan: Plan, batch_size: int) -> None:
        self._learn = learn
        self._optimizer = optimizer
        self._plan = plan
        self._batch_size = batch_size
        self._stream = torch.cuda.Stream(plan.device)  # type: ignore[no-untyped-call]
        self._rates = [torch.zeros((), device=plan.device) for _ in optimizer.param_groups]
        self._graph: torch.cuda.CUDAGraph | None = None
        self._images: Inputs = torch.empty(0)
        self._labels = torch.empty(0)
        self._taken = 0

    def __call__(self, images: Inputs, labels: Tensor, scale: float) -> None:
        """Train on one batch."""
        whole = count(images) == self._batch_size and scale == 1.0
        if not whole or self._taken < WARM_UP:
            self._taken += whole
            self._take(images, labels, scale)
            return
        if self._graph is None:
            self._graph = self._record(images, labels)
        for held, values in zip(tensors(self._images), tensors(images), strict=True):
            held.copy_(values)  # into the layout that was recorded, whatever its own
        self._labels.copy_(labels)
        self._fill_rates()
        self._graph.replay()

    def _fill_rates(self) -> None:
        for rate, group in zip(self._rates, self._optimizer.param_groups, strict=True):
            rate.fill_(float(group["lr"]))

    @contextmanager
    def _rates_on_device(self) -> Iterator[None]:
        """The learning rates as tensors; the schedule reckons in plain numbers."""
        groups = self._optimizer.param_groups
        plain = [group["lr"] for group in groups]
        self._fill_rates()
        for rate, group in zip(self._rates, groups, strict=True):
            group["lr"] = rate
        try:
            yield
        finally:
            for number, group in zip(plain, groups, strict=True):
                group["lr"] = number

    def _take(self, images: Inputs, labels: Tensor, scale: float) -> None:
        current = torch.cuda.current_stream(self._plan.device)
        with self._rates_on_device():
            self._stream.wait_stream(current)
            with torch.cuda.stream(self._stream):
                self._learn(laid_out(images, self._plan), labels, scale)
        current.wait_stream(self._stream)

    def _record(self, images: Inputs, labels: Tensor) -> torch.cuda.CUDAGraph:
        """One step on inputs of these shapes, recorded."""
        self._images = each(
            laid_out(images, self._plan), lambda x: x.clone(memory_format=torch.preserve_format)
        )
        self._labels = labels.clone()
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(self._plan.device)
        self._optimizer.zero_grad(set_to_none=True)
        try:
            # Other threads, such as the one that pins memory, may go on meanwhile.
            mode = "thread_local"
            with (
                self._rates_on_device(),
                torch.cuda.graph(graph, stream=self._stream, capture_error_mode=mode),
            ):
                self._learn(self._images, self._labels, 1.0)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise TrainError(
                f"the training step cannot be recorded as a CUDA graph: {first_line(error)}",
                "set `cuda_graph: false` in `train`",
            ) from error
        return graph
