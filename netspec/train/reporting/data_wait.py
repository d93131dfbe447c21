"""How long the steps stood still because a batch was not there."""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

import torch


class DataWait(Protocol):
    """A clock that runs between ``begin`` and ``end``."""

    def begin(self) -> None:
        """The next batch is asked for."""

    def end(self) -> None:
        """The batch is there."""

    def take(self) -> float:
        """Seconds waited since this was last asked, as far as they are known yet."""


class HostDataWait:
    """Waiting where the step runs as it is called: on a CPU."""

    def __init__(self) -> None:
        self._began = 0.0
        self._seconds = 0.0

    def begin(self) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def end(self) -> None:
        """Stop the clock."""
        self._seconds += time.perf_counter() - self._began

    def take(self) -> float:
        """Seconds since this was last asked."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


class DeviceDataWait:
    """Waiting where steps are queued: the time that passed on the device itself.

    The host may be held up here because the queue is full, which is the contrary of waiting for
    data; the device's own clock tells the two apart. Only waits that the device has behind it are
    known, so that nothing is waited for to learn of them.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._began: torch.cuda.Event | None = None
        self._open: deque[tuple[torch.cuda.Event, torch.cuda.Event]] = deque()
        self._seconds = 0.0

    def begin(self) -> None:
        """Put a mark behind the steps that are queued."""
        self._began = self._mark()

    def end(self) -> None:
        """Put a mark before the step that comes."""
        assert self._began is not None
        self._open.append((self._began, self._mark()))
        self._collect()

    def take(self) -> float:
        """Seconds between the marks that the device has passed since this was last asked."""
        self._collect()
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def _mark(self) -> torch.cuda.Event:
        mark = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        mark.record(torch.cuda.current_stream(self._device))
        return mark

    def _collect(self) -> None:
        while self._open and self._open[0][1].query():  # type: ignore[no-untyped-call]
            began, ended = self._open.popleft()
            self._seconds += began.elapsed_time(ended) / 1000.0


def data_wait_on(device: torch.device) -> DataWait:
    """The clock for steps on ``device``."""
    return DeviceDataWait(device) if device.type == "cuda" else HostDataWait()
