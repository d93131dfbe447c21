"""Clocks of a run: how many images a second, and how much of the time went into waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from netspec.train.reporting.data_wait import DataWait, HostDataWait
from netspec.train.reporting.progress import Pace

T = TypeVar("T")


class Throughput:
    """Counts images, steps and seconds of training since it was started, and within a lap.

    ``settle`` waits until the device has done what it was given, so that an epoch's time is that
    of its work and not of handing it over; ``data_wait`` measures the waiting for data.
    """

    def __init__(self, settle: Callable[[], None], data_wait: DataWait | None = None) -> None:
        now = time.perf_counter()
        self._settle = settle
        self._data_wait = data_wait or HostDataWait()
        self._started = now
        self._steps = 0
        self._lap = self._epoch = _Lap(now)
        self.start_epoch()

    def start_epoch(self) -> None:
        """An epoch begins, and with it a lap."""
        self._data_wait.take()
        self._epoch = _Lap(time.perf_counter())
        self.start_lap()

    def start_lap(self) -> None:
        """The steps between two rows of the log begin."""
        self._count_waiting()
        self._lap = _Lap(time.perf_counter())

    def waiting(self, items: Iterator[T]) -> Iterator[T]:
        """``items``, with the time counted that each of them was waited for."""
        while True:
            self._data_wait.begin()
            item = next(items, None)
            self._data_wait.end()
            if item is None:
                self._settle()
                self._epoch.ended = time.perf_counter()
                return
            yield item

    def step(self, images: int) -> None:
        """A step on ``images`` images was taken."""
        self._steps += 1
        self._lap.images += images
        self._epoch.images += images

    def lap(self, steps_left: int) -> Pace:
        """The pace since the last row of the log."""
        return self._pace(self._lap, steps_left)

    def epoch(self, steps_left: int) -> Pace:
        """The pace since the epoch began."""
        return self._pace(self._epoch, steps_left)

    @property
    def epoch_seconds(self) -> float:
        """Seconds since the epoch began."""
        return max(0.0, time.perf_counter() - self._epoch.began)

    def _count_waiting(self) -> None:
        waited = self._data_wait.take()
        self._lap.waited += waited
        self._epoch.waited += waited

    def _pace(self, lap: _Lap, steps_left: int) -> Pace:
        self._count_waiting()
        now = time.perf_counter()
        seconds = max((lap.ended or now) - lap.began, 1e-9)  # of an epoch, without its evaluation
        # Evaluation and saving are part of what is left, so the whole time counts here.
        per_step = max(0.0, now - self._started) / max(1, self._steps)
        waited = min(1.0, max(0.0, lap.waited / seconds))
        return Pace(lap.images / seconds, waited, per_step * steps_left)


class _Lap:
    def __init__(self, began: float) -> None:
        self.began = began
        self.images = 0
        self.waited = 0.0
        self.ended: float | None = None
