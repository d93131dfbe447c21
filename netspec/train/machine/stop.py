"""SIGTERM, SIGHUP and Ctrl-C: finish the step, save, and leave."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Final

_ASKED_BY: Final = ("SIGTERM", "SIGINT", "SIGHUP")  # not every system has the last


class StopRequest:
    """Remembers a signal while it is entered; the loop asks at the end of each step.

    Before there is a step to finish, and where Ctrl-C comes a second time, nothing waits: the
    signal raises what ends the program. SIGHUP is left alone where it is ignored, as under `nohup`.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._waits = False
        self._old: dict[int, Any] = {}

    def wait_for_a_step(self) -> None:
        """From now on there is something to save."""
        self._waits = True

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for name in _ASKED_BY:
                number = getattr(signal, name, None)
                ignored = number is not None and signal.getsignal(number) == signal.SIG_IGN
                if number is not None and not (ignored and name == "SIGHUP"):
                    self._old[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)
        self._old.clear()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and (self.signal is not None or not self._waits):
            raise KeyboardInterrupt
        if not self._waits:
            raise SystemExit(128 + number)
        self.signal = number


class Stopped(Exception):
    """The loop left because a signal asked for it, with everything saved."""
