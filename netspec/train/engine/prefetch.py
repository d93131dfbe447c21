"""The next batch is made on a GPU while it works on this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from netspec.train.data import Batch

# Batches that the steps may still be reading while another is made.
BEHIND = 2


class Prefetch:
    """Runs what makes a batch on a stream of its own, beside the steps.

    A batch is copied or picked, augmented and normalised by some tens of small kernels. On the
    steps' own stream they would all stand in the steps' way. The host runs ahead of the device, so
    on another stream they are done long before the step that needs them.

    A batch lives in memory of the other stream: that stream waits for the step that read the
    batch before it is let go, so that at most ``BEHIND + 1`` batches are held, however far the
    host has run ahead.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def __call__(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """``batches``, each ready on the current stream; the same ones in the same order."""
        steps, side = torch.cuda.current_stream(self._device), self._side
        side.wait_stream(steps)  # the data set itself was put on the device there
        held: deque[tuple[Batch, torch.cuda.Event]] = deque()
        try:
            while True:
                if len(held) == BEHIND:
                    side.wait_event(held[0][1])
                    held.popleft()
                with torch.cuda.stream(side):
                    batch = next(batches, None)
                if batch is None:
                    return
                steps.wait_stream(side)
                yield batch
                read = torch.cuda.Event()  # type: ignore[no-untyped-call]
                read.record(steps)
                held.append((batch, read))
        finally:
            side.wait_stream(steps)
