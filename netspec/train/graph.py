"""The whole training step recorded once as a CUDA graph and replayed for every batch.

Launching a small network's kernels one by one takes longer than running them; a replay launches
all of them at once. Three things would be frozen by a recording, and are kept out of it: the
learning rate lives in a tensor that is filled before each replay, a batch is copied into the
recorded input, and a batch of another size takes the ordinary path.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer

from netspec.train.plan import Plan

WARM_UP = 3  # cuDNN's choice of algorithms, cuBLAS's workspaces and the momentum exist after these

Learn = Callable[[Tensor, Tensor, float], None]


class GraphedStep:
    """Takes the first steps for real on a side stream, records the next, replays from then on.

    Recording runs nothing, and the steps before it are steps of the run, so there is nothing to
    restore after the warm-up.
    """

    def __init__(self, learn: Learn, optimizer: Optimizer, plan: Plan) -> None:
        self._learn = learn
        self._optimizer = optimizer
        self._plan = plan
        self._stream = torch.cuda.Stream(plan.device)  # type: ignore[no-untyped-call]
        self._rates = [torch.zeros((), device=plan.device) for _ in optimizer.param_groups]
        self._graph: torch.cuda.CUDAGraph | None = None
        self._images: Tensor | None = None
        self._labels: Tensor | None = None
        self._taken = 0
        self.failure: str | None = None  # why recording did not work, if it did not

    def __call__(self, images: Tensor, labels: Tensor, scale: float) -> None:
        """Train on one batch."""
        if self._taken < WARM_UP or self.failure is not None:
            self._take(images, labels, scale)
            return
        if self._graph is None:
            self._record(images, labels)
        if self._graph is None or not self._fits(images) or scale != 1.0:
            self._take(images, labels, scale)
            return
        assert self._images is not None
        assert self._labels is not None
        self._images.copy_(images)
        self._labels.copy_(labels)
        for rate, group in zip(self._rates, self._optimizer.param_groups, strict=True):
            rate.fill_(float(group["lr"]))
        self._graph.replay()

    def _fits(self, images: Tensor) -> bool:
        return self._images is not None and images.shape == self._images.shape

    def _take(self, images: Tensor, labels: Tensor, scale: float) -> None:
        self._taken += 1
        current = torch.cuda.current_stream(self._plan.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            self._learn(images, labels, scale)
        current.wait_stream(self._stream)

    def _record(self, images: Tensor, labels: Tensor) -> None:
        """Record one step on inputs of these shapes; on failure, remember why and stay without."""
        plain = [group["lr"] for group in self._optimizer.param_groups]
        self._images = images.clone(memory_format=torch.preserve_format)
        self._labels = labels.clone()
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(self._plan.device)
        self._optimizer.zero_grad(set_to_none=True)
        for rate, group in zip(self._rates, self._optimizer.param_groups, strict=True):
            rate.fill_(float(group["lr"]))
            group["lr"] = rate
        try:
            # Other threads, such as the one that pins memory, may go on meanwhile.
            mode = "thread_local"
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode=mode):
                self._learn(self._images, self._labels, 1.0)
            self._graph = graph
        except RuntimeError as error:
            self.failure = str(error).splitlines()[0]
            self._images = self._labels = None
            torch.cuda.synchronize(self._plan.device)
        finally:
            # The schedule reckons in plain numbers; only the recording needs tensors.
            for rate, group in zip(plain, self._optimizer.param_groups, strict=True):
                group["lr"] = rate
