"""Moments at which a process that trains kills itself by SIGKILL, each found again by its numbers.

All are set up in the child itself, before it trains.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch

Draw = random.Random

PLACES = (
    "Training.__init__",
    "Training.save",
    "Training.end_epoch",
    "Training._restore",
    "TrainingStep.__call__",
    "Checkpoints.save",
    "Checkpoints.load",
    "Schedule.after_step",
    "Schedule.after_epoch",
    "Best.offer",
    "MovingAverage.update",
    "Records.publish",
    "Records.resume",
    "evaluate",
    "describe",
    "create_folder",
    "starting_weights",
    "_test",
    "_result",
)
"""Functions in which a process dies, at any call below them."""


@dataclass(frozen=True)
class Death:
    """How a process dies: `kind` says which of the functions below sets it up, with `numbers`.

    One that waits for ``seconds`` is killed from outside, wherever it is.
    """

    kind: str
    numbers: tuple[int | str, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {self.numbers or round(self.seconds, 3)}"


def draw_death(draw: Draw, calls: int, seconds: float) -> Death:
    """Any moment of a run with so many ``calls`` that takes ``seconds``."""
    kind = draw.random()
    if kind < 0.35:
        return Death("at a call", (draw.randint(1, calls),))
    if kind < 0.6:
        inside = int(draw.expovariate(1 / 60))
        return Death("in", (draw.choice(PLACES), draw.choice((1, 1, 2, 3, 5)), inside))
    if kind < 0.8:
        return Death("at a write", (draw.randint(1, draw.choice((8, 40, 120))),))
    if kind < 0.85:
        return Death("in a row", (draw.randint(1, 12),))
    return Death("by the clock", (), draw.uniform(0.0, seconds))


_MAIN = [0]  # the process that trains


def arrange(death: Death | None, counted: Path | None) -> None:
    """Set up ``death``; without one, count the calls of the run into the file ``counted``."""
    _MAIN[0] = os.getpid()
    if death is None:
        if counted is not None:
            _count_calls(counted)
    elif death.kind == "at a call":
        _at_call(*death.numbers)
    elif death.kind == "in":
        _inside(*death.numbers)
    elif death.kind == "at a write":
        at_write(int(death.numbers[0]), die)
    elif death.kind == "in a row":
        _in_a_row(*death.numbers)


def die() -> None:
    """Be gone, with nothing flushed and nothing closed; a process that decodes images lives on."""
    if os.getpid() == _MAIN[0]:
        os.kill(os.getpid(), signal.SIGKILL)


def _count_calls(counted: Path) -> None:
    from netspec.train import run

    calls = [0]

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        calls[0] += 1

    train = run.train

    def counting(*args: Any) -> Any:
        sys.setprofile(profile)
        try:
            return train(*args)
        finally:
            sys.setprofile(None)
            counted.write_text(str(calls[0]))

    run.train = counting


def _at_call(number: Any) -> None:
    """Die at the ``number``-th call or return of a function, torch's and Python's own too."""
    left = [int(number)]

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            die()

    sys.setprofile(profile)


def _inside(place: Any, entry: Any, after: Any) -> None:
    """Die ``after`` so many calls below the function ``place`` when it is entered so often."""
    entries, left = [int(entry)], [-1]

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        if left[0] >= 0:
            if left[0] == 0:
                die()
            left[0] -= 1
        elif event == "call" and frame.f_code.co_qualname == place:
            if "netspec" in frame.f_code.co_filename:
                entries[0] -= 1
            if entries[0] == 0:
                left[0] = int(after)

    sys.setprofile(profile)


def at_write(number: int, end: Callable[[], None]) -> None:
    """Call ``end`` at the ``number``-th write (half done), fsync, rename or link."""
    from netspec.train.storage import atomic_write

    calls = [0]

    def dying(work: Callable[..., None], name: str) -> Callable[..., None]:
        def call(*args: Any) -> None:
            calls[0] += 1
            if calls[0] == number:
                if name == "_write":
                    os.write(args[0], bytes(args[1])[: len(args[1]) // 2])
                end()
            work(*args)

        return call

    for name in ("_write", "_fsync", "_replace", "_link"):
        setattr(atomic_write, name, dying(getattr(atomic_write, name), name))


def _in_a_row(number: Any) -> None:
    """Die in the middle of the ``number``-th row of figures."""
    from netspec.train.reporting import records

    append, rows = records.Records._append, [0]

    def cut(self: Any, row: Any, timing: Any) -> None:
        rows[0] += 1
        append(self, row, timing)
        if rows[0] == number:
            path = self._folder.metrics
            os.truncate(path, max(0, path.stat().st_size - 20))
            die()

    records.Records._append = cut  # type: ignore[method-assign]


def save(policy: str) -> None:
    """Have a run save as ``policy`` says, whatever the time it takes."""
    from netspec.train.engine import training

    if policy != "as time allows":
        training.SAVING_SHARE = float("inf")
    training.SAVE_SECONDS = -1.0 if policy == "after every row of the log" else 1e9


def scale_the_loss() -> None:
    """Train in float16 with a scaler of the loss, which a CPU is never asked for."""
    from netspec.train import run

    make = run.make_plan

    def scaled(*args: Any, **options: Any) -> Any:
        plan = make(*args, **options)
        return replace(plan, autocast=torch.float16, scaler=True, fused=False)

    run.make_plan = scaled


def trace_only() -> None:
    """Have torch trace a network to compile it, and write no code: that takes minutes."""
    compiled = torch.compile

    def traced(module: Any, **options: Any) -> Any:
        return compiled(module, backend="eager", **options)

    torch.compile = traced  # type: ignore[assignment]
