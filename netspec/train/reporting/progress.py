"""What the user sees while a run runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass
from typing import TextIO

from netspec.train.metrics import Metrics

REFRESH_SECONDS = 0.1
LINE_SECONDS = 30.0  # between two lines within an epoch, where there is no terminal
BAR = 24


@dataclass(frozen=True)
class Pace:
    """How fast a run goes: images a second, and the share of time spent waiting for data."""

    images_per_second: float
    waiting: float
    seconds_left: float


class Progress:
    """Shows the state of a run on ``stream``; a silent one shows nothing."""

    def __init__(self, *, stream: TextIO | None = None, silent: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._silent = silent
        terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._bar = terminal and not silent
        self._shown_at = time.monotonic()
        self._width = 0

    @property
    def wants_update(self) -> bool:
        """Whether it is time to show something again; cheap enough to ask in every step."""
        every = REFRESH_SECONDS if self._bar else LINE_SECONDS
        return not self._silent and time.monotonic() - self._shown_at >= every

    def say(self, line: str) -> None:
        """Print a line of its own."""
        if not self._silent:
            self._clear()
            print(line, file=self._stream, flush=True)

    def step(
        self, epoch: int, epochs: int, step: int, steps: int, figures: Metrics | None, pace: Pace
    ) -> None:
        """Show the place within an epoch."""
        self._shown_at = time.monotonic()
        done = step / max(1, steps)
        words = [f"{pace.images_per_second:,.0f} images/s"]
        if figures is not None and figures.count:
            words = [f"loss {figures.loss:.4f}", f"accuracy {figures.accuracy:.2%}", *words]
        words += [f"{duration(pace.seconds_left)} left", f"waiting for data {pace.waiting:.0%}"]
        head = f"epoch {epoch}/{epochs}"
        if not self._bar:
            self.say(f"{head} · step {step}/{steps} · " + " · ".join(words))
            return
        bar = "█" * int(done * BAR) + "░" * (BAR - int(done * BAR))
        line = f"{head} {bar} {step}/{steps} · " + " · ".join(words)
        line = line[: shutil.get_terminal_size().columns - 1]
        print("\r" + line.ljust(self._width), end="", file=self._stream, flush=True)
        self._width = len(line)

    def epoch(
        self,
        epoch: int,
        epochs: int,
        train: Metrics,
        validation: Metrics | None,
        best: bool,
        seconds: float,
        pace: Pace,
    ) -> None:
        """Print a finished epoch."""
        self._shown_at = time.monotonic()
        words = [
            f"epoch {epoch:>{len(str(epochs))}}/{epochs}",
            f"train loss {train.loss:.4f} accuracy {train.accuracy:.2%}",
        ]
        if validation is not None:
            star = " *" if best else ""
            words.append(
                f"validation loss {validation.loss:.4f} accuracy {validation.accuracy:.2%}{star}"
            )
        words.append(f"{pace.images_per_second:,.0f} images/s")
        words.append(f"{duration(seconds)}, {duration(pace.seconds_left)} left")
        words.append(f"waiting for data {pace.waiting:.0%}")
        self.say(" · ".join(words))

    def _clear(self) -> None:
        if self._bar and self._width:
            print("\r" + " " * self._width + "\r", end="", file=self._stream)
            self._width = 0


def duration(seconds: float) -> str:
    """``8 s``, ``3:05``, ``2:03:05``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}"
