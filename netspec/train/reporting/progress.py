"""What the user sees while a run runs: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import dataclass
from typing import TextIO

from netspec.escape import safe
from netspec.train.metrics import Metrics
from netspec.train.reporting.figures import WIDTH, loss_text, share_text
from netspec.train.reporting.terminal import terminal_width
from netspec.unheard import mute

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
        self.sample = "image"
        """What samples are called."""

    @property
    def wants_update(self) -> bool:
        """Whether it is time to show something again; cheap enough to ask in every step."""
        every = REFRESH_SECONDS if self._bar else LINE_SECONDS
        return not self._silent and time.monotonic() - self._shown_at >= every

    def say(self, line: str) -> None:
        """Print a line of its own; what would move a terminal's cursor is written as codes."""
        if not self._silent:
            self._clear()
            self._print(safe(line))

    def step(
        self, epoch: int, epochs: int, step: int, steps: int, figures: Metrics | None, pace: Pace
    ) -> None:
        """Show the place within an epoch."""
        self._shown_at = time.monotonic()
        done = min(1.0, step / max(1, steps))
        words = [f"{pace.images_per_second:,.0f} {self.sample}s/s"]
        if figures is not None and figures.count:
            told = (f"loss {loss_text(figures.loss)}", f"accuracy {share_text(figures.accuracy)}")
            words = [*told, *words]
        words += [f"{duration(pace.seconds_left)} left", f"waiting for data {pace.waiting:.0%}"]
        head = f"epoch {_of(epoch, epochs)}"
        place = _of(step, steps)
        if not self._bar:
            self.say(" · ".join((head, f"step {place}", *words)))
            return
        line = f"{head} {place}"
        room = (terminal_width(self._stream) or 80) - 1
        bar = "█" * int(done * BAR) + "░" * (BAR - int(done * BAR))
        if len(line) + 1 + BAR + len(words[0]) + 3 <= room:
            line = f"{head} {bar} {place}"
        for word in words:
            if len(line) + 3 + len(word) > room:
                break
            line += f" · {word}"
        line = line[:room]
        self._print("\r" + line.ljust(min(room, self._width)), end="")
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
        """Print a finished epoch: on a narrow terminal less of it, in each line the same."""
        self._shown_at = time.monotonic()
        place = _of(epoch, epochs)
        star = " *" if best and validation is not None else "  "
        full = [f"epoch {place}", f"train {_figures(train)}"]
        short = [f"epoch {place}", f"train {_figures(train, named=False)}"]
        if validation is not None:
            full.append(f"validation {_figures(validation)}{star}")
            short.append(f"validation {_figures(validation, named=False)}{star}")
        paces = {
            f"{pace.images_per_second:,.0f} {self.sample}s/s": f"1,000,000 {self.sample}s/s",
            f"{duration(seconds)}, {duration(pace.seconds_left)} left": "1:00:00, 1:00:00 left",
            f"waiting for data {pace.waiting:.0%}": "waiting for data 100%",
        }
        width = terminal_width(self._stream) if self._bar else None
        rate, left, waiting = paces
        forms = [[*full, rate, left, waiting], [*full, rate, left], [*full, left], full]
        forms += [[*short, left], short, [place, *short[1:]], [place, *short[2:]]]
        # What differs from line to line counts as its longest, so that all lines are alike.
        lengths = [len(" · ".join(paces.get(word, word) for word in form)) for form in forms]
        fits = [n for n, length in enumerate(lengths) if width is None or length <= width]
        self.say(" · ".join(forms[fits[0] if fits else -1]).rstrip())

    def _clear(self) -> None:
        if self._bar and self._width:
            self._print("\r" + " " * self._width + "\r", end="")
            self._width = 0

    def _print(self, text: str, end: str = "\n") -> None:
        """Print, or say no more where nobody reads any longer: the run itself goes on."""
        try:
            print(text, end=end, file=self._stream, flush=True)
        except OSError:
            self._silent, self._bar = True, False
            mute(self._stream)


def duration(seconds: float) -> str:
    """``8 s``, ``3:05``, ``2:03:05``; a dash where it is not known."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}"


def _of(place: int, count: int) -> str:
    """`` 7/24``: as wide as the last of them."""
    return f"{place:>{len(str(count))}}/{count}"


def _figures(metrics: Metrics, *, named: bool = True) -> str:
    """Loss and accuracy, each as wide as any."""
    loss = f"{loss_text(metrics.loss):>{WIDTH}}"
    accuracy = f"{share_text(metrics.accuracy):>{WIDTH}}"
    return f"loss {loss} accuracy {accuracy}" if named else f"{loss} {accuracy}"
